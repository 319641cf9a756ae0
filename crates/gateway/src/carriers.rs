//! The threads that carry connections. A connection stays on the one that it came to: what it does for a statement is
//! shorter than waking another thread for it, and a runtime whose threads share their work wakes one each time.

use std::{sync::Arc, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};
use tokio_util::task::TaskTracker;

/// They end when this is dropped, with whatever is left on them.
pub(crate) struct Carriers(Vec<Carrier>);

struct Carrier {
    runtime: Handle,
    /// Held once by each of its connections, and here.
    load: Arc<()>,
    /// Dropping it ends the thread.
    _end: oneshot::Sender<()>,
}

impl Carriers {
    /// Starts so many. Where the system gives no thread, connections are carried by whoever accepts them.
    pub(crate) fn start(count: usize) -> Self {
        Self((0..count).filter_map(Carrier::start).collect())
    }

    /// Has `connection` carried by the one that has the fewest.
    pub(crate) fn carry(&self, tasks: &TaskTracker, connection: impl Future<Output = ()> + Send + 'static) {
        let carrier = self
            .0
            .iter()
            .min_by_key(|carrier| Arc::strong_count(&carrier.load));
        let Some(carrier) = carrier else {
            tasks.spawn(connection);
            return;
        };
        let load = Arc::clone(&carrier.load);
        let carried = async move {
            let _load = load;
            connection.await;
        };
        tasks.spawn_on(carried, &carrier.runtime);
    }
}

impl Carrier {
    fn start(number: usize) -> Option<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().ok()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        let thread = thread::Builder::new().name(format!("gateway-{number}"));
        let run = move || {
            // It ends by the sender's end.
            let _ = runtime.block_on(ended);
        };
        thread.spawn(run).ok()?;
        Some(Self {
            runtime: handle,
            load: Arc::default(),
            _end: end,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, sync::Mutex};

    use super::*;

    #[tokio::test]
    async fn connections_are_shared_out_and_stay_where_they_are() {
        let (carriers, tasks) = (Carriers::start(2), TaskTracker::new());
        let seen = Arc::new(Mutex::new(HashSet::new()));
        let all = Arc::new(tokio::sync::Barrier::new(4));
        for _ in 0..4 {
            let (seen, all) = (seen.clone(), all.clone());
            carriers.carry(&tasks, async move {
                let here = thread::current().id();
                all.wait().await;
                assert_eq!(thread::current().id(), here);
                seen.lock().unwrap().insert(here);
            });
        }
        tasks.close();
        tasks.wait().await;
        assert_eq!(seen.lock().unwrap().len(), 2);
        assert!(!seen.lock().unwrap().contains(&thread::current().id()));
    }

    #[tokio::test]
    async fn without_threads_whoever_accepts_carries() {
        let (carriers, tasks) = (Carriers::start(0), TaskTracker::new());
        carriers.carry(&tasks, async {});
        tasks.close();
        tasks.wait().await;
    }
}

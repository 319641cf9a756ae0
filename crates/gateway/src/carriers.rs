//! The threads that carry connections. A connection stays on one of them: what it does for a statement is shorter than
//! waking another thread for it, and a runtime whose threads share their work wakes one each time.

use std::{sync::Arc, thread};

use tokio::{
    net::TcpStream,
    runtime::{Builder, Handle},
    sync::oneshot,
};
use tokio_util::task::TaskTracker;

/// They end when this is dropped, with whatever is left on them.
pub(crate) struct Carriers {
    /// The one that accepts connections, too: a client that connects again and again stays there, with the backend
    /// session that waits for it.
    first: Seat,
    others: Vec<Seat>,
    /// Dropping one ends its thread.
    _ends: Vec<oneshot::Sender<()>>,
}

/// One of them.
struct Seat {
    runtime: Handle,
    /// Held once by each of its connections, and here.
    load: Arc<()>,
}

impl Carriers {
    /// Starts so many. Where the system gives no thread, the caller's runtime is the only one.
    pub(crate) fn start(count: usize) -> Self {
        let (seats, ends): (Vec<_>, Vec<_>) = (0..count).filter_map(start).unzip();
        let mut seats = seats.into_iter();
        Self {
            first: seats.next().unwrap_or_else(|| Seat::on(Handle::current())),
            others: seats.collect(),
            _ends: ends,
        }
    }

    /// Where connections are to be accepted.
    pub(crate) fn first(&self) -> &Handle {
        &self.first.runtime
    }

    /// Has a connection that was accepted there served there, or where there are fewer.
    pub(crate) fn carry<F>(
        &self,
        tasks: &TaskTracker,
        stream: TcpStream,
        serve: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        match self.others.iter().min_by_key(|seat| seat.load()) {
            Some(other) if other.load() < self.first.load() => {
                if let Ok(stream) = stream.into_std() {
                    // Its new runtime watches it from now on.
                    other.spawn(tasks, async move {
                        if let Ok(stream) = TcpStream::from_std(stream) {
                            serve(stream).await;
                        }
                    });
                }
            }
            _ => self.first.spawn(tasks, serve(stream)),
        }
    }
}

impl Seat {
    fn on(runtime: Handle) -> Self {
        Self {
            runtime,
            load: Arc::default(),
        }
    }

    fn spawn(&self, tasks: &TaskTracker, connection: impl Future<Output = ()> + Send + 'static) {
        let load = Arc::clone(&self.load);
        // Else the task has room for it twice: where it is made, and where it is awaited.
        let connection = Box::pin(connection);
        let carried = async move {
            let _load = load;
            connection.await;
        };
        tasks.spawn_on(carried, &self.runtime);
    }

    fn load(&self) -> usize {
        Arc::strong_count(&self.load)
    }
}

fn start(number: usize) -> Option<(Seat, oneshot::Sender<()>)> {
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    let seat = Seat::on(runtime.handle().clone());
    let (end, ended) = oneshot::channel();
    let thread = thread::Builder::new().name(format!("gateway-{number}"));
    let run = move || {
        // It ends by the sender's end.
        let _ = runtime.block_on(ended);
    };
    thread.spawn(run).ok()?;
    Some((seat, end))
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, sync::Mutex};

    use tokio::net::TcpListener;

    use super::*;

    /// Has `count` connections carried at once; the threads that they were on.
    async fn carry(carriers: &Carriers, count: usize) -> HashSet<thread::ThreadId> {
        let (tasks, seen) = (TaskTracker::new(), Arc::new(Mutex::new(HashSet::new())));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let all = Arc::new(tokio::sync::Barrier::new(count));
        for _ in 0..count {
            let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (seen, all) = (seen.clone(), all.clone());
            carriers.carry(&tasks, stream, move |stream| async move {
                let here = thread::current().id();
                all.wait().await;
                stream.writable().await.unwrap();
                assert_eq!(thread::current().id(), here);
                seen.lock().unwrap().insert(here);
            });
        }
        tasks.close();
        tasks.wait().await;
        let seen = seen.lock().unwrap();
        seen.clone()
    }

    #[tokio::test]
    async fn connections_are_shared_out_and_stay_where_they_are() {
        let seen = carry(&Carriers::start(2), 4).await;
        assert_eq!(seen.len(), 2);
        assert!(!seen.contains(&thread::current().id()));
    }

    #[tokio::test]
    async fn without_threads_whoever_starts_them_carries() {
        let seen = carry(&Carriers::start(0), 2).await;
        assert_eq!(seen, HashSet::from([thread::current().id()]));
    }
}

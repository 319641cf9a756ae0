//! The threads that carry connections. A connection stays on one of them: what it does for a statement is shorter than
//! waking another thread for it, and a runtime whose threads share their work wakes one each time. Connections go where
//! there are fewest, but for those of clients that connect for each statement: on a thread together, one of its wakings
//! serves several of them.

use std::{
    net::TcpStream as StdStream,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{
    net::TcpStream,
    runtime::{Builder, Handle},
    sync::oneshot,
};
use tokio_util::task::TaskTracker;

/// A session that ends within this time is a short one.
const SHORT: Duration = Duration::from_secs(1);
/// How often it is looked how connections come and go. What is older than [`SHORT`] says nothing.
const LOOK: Duration = Duration::from_millis(100);
/// So many short sessions in [`LOOK`] make the next one be expected to be short.
const MANY: u64 = 5;

/// They end when this is dropped, with whatever is left on them.
pub(crate) struct Carriers {
    /// The one that accepts connections, too: a client that connects again and again stays there, with the backend
    /// session that waits for it.
    first: Seat,
    others: Vec<Seat>,
    pace: Arc<Pace>,
    /// Dropping one ends its thread.
    _ends: Vec<oneshot::Sender<()>>,
}

/// One of them.
struct Seat {
    runtime: Handle,
    /// Held once by each of its connections, and here.
    load: Arc<()>,
}

/// How connections come and go.
#[derive(Default)]
struct Pace {
    /// Short sessions that have ended.
    short: AtomicU64,
    looked: Mutex<Option<Looked>>,
}

/// What was seen.
struct Looked {
    at: Instant,
    short: u64,
    busy: Duration,
    is_short: bool,
}

impl Pace {
    /// Whether the next session is expected to be short, where a thread that was `busy` for so long has time for it.
    fn is_short(&self, busy: impl FnOnce() -> Duration) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        match &*looked {
            Some(last) if last.at.elapsed() < LOOK => return last.is_short,
            _ => {}
        }
        let (at, short, busy) = (Instant::now(), self.short.load(Relaxed), busy());
        let is_short = looked.as_ref().is_some_and(|last| {
            let passed = at.duration_since(last.at);
            let has_time = busy.saturating_sub(last.busy) < passed * 9 / 10;
            passed < SHORT && has_time && short - last.short >= MANY
        });
        *looked = Some(Looked {
            at,
            short,
            busy,
            is_short,
        });
        is_short
    }
}

impl Carriers {
    /// Starts so many. Where the system gives no thread, the caller's runtime is the only one.
    pub(crate) fn start(count: usize) -> Self {
        let (seats, ends): (Vec<_>, Vec<_>) = (0..count).filter_map(start).unzip();
        let mut seats = seats.into_iter();
        Self {
            first: seats.next().unwrap_or_else(|| Seat::on(Handle::current())),
            others: seats.collect(),
            pace: Arc::default(),
            _ends: ends,
        }
    }

    /// Where connections are to be accepted.
    pub(crate) fn first(&self) -> &Handle {
        &self.first.runtime
    }

    /// Has a connection that was accepted there served there, or where there are fewer; not there while it `is_flooded`
    /// with those that are closed at once. `serve` says whether there was a session.
    pub(crate) fn carry<F>(
        &self,
        tasks: &TaskTracker,
        stream: StdStream,
        is_flooded: bool,
        serve: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) where
        F: Future<Output = bool> + Send + 'static,
    {
        let (began, pace) = (Instant::now(), Arc::clone(&self.pace));
        let serve = async move {
            // It is watched from here on, and by the runtime that is here.
            let watched = stream
                .set_nonblocking(true)
                .and_then(|()| TcpStream::from_std(stream));
            match watched {
                Ok(stream) => {
                    if serve(stream).await && began.elapsed() < SHORT {
                        pace.short.fetch_add(1, Relaxed);
                    }
                }
                Err(error) => tracing::error!(%error, "a connection cannot be watched, and is closed"),
            }
        };
        self.seat(is_flooded).spawn(tasks, serve);
    }

    fn seat(&self, is_flooded: bool) -> &Seat {
        let stays = !is_flooded && self.pace.is_short(|| self.first.busy());
        let others = self.others.iter().filter(|_| !stays);
        match others.min_by_key(|seat| seat.load()) {
            Some(other) if is_flooded || other.load() < self.first.load() => other,
            _ => &self.first,
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

    /// For how long it was at work since it started.
    fn busy(&self) -> Duration {
        self.runtime.metrics().worker_total_busy_duration(0)
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
    async fn carry(carriers: &Carriers, count: usize, is_flooded: bool) -> HashSet<thread::ThreadId> {
        let (tasks, seen) = (TaskTracker::new(), Arc::new(Mutex::new(HashSet::new())));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let all = Arc::new(tokio::sync::Barrier::new(count));
        for _ in 0..count {
            let stream = StdStream::connect(listener.local_addr().unwrap()).unwrap();
            let (seen, all) = (seen.clone(), all.clone());
            carriers.carry(&tasks, stream, is_flooded, move |stream| async move {
                let here = thread::current().id();
                all.wait().await;
                stream.writable().await.unwrap();
                assert_eq!(thread::current().id(), here);
                seen.lock().unwrap().insert(here);
                true
            });
        }
        tasks.close();
        tasks.wait().await;
        let seen = seen.lock().unwrap();
        seen.clone()
    }

    #[tokio::test]
    async fn connections_are_shared_out_and_stay_where_they_are() {
        let seen = carry(&Carriers::start(2), 4, false).await;
        assert_eq!(seen.len(), 2);
        assert!(!seen.contains(&thread::current().id()));
    }

    #[tokio::test]
    async fn nobody_is_carried_where_a_flood_is_closed() {
        let carriers = Carriers::start(2);
        let first = carriers.first().spawn(async { thread::current().id() });
        let seen = carry(&carriers, 4, true).await;
        assert_eq!(seen.len(), 1);
        assert!(!seen.contains(&first.await.unwrap()));
    }

    #[test]
    fn short_sessions_are_expected_after_many_where_there_is_time() {
        let pace = Pace::default();
        let look = |short, passed: Duration, busy| {
            pace.short.fetch_add(short, Relaxed);
            if let Some(last) = pace.looked.lock().unwrap().as_mut() {
                last.at -= passed;
            }
            pace.is_short(|| busy)
        };
        let idle = Duration::ZERO;
        assert!(!look(2 * MANY, LOOK, idle), "nothing was seen before");
        assert!(look(MANY, LOOK, idle));
        assert!(look(0, Duration::ZERO, idle), "it is not looked at each time");
        assert!(!look(MANY - 1, LOOK, idle), "few");
        assert!(!look(MANY, LOOK, LOOK), "it has no time");
        assert!(look(MANY, LOOK, LOOK));
        assert!(!look(100 * MANY, SHORT, LOOK), "a while ago");
    }

    #[tokio::test]
    async fn without_threads_whoever_starts_them_carries() {
        let seen = carry(&Carriers::start(0), 2, true).await;
        assert_eq!(seen, HashSet::from([thread::current().id()]));
    }
}

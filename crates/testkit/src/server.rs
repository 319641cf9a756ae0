//! The server of a test: on a thread and a runtime of its own, so that dropping it stops it in order from anywhere.

use std::thread::JoinHandle;

use app::App;
use standpipe::{Addresses, Config, Environment, Server};
use tokio::{runtime::Handle, sync::oneshot};
use tracing_subscriber::EnvFilter;

use crate::engine::Database;

pub(crate) struct RunningServer {
    pub(crate) addresses: Addresses,
    pub(crate) app: App,
    runtime: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RunningServer {
    /// Starts it; the database, if it has one of its own, is dropped when it stops.
    pub(crate) async fn start(config: Config, environment: Environment, database: Option<Database>) -> Self {
        log_what_goes_wrong();
        let (started, has_started) = oneshot::channel();
        let (stop, asked_to_stop) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let server = match Server::start(&config, environment).await {
                    Ok(server) => server,
                    Err(error) => panic!("the server does not start: {}", error.report()),
                };
                let _ = started.send((server.addresses(), server.app().clone(), Handle::current()));
                // Also when the test is gone without a word.
                let _ = asked_to_stop.await;
                server.stop().await;
                if let Some(database) = database {
                    database.remove().await;
                }
            });
        });
        let (addresses, app, runtime) = has_started.await.expect("the server starts");
        Self {
            addresses,
            app,
            runtime,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Does `work` on the server's own runtime. A connection of the store that is given back on a test's runtime is
    /// only given back while that runs, and the end of a test is when it does not.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        self.runtime.spawn(work).await.expect("the work ends")
    }
}

/// What a server of a test says in its log, beside the test's own words: why it answered 503, for one.
fn log_what_goes_wrong() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // The test's first server did it.
    let _ = log.try_init();
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(!matches!(ended, Some(Err(_))), "the server's thread panicked");
        }
    }
}

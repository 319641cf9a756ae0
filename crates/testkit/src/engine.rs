//! Where the accounts of a test are: each test has a store of its own.

use std::{
    path::PathBuf,
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
};

use tokio_postgres::NoTls;
use url::Url;

/// Which database keeps the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in the test's directory.
    Sqlite,
    /// A database of its own in the PostgreSQL that `scripts/with-postgres` started.
    Postgres,
}

/// A database of its own in the PostgreSQL of the run, for several programs that share a store.
#[derive(Debug, Clone)]
pub struct Database {
    /// How it is reached.
    pub url: String,
    name: String,
}

impl Database {
    /// A new one, empty.
    pub async fn create() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "it_{}_{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::SeqCst)
        );
        run(&format!("CREATE DATABASE {name}")).await;
        let mut url = server();
        url.set_path(&name);
        Self {
            url: url.into(),
            name,
        }
    }

    /// Drops it, with whoever is connected.
    pub async fn remove(&self) {
        run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

fn server() -> Url {
    let url = std::env::var("STANDPIPE_TEST_POSTGRES_URL")
        .expect("run the tests by `make test` or `scripts/with-postgres cargo nextest run`");
    Url::parse(&url).expect("STANDPIPE_TEST_POSTGRES_URL is a URL")
}

/// Runs a statement on the server that the tests' stores are on, outside of all of them.
pub async fn run_on_the_stores_server(statement: &str) {
    run(statement).await;
}

async fn run(statement: &str) {
    let url = server();
    // tokio-postgres would add the socket's directory to the host in the URL and try that first.
    let socket = url
        .query_pairs()
        .find(|(name, _)| name == "host")
        .map(|(_, value)| PathBuf::from(&*value));
    let mut config = match socket {
        Some(_) => tokio_postgres::Config::new(),
        None => tokio_postgres::Config::from_str(url.as_str()).expect("a URL of PostgreSQL"),
    };
    if let Some(socket) = socket {
        config
            .host_path(socket)
            .user(url.username())
            .dbname(url.path().trim_start_matches('/'));
    }
    let (client, connection) = config.connect(NoTls).await.expect("the test PostgreSQL answers");
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await.expect(statement);
    drop(client);
    let _ = connection.await;
}

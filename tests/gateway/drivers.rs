//! The drivers that people use: psycopg 3, node-postgres and JDBC, each by host name over TLS that it verifies and by
//! database name in clear. `scripts/drivers` installs the first two; `drivers/` has one small program for each, which
//! does what it is told line by line, so that the test decides what happens between two of its statements.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use testkit::{Engine, TestApp, driver_directory, has, until};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::world::World;

const PATIENCE: Duration = Duration::from_secs(60);
const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/gateway/drivers");

/// A driver's program as it runs.
struct Driver {
    _child: Child,
    input: ChildStdin,
    out: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    fn start(mut command: Command, world: &World, host: &str) -> Self {
        let gateway = world.app.addresses().gateway;
        let mut child = command
            .env("DB_HOST", host)
            .env("DB_ADDRESS", gateway.ip().to_string())
            .env("DB_PORT", gateway.port().to_string())
            .env("DB_USER", &world.owner.person.handle)
            .env("DB_NAME", world.owner.database())
            .env("DB_CA", world.app.ca())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self {
            input: child.stdin.take().unwrap(),
            out: BufReader::new(child.stdout.take().unwrap()).lines(),
            _child: child,
        }
    }

    /// Tells it what to do; its answer.
    async fn tell(&mut self, what: &str) -> String {
        self.input
            .write_all(format!("{what}\n").as_bytes())
            .await
            .expect("it listens");
        let line = timeout(PATIENCE, self.out.next_line())
            .await
            .expect("it answers in time");
        line.unwrap().unwrap_or_else(|| panic!("it ended on {what}"))
    }
}

/// JDBC's driver is a package of the distribution.
const JDBC: &str = "/usr/share/java/postgresql.jar";

/// What a driver is installed as.
#[track_caller]
fn installed(language: &str, path: PathBuf) -> PathBuf {
    assert!(
        path.exists(),
        "{language}: {} is missing; run the tests by `make test`, or set STANDPIPE_TEST_WITHOUT={language}",
        path.display()
    );
    path
}

/// The whole life with `language`'s driver. All `ways` but the one by `name` are over TLS.
async fn connects_with(language: &str, ways: &[&str], command: impl FnOnce(&str, &Path) -> Command) {
    if !has(language) {
        return;
    }
    let Some(mut world) = World::new(TestApp::builder(Engine::Sqlite)).await else {
        return;
    };
    let host = format!("ana-dev.{}", world.app.app().settings().gateway_domain);
    let directory = tempfile::tempdir().unwrap();
    let mut driver = Driver::start(command(&host, directory.path()), &world, &host);
    let watcher = world.connect().await;

    for way in ways {
        assert_eq!(
            driver
                .tell(&format!("open {way} {way} {}", world.owner.password))
                .await,
            "ok"
        );
        assert_eq!(driver.tell(&format!("query {way}")).await, "42 grüße 2");
        assert_eq!(driver.tell(&format!("fail {way}")).await, "22012 25P02 0");
        assert_eq!(driver.tell(&format!("sleep {way}")).await, "ok");
        until("it sleeps", PATIENCE, async || {
            let sleepers = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
            (watcher.ask(sleepers).await.unwrap() == "1").then_some(())
        })
        .await;
        assert_eq!(driver.tell(&format!("cancel {way}")).await, "57014");
        let wrong = driver.tell(&format!("open wrong {way} wrong")).await;
        assert!(
            wrong.contains("password authentication failed for user \"ana\""),
            "{wrong}"
        );
    }

    let old = world.owner.rotate().await;
    for way in ways {
        let refused = driver.tell(&format!("open old {way} {old}")).await;
        assert!(
            refused.contains("password authentication failed for user \"ana\""),
            "{refused}"
        );
        // What a driver says of the state is its own affair; where it says one, it is the right one.
        assert!(
            refused.starts_with("28P01 ") || refused.starts_with("? "),
            "{refused}"
        );
        assert_eq!(driver.tell(&format!("query {way}")).await, "42 grüße 2");
        assert_eq!(
            driver
                .tell(&format!("open new {way} {}", world.owner.password))
                .await,
            "ok"
        );
        assert_eq!(driver.tell("query new").await, "42 grüße 2");
    }

    // The watcher names itself; JDBC does so only once it is in.
    let is_drivers = |record: &serde_json::Value| {
        record["action_type"] == "workspace.connection.open" && record["user_agent"] != "a session"
    };
    let opened: Vec<_> = world
        .owner
        .connections()
        .await
        .into_iter()
        .filter(is_drivers)
        .collect();
    let over_tls = opened
        .iter()
        .filter(|record| record["data"]["tls"] == true)
        .count();
    assert_eq!(
        (opened.len(), over_tls),
        (2 * ways.len(), 2 * ways.len() - 2),
        "{opened:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn psycopg() {
    connects_with("python", &["host", "direct", "name"], |_, _| {
        let mut command = Command::new(installed("python", driver_directory().join("python/bin/python")));
        command
            .arg(format!("{CLIENTS}/client.py"))
            .env("PYTHONIOENCODING", "utf-8");
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_postgres() {
    connects_with("node", &["host", "name"], |_, _| {
        let modules = driver_directory().join("node/node_modules");
        installed("node", modules.join("pg/package.json"));
        let mut command = Command::new("node");
        command
            .arg(format!("{CLIENTS}/client.cjs"))
            .env("NODE_PATH", modules);
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jdbc() {
    connects_with("java", &["host", "name"], |host, directory| {
        let hosts = directory.join("hosts");
        std::fs::write(&hosts, format!("127.0.0.1 {host}\n")).unwrap();
        let mut command = Command::new("java");
        command
            .arg(format!("-Djdk.net.hosts.file={}", hosts.display()))
            .args(["-Dfile.encoding=UTF-8", "-cp"])
            .arg(installed("java", JDBC.into()))
            .arg(format!("{CLIENTS}/Client.java"));
        command
    })
    .await;
}

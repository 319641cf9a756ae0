//! The drivers that people use: psycopg 3, asyncpg, node-postgres, JDBC (which DBeaver has, too) and Go's lib/pq, each by
//! host name over TLS that it verifies and by database name in clear; and pgcli and pgbench. `scripts/drivers` installs
//! those of Python and Node, the others are packages of the distribution. `drivers/` has one small program for each, which
//! does what it is told line by line, so that the test decides what happens between two of its statements.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use testkit::{Engine, TestApp, driver_directory, has, until};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::world::World;

const PATIENCE: Duration = Duration::from_secs(60);
/// For a gigabyte.
const LONG_PATIENCE: Duration = Duration::from_secs(600);
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
        self.tell_within(PATIENCE, what).await
    }

    async fn tell_within(&mut self, patience: Duration, what: &str) -> String {
        self.input
            .write_all(format!("{what}\n").as_bytes())
            .await
            .expect("it listens");
        let line = timeout(patience, self.out.next_line())
            .await
            .expect("it answers in time");
        line.unwrap().unwrap_or_else(|| panic!("it ended on {what}"))
    }
}

/// How a driver's program is made for a host name, with a directory for what it needs.
type Program = fn(&str, &Path) -> Command;

/// JDBC's driver is a package of the distribution.
const JDBC: &str = "/usr/share/java/postgresql.jar";

/// Where the distribution keeps Go's libraries.
const GO: &str = "/usr/share/gocode";

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
/// It opens `more` connections for each way than it is told to.
async fn connects_with(language: &str, ways: &[&str], more: usize, command: Program) {
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
        assert_eq!(driver.tell(&format!("cursor {way}")).await, "1000 500500");
        assert_eq!(driver.tell(&format!("copy {way}")).await, "10000 same");
        assert_eq!(driver.tell(&format!("transfer {way} 16")).await, "same");
        assert_eq!(driver.tell(&format!("notify {way}")).await, "grüße");
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
        ((2 + more) * ways.len(), (2 + more) * (ways.len() - 1)),
        "{opened:?}"
    );
}

/// A program of Python.
fn python(program: &str) -> Command {
    let mut command = Command::new(installed("python", driver_directory().join("python/bin/python")));
    command
        .arg(format!("{CLIENTS}/{program}"))
        .env("PYTHONIOENCODING", "utf-8");
    command
}

fn psycopg_program(_: &str, _: &Path) -> Command {
    python("client.py")
}

fn asyncpg_program(_: &str, _: &Path) -> Command {
    python("client_asyncpg.py")
}

fn lib_pq_program(_: &str, directory: &Path) -> Command {
    let program = directory.join("client");
    let mut build = std::process::Command::new("go");
    build
        .args(["build", "-o"])
        .arg(&program)
        .arg(format!("{CLIENTS}/client.go"))
        .env("GO111MODULE", "off")
        .env("GOPATH", installed("go", GO.into()))
        .env("GOCACHE", driver_directory().join("go"));
    assert!(build.status().unwrap().success(), "{build:?}");
    Command::new(program)
}

fn node_program(_: &str, _: &Path) -> Command {
    let modules = driver_directory().join("node/node_modules");
    installed("node", modules.join("pg/package.json"));
    let mut command = Command::new("node");
    command
        .arg(format!("{CLIENTS}/client.cjs"))
        .env("NODE_PATH", modules);
    command
}

fn jdbc_program(host: &str, directory: &Path) -> Command {
    let hosts = directory.join("hosts");
    std::fs::write(&hosts, format!("127.0.0.1 {host}\n")).unwrap();
    let mut command = Command::new("java");
    command
        .arg(format!("-Djdk.net.hosts.file={}", hosts.display()))
        .args(["-Dfile.encoding=UTF-8", "-cp"])
        .arg(installed("java", JDBC.into()))
        .arg(format!("{CLIENTS}/Client.java"));
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn psycopg() {
    connects_with("python", &["host", "direct", "name"], 0, psycopg_program).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asyncpg() {
    connects_with("python", &["host", "direct", "name"], 0, asyncpg_program).await;
}

/// It hears notifications on a connection of their own, and gives up a session whose statement was cancelled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lib_pq() {
    connects_with("go", &["host", "name"], 2, lib_pq_program).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_postgres() {
    connects_with("node", &["host", "name"], 0, node_program).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jdbc() {
    connects_with("java", &["host", "name"], 0, jdbc_program).await;
}

/// `scripts/transfer` has the same for psql.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "moves 20 GiB: run it by name, with --no-capture"]
async fn a_gigabyte_each_way() {
    let Some(world) = World::new(TestApp::builder(Engine::Sqlite)).await else {
        return;
    };
    let host = format!("ana-dev.{}", world.app.app().settings().gateway_domain);
    let programs: [(&str, Program); 5] = [
        ("psycopg", psycopg_program),
        ("asyncpg", asyncpg_program),
        ("lib/pq", lib_pq_program),
        ("node-postgres", node_program),
        ("JDBC", jdbc_program),
    ];
    for (name, command) in programs {
        for way in ["host", "name"] {
            let directory = tempfile::tempdir().unwrap();
            let mut driver = Driver::start(command(&host, directory.path()), &world, &host);
            let open = format!("open {way} {way} {}", world.owner.password);
            assert_eq!(driver.tell(&open).await, "ok");
            let begun = Instant::now();
            let moved = driver
                .tell_within(LONG_PATIENCE, &format!("transfer {way} 1024"))
                .await;
            assert_eq!(moved, "same", "{name} by {way}");
            println!(
                "{name} by {way}: 1 GiB in and out again in {:.1?}",
                begun.elapsed()
            );
        }
    }
}

/// Runs `command` with the connection of a client that has no program of its own here; what it prints.
async fn output(mut command: Command) -> String {
    let output = timeout(PATIENCE, command.env_remove("PGPASSWORD").output());
    let output = output.await.expect("it ends in time").unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pgcli() {
    let Some(world) = World::new(TestApp::builder(Engine::Sqlite)).await else {
        return;
    };
    if !has("python") {
        return;
    }
    for psql in [world.by_host(), world.by_name()] {
        let mut command = Command::new(installed("python", driver_directory().join("pgcli/bin/pgcli")));
        let home = tempfile::tempdir().unwrap();
        command
            .args([
                "--tuples-only",
                "--less-chatty",
                "-y",
                "-c",
                "SELECT 40 + 2",
                &psql.url,
            ])
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", home.path())
            .stdin(Stdio::null());
        assert!(output(command).await.contains("42"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pgbench() {
    let Some(world) = World::new(TestApp::builder(Engine::Sqlite)).await else {
        return;
    };
    let Some(program) = testkit::program("pgbench") else {
        panic!("pgbench comes with the PostgreSQL server");
    };
    let run = async |arguments: &[&str], url: &str| {
        let mut command = Command::new(&program);
        command.args(arguments).arg(url);
        output(command).await
    };
    for psql in [world.by_host(), world.by_name()] {
        run(&["-i", "-s", "1", "-q"], &psql.url).await;
        for arguments in [
            &["-n", "-c", "4", "-t", "20", "-M", "simple"][..],
            &["-n", "-c", "4", "-t", "20", "-M", "prepared"],
            &["-n", "-S", "-C", "-c", "4", "-t", "5"],
        ] {
            let said = run(arguments, &psql.url).await;
            assert!(said.contains("number of failed transactions: 0 "), "{said}");
        }
    }
}

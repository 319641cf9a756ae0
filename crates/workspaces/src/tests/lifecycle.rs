//! Start, stop, and everything that dies in between.

use std::{
    fs,
    os::unix::process::CommandExt,
    process::{Child, Command},
    time::Duration,
};

use rustix::process::{Signal, kill_process};
use tokio::time::timeout;

use super::harness::{Home, Person, SUPERUSER_PASSWORD, account, alive, socket_directory, superuser, until};
use crate::{LocalStatus, place::SOCKET, residents::residents};

#[tokio::test]
async fn starts_stops_and_opens_again() {
    let home = Home::new();
    let server = home.ready().await;
    let LocalStatus::Ready { location, run_as, .. } = server.status() else {
        panic!("{}", server.status());
    };
    assert_eq!(location, home.place().data());
    assert_eq!(run_as, account().map(|account| account.name));
    superuser(&server, "postgres")
        .await
        .run("CREATE TABLE public.kept (i int)")
        .await
        .unwrap();
    let pid = home.postmaster_pid();
    server.stop().await;
    assert_eq!((server.status(), server.socket()), (LocalStatus::Stopped, None));
    assert!(!alive(pid));
    assert!(!location.join("postmaster.pid").exists());

    let server = home.ready().await;
    superuser(&server, "postgres")
        .await
        .run("DROP TABLE public.kept")
        .await
        .unwrap();
    server.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn listens_on_its_socket_alone_and_keeps_checksums() {
    let home = Home::new();
    let server = home.ready().await;
    let session = superuser(&server, "postgres").await;
    let settings = [
        ("listen_addresses", ""),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("max_prepared_transactions", "0"),
        ("password_encryption", "scram-sha-256"),
        ("log_statement", "none"),
        ("max_connections", "200"),
        ("timezone", "UTC"),
    ];
    for (name, value) in settings {
        let found: Option<String> = session.look_up("SELECT current_setting($1)", name).await.unwrap();
        assert_eq!(found.as_deref(), Some(value), "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_killed_postmaster_is_started_again() {
    let home = Home::new();
    let server = home.ready().await;
    // A busy backend does not notice that its postmaster is gone, and would bar the next one for hours.
    let busy = superuser(&server, "postgres").await;
    let work = tokio::spawn(async move { busy.run("SELECT count(*) FROM generate_series(1, 1e12)").await });
    let other = superuser(&server, "postgres").await;
    let active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1";
    while other.look_up::<i64>(active, "%1e12%").await.unwrap() < Some(1) {}

    let killed = home.postmaster_pid();
    kill_process(killed, Signal::KILL).unwrap();
    until("the supervisor notices", || server.socket().is_none()).await;
    timeout(Duration::from_secs(60), server.ready())
        .await
        .unwrap()
        .unwrap();
    assert_ne!(home.postmaster_pid(), killed);
    assert!(work.await.unwrap().is_err());
    superuser(&server, "postgres")
        .await
        .run("SELECT 1")
        .await
        .unwrap();
    server.stop().await;
    assert_eq!(residents(&home.place()).unwrap(), []);
}

/// A program that is none of our business, of the user that PostgreSQL runs as: PostgreSQL takes its number for a
/// running server.
fn stranger() -> Child {
    let mut command = Command::new("sleep");
    command.arg("600");
    if let Some(account) = account() {
        command.uid(account.uid).gid(account.gid);
    }
    command.spawn().unwrap()
}

#[tokio::test]
async fn a_stale_pid_file_harms_no_stranger() {
    let home = Home::new();
    let server = home.ready().await;
    let (data, run) = (home.place().data(), socket_directory(&server));
    let pid_file = fs::read_to_string(data.join("postmaster.pid")).unwrap();
    server.stop().await;
    let mut stranger = stranger();
    for pid in [stranger.id(), std::process::id()] {
        let (_, rest) = pid_file.split_once('\n').unwrap();
        fs::write(data.join("postmaster.pid"), format!("{pid}\n{rest}")).unwrap();
        fs::write(run.join(format!("{SOCKET}.lock")), format!("{pid}\n{rest}")).unwrap();
        let server = home.ready().await;
        server.stop().await;
        assert!(stranger.try_wait().unwrap().is_none(), "the stranger lives");
    }
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    // The number of a process that is gone.
    fs::write(data.join("postmaster.pid"), pid_file).unwrap();
    home.ready().await.stop().await;
}

#[test]
fn an_orphan_of_a_crash_is_ended() {
    let home = Home::new();
    let crashing = tokio::runtime::Runtime::new().unwrap();
    let server = crashing.block_on(home.ready());
    let orphan = home.postmaster_pid();
    drop(server);
    // Nothing is asked to stop: the tasks are gone from one moment to the next.
    crashing.shutdown_background();

    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let server = home.ready().await;
        assert_ne!(home.postmaster_pid(), orphan);
        let living: Vec<_> = residents(&home.place()).unwrap();
        assert!(living.iter().all(|(pid, _)| *pid != orphan));
        server.stop().await;
    });
}

#[tokio::test]
async fn dropping_the_last_handle_stops_it() {
    let home = Home::new();
    drop(home.ready().await);
    until("it stops", || residents(&home.place()).unwrap().is_empty()).await;
}

#[tokio::test]
async fn two_do_not_share_a_cluster() {
    let home = Home::new();
    let first = home.ready().await;
    let pid = home.postmaster_pid();
    let second = home.start();
    assert!(timeout(Duration::from_secs(1), second.ready()).await.is_err());
    assert_eq!(home.postmaster_pid(), pid);
    first.stop().await;
    second.ready().await.unwrap();
    second.stop().await;
}

#[tokio::test]
async fn stopping_while_it_starts() {
    let home = Home::new();
    let server = home.start();
    server.stop().await;
    assert_eq!(server.status(), LocalStatus::Stopped);
    let server = home.start();
    tokio::time::sleep(Duration::from_millis(400)).await;
    server.stop().await;
    assert_eq!(residents(&home.place()).unwrap(), []);
    home.ready().await.stop().await;
}

#[tokio::test]
async fn a_setting_that_postgresql_refuses_is_told() {
    let mut home = Home::new();
    home.settings.extra.push(("work_mem".into(), "plenty".into()));
    let LocalStatus::Failed { reason } = home.refused().await else {
        panic!();
    };
    assert!(
        reason.contains("invalid value for parameter \"work_mem\""),
        "{reason}"
    );
}

#[tokio::test]
async fn another_store_s_cluster_is_not_opened() {
    let mut home = Home::new();
    home.ready().await.stop().await;
    home.settings.superuser_password = model::Secret::new("of another store".to_owned());
    let LocalStatus::Failed { reason } = home.refused().await else {
        panic!();
    };
    assert!(reason.contains("another account store"), "{reason}");
}

#[tokio::test]
async fn no_password_is_written_down() {
    let home = Home::new();
    let server = home.ready().await;
    let person = Person::new(1);
    server.managed().provision(&person.plan).await.unwrap();
    let login = person.log_in(&server).await.unwrap();
    for refused in [
        "CREATE ROLE x PASSWORD 'canary-clear'",
        "ALTER ROLE CURRENT_USER SUPERUSER PASSWORD 'canary-clear'",
    ] {
        login.ask(refused).await.unwrap_err();
    }
    login
        .ask("ALTER ROLE CURRENT_USER PASSWORD 'canary-clear'")
        .await
        .unwrap();
    server.stop().await;
    let place = home.place();
    for canary in [SUPERUSER_PASSWORD, &person.password, "canary-clear"] {
        for directory in [&place.data_dir, &place.base] {
            let grep = Command::new("grep")
                .args(["-rlaF", canary])
                .arg(directory)
                .output()
                .unwrap();
            assert_eq!(String::from_utf8_lossy(&grep.stdout), "", "{canary}");
            assert_eq!(grep.status.code(), Some(1));
        }
    }
}

#[tokio::test]
async fn the_postmaster_hears_no_terminal_and_knows_no_environment() {
    let home = Home::new();
    let server = home.ready().await;
    let pid = home.postmaster_pid();
    assert_eq!(rustix::process::getpgid(Some(pid)).unwrap(), pid);
    if let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) {
        let text = String::from_utf8_lossy(&environment);
        let names: Vec<_> = text
            .split_terminator('\0')
            .filter_map(|line| line.split('=').next())
            .collect();
        assert!(
            names
                .iter()
                .all(|name| ["PATH", "LC_ALL", "TZ", ""].contains(name)),
            "{names:?}"
        );
    }
    server.stop().await;
}

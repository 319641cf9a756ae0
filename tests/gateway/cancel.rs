//! `^C` ends the statement of its own session, and of no other.

use std::time::Duration;

use testkit::{Engine, TestApp, until};
use tokio_postgres::NoTls;

use super::{
    open_psql::OpenPsql,
    world::{Session, World, state},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until a statement that contains `mark` is under way, seen from another session of the same person.
async fn is_under_way(watcher: &Session, mark: &str) -> bool {
    let query = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%{mark}%' AND pid <> pg_backend_pid()"
    );
    watcher.ask(&query).await.unwrap() != "0"
}

async fn wait_for(watcher: &Session, mark: &str) {
    until("the statement is under way", PATIENCE, async || {
        is_under_way(watcher, mark).await.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_in_psql_ends_its_statement_alone() {
    let Some(world) = World::new(TestApp::builder(Engine::Sqlite)).await else {
        return;
    };
    let watcher = world.connect().await;
    for (n, psql) in [world.by_host(), world.by_name()].into_iter().enumerate() {
        let (mut interrupted, mut other) = (OpenPsql::start(&psql), OpenPsql::start(&psql));
        interrupted
            .send(&format!("SELECT pg_sleep(600) /* first {n} */;"))
            .await;
        other
            .send(&format!("SELECT pg_sleep(600) /* second {n} */;"))
            .await;
        wait_for(&watcher, &format!("first {n}")).await;
        wait_for(&watcher, &format!("second {n}")).await;
        interrupted.interrupt();
        assert_eq!(
            interrupted.error().await,
            "57014: canceling statement due to user request"
        );
        assert!(
            is_under_way(&watcher, &format!("second {n}")).await,
            "the other one sleeps on"
        );
        other.interrupt();
        assert!(other.error().await.starts_with("57014"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_cancels_while_its_session_is_open_and_never_after() {
    let Some(world) = World::new(TestApp::builder(Engine::Sqlite)).await else {
        return;
    };
    let watcher = world.connect().await;
    let first = world.connect().await;
    let old_key = first.canceller();
    let (cancelled, ()) = tokio::join!(first.ask("SELECT pg_sleep(600) /* mine */"), async {
        wait_for(&watcher, "mine").await;
        old_key.cancel_query(NoTls).await.unwrap();
    });
    assert_eq!(state(&cancelled.unwrap_err()), "57014");
    assert_eq!(first.ask("SELECT 1").await.unwrap(), "1", "the session goes on");
    drop(first);

    let (second, third) = (world.connect().await, world.connect().await);
    let (slept, ()) = tokio::join!(second.ask("SELECT pg_sleep(600) /* theirs */"), async {
        wait_for(&watcher, "theirs").await;
        old_key.cancel_query(NoTls).await.unwrap();
        third.canceller().cancel_query(NoTls).await.unwrap();
        assert!(is_under_way(&watcher, "theirs").await, "neither key is its own");
        second.canceller().cancel_query(NoTls).await.unwrap();
    });
    assert_eq!(state(&slept.unwrap_err()), "57014");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_vanishes_leaves_nothing_running() {
    let Some(world) = World::new(TestApp::builder(Engine::Sqlite)).await else {
        return;
    };
    let watcher = world.connect().await;
    let mut psql = OpenPsql::start(&world.by_host());
    psql.send("SELECT pg_sleep(600) /* orphan */;").await;
    wait_for(&watcher, "orphan").await;
    drop(psql);
    until("the statement ends", PATIENCE, async || {
        (!is_under_way(&watcher, "orphan").await).then_some(())
    })
    .await;
}

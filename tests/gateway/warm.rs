//! Backend sessions that wait for their client: it gets one that is as good as new, nobody else does, and whatever ends
//! connections ends these.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use testkit::{Builder, Cluster, Engine, TestApp, until};
use tokio_postgres::{Config, NoTls};

use super::{
    backends,
    members::Guest,
    world::{Owner, Session, World, state},
};

const PATIENCE: Duration = Duration::from_secs(30);
const PID: &str = "SELECT pg_backend_pid()";
/// What a backend tells at the start; `session_authorization` and `is_superuser` among it.
const STATUSES: [&str; 8] = [
    "application_name",
    "client_encoding",
    "DateStyle",
    "is_superuser",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
];

fn builder() -> Builder {
    TestApp::builder(Engine::Sqlite)
}

/// How `owner` connects as a client that calls itself `name`.
fn config(world: &World, owner: &Owner, name: &str) -> Config {
    let gateway = world.app.addresses().gateway;
    let mut config = Config::new();
    config
        .host(gateway.ip().to_string())
        .port(gateway.port())
        .user(&owner.person.handle)
        .password(&owner.password)
        .dbname(owner.database())
        .application_name(name);
    config
}

/// A session of `owner` that calls itself `name`, and what it was told at its start.
async fn open_as(world: &World, owner: &Owner, name: &str) -> (Session, BTreeMap<&'static str, String>) {
    let config = config(world, owner, name);
    let (client, connection) = config.connect(NoTls).await.expect("a session");
    let told = STATUSES.map(|name| (name, connection.parameter(name).expect("it is told").to_owned()));
    (Session::of(client, connection), told.into())
}

async fn open(world: &World) -> Session {
    open_as(world, &world.owner, "a tool").await.0
}

/// Opens and leaves a session; its process.
async fn visit(world: &World) -> String {
    open(world).await.ask(PID).await.unwrap()
}

/// Until the session of this process was reset: the next of its client gets it. Who watches is the same person, and by a
/// name of its own, so that it leaves nothing that waits.
async fn rests(world: &World, process: &str) {
    let watcher = open_as(world, &world.owner, &format!("watcher of {process}"))
        .await
        .0;
    let resting = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE pid = {process} AND state = 'idle' AND query = 'DISCARD ALL'"
    );
    until("it waits", PATIENCE, async || {
        (watcher.ask(&resting).await.unwrap() == "1").then_some(())
    })
    .await;
}

/// A session that waits: its process. The first visit makes the client one that comes again, the second leaves one.
async fn leave_one(world: &World) -> String {
    visit(world).await;
    let left = visit(world).await;
    rests(world, &left).await;
    left
}

/// How many backends the person of `owner` has, as a stranger sees it, who has none of their own rights.
async fn backends(stranger: &Session, owner: &Owner) -> String {
    let user = owner.workspace["identity_id"].as_str().unwrap();
    let count = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}'");
    stranger.ask(&count).await.unwrap()
}

async fn until_none(stranger: &Session, owner: &Owner) {
    until("none is left", PATIENCE, async || {
        (backends(stranger, owner).await == "0").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_comes_again_gets_its_session_as_good_as_new() {
    let Some(world) = World::new(builder()).await else {
        return;
    };
    let questions = [
        "SELECT to_regclass('gone')",
        "SELECT count(*) FROM pg_prepared_statements",
        "SELECT count(*) FROM pg_cursors",
        "SELECT count(*) FROM pg_listening_channels()",
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
        "SHOW statement_timeout",
        "SHOW search_path",
        "SHOW default_transaction_read_only",
        "SELECT coalesce(current_setting('my.own', true), '')",
        "SELECT current_user = session_user",
    ];
    let (new, mut answers) = (open(&world).await, Vec::new());
    for question in questions {
        answers.push(new.ask(question).await.unwrap());
    }
    drop(new);
    let (session, told) = open_as(&world, &world.owner, "a tool").await;
    let left = session.ask(PID).await.unwrap();
    for statement in [
        "CREATE TABLE kept (n int)",
        "CREATE TEMP TABLE gone (n int)",
        "CREATE SEQUENCE numbers; SELECT nextval('numbers')",
        "SET search_path = nowhere; SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET client_encoding = LATIN1",
        "SET application_name = 'another'; SET standard_conforming_strings = off; SET statement_timeout = '7s'",
        "SET my.own = 'secret'",
        "PREPARE prepared AS SELECT 1",
        "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
        "LISTEN news",
        "SELECT pg_advisory_lock(7)",
        "SET default_transaction_read_only = on",
    ] {
        session
            .ask(statement)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let old_key = session.canceller();
    drop(session);
    rests(&world, &left).await;

    let (again, told_again) = open_as(&world, &world.owner, "a tool").await;
    assert_eq!(again.ask(PID).await.unwrap(), left, "it gets its session");
    assert_eq!(told_again, told, "it is told what a new one is told");
    for (name, value) in &told {
        assert_eq!(
            again
                .ask(&format!("SELECT current_setting('{name}')"))
                .await
                .unwrap(),
            *value,
            "and it is so"
        );
    }
    for (question, answer) in questions.iter().zip(answers) {
        assert_eq!(again.ask(question).await.unwrap(), answer, "{question}");
    }
    assert_eq!(
        again.ask("SELECT count(*) FROM kept").await.unwrap(),
        "0",
        "what was written stays"
    );
    assert_eq!(state(&again.ask("SELECT lastval()").await.unwrap_err()), "55000");

    // The key of the one before cancels nothing; its own does.
    let watcher = world.connect().await;
    let (slept, ()) = tokio::join!(again.ask("SELECT pg_sleep(600) /* again */"), async {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        until("it sleeps", PATIENCE, async || {
            (watcher.ask(count).await.unwrap() == "1").then_some(())
        })
        .await;
        old_key.cancel_query(NoTls).await.unwrap();
        assert_eq!(watcher.ask(count).await.unwrap(), "1", "it sleeps on");
        again.canceller().cancel_query(NoTls).await.unwrap();
    });
    assert_eq!(state(&slept.unwrap_err()), "57014");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_for_the_same_person_and_parameters_alone() {
    let Some(world) = World::new(builder()).await else {
        return;
    };
    let bob = Owner::new(&world.app, "bob").await;
    let left = leave_one(&world).await;
    for _ in 0..2 {
        assert_ne!(
            open_as(&world, &world.owner, "another")
                .await
                .0
                .ask(PID)
                .await
                .unwrap(),
            left
        );
        assert_ne!(
            open_as(&world, &bob, "a tool").await.0.ask(PID).await.unwrap(),
            left
        );
    }
    assert_eq!(visit(&world).await, left, "it waited for its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_prove_the_password_leaves_it_where_it_was() {
    let Some(world) = World::new(builder()).await else {
        return;
    };
    let left = leave_one(&world).await;
    for _ in 0..3 {
        let guess = config(&world, &world.owner, "a tool")
            .password("wrong")
            .connect(NoTls)
            .await;
        assert_eq!(state(&guess.err().expect("it is refused")), "28P01");
        rests(&world, &left).await;
    }
    assert_eq!(visit(&world).await, left);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_role_begins_with_now_is_what_its_client_gets() {
    let Some(world) = World::new(builder()).await else {
        return;
    };
    let left = leave_one(&world).await;
    let session = open(&world).await;
    assert_eq!(session.ask(PID).await.unwrap(), left);
    session
        .ask("ALTER ROLE CURRENT_USER SET lock_timeout = '7s'")
        .await
        .unwrap();
    drop(session);
    for _ in 0..3 {
        let session = open(&world).await;
        assert_eq!(session.ask("SHOW lock_timeout").await.unwrap(), "7s");
        assert_ne!(session.ask(PID).await.unwrap(), left);
    }
}

/// The server's configuration gets another time zone, which new sessions begin with.
async fn set_time_zone(cluster: &Cluster, zone: &str) {
    let statement = format!("ALTER SYSTEM SET TimeZone = '{zone}'");
    cluster.run("postgres", &statement).await;
    cluster.run("postgres", "SELECT pg_reload_conf()").await;
    until("it is read", PATIENCE, async || {
        (cluster.run("postgres", "SHOW TimeZone").await == zone).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_is_configured_to_now_is_what_its_client_is_told() {
    let Some((cluster, world)) = backends::world(builder()).await else {
        return;
    };
    let left = leave_one(&world).await;
    // It has proved once that it is fresh.
    assert_eq!(visit(&world).await, left);
    rests(&world, &left).await;
    set_time_zone(&cluster, "Asia/Tokyo").await;
    let (session, told) = open_as(&world, &world.owner, "a tool").await;
    assert_eq!(told["TimeZone"], "Asia/Tokyo");
    assert_eq!(session.ask("SHOW TimeZone").await.unwrap(), "Asia/Tokyo");
    assert_ne!(session.ask(PID).await.unwrap(), left);
    // And in the middle of one, which is told so.
    set_time_zone(&cluster, "Europe/Zurich").await;
    assert_eq!(session.ask("SHOW TimeZone").await.unwrap(), "Europe/Zurich");
    drop(session);
    let (session, told) = open_as(&world, &world.owner, "a tool").await;
    assert_eq!(told["TimeZone"], "Europe/Zurich");
    assert_eq!(session.ask("SHOW TimeZone").await.unwrap(), "Europe/Zurich");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_under_way_is_not_kept_and_the_dead_are_not_given() {
    let Some(world) = World::new(builder()).await else {
        return;
    };
    let left = leave_one(&world).await;
    let session = open(&world).await;
    session.ask("BEGIN").await.unwrap();
    assert_eq!(session.ask(PID).await.unwrap(), left);
    drop(session);
    let next = leave_one(&world).await;
    assert_ne!(next, left, "an open transaction ends with its client");
    // Its own person may end it while it waits.
    let other = world.connect().await;
    assert_eq!(
        other
            .ask(&format!("SELECT pg_terminate_backend({next})"))
            .await
            .unwrap(),
        "t"
    );
    assert_ne!(visit(&world).await, next);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_ends_connections_ends_it_too() {
    let Some(mut world) = World::new(builder()).await else {
        return;
    };
    let bob = Owner::new(&world.app, "bob").await;
    let stranger = open_as(&world, &bob, "bob").await.0;

    leave_one(&world).await;
    assert_ne!(backends(&stranger, &world.owner).await, "0");
    let command = "/api/latest/user/ana/workspace/dev/command";
    world
        .owner
        .bearer
        .post(command, json!({ "command": "reboot" }))
        .await;
    until_none(&stranger, &world.owner).await;

    leave_one(&world).await;
    let person = world.owner.person.clone();
    let browser = world.app.signed_in(&person).await;
    let page = "/settings/advanced/reset-authentication";
    browser
        .submit(page, page, &[("confirm", "ana"), ("rotate_password", "yes")])
        .await
        .with_status(303);
    until_none(&stranger, &world.owner).await;

    world.owner.bearer = world.app.bearer(&person).await;
    world.owner.password = world.app.password(&world.owner.bearer, &person).await;
    leave_one(&world).await;
    world
        .app
        .elsewhere(|app| async move { app.admin_set_user_active("ana", false).await.unwrap() })
        .await;
    until_none(&stranger, &world.owner).await;
    world.app.app().admin_set_user_active("ana", true).await.unwrap();

    leave_one(&world).await;
    let database = world.owner.database();
    world
        .owner
        .bearer
        .delete("/api/latest/user/ana/workspace/dev")
        .await
        .with_status(204);
    until_none(&stranger, &world.owner).await;
    let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{database}'");
    until("the database is gone", PATIENCE, async || {
        (stranger.ask(&count).await.unwrap() == "0").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_connected_while_it_waits() {
    let Some(world) = World::new(builder()).await else {
        return;
    };
    let bob = Owner::new(&world.app, "bob").await;
    let stranger = open_as(&world, &bob, "bob").await.0;
    let list = "/api/latest/user/ana/workspace/dev/connection";
    leave_one(&world).await;
    until("the last one left", PATIENCE, async || {
        let answer = world.owner.bearer.get(list).await.with_status(200).json();
        (answer["items"] == json!([])).then_some(())
    })
    .await;
    until("it waits alone", PATIENCE, async || {
        (backends(&stranger, &world.owner).await == "1").then_some(())
    })
    .await;
    // Nor can it be ended by a list that it is not in.
    let ended = world.owner.bearer.delete(list).await.with_status(200).json();
    assert_eq!(ended, json!({ "ended": 0 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_that_is_taken_back_ends_it() {
    let Some(world) = World::new(builder()).await else {
        return;
    };
    let bob = Guest::new(&world.app, "bob").await;
    world.share(&bob, "reader").await;
    let id = bob.bearer.get("/api/latest/actor").await.json()["id"].clone();
    let count = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'",
        id.as_str().unwrap()
    );
    let owners = world.connect().await;
    for _ in 0..2 {
        bob.connect(&world).await.unwrap().ask("SELECT 1").await.unwrap();
    }
    let mut last = bob.connect(&world).await.unwrap().ask(PID).await.unwrap();
    until("it waits", PATIENCE, async || {
        let again = bob.connect(&world).await.unwrap().ask(PID).await.unwrap();
        let is_kept = again == last;
        last = again;
        is_kept.then_some(())
    })
    .await;
    let access = "/api/latest/user/ana/workspace/dev/member/bob";
    world.owner.bearer.delete(access).await.with_status(200);
    until("none is left", PATIENCE, async || {
        (owners.ask(&count).await.unwrap() == "0").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_wait_for_so_long_and_none_where_it_is_off() {
    let bounded = builder().configure(|config| {
        config.gateway.warm_seconds = 1;
        config.gateway.warm_per_account = 1;
    });
    let Some(world) = World::new(bounded).await else {
        return;
    };
    let bob = Owner::new(&world.app, "bob").await;
    let stranger = open_as(&world, &bob, "bob").await.0;
    for name in ["one", "two", "three"] {
        for _ in 0..2 {
            drop(open_as(&world, &world.owner, name).await);
        }
    }
    until("one waits", PATIENCE, async || {
        (backends(&stranger, &world.owner).await == "1").then_some(())
    })
    .await;
    until_none(&stranger, &world.owner).await;

    let Some(world) = World::new(builder().configure(|config| config.gateway.warm_seconds = 0)).await else {
        return;
    };
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(visit(&world).await);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_full_gets_room_from_those_that_wait() {
    let small = builder().configure(|config| {
        config
            .workspaces
            .postgres
            .insert("max_connections".into(), "12".into());
    });
    let Some(world) = World::new(small).await else {
        return;
    };
    let names: Vec<String> = (0..5).map(|n| format!("tool {n}")).collect();
    for name in &names {
        for _ in 0..2 {
            drop(open_as(&world, &world.owner, name).await);
        }
    }
    // Three are PostgreSQL's own, and we may have one: all others can be had, whoever waits.
    let mut open = Vec::new();
    for _ in 0..7 {
        open.push(world.connect().await);
    }
    for session in &open {
        assert_eq!(session.ask("SELECT 1").await.unwrap(), "1");
    }
}

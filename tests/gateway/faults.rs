//! What breaks behind the gateway and before it: each ends in the right error on both sides, in time, and nothing is
//! left over.

use std::{fs, time::Duration};

use testkit::{Builder, Cluster, Engine, TestApp, has, until};
use tokio::time::Instant;

use super::{
    between::{Between, Mode},
    open_psql::OpenPsql,
    world::{Owner, World, refusal, state},
};

const PATIENCE: Duration = Duration::from_secs(60);
/// The time that the gateway gives a backend for a login, and some more for a slow machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// `ana` with a workspace on a server behind a wire that can break; `more` ends the server's URL.
async fn world(builder: Builder, more: impl Fn(&Cluster) -> String) -> Option<(Cluster, Between, World)> {
    if !has("postgres") || !has("psql") {
        return None;
    }
    let cluster = Cluster::start().await;
    let between = Between::to(cluster.port).await;
    let url = cluster.administrator().await;
    let url = url.replace(
        &format!("127.0.0.1:{}", cluster.port),
        &format!("localhost:{}", between.port),
    ) + more(&cluster).as_str();
    let app = builder
        .configure(|config| config.workspaces.postgres_url = Some(model::Secret::new(url)))
        .start()
        .await;
    let owner = Owner::new(&app, "ana").await;
    Some((cluster, between, World { app, owner }))
}

fn builder() -> Builder {
    // What waits would hide what a login does.
    TestApp::builder(Engine::Sqlite).configure(|config| config.gateway.warm_seconds = 0)
}

/// How a login is refused now, and that it is in time.
async fn refused(world: &World) -> String {
    let began = Instant::now();
    let (state, _) = refusal(
        world
            .try_connect(world.owner.database(), &world.owner.password)
            .await,
    );
    assert!(began.elapsed() < DEADLINE, "{:?}", began.elapsed());
    state
}

/// Sockets that this process has open, which is client and server in one.
fn sockets() -> usize {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let is_socket = |entry: &fs::DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
    };
    open.filter_map(Result::ok).filter(is_socket).count()
}

/// Backends of people, not of Standpipe.
async fn backends(cluster: &Cluster) -> String {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'u\\_%'";
    cluster.run("postgres", count).await
}

async fn until_no_backends(cluster: &Cluster) {
    until("no backend is left", PATIENCE, async || {
        (backends(cluster).await == "0").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_hangs_or_babbles_is_told_and_open_sessions_go_on() {
    let Some((cluster, between, world)) = world(builder(), |_| String::new()).await else {
        return;
    };
    let open = world.connect().await;
    for (mode, expected) in [
        (Mode::Refuse, "57P03"),
        (Mode::Hang, "57P03"),
        (Mode::Babble, "08006"),
        // In the middle of its login, and of what it says of itself.
        (Mode::CutAfter(20), "57P03"),
        (Mode::CutAfter(300), "57P03"),
    ] {
        between.set(mode);
        assert_eq!(refused(&world).await, expected, "{mode:?}");
        assert_eq!(open.ask("SELECT 1").await.unwrap(), "1", "{mode:?}");
    }
    between.set(Mode::Pass);
    assert_eq!(world.connect().await.ask("SELECT 1").await.unwrap(), "1");
    cluster.stun();
    assert_eq!(
        refused(&world).await,
        "57P03",
        "a server that is stopped still accepts"
    );
    cluster.wake();
    drop(open);
    until_no_backends(&cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wire_that_is_cut_ends_each_session_with_a_word() {
    let Some((cluster, between, world)) = world(builder(), |_| String::new()).await else {
        return;
    };
    let (idle, busy) = (world.connect().await, world.connect().await);
    let sleeping = tokio::spawn(async move { busy.ask("SELECT pg_sleep(600)").await });
    until("it sleeps", PATIENCE, async || {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        (cluster.run("postgres", count).await == "1").then_some(())
    })
    .await;
    between.cut();
    assert_eq!(idle.ended().await, "08006");
    assert_eq!(state(&sleeping.await.unwrap().unwrap_err()), "08006");
    assert_eq!(world.connect().await.ask("SELECT 1").await.unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_tls_is_never_gone_without() {
    let verified = |cluster: &Cluster| {
        format!(
            "?sslmode=verify-full&sslrootcert={}",
            cluster.authority().display()
        )
    };
    let Some((cluster, between, world)) = world(builder(), verified).await else {
        return;
    };
    let open = world.connect().await;
    assert_eq!(
        open.ask("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            .await
            .unwrap(),
        "t"
    );
    for mode in [Mode::BreakTls, Mode::Babble, Mode::Refuse] {
        between.set(mode);
        assert_eq!(refused(&world).await, "57P03", "{mode:?}");
    }
    between.set(Mode::Pass);
    assert_eq!(world.connect().await.ask("SELECT 1").await.unwrap(), "1");
    assert_eq!(open.ask("SELECT 1").await.unwrap(), "1");
    drop(open);
    until_no_backends(&cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_vanish_leave_no_row_no_backend_and_no_socket() {
    let Some((cluster, _between, world)) = world(builder(), |_| String::new()).await else {
        return;
    };
    world
        .connect()
        .await
        .ask("CREATE TABLE t (line text)")
        .await
        .unwrap();
    until_no_backends(&cluster).await;
    let before = sockets();
    for psql in [world.by_host(), world.by_name(), world.by_host()] {
        let mut psql = OpenPsql::start(&psql);
        let row = "half of what is to be copied\n".repeat(1000);
        psql.send(&format!("COPY t FROM STDIN;\n{row}")).await;
        until("it copies", PATIENCE, async || {
            let count = "SELECT count(*) FROM pg_stat_progress_copy WHERE tuples_processed > 100";
            (cluster.run("postgres", count).await == "1").then_some(())
        })
        .await;
        drop(psql);
        until_no_backends(&cluster).await;
    }
    until_no_backends(&cluster).await;
    assert_eq!(
        world.connect().await.ask("SELECT count(*) FROM t").await.unwrap(),
        "0"
    );
    until_no_backends(&cluster).await;
    until("no socket is left", PATIENCE, async || {
        (sockets() <= before).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_account_store_known_sessions_go_on_and_new_ones_are_told_to_wait() {
    let Some(world) = World::new(TestApp::builder(Engine::Postgres)).await else {
        return;
    };
    let open = world.connect().await;
    let own = format!("LIKE 'it\\_{}\\_%'", std::process::id());
    let allow = async |allowed: bool| {
        let statement = format!(
            "DO $$ DECLARE name text; BEGIN FOR name IN SELECT datname FROM pg_database WHERE datname {own} LOOP \
             EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS {allowed}', name); END LOOP; END $$"
        );
        testkit::run_on_the_stores_server(&statement).await;
        // Not in the same transaction: whoever is ended may be back before it is committed. It waits for their end.
        let end =
            format!("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname {own}");
        testkit::run_on_the_stores_server(&end).await;
    };
    allow(false).await;
    assert_eq!(refused(&world).await, "57P03");
    assert_eq!(open.ask("SELECT 1").await.unwrap(), "1");
    let refused_by_host = world.by_host().run("SELECT 1").await;
    assert!(
        refused_by_host.err.contains("HINT:  Connect again in a moment."),
        "{}",
        refused_by_host.err
    );
    world.app.anonymous().get("/readyz").await.with_status(503);

    allow(true).await;
    let again = until("it is there again", PATIENCE, async || {
        world
            .try_connect(world.owner.database(), &world.owner.password)
            .await
            .ok()
    })
    .await;
    assert_eq!(again.ask("SELECT 1").await.unwrap(), "1");
    assert_eq!(open.ask("SELECT 1").await.unwrap(), "1");
}

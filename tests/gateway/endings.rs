//! How sessions end that nobody closed: the server stops, or PostgreSQL dies under them.

use std::{fs, path::Path, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use testkit::{both_engines, has, until};

use super::{
    open_psql::OpenPsql,
    served::Served,
    world::{Session, World, state},
};

const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_stop_says_goodbye_and_lets_work_end() {
    if !has("postgres") || !has("psql") {
        return;
    }
    let served = Served::new(|binary| binary).await;
    let idle = served.connect().await;
    idle.ask("SELECT 1").await.unwrap();
    let mut psql = OpenPsql::start(&served.psql());
    assert_eq!(psql.ask("SELECT 1;").await, "1");
    let working = served.connect().await;
    working.ask("BEGIN; CREATE TABLE kept (n int)").await.unwrap();

    let Served {
        binary,
        running,
        database,
        password,
    } = served;
    let gateway = running.addresses.gateway;
    let stopping = tokio::task::spawn_blocking(move || running.stop());
    assert_eq!(idle.ended().await, "57P01");
    let said = psql.ended().await;
    assert!(
        said.starts_with("57P01: terminating connection due to administrator command"),
        "{said}"
    );
    assert!(
        Session::open(gateway, "ana", &database, &password).await.is_err(),
        "nobody new is let in"
    );
    working
        .ask("INSERT INTO kept VALUES (7)")
        .await
        .expect("a transaction goes on");
    working.ask("COMMIT").await.expect("to its end");
    assert_eq!(working.ended().await, "57P01");
    assert_eq!(stopping.await.unwrap().status.code(), Some(0));

    let running = binary.serve();
    let again = Served {
        binary,
        running,
        database,
        password,
    };
    let kept = until("it is there again", PATIENCE, async || {
        again.try_connect().await.ok()
    })
    .await;
    assert_eq!(kept.ask("SELECT n FROM kept").await.unwrap(), "7");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_standpipe_comes_back_with_its_workspaces() {
    if !has("postgres") || !has("psql") {
        return;
    }
    let served = Served::new(|binary| binary).await;
    let session = served.connect().await;
    session.ask("CREATE TABLE kept AS SELECT 7 AS n").await.unwrap();
    let Served {
        binary,
        running,
        database,
        password,
    } = served;
    running.kill();
    assert!(session.ask("SELECT 1").await.is_err());
    let running = binary.serve();
    let again = Served {
        binary,
        running,
        database,
        password,
    };
    let kept = until("it is there again", PATIENCE, async || {
        again.try_connect().await.ok()
    })
    .await;
    assert_eq!(kept.ask("SELECT n FROM kept").await.unwrap(), "7");
}

/// The postmaster of the private PostgreSQL below `directory`.
fn postmaster(directory: &Path) -> Option<Pid> {
    let text = fs::read_to_string(directory.join("postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}

fn location(world: &World) -> Option<std::path::PathBuf> {
    match world.app.app().local_status()? {
        app::LocalStatus::Ready { location, .. } => Some(location),
        _ => None,
    }
}

both_engines! {
    async fn a_killed_postmaster_is_replaced(builder) {
        let Some(world) = World::new(builder).await else { return };
        let data = location(&world).expect("it is ready");
        let first = postmaster(&data).expect("it runs");
        let session = world.connect().await;
        // The tests' PostgreSQL does not wait for its disk, unless it is told to.
        session.ask("SET synchronous_commit = on").await.unwrap();
        session.ask("CREATE TABLE kept AS SELECT 7 AS n").await.unwrap();
        let mut psql = OpenPsql::start(&world.by_host());
        assert_eq!(psql.ask("SELECT n FROM kept;").await, "7");
        let busy = world.connect().await;
        let sleeping = tokio::spawn(async move { busy.ask("SELECT pg_sleep(600)").await });
        until("it sleeps", PATIENCE, async || {
            let found = session.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").await;
            (found.unwrap() == "1").then_some(())
        }).await;

        kill_process(first, Signal::KILL).unwrap();
        let said = session.ended().await;
        assert!(["57P01", "08006"].contains(&said.as_str()), "{said}");
        assert!(["57P01", "08006"].contains(&&psql.ended().await[..5]));
        let ended = state(&sleeping.await.unwrap().unwrap_err());
        assert!(["57P01", "08006"].contains(&ended.as_str()), "{ended}");

        // Meanwhile whoever comes is told to try again, and nothing else.
        let database = world.owner.database();
        let again = until("it is there again", PATIENCE, async || {
            match world.try_connect(database, &world.owner.password).await {
                Ok(session) => Some(session),
                Err(error) => {
                    assert_eq!(state(&error), "57P03", "{error:?}");
                    None
                }
            }
        }).await;
        assert_eq!(again.ask("SELECT n FROM kept").await.unwrap(), "7");
        assert_ne!(postmaster(&data), Some(first));
        assert_eq!(world.by_host().run("SELECT n FROM kept").await.rows(), "7");
    }

    async fn a_backend_that_dies_without_a_word_is_told(builder) {
        let Some(world) = World::new(builder).await else { return };
        let (victim, neighbour) = (world.connect().await, world.connect().await);
        let pid = victim.ask("SELECT pg_backend_pid()").await.unwrap();
        neighbour.ask("SELECT 1").await.unwrap();
        kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
        assert_eq!(victim.ended().await, "08006");
        // PostgreSQL ends all sessions then, with a warning, because shared memory may be damaged.
        assert_eq!(neighbour.ended().await, "08006");
        let database = world.owner.database();
        let again = until("it is there again", PATIENCE, async || world.try_connect(database, &world.owner.password).await.ok()).await;
        assert_eq!(again.ask("SELECT 1").await.unwrap(), "1");
    }
}

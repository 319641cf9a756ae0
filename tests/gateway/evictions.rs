//! Connections that must end: those of an account that was reset, switched off, or is gone, and of a workspace that is.

use std::time::Duration;

use testkit::both_engines;
use tokio::time::Instant;

use super::{
    open_psql::OpenPsql,
    world::{Session, World, refusal, state},
};

/// By then every connection is ended (security A.6).
const SOON: Duration = Duration::from_secs(5);
const RESET: &str = "/settings/advanced/reset-authentication";

/// A session that sleeps for ten minutes, and has begun to.
async fn asleep(world: &World) -> tokio::task::JoinHandle<Result<String, tokio_postgres::Error>> {
    let session = world.connect().await;
    session.ask("SET application_name = 'asleep'").await.unwrap();
    let watcher = world.connect().await;
    let asleep = tokio::spawn(async move { session.ask("SELECT pg_sleep(600)").await });
    let count =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = 'asleep'";
    testkit::until("it sleeps", Duration::from_secs(60), async || {
        (watcher.ask(count).await.unwrap() == "1").then_some(())
    })
    .await;
    asleep
}

/// Sessions in each condition: idle, in a transaction, at work.
struct Open {
    idle: Session,
    in_transaction: Session,
    asleep: tokio::task::JoinHandle<Result<String, tokio_postgres::Error>>,
    psql: OpenPsql,
}

impl Open {
    async fn new(world: &World) -> Self {
        let mut psql = OpenPsql::start(&world.by_host());
        assert_eq!(psql.ask("SELECT 1;").await, "1");
        let in_transaction = world.connect().await;
        in_transaction
            .ask("BEGIN; CREATE TABLE half (n int)")
            .await
            .unwrap();
        Self {
            idle: world.connect().await,
            in_transaction,
            asleep: asleep(world).await,
            psql,
        }
    }

    /// Each is told that it was ended, and none lasts longer than [`SOON`].
    async fn end(mut self) {
        let begun = Instant::now();
        assert_eq!(self.idle.ended().await, "57P01");
        assert_eq!(self.in_transaction.ended().await, "57P01");
        assert_eq!(state(&self.asleep.await.unwrap().unwrap_err()), "57P01");
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert!(self.psql.ended().await.starts_with("57P01"));
    }
}

both_engines! {
    async fn a_reset_with_its_tick_ends_connections_and_one_without_does_not(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        let person = world.owner.person.clone();
        let kept = world.connect().await;
        let browser = world.app.signed_in(&person).await;
        browser.submit(RESET, RESET, &[("confirm", "ana")]).await.with_status(303);
        assert_eq!(kept.ask("SELECT 1").await.unwrap(), "1");

        let browser = world.app.signed_in(&person).await;
        let open = Open::new(&world).await;
        browser.submit(RESET, RESET, &[("confirm", "ana"), ("rotate_password", "yes")]).await.with_status(303);
        open.end().await;
        assert_eq!(kept.ended().await, "57P01");
        assert_eq!(refusal(world.try_connect(world.owner.database(), &world.owner.password).await).0, "28P01");

        // What is opened with the new password stays.
        world.owner.bearer = world.app.bearer(&person).await;
        world.owner.password = world.app.password(&world.owner.bearer, &person).await;
        let new = world.connect().await;
        assert_eq!(new.ask("SELECT to_regclass('half')").await.unwrap(), "");
    }

    async fn another_process_that_switches_the_account_off_ends_its_connections(builder) {
        let Some(world) = World::new(builder).await else { return };
        let open = Open::new(&world).await;
        // The store alone knows of it, as when an operator's command or another replica did it.
        world.app.elsewhere(|app| async move { app.admin_set_user_active("ana", false).await.unwrap() }).await;
        open.end().await;
        assert_eq!(refusal(world.try_connect(world.owner.database(), &world.owner.password).await).0, "28000");
    }

    async fn a_deleted_account_ends_its_connections(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        let person = world.owner.person.clone();
        let open = Open::new(&world).await;
        let page = "/settings/advanced/delete-account";
        let browser = world.app.signed_in(&person).await;
        browser.submit(page, page, &[("account", "ana")]).await.with_status(303);
        open.end().await;
        let database = world.owner.database();
        assert_eq!(refusal(world.try_connect(database, &world.owner.password).await).0, "28P01", "as if nobody had ever had this name");
    }

    async fn a_deleted_workspace_ends_its_connections(builder) {
        let Some(world) = World::new(builder).await else { return };
        let open = Open::new(&world).await;
        world.owner.bearer.delete("/api/latest/user/ana/workspace/dev").await.with_status(204);
        open.end().await;
    }
}

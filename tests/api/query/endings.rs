//! Queries that somebody ends: the client that goes away, and those who may end an account's connections.

use std::time::Duration;

use serde_json::json;
use testkit::{Answer, both_engines, until};

use super::world::{QUERY, World};

/// Shorter than the ten seconds after which PostgreSQL would notice by itself that a client is gone.
const AT_ONCE: Duration = Duration::from_secs(8);
const RESET: &str = "/settings/advanced/reset-authentication";

async fn sleepers(world: &World) -> i64 {
    let count = "select count(*) from pg_stat_activity where query like 'select pg_sleep(600)%'";
    world.value(count).await.as_i64().unwrap()
}

/// A query that sleeps, and has begun to.
async fn asleep(world: &World) -> tokio::task::JoinHandle<Answer> {
    let bearer = world.bearer.clone();
    let asking =
        tokio::spawn(async move { bearer.post(QUERY, json!({"sql": "select pg_sleep(600)"})).await });
    until("it sleeps", Duration::from_secs(60), async || {
        (sleepers(world).await == 1).then_some(())
    })
    .await;
    asking
}

both_engines! {
    async fn a_client_that_goes_away_cancels_its_query(builder) {
        let Some(world) = World::new(builder).await else { return };
        let asking = asleep(&world).await;
        asking.abort();
        until("the query ends", AT_ONCE, async || (sleepers(&world).await == 0).then_some(())).await;
    }

    async fn a_reset_ends_queries(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        let person = world.person.clone();
        let browser = world.app.signed_in(&person).await;
        let asking = asleep(&world).await;
        browser.submit(RESET, RESET, &[("confirm", "ana"), ("rotate_password", "yes")]).await.with_status(303);
        let ended = asking.await.unwrap().with_status(409).json();
        assert_eq!(ended["type"], "query_ended");
        world.ask("select 1").await.with_status(401);
        world.bearer = world.app.bearer(&person).await;
        until("it sleeps no more", AT_ONCE, async || (sleepers(&world).await == 0).then_some(())).await;
    }

    async fn a_deleted_workspace_ends_queries(builder) {
        let Some(world) = World::new(builder).await else { return };
        let asking = asleep(&world).await;
        world.bearer.delete("/api/latest/user/ana/workspace/dev").await.with_status(204);
        assert_eq!(asking.await.unwrap().with_status(409).json()["type"], "query_ended");
        world.ask("select 1").await.with_status(404);
    }

    async fn a_disabled_account_ends_queries_from_elsewhere_too(builder) {
        let Some(world) = World::new(builder).await else { return };
        let asking = asleep(&world).await;
        world.app.elsewhere(|app| async move { app.admin_set_user_active("ana", false).await }).await.unwrap();
        assert_eq!(asking.await.unwrap().with_status(409).json()["type"], "query_ended");
        world.ask("select 1").await.with_status(401);
    }
}

//! How access ends: taken back, given up, made less, and gone with an account or a workspace.

use serde_json::json;
use testkit::{both_engines, until};
use tokio::time::Instant;

use super::{
    super::world::{World, refusal, state},
    Guest, MEMBERS, PATIENCE, SOON,
};

/// Sessions of a guest in each condition.
struct Open {
    idle: super::super::world::Session,
    in_transaction: super::super::world::Session,
    asleep: tokio::task::JoinHandle<Result<String, tokio_postgres::Error>>,
}

impl Open {
    async fn new(world: &World, guest: &Guest) -> Self {
        let in_transaction = guest.connect(world).await.unwrap();
        in_transaction.ask("BEGIN").await.unwrap();
        let busy = guest.connect(world).await.unwrap();
        let asleep = tokio::spawn(async move { busy.ask("SELECT pg_sleep(600)").await });
        let watcher = guest.connect(world).await.unwrap();
        until("it sleeps", PATIENCE, async || {
            let found = watcher
                .ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
                .await;
            (found.unwrap() == "1").then_some(())
        })
        .await;
        Self {
            idle: watcher,
            in_transaction,
            asleep,
        }
    }

    /// Each is told that it was ended, within [`SOON`].
    async fn end(self) {
        let begun = Instant::now();
        assert_eq!(self.idle.ended().await, "57P01");
        assert_eq!(self.in_transaction.ended().await, "57P01");
        assert_eq!(state(&self.asleep.await.unwrap().unwrap_err()), "57P01");
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    }
}

async fn shut_out(world: &World, guest: &Guest) {
    assert_eq!(refusal(guest.connect(world).await).0, "3D000");
    guest.query("SELECT 1").await.with_status(404);
    guest
        .bearer
        .get("/api/latest/user/ana/workspace/dev")
        .await
        .with_status(404);
    let list = guest.bearer.get("/api/latest/actor/workspace").await.json();
    assert_eq!(list["items"], json!([]));
}

/// PostgreSQL lets the guest in no more either.
async fn revoked(world: &World, guest: &Guest) {
    until("the group is revoked", PATIENCE, async || {
        (world.groups(guest).await == "none").then_some(())
    })
    .await;
}

both_engines! {
    async fn access_that_is_taken_back_ends_at_once(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Guest::new(&world.app, "bob").await;
        world.share(&bob, "operator").await;
        let (open, owners) = (Open::new(&world, &bob).await, world.connect().await);
        let gone = world.owner.bearer.delete(&bob.path()).await.with_status(200).json();
        assert_eq!(gone["user_handle"], "bob");
        shut_out(&world, &bob).await;
        open.end().await;
        revoked(&world, &bob).await;
        assert_eq!(owners.ask("SELECT 1").await.unwrap(), "1", "the owner's own stay");
        world.owner.bearer.delete(&bob.path()).await.with_status(404);
        // And given anew.
        world.share(&bob, "reader").await;
        assert_eq!(world.groups(&bob).await, "reader");
        bob.connect(&world).await.unwrap();
    }

    async fn a_person_leaves_by_themselves(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Guest::new(&world.app, "bob").await;
        world.share(&bob, "reader").await;
        let open = bob.connect(&world).await.unwrap();
        bob.bearer.delete(&bob.path()).await.with_status(200);
        assert_eq!(open.ended().await, "57P01");
        shut_out(&world, &bob).await;
        revoked(&world, &bob).await;
        let log = world.owner.bearer.get("/api/latest/user/ana/audit_log").await.json();
        let record = log["items"].as_array().unwrap().iter().find(|row| row["action_type"] == "workspace.member.delete").unwrap();
        assert_eq!(record["actor_handle"], "bob");
    }

    async fn who_may_do_less_is_put_out_first(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Guest::new(&world.app, "bob").await;
        world.connect().await.ask("CREATE TABLE kept (n int)").await.unwrap();
        world.share(&bob, "operator").await;
        let open = bob.connect(&world).await.unwrap();
        open.ask("INSERT INTO kept VALUES (1)").await.unwrap();
        world.owner.bearer.patch(&bob.path(), json!({"role": "reader"})).await.with_status(200);
        assert_eq!(open.ended().await, "57P01");
        world.accepted(&bob).await;
        let again = bob.connect(&world).await.unwrap();
        assert_eq!(again.ask("SELECT n FROM kept").await.unwrap(), "1");
        assert_eq!(state(&again.ask("INSERT INTO kept VALUES (2)").await.unwrap_err()), "42501");
        assert_eq!(world.groups(&bob).await, "reader");
    }

    async fn a_switched_off_owner_shares_nothing(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Guest::new(&world.app, "bob").await;
        world.share(&bob, "reader").await;
        let open = Open::new(&world, &bob).await;
        world.app.elsewhere(|app| async move { app.admin_set_user_active("ana", false).await.unwrap() }).await;
        open.end().await;
        assert_eq!(refusal(bob.connect(&world).await).0, "3D000");
        bob.query("SELECT 1").await.with_status(404);
        world.app.elsewhere(|app| async move { app.admin_set_user_active("ana", true).await.unwrap() }).await;
        bob.connect(&world).await.unwrap();
    }

    async fn a_switched_off_guest_is_out(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Guest::new(&world.app, "bob").await;
        world.share(&bob, "reader").await;
        let open = bob.connect(&world).await.unwrap();
        world.app.elsewhere(|app| async move { app.admin_set_user_active("bob", false).await.unwrap() }).await;
        assert_eq!(open.ended().await, "57P01");
        assert_eq!(refusal(bob.connect(&world).await).0, "28000");
    }

    async fn a_deleted_owner_takes_the_workspace_with_them(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Guest::new(&world.app, "bob").await;
        world.share(&bob, "operator").await;
        let open = Open::new(&world, &bob).await;
        world.app.elsewhere(|app| async move { app.admin_delete_user("ana").await.unwrap(); }).await;
        open.end().await;
        shut_out(&world, &bob).await;
    }

    async fn a_deleted_guest_leaves_no_role_behind(builder) {
        let Some(world) = World::new(builder).await else { return };
        // Longer than a database name, which is random and could hold it.
        let bob = Guest::new(&world.app, "roberta").await;
        let id = bob.bearer.get("/api/latest/actor").await.json()["id"].as_str().unwrap().to_owned();
        world.share(&bob, "operator").await;
        let open = bob.connect(&world).await.unwrap();
        bob.bearer.delete("/api/latest/user/roberta").await.with_status(200);
        assert_eq!(open.ended().await, "57P01");
        let owner = world.connect().await;
        until("the role is gone", PATIENCE, async || {
            let found = owner.ask(&format!("SELECT count(*) FROM pg_roles WHERE rolname = '{id}'")).await;
            (found.unwrap() == "0").then_some(())
        }).await;
        assert_eq!(world.owner.bearer.get(MEMBERS).await.with_status(200).json()["items"], json!([]));
        let dump = world.app.dump_store().await;
        let left: Vec<_> = dump.iter().filter(|(table, row)| table != "handles" && row.contains("roberta")).collect();
        assert!(left.is_empty(), "{left:?}");
    }

    async fn host_names_follow_the_owners_handle_and_the_guests_own_name(builder) {
        let Some(world) = World::new(builder).await else { return };
        let mut bob = Guest::new(&world.app, "bob").await;
        world.share(&bob, "reader").await;
        let before = bob.by_host(&world);
        world.owner.bearer.patch("/api/latest/user/ana", json!({"handle": "bea"})).await.with_status(200);
        let said = before.run("SELECT 1").await;
        assert!(!said.ok && said.err.contains("is now \"bea-dev."), "{}", said.err);
        let now = testkit::Psql::new(before.url.replace("@ana-dev.", "@bea-dev."));
        assert_eq!(now.run("SELECT 1").await.rows(), "1");
        bob.bearer.patch("/api/latest/user/bob", json!({"handle": "bill"})).await.with_status(200);
        let said = now.run("SELECT 1").await;
        assert!(!said.ok && said.err.contains("is now \"bill\""), "{}", said.err);
        bob.person.handle = "bill".to_owned();
        bob.connect(&world).await.unwrap();
        let list = bob.bearer.get("/api/latest/actor/workspace").await.json();
        assert_eq!(list["items"][0]["identity"]["handle"], "bea");
    }
}

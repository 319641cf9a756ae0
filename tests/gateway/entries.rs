//! What was read of those who come in at the database door is used again for a while, and never after a change of it.
//!
//! Here that while is a minute, far longer than by default and than a test takes: what is refused is refused because
//! the change was noticed, not because time went by.

use serde_json::json;
use testkit::{Builder, Engine, TestApp, both_engines};

use super::{
    connections::peer,
    members::Guest,
    world::{Owner, Session, World, refusal},
};

const WORKSPACE: &str = "/api/latest/user/ana/workspace/dev";

async fn world(builder: Builder) -> Option<World> {
    World::new(builder.configure(|config| config.tokens.cache_ms = 60_000)).await
}

impl World {
    /// The SQLSTATE with which the owner is refused now.
    async fn refused(&self) -> String {
        refusal(
            self.try_connect(self.owner.database(), &self.owner.password)
                .await,
        )
        .0
    }
}

both_engines! {
    async fn the_store_is_asked_once(builder) {
        let Some(world) = world(builder).await else { return };
        world.connect().await;
        let before = world.app.app().entry_lookups();
        for _ in 0..10 {
            world.connect().await;
        }
        let after = world.app.app().entry_lookups();
        // Its name, its way twice and its role, before it has proven who it is, and nothing afterwards: that it was opened
        // is recorded, and changes nothing of it.
        assert_eq!((after.hits - before.hits, after.misses - before.misses), (40, 0));
        let _ = refusal(world.try_connect(world.owner.database(), "wrong").await);
        world.connect().await;
        assert_eq!(world.app.app().entry_lookups().misses, after.misses, "nor does a refusal");
    }

    async fn whatever_ends_it_ends_it_at_once(builder) {
        let Some(world) = world(builder).await else { return };
        let bearer = &world.owner.bearer;
        world.connect().await;
        bearer.patch(WORKSPACE, json!({"desired_state": "disabled"})).await.with_status(200);
        assert_eq!(world.refused().await, "57P03");
        bearer.patch(WORKSPACE, json!({"desired_state": "enabled"})).await.with_status(200);

        let by_host = world.by_host();
        assert!(by_host.run("SELECT 1").await.ok);
        bearer.patch(WORKSPACE, json!({"handle": "lab"})).await.with_status(200);
        assert!(!by_host.run("SELECT 1").await.ok, "the host name is an old one");
        bearer.patch(&WORKSPACE.replace("dev", "lab"), json!({"handle": "dev"})).await.with_status(200);

        let bob = Guest::new(&world.app, "bob").await;
        world.share(&bob, "operator").await;
        bob.connect(&world).await.unwrap();
        bearer.delete(&bob.path()).await.with_status(200);
        assert_eq!(refusal(bob.connect(&world).await).0, "3D000", "it was taken back");
        world.share(&bob, "reader").await;
        let session = bob.connect(&world).await.unwrap();
        assert!(session.ask("CREATE TABLE t (n int)").await.is_err(), "as a reader now");

        world.connect().await;
        world.app.with_app(|app| async move { app.admin_set_user_active("ana", false).await.unwrap() }).await;
        assert_eq!(world.refused().await, "28000");
        assert_eq!(refusal(bob.connect(&world).await).0, "3D000", "its owner is switched off");
        world.app.with_app(|app| async move { app.admin_set_user_active("ana", true).await.unwrap() }).await;
        world.connect().await;
        bob.connect(&world).await.unwrap();

        bearer.delete("/api/v0/user/ana").await.with_status(200);
        assert_eq!(world.refused().await, "28P01", "the account is deleted");
        assert_eq!(refusal(bob.connect(&world).await).0, "3D000");
    }

    async fn who_comes_in_while_it_ends_is_out(builder) {
        let Some(world) = world(builder).await else { return };
        for _ in 0..10 {
            world.connect().await;
            let end = world.owner.bearer.delete("/api/latest/user/ana/workspace/dev/connection");
            let (_, came) = tokio::join!(end, world.try_connect(world.owner.database(), &world.owner.password));
            // Before or after, but nothing between: whoever is in can ask, or was told.
            if let Ok(session) = came && let Err(error) = session.ask("SELECT 1").await {
                assert!(error.code().is_none_or(|code| code.code() == "57P01"), "{error}");
            }
        }
    }
}

// With replicas a new password is answered when none of them uses the old one any more: there a minute later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_password_counts_at_once() {
    let Some(mut world) = world(TestApp::builder(Engine::Sqlite)).await else {
        return;
    };
    for _ in 0..5 {
        world.connect().await;
        let old = world.owner.rotate().await;
        let database = world.owner.database().to_owned();
        assert_eq!(refusal(world.try_connect(&database, &old).await).0, "28P01");
        world.connect().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_made_in_another_replica_counts_when_it_is_answered() {
    let Some(world) = World::new(TestApp::builder(Engine::Postgres)).await else {
        return;
    };
    let Owner { person, bearer, .. } = &world.owner;
    let (gateway, database) = (world.app.addresses().gateway, world.owner.database().to_owned());
    let mut old = world.owner.password.clone();
    for _ in 0..5 {
        // What this replica reads just before the other one makes the new password.
        let before = Session::open(gateway, &person.handle, &database, &old).await;
        assert!(before.is_ok());
        let token = bearer.token.clone();
        let new = world
            .app
            .in_another_replica(move |app| async move {
                let actor = app.authenticate_bearer(&token, peer()).await.unwrap();
                let made = app.rotate_password(&actor, false).await.unwrap();
                made.password.expose().clone()
            })
            .await;
        let with_new = Session::open(gateway, &person.handle, &database, &new).await;
        assert!(with_new.is_ok(), "{:?}", with_new.err());
        let with_old = Session::open(gateway, &person.handle, &database, &old).await;
        assert_eq!(refusal(with_old).0, "28P01");
        old = new;
    }
}

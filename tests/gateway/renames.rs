//! After a change of handle: the new names work at once, the old ones say what happened to who has the password, and
//! nothing to anybody else.

use std::time::Duration;

use serde_json::json;
use testkit::{Psql, both_engines};

use super::{
    open_psql::OpenPsql,
    wire::{Attempt, attempt},
    world::{Owner, World, refusal},
};

/// Ana becomes bea.
async fn rename(world: &World) {
    let path = "/api/v0/user/ana";
    world
        .owner
        .bearer
        .patch(path, json!({ "handle": "bea" }))
        .await
        .with_status(200);
}

/// The connection string by host with another user name and host label.
fn to(world: &World, user: &str, host: &str) -> Psql {
    let url = world.by_host().url;
    Psql::new(
        url.replace("//ana:", &format!("//{user}:"))
            .replace("@ana-dev.", &format!("@{host}.")),
    )
}

both_engines! {
    async fn new_names_work_at_once_and_old_ones_say_what_happened(builder) {
        let Some(world) = World::new(builder).await else { return };
        assert_eq!(world.by_host().run("CREATE TABLE kept AS SELECT 7 AS n; SELECT current_user").await.rows().len(), 22);
        let mut open = OpenPsql::start(&world.by_host());
        assert_eq!(open.ask("SELECT n FROM kept;").await, "7");
        let session = world.connect().await;
        rename(&world).await;

        assert_eq!(to(&world, "bea", "bea-dev").run("SELECT n FROM kept").await.rows(), "7");
        let name = Psql::new(world.by_name().url.replace("//ana:", "//bea:"));
        assert_eq!(name.run("SELECT n FROM kept").await.rows(), "7");
        assert_eq!(open.ask("SELECT n + 1 FROM kept;").await, "8", "open connections stay");
        assert_eq!(session.ask("SELECT n + 2 FROM kept").await.unwrap(), "9");

        // All old, the user name alone, the host alone, and without a host.
        let hint = "The handle changed from \"ana\" to \"bea\" on 20";
        for (psql, said) in [
            (world.by_host(), "user \"ana\" is now \"bea\" and host \"ana-dev.db.localhost\" is now \"bea-dev.db.localhost\""),
            (to(&world, "ana", "bea-dev"), "user \"ana\" is now \"bea\""),
            (to(&world, "bea", "ana-dev"), "host \"ana-dev.db.localhost\" is now \"bea-dev.db.localhost\""),
            (world.by_name(), "user \"ana\" is now \"bea\""),
        ] {
            let refused = psql.run("SELECT 1").await;
            assert!(!refused.ok && refused.err.contains(&format!("FATAL:  {said}\n")), "{}", refused.err);
            assert!(refused.err.contains(hint) && refused.err.contains("Nobody else can have \"ana\" until 20"), "{}", refused.err);
        }
        let (state, _) = refusal(world.try_connect(world.owner.database(), &world.owner.password).await);
        assert_eq!(state, "28000");
        // A host that never was, or that the database contradicts, is no old name.
        let refused = to(&world, "bea", "ana-never").run("SELECT 1").await;
        assert!(refused.err.contains("does not exist"), "{}", refused.err);
        let other = Psql::new(to(&world, "bea", "ana-dev").url.replace(&format!("/{}?", world.owner.database()), "/nowhere?"));
        let refused = other.run("SELECT 1").await;
        assert!(refused.err.contains("database \"nowhere\" does not exist"), "{}", refused.err);
        let default = Psql::new(to(&world, "bea", "ana-dev").url.replace(&format!("/{}?", world.owner.database()), "/postgres?"));
        assert!(default.run("SELECT 1").await.err.contains("is now \"bea-dev.db.localhost\""));

        let reasons: Vec<_> = {
            let path = "/api/latest/user/bea/audit_log?limit=100";
            let log = world.owner.bearer.get(path).await.with_status(200).json();
            let items = log["items"].as_array().unwrap().clone();
            items.iter().filter(|r| r["action_type"] == "workspace.connection.refuse").map(|r| r["data"]["reason"].clone()).collect()
        };
        assert_eq!(reasons.iter().filter(|reason| *reason == "handle changed").count(), 4);
        assert_eq!(reasons.iter().filter(|reason| *reason == "host name changed").count(), 2);
    }

    async fn strangers_learn_nothing_of_an_old_name(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let gateway = app.addresses().gateway;
        bearer.patch("/api/v0/user/ana", json!({ "handle": "bea" })).await.with_status(200);
        let (old, new, nobody) = (attempt(gateway, "ana").await, attempt(gateway, "bea").await, attempt(gateway, "eve").await);
        assert_ne!(old.salt, new.salt, "the old name cannot be linked to the new one");
        let words = |attempt: &Attempt, user: &str| String::from_utf8_lossy(&attempt.error).replace(user, "");
        assert_eq!(words(&old, "ana"), words(&nobody, "eve"));
        assert_eq!((&old.mechanisms, &old.iterations), (&nobody.mechanisms, &nobody.iterations));
        // Its salt is that of a name which nobody ever had, and stays it when nobody has it any more.
        assert_eq!(attempt(gateway, "ana").await.salt, old.salt);
        app.clock.advance(Duration::from_secs(91 * 24 * 60 * 60));
        app.app().remove_expired().await.unwrap();
        assert_eq!(attempt(gateway, "ana").await, old);
    }

    async fn another_account_learns_nothing_of_an_old_host(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Owner::new(&world.app, "bob").await;
        rename(&world).await;
        let url = world.app.psql_by_host(&bob.person, &bob.workspace, &bob.password).url;
        let database = bob.database().to_owned();
        for (host, database) in [("ana-dev", database.as_str()), ("ana-dev", "postgres"), ("bea-dev", "postgres")] {
            let psql = Psql::new(url.replace("@bob-dev.", &format!("@{host}.")).replace(&format!("/{}?", bob.database()), &format!("/{database}?")));
            let refused = psql.run("SELECT 1").await;
            assert!(refused.err.contains(&format!("FATAL:  database \"{database}\" does not exist")), "{}", refused.err);
        }
        // Who is suspended reads that, not what became of the name.
        world.app.app().admin_set_user_active("bea", false).await.unwrap();
        assert!(world.by_host().run("SELECT 1").await.err.contains("account is suspended"));
    }

    async fn an_old_name_takes_the_password_of_now_and_the_name_taken_back_works(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        rename(&world).await;
        let made = world.owner.bearer.post_nothing("/api/v0/user/bea/password").await.with_status(201).json();
        let old_password = std::mem::replace(&mut world.owner.password, made["$password"].as_str().unwrap().to_owned());
        let database = world.owner.database().to_owned();
        let (state, said) = refusal(world.try_connect(&database, &world.owner.password).await);
        assert_eq!((state.as_str(), said.as_str()), ("28000", "user \"ana\" is now \"bea\""));
        assert_eq!(refusal(world.try_connect(&database, &old_password).await).0, "28P01");
        world.app.clock.advance(Duration::from_secs(24 * 60 * 60));
        world.owner.bearer.patch("/api/v0/user/bea", json!({ "handle": "ana" })).await.with_status(200);
        assert_eq!(world.by_host().run("SELECT 1").await.rows(), "1");
        let refused = to(&world, "bea", "bea-dev").run("SELECT 1").await;
        assert!(refused.err.contains("user \"bea\" is now \"ana\" and host \"bea-dev.db.localhost\" is now"), "{}", refused.err);
    }
}

//! What the owner of a workspace wishes of it, at the database door: its name, whether it takes connections, where its
//! sessions look for tables.

use serde_json::{Value, json};
use testkit::{Psql, both_engines};

use super::world::{Owner, Session, World, refusal};

const WORKSPACE: &str = "/api/latest/user/ana/workspace/dev";

impl World {
    async fn wish(&self, path: &str, wish: Value) -> Value {
        self.owner.bearer.patch(path, wish).await.with_status(200).json()
    }

    async fn command(&self, command: &str) -> Value {
        let path = format!("{WORKSPACE}/command");
        self.owner
            .bearer
            .post(&path, json!({ "command": command }))
            .await
            .with_status(201)
            .json()
    }
}

both_engines! {
    async fn a_new_name_is_a_new_host_and_connections_go_on(builder) {
        let Some(world) = World::new(builder).await else { return };
        let (session, by_host, by_name) = (world.connect().await, world.by_host(), world.by_name());
        world.wish(WORKSPACE, json!({"handle": "lab"})).await;
        assert_eq!(session.ask("SELECT 1").await.unwrap(), "1");
        let to = |host: &str, database: &str| {
            let url = by_host.url.replace("@ana-dev.", &format!("@{host}."));
            Psql::new(url.replace(&format!("/{}?", world.owner.database()), &format!("/{database}?")))
        };
        let database = world.owner.database();
        for psql in [to("ana-lab", database), to("ana-lab", "postgres"), by_name] {
            assert_eq!(psql.run("SELECT current_database()").await.rows(), database);
        }
        let said = "FATAL:  host \"ana-dev.db.localhost\" is now \"ana-lab.db.localhost\"\n";
        for database in [database, "postgres"] {
            let refused = to("ana-dev", database).run("SELECT 1").await;
            assert!(refused.err.contains(said) && refused.err.contains("HINT:  The workspace was renamed on 20"), "{}", refused.err);
        }
        assert!(to("ana-dev", "nowhere").run("SELECT 1").await.err.contains("database \"nowhere\" does not exist"));
        // Nobody else learns it.
        let bob = Owner::new(&world.app, "bob").await;
        let url = world.app.psql_by_host(&bob.person, &bob.workspace, &bob.password).url;
        let refused = Psql::new(url.replace("@bob-dev.", "@ana-dev.")).run("SELECT 1").await;
        assert!(refused.err.contains("does not exist"), "{}", refused.err);
        // Both names at once, and then the name taken back.
        world.owner.bearer.patch("/api/latest/user/ana", json!({"handle": "bea"})).await.with_status(200);
        let refused = Psql::new(by_host.url.replace("//ana:", "//bea:")).run("SELECT 1").await;
        assert!(refused.err.contains("host \"ana-dev.db.localhost\" is now \"bea-lab.db.localhost\""), "{}", refused.err);
        world.wish("/api/latest/user/bea/workspace/lab", json!({"handle": "dev"})).await;
        let taken_back = by_host.url.replace("//ana:", "//bea:").replace("@ana-dev.", "@bea-dev.");
        assert_eq!(Psql::new(taken_back).run("SELECT 1").await.rows(), "1");
    }

    async fn a_workspace_that_is_switched_off_takes_nobody(builder) {
        let Some(world) = World::new(builder).await else { return };
        for (off, on) in [("disabled", "enabled"), ("paused", "enabled")] {
            let session = world.connect().await;
            let stopped = world.wish(WORKSPACE, json!({"desired_state": off})).await;
            assert_eq!((&stopped["state"], &stopped["desired_state"]), (&json!(off), &json!(off)));
            assert_eq!(session.ended().await, "57P01");
            let refused = refusal(world.try_connect(world.owner.database(), &world.owner.password).await);
            assert_eq!(refused, ("57P03".to_owned(), "the workspace is switched off".to_owned()));
            let refused = world.by_host().run("SELECT 1").await;
            assert!(refused.err.contains("{\"command\": \"start\"}"), "{}", refused.err);
            assert_eq!(refusal(world.try_connect(world.owner.database(), "wrong").await).0, "28P01");
            world.wish(WORKSPACE, json!({"desired_state": on})).await;
            assert_eq!(world.connect().await.ask("SELECT 1").await.unwrap(), "1");
        }
        let refusals = world.owner.connections().await;
        assert_eq!(refusals.iter().filter(|record| record["data"]["reason"] == "workspace switched off").count(), 4);
    }

    async fn commands_do_what_they_say(builder) {
        let Some(world) = World::new(builder).await else { return };
        let other = world.app.create_workspace(&world.owner.bearer, &world.owner.person, "other").await;
        let spared = Session::open(world.app.addresses().gateway, "ana", other["database_name"].as_str().unwrap(), &world.owner.password).await.unwrap();
        let (idle, busy) = (world.connect().await, world.connect().await);
        let working = tokio::spawn(async move { busy.ask("SELECT pg_sleep(60)").await });
        world.command("reboot").await;
        assert_eq!(idle.ended().await, "57P01");
        assert!(working.await.unwrap().is_err(), "what is at work ends too");
        let session = world.connect().await;
        world.command("stop").await;
        assert_eq!(session.ended().await, "57P01");
        assert_eq!(refusal(world.try_connect(world.owner.database(), &world.owner.password).await).0, "57P03");
        world.command("start").await;
        let session = world.connect().await;
        for harmless in ["start", "upgrade"] {
            world.command(harmless).await;
        }
        assert_eq!(session.ask("SELECT 1").await.unwrap(), "1");
        assert_eq!(spared.ask("SELECT 1").await.unwrap(), "1", "other workspaces notice nothing");
    }

    async fn what_another_replica_ends_is_heard(builder) {
        let Some(world) = World::new(builder).await else { return };
        let session = world.connect().await;
        // As another replica writes it; the clock of a test stands.
        let now = world.app.app().now().as_microsecond();
        world.app.tamper(&format!("UPDATE workspaces SET connection_epoch = connection_epoch + 1, connections_ended_at = {now}")).await;
        assert_eq!(session.ended().await, "57P01");
        assert_eq!(world.connect().await.ask("SELECT 1").await.unwrap(), "1");
    }

    async fn sessions_look_in_the_prefix_first(builder) {
        let Some(world) = World::new(builder).await else { return };
        let workspace = world.wish(WORKSPACE, json!({"search_path_prefix": ["re\"ports", "b"]})).await;
        assert_eq!(workspace["search_path"], json!(["re\"ports", "b", "$user", "public"]));
        let psql = world.by_host();
        assert_eq!(psql.run("SHOW search_path").await.rows(), r#""re""ports", "b", "$user", "public""#);
        world.wish(WORKSPACE, json!({"search_path_prefix": ["information_schema"]})).await;
        assert_eq!(psql.run("SELECT count(*) FROM schemata WHERE schema_name = 'public'").await.rows(), "1");
        // Who asks for another path has it.
        let own = Psql::new(format!("{}&options=-csearch_path%3Dpublic", psql.url));
        assert_eq!(own.run("SHOW search_path").await.rows(), "public");
        world.wish(WORKSPACE, json!({"search_path_prefix": []})).await;
        assert_eq!(world.connect().await.ask("SHOW search_path").await.unwrap(), "\"$user\", public");
    }
}

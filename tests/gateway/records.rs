//! Each connection that opens, and each that is refused, stands in its owner's audit log.

use serde_json::{Value, json};
use testkit::{Psql, both_engines, until};

use super::world::{Owner, World};

/// As many records as there should be: those of a wrong password are written while the client waits.
async fn records(world: &World, count: usize) -> Vec<Value> {
    until("the records", std::time::Duration::from_secs(20), async || {
        let found = world.owner.connections().await;
        (found.len() >= count).then_some(found)
    })
    .await
}

both_engines! {
    async fn opened_and_refused_connections_are_in_the_owners_log(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Owner::new(&world.app, "bob").await;
        let name = |psql: Psql, sign: char| Psql::new(format!("{}{sign}application_name=nightly%20report", psql.url));
        name(world.by_host(), '&').run("SELECT 1").await.rows();
        name(world.by_name(), '&').run("SELECT 1").await.rows();
        let wrong = Psql::new(world.by_host().url.replace(&world.owner.password, "wrong"));
        assert!(!name(wrong, '&').run("SELECT 1").await.ok);
        let elsewhere = Psql::new(world.by_name().url.replace(world.owner.database(), bob.database()));
        assert!(!name(elsewhere, '&').run("SELECT 1").await.ok);

        let found = records(&world, 4).await;
        assert_eq!(found.len(), 4, "{found:?}");
        for record in &found {
            assert_eq!(record["actor_ip"], "127.0.0.1");
            assert_eq!(record["user_agent"], "nightly report");
            assert!(record["request_id"].as_str().unwrap().starts_with("c_"), "{record}");
        }
        let [not_there, wrong, by_name, by_host] = &found[..] else { unreachable!() };
        for (record, tls) in [(by_host, true), (by_name, false)] {
            assert_eq!(record["action_type"], "workspace.connection.open");
            assert_eq!((&record["target_id"], &record["target_handle"]), (&world.owner.workspace["id"], &json!("dev")));
            assert_eq!((&record["data"]["tls"], &record["data"]["application_name"]), (&json!(tls), &json!("nightly report")));
            assert_eq!((&record["actor_handle"], &record["credential"]["kind"]), (&json!("ana"), &json!("database_password")));
        }
        assert_eq!(wrong["action_type"], "workspace.connection.refuse");
        assert_eq!((&wrong["data"]["reason"], &wrong["data"]["tls"]), (&json!("wrong password"), &json!(true)));
        assert_eq!(wrong["data"]["host"], format!("ana-dev.{}", world.app.app().settings().gateway_domain));
        assert_eq!(wrong["actor_handle"], "anonymous", "nobody has proved to be her");
        assert_eq!((&not_there["data"]["reason"], &not_there["data"]["tls"]), (&json!("no such database"), &json!(false)));
        assert_eq!((&not_there["data"]["database"], &not_there["actor_handle"]), (&json!(bob.database()), &json!("ana")));
        assert_eq!(bob.connections().await, Vec::<Value>::new(), "he hears nothing of it");
        let all = format!("{found:?}");
        assert!(!all.contains(&world.owner.password) && !all.contains("SCRAM"), "{all}");
    }

    async fn names_that_nobody_has_fill_no_log(builder) {
        let Some(world) = World::new(builder).await else { return };
        for user in ["nobody", "ANA", "ana%20"] {
            let url = world.by_name().url.replace("//ana:", &format!("//{user}:"));
            assert!(!Psql::new(url).run("SELECT 1").await.ok);
        }
        world.by_name().run("SELECT 1").await.rows();
        let found = records(&world, 1).await;
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

//! The log of a workspace's connections: what came through the gateway, and how long it was open.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{both_engines, until};

use super::world::{Owner, World};

const LOG: &str = "/api/latest/user/ana/workspace/dev/db_log";
const SOON: Duration = Duration::from_secs(20);

impl World {
    /// The log, once `count` connections have ended.
    async fn db_log(&self, count: usize) -> Vec<Value> {
        until("the connections have ended", SOON, async || {
            let log = self.owner.bearer.get(LOG).await.with_status(200).json();
            let items = log["items"].as_array().unwrap().clone();
            (items.len() == count).then_some(items)
        })
        .await
    }
}

both_engines! {
    async fn each_connection_is_there_once_it_has_ended(builder) {
        let Some(world) = World::new(builder).await else { return };
        let session = world.connect().await;
        assert_eq!(world.by_host().run("SELECT 1").await.rows(), "1");
        let log = world.db_log(1).await;
        assert_eq!(world.try_connect("nowhere", &world.owner.password).await.err().map(drop), Some(()));
        let (one, opened) = (&log[0], world.owner.connections().await);
        let opened = opened.iter().find(|record| record["request_id"] == one["id"]).expect("its opening is recorded");
        assert_eq!(opened["action_type"], "workspace.connection.open");
        assert_eq!((&one["workspace_id"], &one["workspace_handle"], &one["actor_handle"]), (&world.owner.workspace["id"], &json!("dev"), &json!("ana")));
        assert_eq!((&one["application_name"], &one["client_ip"], &one["tls"]), (&json!("psql"), &json!("127.0.0.1"), &json!(true)));
        assert!(one["duration"].as_i64().is_some_and(|ms| (0..60_000).contains(&ms)), "{one}");
        assert!(one.get("query").is_none(), "statements stay between the client and PostgreSQL");
        drop(session);
        let log = world.db_log(2).await;
        let session = log.iter().find(|one| one["application_name"] == "a session").unwrap();
        assert_eq!(session["tls"], json!(false));

        // A page at a time, and nobody else's.
        let first = world.owner.bearer.get(&format!("{LOG}?limit=1")).await.json();
        let next = format!("{LOG}?limit=1&next_token={}", first["next_token"].as_str().unwrap());
        let second = world.owner.bearer.get(&next).await.with_status(200).json();
        assert!(second.get("next_token").is_none() && first["items"][0]["id"] != second["items"][0]["id"]);
        let bob = Owner::new(&world.app, "bob").await;
        let empty = bob.bearer.get("/api/latest/user/bob/workspace/dev/db_log").await.with_status(200).json();
        assert_eq!(empty, json!({"items": []}));
        bob.bearer.get(LOG).await.with_status(404);

        // Gone after its time, and with its workspace.
        world.app.clock.advance(Duration::from_secs(30 * 24 * 60 * 60 + 60));
        world.app.app().remove_expired().await.unwrap();
        assert_eq!(world.db_log(0).await, Vec::<Value>::new());
    }

    async fn it_goes_with_its_workspace(builder) {
        let Some(world) = World::new(builder).await else { return };
        let session = world.connect().await;
        assert_eq!(world.by_name().run("SELECT 1").await.rows(), "1");
        world.db_log(1).await;
        world.owner.bearer.delete("/api/latest/user/ana/workspace/dev").await.with_status(204);
        session.ended().await;
        world.app.app().flush_db_log().await.unwrap();
        let rows: Vec<_> = world.app.dump_store().await.into_iter().filter(|(table, _)| table == "db_log").collect();
        assert!(rows.is_empty(), "{rows:?}");
    }
}

//! A temporary database password: it works until it is over, and then nobody is let in by it.

use std::time::Duration;

use serde_json::json;
use testkit::both_engines;

use super::{
    open_psql::OpenPsql,
    world::{World, refusal},
};

const PASSWORD: &str = "/api/latest/user/ana/password";

both_engines! {
    async fn it_is_over_for_new_connections_alone(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        let made = world.owner.bearer.post(PASSWORD, json!({"expires_in_minutes": 5})).await.with_status(201).json();
        assert_eq!(world.owner.bearer.get(PASSWORD).await.with_status(200).json(), made);
        made["expires_at"].as_str().expect("it says when it is over");
        world.owner.password = made["$password"].as_str().unwrap().to_owned();
        let mut psql = OpenPsql::start(&world.by_host());
        assert_eq!(psql.ask("SELECT 1;").await, "1");
        world.app.clock.advance(Duration::from_secs(299));
        assert_eq!(world.by_name().run("SELECT 2").await.rows(), "2");
        world.app.clock.advance(Duration::from_secs(1));
        for psql in [world.by_host(), world.by_name()] {
            let refused = psql.run("SELECT 1").await;
            assert!(refused.err.contains("FATAL:  the temporary database password is over\n"), "{}", refused.err);
            assert!(refused.err.contains("HINT:  Make a new one"), "{}", refused.err);
        }
        assert_eq!(psql.ask("SELECT 3;").await, "3", "open connections stay");
        // Whoever does not have it learns nothing of its end.
        let wrong = refusal(world.try_connect(world.owner.database(), "wrong").await);
        assert_eq!(wrong, ("28P01".to_owned(), "password authentication failed for user \"ana\"".to_owned()));
        let over = world.owner.bearer.get(PASSWORD).await.with_status(404).json();
        assert_eq!(over["type"], "password_expired");
        world.owner.rotate().await;
        assert_eq!(world.by_host().run("SELECT 4").await.rows(), "4");
        assert!(world.owner.bearer.get(PASSWORD).await.json().get("expires_at").is_none());
        let reasons = world.owner.connections().await;
        assert_eq!(reasons.iter().filter(|record| record["data"]["reason"] == "password expired").count(), 2);
    }
}

//! A rotated password counts from the next connection on, and open sessions never notice.

use testkit::both_engines;

use super::{
    open_psql::OpenPsql,
    world::{World, refusal},
};

both_engines! {
    async fn the_old_password_is_refused_and_open_sessions_go_on(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        let (old_by_host, old_by_name) = (world.by_host(), world.by_name());
        let session = world.connect().await;
        let mut psql = OpenPsql::start(&old_by_host);
        assert_eq!(psql.ask("CREATE TEMP TABLE kept (n int); INSERT INTO kept VALUES (7); SELECT n FROM kept;").await, "7");

        let old = world.owner.rotate().await;
        let database = world.owner.database().to_owned();
        let (state, said) = refusal(world.try_connect(&database, &old).await);
        assert_eq!((state.as_str(), said.as_str()), ("28P01", "password authentication failed for user \"ana\""));
        for old in [old_by_host, old_by_name] {
            let refused = old.run("SELECT 1").await;
            assert!(!refused.ok && refused.err.contains("password authentication failed for user \"ana\""), "{}", refused.err);
        }

        assert_eq!(session.ask("SELECT 1").await.unwrap(), "1");
        assert_eq!(psql.ask("SELECT n FROM kept;").await, "7");
        assert_eq!(world.by_host().run("SELECT 2").await.rows(), "2");
        assert_eq!(world.connect().await.ask("SELECT 2").await.unwrap(), "2");
    }
}

both_engines! {
    async fn who_changes_the_password_in_psql_is_not_locked_out(builder) {
        let Some(world) = World::new(builder).await else { return };
        let session = world.connect().await;
        session.ask("ALTER ROLE CURRENT_USER PASSWORD 'mine'").await.unwrap();
        assert_eq!(world.by_host().run("SELECT 1").await.rows(), "1");
        assert_eq!(world.connect().await.ask("SELECT 1").await.unwrap(), "1");
        assert_eq!(session.ask("SELECT 1").await.unwrap(), "1");
        let (state, _) = refusal(world.try_connect(world.owner.database(), "mine").await);
        assert_eq!(state, "28P01", "it never was the password of this door");
    }
}

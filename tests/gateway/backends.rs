//! Workspaces on a PostgreSQL that the operator gave: as in our own, with a role that is no superuser.

use serde_json::json;
use testkit::{Builder, Cluster, both_engines, has};

use super::world::{Owner, World};

/// `ana` and her workspace, on a server of the operator's.
async fn world(builder: Builder) -> Option<(Cluster, World)> {
    if !has("postgres") || !has("psql") {
        return None;
    }
    let cluster = Cluster::start().await;
    let url = cluster.administrator().await;
    let app = builder
        .configure(|config| config.workspaces.postgres_url = Some(model::Secret::new(url)))
        .start()
        .await;
    let owner = Owner::new(&app, "ana").await;
    Some((cluster, World { app, owner }))
}

const LEFT: &str = "SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1') \
     UNION ALL SELECT rolname FROM pg_roles WHERE rolname ~ '^[uw]_'";

both_engines! {
    async fn a_role_that_is_no_superuser_makes_and_drops_workspaces(builder) {
        let Some((cluster, mut world)) = world(builder).await else { return };
        assert_eq!(world.app.app().local_status(), None, "nothing else is needed");
        let session = world.connect().await;
        let role = session.ask("SELECT current_user").await.unwrap();
        assert!(role.starts_with("u_"), "{role}");
        session.ask("CREATE TABLE t AS SELECT 1 AS n").await.unwrap();
        let psql = world.by_host().run("SELECT n FROM t").await;
        assert_eq!(psql.rows(), "1");

        // Rotation changes nothing there, and whoever changes their role's password gets in all the same.
        world.owner.rotate().await;
        session.ask("ALTER ROLE CURRENT_USER PASSWORD 'mine'").await.unwrap();
        assert_eq!(world.connect().await.ask("SELECT n FROM t").await.unwrap(), "1");

        // A busy session ends with its workspace.
        let path = format!("/api/latest/user/ana/workspace/{}", "dev");
        let busy = tokio::spawn(async move { session.ask("SELECT pg_sleep(60)").await });
        let working = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()";
        testkit::until("it sleeps", std::time::Duration::from_secs(10), async || {
            (cluster.run("postgres", working).await == "1").then_some(())
        })
        .await;
        world.owner.bearer.delete(&path).await.with_status(204);
        assert!(busy.await.unwrap().is_err());
        world.app.create_workspace(&world.owner.bearer, &world.owner.person, "lab").await;
        let app = world.app.app().clone();
        world.app.with_app(move |_| async move { app.admin_delete_user("ana").await }).await.unwrap();
        testkit::until("all is dropped", std::time::Duration::from_secs(20), async || {
            (cluster.run("postgres", LEFT).await).is_empty().then_some(())
        })
        .await;
    }

    async fn sizes_and_queries_are_as_in_our_own(builder) {
        let Some((_cluster, world)) = world(builder).await else { return };
        let answer = world
            .owner
            .bearer
            .post("/api/latest/user/ana/workspace/dev/query", json!({ "sql": "SELECT 40 + 2 AS n" }))
            .await
            .with_status(200);
        assert!(answer.json().to_string().contains("42"));
        let usage = world.owner.bearer.get("/api/latest/user/ana/usage").await.with_status(200).json();
        assert!(usage.to_string().contains("storage") || usage["items"].as_array().is_some_and(|items| !items.is_empty()), "{usage}");
    }
}

//! Workspaces on a PostgreSQL that the operator gave: as in our own, with a role that is no superuser.

use serde_json::json;
use testkit::{Builder, Cluster, both_engines, has};

use super::world::{Owner, World, state};

/// `ana` and her workspace, on a server of the operator's.
pub(super) async fn world(builder: Builder) -> Option<(Cluster, World)> {
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
        assert_eq!(usage["items"].as_array().unwrap().len(), 1, "{usage}");
        let shown = world.owner.bearer.get("/api/latest/user/ana/workspace/dev").await.with_status(200).json();
        assert_eq!((&shown["backend"], &shown["health"]["available"]), (&json!("server"), &json!(true)), "{shown}");
    }

    async fn the_server_counts_connections_too(builder) {
        let Some((cluster, world)) = world(builder).await else { return };
        let path = "/api/latest/user/ana/workspace/dev";
        let limit = format!("SELECT datconnlimit FROM pg_database WHERE datname = '{}'", world.owner.database());
        assert_eq!(cluster.run("postgres", &limit).await, "62", "60, and two of ours");
        let _open = world.connect().await;
        world.owner.bearer.patch(path, json!({ "connection_limit": 1 })).await.with_status(200);
        testkit::until("the server knows", std::time::Duration::from_secs(10), async || {
            (cluster.run("postgres", &limit).await == "3").then_some(())
        })
        .await;
        let refused = world.try_connect(world.owner.database(), &world.owner.password).await.err().unwrap();
        assert_eq!(state(&refused), "53300");
        world.owner.bearer.patch(path, json!({ "connection_limit": 2, "statement_timeout_ms": 0 })).await.with_status(200);
        let second = world.connect().await;
        assert_eq!(second.ask("SHOW statement_timeout").await.unwrap(), "0");
        assert_eq!(second.ask("SHOW idle_in_transaction_session_timeout").await.unwrap(), "5min");
    }

    async fn nobody_gets_further_by_the_server_itself(builder) {
        let Some((cluster, world)) = world(builder).await else { return };
        let bob = Owner::new(&world.app, "bob").await;
        let ana = world.connect().await;
        let role = ana.ask("SELECT current_user").await.unwrap();
        ana.ask("ALTER ROLE CURRENT_USER PASSWORD 'mine'").await.unwrap();
        let own = testkit::Psql::new(cluster.url(&role, "mine", "127.0.0.1", world.owner.database()));
        assert_eq!(own.run("SELECT current_user").await.rows(), role, "their own is theirs");
        for database in [bob.database(), "postgres", "template1"] {
            let psql = testkit::Psql::new(cluster.url(&role, "mine", "127.0.0.1", database));
            let refused = psql.run("SELECT 1").await;
            assert!(refused.err.contains("permission denied for database"), "{database}: {}", refused.err);
        }
    }
}

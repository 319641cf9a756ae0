//! What is refused, and in whose words.

use serde_json::json;
use testkit::{Engine, TestApp, both_engines};

use super::world::{QUERY, World};

both_engines! {
    async fn postgresql_speaks_for_itself(builder) {
        let Some(world) = World::new(builder).await else { return };
        let error = world.ask("select 1, nothing from pg_class").await.with_status(400).json();
        assert_eq!(error["type"], "sql_error");
        assert_eq!(error["detail"], "column \"nothing\" does not exist");
        assert_eq!((&error["sqlstate"], &error["position"]), (&json!("42703"), &json!(11)));
        assert!(error["instance"].as_str().unwrap().starts_with("r_"));
        let error = world.ask("select * from no_such_table").await.with_status(400).json();
        assert_eq!(error["sqlstate"], "42P01");
        let error = world.ask("select now() + 1").await.with_status(400).json();
        assert!(error["hint"].as_str().unwrap().contains("explicit type casts"), "{error}");
        world.ask("create table t (n int primary key)").await.with_status(200);
        world.ask("insert into t values (1)").await.with_status(200);
        let error = world.ask("insert into t values (1)").await.with_status(400).json();
        assert_eq!(error["sql_detail"], "Key (n)=(1) already exists.");
        // An error behind the first rows: the status is right all the same.
        let error = world.ask("select 1 / (3 - n) from generate_series(1, 5) n").await.with_status(400).json();
        assert_eq!(error["sqlstate"], "22012");
    }

    async fn what_one_statement_cannot_do_is_said(builder) {
        let Some(world) = World::new(builder).await else { return };
        let detail = async |sql: &str| {
            let error = world.ask(sql).await.with_status(400).json();
            assert_eq!(error["type"], "invalid", "{sql}: {error}");
            error["detail"].as_str().unwrap().to_owned()
        };
        for sql in ["", "  \n", "-- nothing", "/* nothing */ ;"] {
            assert!(detail(sql).await.contains("There is no statement"), "{sql}");
        }
        assert!(detail("select 1; select 2").await.contains("one statement at a time"));
        assert!(detail("select $1::int").await.contains("parameters"));
        assert!(detail("select 'a\0b'").await.contains("NUL"));
        world.ask("create table t (n int)").await.with_status(200);
        for sql in ["copy t to stdout", "copy t from stdin", "/* a comment */ COPY (select 1) TO STDOUT"] {
            assert!(detail(sql).await.contains("COPY needs a connection"), "{sql}");
        }
        for sql in ["begin", "-- x\nstart transaction", "commit", "rollback", "set work_mem = '1MB'", "listen x",
                    "discard all", "prepare p as select 1"] {
            assert!(detail(sql).await.contains("session"), "{sql}");
        }
    }

    async fn a_query_leaves_nothing_for_the_next(builder) {
        let Some(world) = World::new(builder).await else { return };
        world.ask("select set_config('search_path', 'pg_catalog', false)").await.with_status(200);
        world.ask("create temporary table left_behind (n int)").await.with_status(200);
        world.ask("select pg_advisory_lock(7)").await.with_status(200);
        assert_eq!(world.value("select current_setting('search_path')").await, "\"$user\", public");
        assert_eq!(world.value("select to_regclass('left_behind')").await, json!(null));
        assert_eq!(world.value("select pg_try_advisory_lock(7)").await, true);
    }

    async fn a_person_asks_as_themselves_and_reaches_nobody_else(builder) {
        let Some(world) = World::new(builder).await else { return };
        assert_eq!(world.value("select current_user").await, world.workspace["identity_id"]);
        assert_eq!(world.value("select session_user").await, world.workspace["identity_id"]);
        assert_eq!(world.value("select current_database()").await, world.workspace["database_name"]);
        let bob = world.app.create_user("bob").await;
        let bobs = world.app.bearer(&bob).await;
        for path in [QUERY, "/api/latest/user/bob/workspace/dev/query", "/api/latest/user/nobody/workspace/dev/query"] {
            bobs.get(&format!("{path}?sql=select+1")).await.with_status(404);
        }
        world.app.create_workspace(&bobs, &bob, "lab").await;
        for sql in ["select pg_read_file('/etc/passwd')", "copy (select 1) to '/tmp/x'", "copy (select 1) to program 'id'",
                    "create role eve", "select * from pg_authid", "set role standpipe", "reset session authorization; select 1"] {
            world.ask(sql).await.with_status(400);
        }
        world.bearer.get("/api/latest/user/ana/workspace/lab/query?sql=select+1").await.with_status(404);
    }

    async fn a_changed_role_password_locks_nobody_out(builder) {
        let Some(world) = World::new(builder).await else { return };
        world.ask("alter role current_user password 'mine'").await.with_status(200);
        assert_eq!(world.value("select 1").await, 1);
    }

    async fn who_asks_is_recorded_and_what_is_not(builder) {
        let Some(world) = World::new(builder).await else { return };
        world.ask("select 'a secret of ana'").await.with_status(200);
        let log = world.bearer.get("/api/latest/user/ana/audit_log?limit=1").await.with_status(200);
        assert!(!log.body.contains("secret"), "{}", log.body);
        let record = &log.json()["items"][0];
        assert_eq!(record["action_type"], "workspace.connection.open");
        assert_eq!((&record["target_handle"], &record["data"]["via"]), (&json!("dev"), &json!("api")));
    }

    async fn who_must_wait_is_told_so(builder) {
        let builder = builder.configure(|config| {
            config.workspaces.postgres.insert("max_connections".into(), "12".into());
        });
        let Some(world) = World::new(builder).await else { return };
        let password = world.app.password(&world.bearer, &world.person).await;
        let gateway = world.app.addresses().gateway;
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(gateway.port()).user("ana").password(&password);
        config.dbname(world.workspace["database_name"].as_str().unwrap());
        // As many as there is room for.
        let mut open = Vec::new();
        while let Ok((client, connection)) = config.connect(tokio_postgres::NoTls).await {
            open.push((client, tokio::spawn(connection)));
        }
        assert!(!open.is_empty());
        let full = world.ask("select 1").await.with_status(503);
        assert_eq!(full.header("retry-after"), "5");
        assert!(full.body.contains("no connection left"), "{}", full.body);
        drop(open);
        world.app.tamper("UPDATE workspaces SET state = 'creating'").await;
        let waits = world.ask("select 1").await.with_status(409).json();
        assert_eq!(waits["type"], "workspace_not_ready");
    }

    async fn old_names_and_deleted_workspaces_are_gone(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        let browser = world.app.signed_in(&world.person).await;
        let page = "/settings/advanced/handle?handle=anna";
        browser.submit(page, "/settings/advanced/handle", &[("handle", "anna"), ("confirm", "ana")]).await.with_status(303);
        let gone = world.ask("select 1").await.with_status(410).json();
        assert_eq!(gone["type"], "handle_changed");
        let anew = "/api/latest/user/anna/workspace/dev/query?sql=select+1";
        world.bearer.get(anew).await.with_status(200);
        world.bearer.delete("/api/latest/user/anna/workspace/dev").await.with_status(204);
        world.bearer.get(anew).await.with_status(404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_postgresql_it_is_said() {
    let app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    bearer
        .get(&format!("{QUERY}?sql=select+1"))
        .await
        .with_status(404);
}

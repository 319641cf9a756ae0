//! The command lines (contract §5): their login, `--workspace-database`, and what then comes to the gateway.

use serde_json::Value;
use testkit::{Psql, TestApp, both_engines};
use tokio_postgres::NoTls;

use super::{client::Client, decode};

/// The connection string as the command line composes it (§2): what the person typed, and no escaping; the port is fixed
/// there, and chosen here.
fn connection_string(
    actor: &Value,
    password: &Value,
    (identity, name): (&str, &str),
    workspace: &Value,
    port: u16,
) -> String {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    format!(
        "postgresql://{}:{}@{identity}-{name}.{}:{port}/{}",
        text(&actor["handle"]),
        text(&password["$password"]),
        text(&workspace["host"]),
        text(&workspace["database_name"]),
    )
}

async fn world(builder: testkit::Builder) -> (TestApp, Client) {
    let app = builder.with_workspaces().start().await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    app.create_workspace(&bearer, &ana, "dev").await;
    let client = Client::new(&app).with(&bearer.token);
    (app, client)
}

both_engines! {
    async fn login_with_a_stale_token_beside_it(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let browser = app.signed_in(&ana).await;
        let bearer = app.bearer(&ana).await;
        let stale = Client::new(&app).with(&bearer.token);
        bearer.delete("/api/v0/user/ana/token/current").await.with_status(204);
        stale.get("/actor").await.error("401 Unauthorized");

        // The token that it has saved goes with the first call and opens nothing.
        let request = stale.post_nothing("/login/token").await.json("201 Created");
        decode::login_request(&request);
        assert_eq!(request["code"].as_str().unwrap_or_default(), "", "no code before it is verified");
        let id = request["id"].as_str().unwrap();
        // From here on it sends none.
        let client = Client::new(&app);
        let early = client.get(&format!("/login/token/{id}?code=000000")).await;
        match early.status.as_str() {
            "200 OK" => assert_eq!(early.json("200 OK")["state"], "pending"),
            status => drop(early.error(status)),
        }
        let page = browser.submit(&format!("/login/token?r={id}"), "/login/token", &[("r", id)]).await.with_status(200);
        let (_, rest) = page.body.split_once("<code id=\"code\">").expect("the code is shown");
        let code = rest.split('<').next().unwrap();
        let wrong = if code == "123456" { "654321" } else { "123456" };
        client.get(&format!("/login/token/{id}?code={wrong}")).await.error("400 Bad Request")["detail"].as_str().expect("it prints the detail");
        let confirmed = client.get(&format!("/login/token/{id}?code={code}")).await.json("200 OK");
        decode::login_request(&confirmed);
        let actor = client.with(confirmed["token"].as_str().unwrap()).get("/actor").await.json("200 OK");
        decode::user(&actor);
        assert!(actor.get("display_name").is_none(), "it would print an empty name");
    }

    async fn a_workspace_database_is_found_and_opened(builder) {
        let (app, client) = world(builder).await;
        let identity = client.get("/identity/ana").await.json("200 OK");
        decode::identity(&identity);
        assert_eq!(identity["type"], "user", "it chooses the path by this");
        let reply = client.get("/user/ana/workspace/dev").await;
        let workspace = reply.json("200 OK");
        decode::workspace(&workspace);
        decode::key_order(&reply.body);
        let actor = client.get("/actor").await.json("200 OK");
        decode::user(&actor);
        let password = client.get("/user/ana/password").await.json("200 OK");
        decode::password(&password);

        let gateway = app.addresses().gateway;
        let url = connection_string(&actor, &password, ("ana", "dev"), &workspace, gateway.port());
        // pgx prefers TLS and checks nothing, unless the environment says otherwise.
        for mode in ["prefer", "require", "disable"] {
            let psql = Psql::new(format!("{url}?sslmode={mode}&hostaddr=127.0.0.1&application_name=steampipe_client_1a2b"));
            assert_eq!(psql.run("SELECT current_database()").await.rows(), workspace["database_name"].as_str().unwrap());
        }
    }

    async fn what_it_asks_the_database_first(builder) {
        let (app, client) = world(builder).await;
        let workspace = client.get("/user/ana/workspace/dev").await.json("200 OK");
        let password = client.get("/user/ana/password").await.json("200 OK");
        let mut config = tokio_postgres::Config::new();
        let gateway = app.addresses().gateway;
        config.host(gateway.ip().to_string()).port(gateway.port()).user("ana");
        config.password(password["$password"].as_str().unwrap()).dbname(workspace["database_name"].as_str().unwrap());
        config.application_name("steampipe_client_system_1a2b");
        let (session, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        session.simple_query("-- ping").await.unwrap();
        // It must succeed, or fail with exactly this.
        let refused = session.query("SELECT * FROM steampipe_internal.steampipe_server_settings", &[]).await.unwrap_err();
        let refused = refused.as_db_error().unwrap();
        assert_eq!((refused.code().code(), refused.message()), ("42P01", "relation \"steampipe_internal.steampipe_server_settings\" does not exist"));
        let path = "SELECT rs.setconfig FROM pg_db_role_setting rs LEFT JOIN pg_roles r ON r.oid = rs.setrole LEFT JOIN pg_database d ON d.oid = rs.setdatabase WHERE (r.rolname = 'steampipe' OR d.datname = 'steampipe')";
        assert!(session.query(path, &[]).await.unwrap().is_empty());
        session.batch_execute("BEGIN; SET application_name TO 'steampipe_client_1a2b'; SET search_path TO \"public\"; COMMIT").await.unwrap();
        let prepared = session.prepare("SELECT $1::int + 1").await.unwrap();
        for n in 0..3 {
            assert_eq!(session.query_one(&prepared, &[&n]).await.unwrap().get::<_, i32>(0), n + 1);
        }
    }

    async fn each_mistake_has_the_status_that_it_looks_for(builder) {
        let (_app, client) = world(builder).await;
        // "Invalid 'workspace-database' argument": any error here.
        client.get("/identity/nobody").await.error("404 Not Found");
        // "check the workspace name", by the whole status line.
        client.get("/user/ana/workspace/other").await.error("404 Not Found");
        // "Invalid token."
        let wrong = client.with("tpt_wrong");
        wrong.get("/identity/ana").await.json("200 OK");
        wrong.get("/user/ana/workspace/dev").await.error("401 Unauthorized");
        wrong.get("/actor").await.error("401 Unauthorized");
        // Somebody who is no actor here is an organisation to it.
        client.get("/org/acme/workspace/dev").await.error("404 Not Found");
    }

    async fn a_snapshot_finds_its_one_workspace(builder) {
        let (_app, client) = world(builder).await;
        decode::user(&client.get("/actor").await.json("200 OK"));
        let (workspaces, next) = decode::page(&client.get("/user/ana/workspace").await.json("200 OK"), decode::workspace);
        assert_eq!((workspaces.len(), next), (1, None));
    }
}

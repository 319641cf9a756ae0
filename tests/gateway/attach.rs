//! Workspaces that are servers which were there already.

mod sharing;

use std::{fs, time::Duration};

use serde_json::{Value, json};
use testkit::{Bearer, Builder, Cluster, Person, Psql, TestApp, both_engines, has, until};

const WORKSPACES: &str = "/api/latest/user/ana/workspace";
const PATIENCE: Duration = Duration::from_secs(10);

/// A server with a database `sales`, in which `reporting` reads; and `ana`, who has no workspace yet.
struct World {
    cluster: Cluster,
    app: TestApp,
    person: Person,
    bearer: Bearer,
}

/// What `pg_hba.conf` asks of roles that are older than SCRAM, and of one that everybody may be.
const RULES: &str = "hostssl all weak_clear 127.0.0.1/32 password
hostssl all weak_md5 127.0.0.1/32 md5
host all weak_clear 127.0.0.1/32 password
host all weak_md5 127.0.0.1/32 md5
host all anybody 127.0.0.1/32 trust";

/// What the cluster has, a transaction a line.
const READER: [&str; 5] = [
    "CREATE DATABASE sales",
    "CREATE ROLE reporting LOGIN PASSWORD 'reporting-secret' CONNECTION LIMIT 20",
    "ALTER ROLE reporting SET default_transaction_read_only = on",
    "CREATE ROLE anybody LOGIN; CREATE ROLE weak_clear LOGIN PASSWORD 'clear-secret'",
    "SET password_encryption = 'md5'; CREATE ROLE weak_md5 LOGIN PASSWORD 'md5-secret'",
];

impl World {
    async fn new(builder: Builder) -> Option<Self> {
        if !has("postgres") || !has("psql") {
            return None;
        }
        let cluster = Cluster::with_rules(RULES).await;
        for statement in READER {
            cluster.run("postgres", statement).await;
        }
        cluster
            .run("sales", "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS n; GRANT SELECT ON orders TO PUBLIC")
            .await;
        let app = builder.start().await;
        let person = app.create_user("ana").await;
        let bearer = app.bearer(&person).await;
        Some(Self {
            cluster,
            app,
            person,
            bearer,
        })
    }

    fn url(&self, role: &str, password: &str, rest: &str) -> String {
        let url = self.cluster.url(role, password, "localhost", "sales");
        format!("{}{rest}", url.replace(":@", "@"))
    }

    fn pem(&self, path: std::path::PathBuf) -> String {
        fs::read_to_string(path).unwrap()
    }

    async fn attach(&self, attach: Value) -> Value {
        let made = self
            .bearer
            .post(WORKSPACES, json!({ "handle": "sales", "attach": attach }))
            .await;
        made.with_status(201).json()
    }

    /// What is wrong, and with which field.
    async fn refused(&self, attach: Value) -> (String, String) {
        let answer = self
            .bearer
            .post(WORKSPACES, json!({ "handle": "sales", "attach": attach }))
            .await
            .with_status(400)
            .json();
        let wrong = &answer["validation_errors"][0];
        let text = |name: &str| wrong[name].as_str().unwrap_or_default().to_owned();
        (
            text("location"),
            format!("{} {}", text("message"), answer["detail"]),
        )
    }

    async fn psql(&self, workspace: &Value) -> Psql {
        let password = self.app.password(&self.bearer, &self.person).await;
        self.app.psql_by_host(&self.person, workspace, &password)
    }

    async fn workspace(&self) -> Value {
        self.bearer
            .get(&format!("{WORKSPACES}/sales"))
            .await
            .with_status(200)
            .json()
    }
}

both_engines! {
    async fn a_server_that_is_there_becomes_a_workspace(builder) {
        let Some(world) = World::new(builder).await else { return };
        let made = world.attach(json!({ "url": world.url("reporting", "reporting-secret", "") })).await;
        assert_eq!((&made["state"], &made["backend"]), (&json!("enabled"), &json!("attached")));
        assert_eq!(made["attached_to"]["user"], "reporting");
        assert_eq!(made["attached_to"]["database"], "sales");
        assert_eq!(made["health"]["available"], true);
        assert!(made["health"]["version"].as_str().unwrap().starts_with(char::is_numeric));
        assert!(made["health"]["size_bytes"].as_u64().unwrap() > 1_000_000);
        assert!(!made.to_string().contains("reporting-secret"));

        let psql = world.psql(&made).await;
        assert_eq!(psql.run("SELECT current_user, count(*) FROM orders").await.rows(), "reporting|1000");
        let refused = psql.run("CREATE TABLE t (n int)").await;
        assert!(refused.err.contains("25006"), "it is read-only: {}", refused.err);
        let answer = world.bearer.post(&format!("{WORKSPACES}/sales/query"), json!({ "sql": "SELECT max(n) FROM orders" })).await;
        assert!(answer.with_status(200).json().to_string().contains("1000"));
        let usage = world.bearer.get("/api/latest/user/ana/usage").await.with_status(200).json();
        assert_eq!(usage["items"].as_array().unwrap().len(), 1, "{usage}");

        // Nothing of it is dropped.
        world.bearer.delete(&format!("{WORKSPACES}/sales")).await.with_status(204);
        let refused = psql.run("SELECT 1").await;
        assert!(refused.err.contains("does not exist"), "{}", refused.err);
        assert_eq!(world.cluster.run("sales", "SELECT count(*) FROM orders").await, "1000");
        assert_eq!(world.cluster.run("sales", "SELECT count(*) FROM pg_roles WHERE rolname = 'reporting'").await, "1");
        let processes = world.bearer.get("/api/latest/user/ana/process").await.json().to_string();
        assert!(processes.contains("Nothing was dropped"), "{processes}");
    }

    async fn a_busy_session_ends_with_its_workspace(builder) {
        let Some(world) = World::new(builder).await else { return };
        let made = world.attach(json!({ "url": world.url("reporting", "reporting-secret", "") })).await;
        let psql = world.psql(&made).await;
        let busy = tokio::spawn(async move { psql.run("SELECT pg_sleep(60)").await });
        let working = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND usename = 'reporting'";
        until("it sleeps", PATIENCE, async || (world.cluster.run("sales", working).await == "1").then_some(())).await;
        world.bearer.delete(&format!("{WORKSPACES}/sales")).await.with_status(204);
        let ended = busy.await.unwrap();
        assert!(ended.err.contains("57P01") || ended.err.contains("terminat"), "{}", ended.err);
        until("it ends there", PATIENCE, async || (world.cluster.run("sales", working).await == "0").then_some(())).await;
    }

    async fn what_a_server_must_prove(builder) {
        let Some(world) = World::new(builder).await else { return };
        let (authority, own) = (world.pem(world.cluster.authority()), world.pem(world.cluster.certificate()));
        let url = |rest: &str| world.url("reporting", "reporting-secret", rest);
        let unknown = world.refused(json!({ "url": url("?sslmode=verify-full") })).await;
        assert!(unknown.0.ends_with("attach.url") && unknown.1.contains("not trusted"), "{unknown:?}");
        let unknown = world.refused(json!({ "url": url("?sslmode=verify-ca") })).await;
        assert!(unknown.1.contains("not trusted"), "{unknown:?}");
        let by_address = url("?sslmode=verify-full").replace("localhost", "127.0.0.1");
        let wrong_name = world.refused(json!({ "url": by_address, "ca_certificate": authority })).await;
        assert!(wrong_name.1.contains("not trusted"), "{wrong_name:?}");
        let not_pem = world.refused(json!({ "url": url("?sslmode=verify-full"), "ca_certificate": "none" })).await;
        assert!(not_pem.0.ends_with("attach.ca_certificate") && not_pem.1.contains("PEM"), "{not_pem:?}");

        for (url, roots) in [
            (url("?sslmode=verify-full"), Some(&authority)),
            (by_address.replace("verify-full", "verify-ca"), Some(&authority)),
            (by_address, Some(&own)),
            (url("?sslmode=require"), None),
        ] {
            let made = world.attach(json!({ "url": url, "ca_certificate": roots })).await;
            let psql = world.psql(&made).await;
            let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            assert_eq!(psql.run(encrypted).await.rows(), "t", "{url}");
            world.bearer.delete(&format!("{WORKSPACES}/sales")).await.with_status(204);
        }
    }

    async fn weaker_than_scram_only_where_the_server_proved_itself(builder) {
        let Some(world) = World::new(builder).await else { return };
        let authority = world.pem(world.cluster.authority());
        for (role, password) in [("weak_clear", "clear-secret"), ("weak_md5", "md5-secret")] {
            for rest in ["", "?sslmode=require"] {
                let refused = world.refused(json!({ "url": world.url(role, password, rest) })).await;
                assert!(refused.1.contains("too weak"), "{role}: {refused:?}");
            }
            let url = world.url(role, password, "?sslmode=verify-full");
            let made = world.attach(json!({ "url": url, "ca_certificate": authority })).await;
            assert_eq!(world.psql(&made).await.run("SELECT current_user").await.rows(), role);
            let query = world.bearer.post(&format!("{WORKSPACES}/sales/query"), json!({ "sql": "SELECT current_user" })).await;
            assert!(query.with_status(200).json().to_string().contains(role));
            world.bearer.delete(&format!("{WORKSPACES}/sales")).await.with_status(204);
        }
        let open = world.refused(json!({ "url": world.url("anybody", "anything", "") })).await;
        assert!(open.1.contains("lets everybody in"), "{open:?}");
        let none = world.refused(json!({ "url": world.url("anybody", "", "") })).await;
        assert!(none.0.ends_with("attach.password"), "{none:?}");
    }

    async fn each_failure_says_what_to_do(builder) {
        let Some(world) = World::new(builder).await else { return };
        let good = world.url("reporting", "reporting-secret", "");
        let port = format!(":{}/", world.cluster.port);
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        for (url, says) in [
            (good.replace(&port, &format!(":{closed}/")), "Nothing listens there"),
            (good.replace("reporting-secret", "wrong"), "does not take this user and password"),
            (good.replace("/sales", "/nothing"), "does not exist"),
            (good.replace("localhost", "no-such-host.invalid"), "cannot be reached"),
            (good.replace("localhost", "169.254.169.254"), "does not allow servers at this address"),
            (good.replace(&port, &format!(":{}/", world.app.addresses().gateway.port())), "does not allow servers at this address"),
            (good.replace(&port, &format!(":{}/", world.app.addresses().http.port())), "does not allow servers at this address"),
            (good.replace("localhost", "ana-sales.db.localhost"), "a workspace of this server"),
            (format!("{good}?sslrootcert=/etc/passwd"), "ca_certificate"),
            (format!("{good}?sslmode=prefer"), "sslmode is one of"),
            (format!("{good}?options=x"), "sslmode and sslrootcert alone"),
        ] {
            let refused = world.refused(json!({ "url": url })).await;
            assert!(refused.0.ends_with("attach.url") && refused.1.contains(says), "{says}: {refused:?}");
            assert!(!refused.1.contains("reporting-secret"));
        }
        let list = world.bearer.get(WORKSPACES).await.json();
        assert_eq!(list["items"], json!([]), "nothing was kept");
    }

    async fn the_credential_is_nowhere(builder) {
        let Some(world) = World::new(builder).await else { return };
        world.attach(json!({ "url": world.url("reporting", "", ""), "password": "reporting-secret" })).await;
        for path in [WORKSPACES, &format!("{WORKSPACES}/sales"), "/api/latest/user/ana/audit_log", "/api/latest/user/ana/process"] {
            let answer = world.bearer.get(path).await.with_status(200);
            assert!(!answer.body.contains("reporting-secret"), "{path}");
        }
        for (table, row) in world.app.dump_store().await {
            assert!(!row.contains("reporting-secret"), "{table}");
        }
    }

    async fn another_password_is_proved_first(builder) {
        let Some(world) = World::new(builder).await else { return };
        let made = world.attach(json!({ "url": world.url("reporting", "reporting-secret", "") })).await;
        world.cluster.run("sales", "ALTER ROLE reporting PASSWORD 'other-secret'").await;
        let psql = world.psql(&made).await;
        let refused = psql.run("SELECT 1").await;
        assert!(refused.err.contains("could not establish the backend connection"), "{}", refused.err);
        assert!(!refused.err.contains("reporting"), "what is said of our password stays here: {}", refused.err);
        let path = format!("{WORKSPACES}/sales");
        let wrong = world.bearer.patch(&path, json!({ "attach": { "url": world.url("reporting", "wrong", "") } })).await;
        assert!(wrong.with_status(400).body.contains("does not take"));
        let other = json!({ "attach": { "url": world.url("reporting", "other-secret", "") } });
        let after = world.bearer.patch(&path, other.clone()).await.with_status(200).json();
        assert_eq!(after["version_id"], json!(made["version_id"].as_i64().unwrap() + 1));
        assert_eq!(psql.run("SELECT current_user").await.rows(), "reporting");
    }

    async fn nobody_attaches_where_the_operator_forbids_it(builder) {
        let builder = builder.configure(|config| config.workspaces.attach = Vec::new());
        let Some(world) = World::new(builder).await else { return };
        let attach = json!({ "url": world.url("reporting", "reporting-secret", "") });
        let refused = world.bearer.post(WORKSPACES, json!({ "handle": "sales", "attach": attach })).await;
        assert_eq!(refused.with_status(403).json()["type"], "attach_disabled");
    }

    async fn a_network_that_is_not_listed_is_closed(builder) {
        let builder = builder.configure(|config| config.workspaces.attach = vec!["10.0.0.0/8".to_owned()]);
        let Some(world) = World::new(builder).await else { return };
        let refused = world.refused(json!({ "url": world.url("reporting", "reporting-secret", "") })).await;
        assert!(refused.1.contains("does not allow"), "{refused:?}");
    }

    async fn a_server_that_hangs_keeps_no_page_waiting(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        world.attach(json!({ "url": world.url("reporting", "reporting-secret", "") })).await;
        let browser = world.app.signed_in(&world.person).await;
        world.cluster.stun();
        let began = tokio::time::Instant::now();
        for path in ["/", "/workspace/sales", "/workspace/sales/settings"] {
            browser.get(path).await.with_status(200);
        }
        let listed = world.workspace().await;
        assert_eq!(listed["health"]["version"].as_str().map(str::is_empty), Some(false), "what was known is shown");
        world.bearer.get("/api/latest/user/ana/usage").await.with_status(200);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        world.cluster.wake();
    }

    async fn limits_hold_on_new_connections(builder) {
        let Some(world) = World::new(builder).await else { return };
        let made = world.attach(json!({ "url": world.url("reporting", "reporting-secret", "") })).await;
        assert_eq!((&made["statement_timeout_ms"], &made["connection_limit"]), (&json!(0), &json!(60)));
        let path = format!("{WORKSPACES}/sales");
        let wish = json!({ "connection_limit": 1, "statement_timeout_ms": 300, "idle_in_transaction_timeout_ms": 400 });
        world.bearer.patch(&path, wish).await.with_status(200);
        let psql = world.psql(&made).await;
        let shown = psql.run("SHOW statement_timeout; SHOW idle_in_transaction_session_timeout").await;
        assert_eq!(shown.rows(), "300ms\n400ms");
        let late = psql.run("SELECT pg_sleep(20)").await;
        assert!(late.err.contains("57014"), "{}", late.err);
        let own = Psql::new(format!("{}&options=-c%20statement_timeout%3D7s", psql.url));
        assert_eq!(own.run("SHOW statement_timeout").await.rows(), "7s", "a session may set its own");
        for (name, value) in [("connection_limit", 0), ("connection_limit", 1001), ("statement_timeout_ms", 99), ("statement_timeout_ms", -1), ("idle_in_transaction_timeout_ms", 86_400_001)] {
            let refused = world.bearer.patch(&path, json!({ name: value })).await.with_status(400).json();
            assert_eq!(refused["validation_errors"][0]["location"], name);
        }
    }
}

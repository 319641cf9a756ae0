//! The built program with somebody's workspace, for tests that stop it, kill it, or send it signals.

use std::time::Duration;

use serde_json::json;
use testkit::{Bearer, Binary, Psql, Running, until};

use super::world::Session;

const PATIENCE: Duration = Duration::from_secs(90);

/// The built program as it serves `ana` and her workspace.
pub(super) struct Served {
    pub(super) binary: Binary,
    pub(super) running: Running,
    pub(super) database: String,
    pub(super) password: String,
}

impl Served {
    /// The built program, with `ana` and her workspace.
    pub(super) async fn new(configure: impl FnOnce(Binary) -> Binary) -> Self {
        let binary = configure(Binary::new(env!("CARGO_BIN_EXE_standpipe")).with_workspaces());
        binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);
        let token = binary.ok(&["admin", "token", "create", "ana"]);
        let running = binary.serve();
        let bearer: Bearer = running.anonymous().with_token(token);
        bearer
            .post("/api/latest/user/ana/workspace", json!({ "handle": "dev" }))
            .await
            .with_status(201);
        let workspace = until("the workspace is enabled", PATIENCE, async || {
            let workspace = bearer.get("/api/latest/user/ana/workspace/dev").await.json();
            (workspace["state"] == "enabled").then_some(workspace)
        })
        .await;
        let password = bearer.get("/api/latest/user/ana/password").await.json();
        Self {
            binary,
            running,
            database: workspace["database_name"].as_str().unwrap().to_owned(),
            password: password["$password"].as_str().unwrap().to_owned(),
        }
    }

    pub(super) async fn connect(&self) -> Session {
        self.try_connect().await.expect("a session")
    }

    pub(super) async fn try_connect(&self) -> Result<Session, tokio_postgres::Error> {
        Session::open(
            self.running.addresses.gateway,
            "ana",
            &self.database,
            &self.password,
        )
        .await
    }

    pub(super) fn psql(&self) -> Psql {
        let port = self.running.addresses.gateway.port();
        Psql::new(format!(
            "postgresql://ana:{}@127.0.0.1:{port}/{}?sslmode=require",
            self.password, self.database
        ))
    }
}

//! What these tests begin with: somebody with a workspace, and short ways to ask it.

use serde_json::{Value, json};
use testkit::{Answer, Bearer, Builder, Person, TestApp, has};

/// A server on which `ana` has the workspace `dev`.
pub(super) struct World {
    pub(super) app: TestApp,
    pub(super) person: Person,
    pub(super) bearer: Bearer,
    pub(super) workspace: Value,
}

/// Where `dev` is queried.
pub(super) const QUERY: &str = "/api/latest/user/ana/workspace/dev/query";

impl World {
    /// None where the run goes without PostgreSQL.
    pub(super) async fn new(builder: Builder) -> Option<Self> {
        if !has("postgres") || !has("psql") {
            return None;
        }
        let app = builder.with_workspaces().start().await;
        let person = app.create_user("ana").await;
        let bearer = app.bearer(&person).await;
        let workspace = app.create_workspace(&bearer, &person, "dev").await;
        Some(Self {
            app,
            person,
            bearer,
            workspace,
        })
    }

    /// The answer to `sql`.
    pub(super) async fn ask(&self, sql: &str) -> Answer {
        self.bearer.post(QUERY, json!({ "sql": sql })).await
    }

    /// The rows that `sql` gives.
    pub(super) async fn rows(&self, sql: &str) -> Value {
        self.ask(sql).await.with_status(200).json()["items"].take()
    }

    /// The only value of the only row that `sql` gives.
    pub(super) async fn value(&self, sql: &str) -> Value {
        let rows = self.rows(sql).await;
        rows[0]
            .as_object()
            .and_then(|row| row.values().next())
            .cloned()
            .unwrap_or_default()
    }
}

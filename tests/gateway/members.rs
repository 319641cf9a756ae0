//! Workspaces that are shared: who is let in logs in as themselves, may do what their role allows, and is out when access
//! is taken back.

mod endings;
mod races;
mod roles;

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Bearer, Person, Psql, TestApp, until};

use super::world::{Session, World};

/// By then every connection is ended (security A.6).
const SOON: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(60);
const MEMBERS: &str = "/api/latest/user/ana/workspace/dev/member";

/// Somebody whom `ana` lets into her workspace.
pub(super) struct Guest {
    pub(super) person: Person,
    pub(super) bearer: Bearer,
    pub(super) password: String,
}

impl Guest {
    pub(super) async fn new(app: &TestApp, handle: &str) -> Self {
        let person = app.create_user(handle).await;
        let bearer = app.bearer(&person).await;
        let password = app.password(&bearer, &person).await;
        Self {
            person,
            bearer,
            password,
        }
    }

    pub(super) fn path(&self) -> String {
        format!("{MEMBERS}/{}", self.person.handle)
    }

    /// The guest's own session in the workspace, by its database name.
    pub(super) async fn connect(&self, world: &World) -> Result<Session, tokio_postgres::Error> {
        let gateway = world.app.addresses().gateway;
        Session::open(
            gateway,
            &self.person.handle,
            world.owner.database(),
            &self.password,
        )
        .await
    }

    /// psql as the guest, by the owner's host name, over TLS that is verified.
    fn by_host(&self, world: &World) -> Psql {
        let owners = world.by_host().url;
        let own = owners.replace(
            &format!("//ana:{}@", world.owner.password),
            &format!("//{}:{}@", self.person.handle, self.password),
        );
        Psql::new(own)
    }

    /// What the guest gets for `sql` over the API.
    async fn query(&self, sql: &str) -> testkit::Answer {
        let path = "/api/latest/user/ana/workspace/dev/query";
        self.bearer.post(path, json!({ "sql": sql })).await
    }
}

impl World {
    /// Lets `guest` in as `role`, and waits until it can be used.
    pub(super) async fn share(&self, guest: &Guest, role: &str) {
        let access = json!({"handle": guest.person.handle, "role": role});
        self.owner.bearer.post(MEMBERS, access).await.with_status(201);
        self.accepted(guest).await;
    }

    async fn accepted(&self, guest: &Guest) -> Value {
        until("the access can be used", PATIENCE, async || {
            let access = self.owner.bearer.get(&guest.path()).await.with_status(200).json();
            (access["status"] == "accepted").then_some(access)
        })
        .await
    }

    /// The groups of the guest's login role, as PostgreSQL knows them.
    async fn groups(&self, guest: &Guest) -> String {
        let id = guest.bearer.get("/api/latest/actor").await.json()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let groups = format!(
            "SELECT coalesce(string_agg(split_part(g.rolname, '_', 3), ',' ORDER BY 1), 'none') FROM pg_auth_members m \
             JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles p ON p.oid = m.member WHERE p.rolname = '{id}'"
        );
        self.connect().await.ask(&groups).await.unwrap()
    }
}

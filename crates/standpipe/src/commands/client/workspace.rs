//! `standpipe workspace …`.

mod attach;
mod connect;
mod connections;
mod limits;
mod member;
mod named;
mod query;

use std::time::Duration;

use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    JSON_HELP, Target,
    confirm::Sure,
    me::{Me, read},
    output,
    progress::Progress,
};
use crate::{Error, Result, commands::print};

/// How often is asked whether a workspace is ready.
const PAUSE: Duration = Duration::from_millis(500);
/// After so many questions it is left to itself.
const MOST_PAUSES: usize = 600;

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Workspace {
    /// List the workspaces that you may enter: your own, and those of others who let you in.
    List {
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// Make a workspace, and wait until it is ready.
    Create {
        /// Its handle: 1 to 23 lowercase letters and digits.
        workspace: String,
        /// Do not wait.
        #[arg(long)]
        no_wait: bool,
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// Attach a PostgreSQL server that is there already: it becomes a workspace, and nothing in it is changed.
    Attach(attach::Attach),
    /// Set what is allowed in a workspace: connections, and how long statements run and transactions wait.
    Limits(limits::Limits),
    /// Delete a workspace with its database, for good. A server that was attached stays as it is.
    Delete {
        workspace: String,
        #[command(flatten)]
        sure: Sure,
    },
    /// Open a workspace in psql, as yourself.
    Connect(connect::Connect),
    /// Run SQL in a workspace, as yourself, and print what comes of it.
    Query(query::Query),
    /// Let others into a workspace of yours, or leave one of theirs.
    #[command(subcommand)]
    Member(member::Member),
    /// See who is connected, and put an end to it.
    #[command(subcommand)]
    Connections(connections::Connections),
}

/// What of a workspace is read.
#[derive(Debug, Deserialize)]
struct Found {
    handle: String,
    host: String,
    port: Option<u16>,
    database_name: String,
    state: Option<String>,
    state_reason: Option<String>,
    /// Servers of an earlier version do not say it.
    backend: Option<String>,
    health: Option<Health>,
}

/// How the workspace's server was doing when it was last asked.
#[derive(Debug, Deserialize)]
struct Health {
    available: bool,
    version: Option<String>,
    size_bytes: Option<u64>,
}

impl Health {
    /// A word for a column.
    fn version(&self) -> String {
        match (&self.version, self.available) {
            (_, false) => "does not answer".to_owned(),
            (Some(version), true) => output::clean(version),
            (None, true) => "answers".to_owned(),
        }
    }

    fn size(&self) -> String {
        self.size_bytes.map(model::size::for_people).unwrap_or_default()
    }
}

impl Workspace {
    pub(super) async fn run(self, target: &Target) -> Result<()> {
        let me = Me::at(target).await?;
        match self {
            Self::List { json } => list(&me, json).await,
            Self::Create {
                workspace,
                no_wait,
                json,
            } => create(&me, &workspace, no_wait, json).await,
            Self::Delete { workspace, sure } => {
                let found = find(&me, &workspace).await?;
                let is_attached = found.backend.as_deref() == Some("attached");
                let what = match is_attached {
                    true => format!("delete the workspace {}; its server stays as it is", found.handle),
                    false => format!("delete the workspace {} with its database", found.handle),
                };
                sure.of(&what, &found.handle)?;
                me.api
                    .delete(&me.path(&["workspace", &found.handle]), &[])
                    .await?;
                let rest = match is_attached {
                    true => "Its server stays as it is.",
                    false => "Its database is being dropped.",
                };
                print(&format!("The workspace {} is deleted. {rest}", found.handle))
            }
            Self::Attach(command) => command.run(&me).await,
            Self::Limits(command) => command.run(&me).await,
            Self::Connect(command) => command.run(&me, target).await,
            Self::Query(command) => command.run(&me).await,
            Self::Member(command) => command.run(&me).await,
            Self::Connections(command) => command.run(&me).await,
        }
    }
}

async fn create(me: &Me, workspace: &str, no_wait: bool, json: bool) -> Result<()> {
    let mut made = me
        .api
        .post(&me.path(&["workspace"]), json!({ "handle": workspace }))
        .await?;
    if !no_wait {
        made = wait_until_ready(me, workspace).await?;
    }
    if json {
        return output::json(&made);
    }
    if no_wait {
        return print(&format!(
            "The workspace {workspace} is being made: see `standpipe workspace list`."
        ));
    }
    let host = output::clean(&host_of(&me.actor.handle, &read(&made)?));
    print(&format!(
        "The workspace {workspace} is ready at {host}. Open it with `standpipe workspace connect {workspace}`."
    ))
}

async fn find(me: &Me, workspace: &str) -> Result<Found> {
    read(&me.api.get(&me.path(&["workspace", workspace]), &[]).await?)
}

/// The workspace's own host name.
fn host_of(owner: &str, workspace: &Found) -> String {
    format!("{owner}-{}.{}", workspace.handle, workspace.host)
}

async fn list(me: &Me, json: bool) -> Result<()> {
    let accesses = me.api.list(&["actor", "workspace"], &[], usize::MAX).await?;
    if json {
        let workspaces: Vec<_> = accesses.into_iter().map(with_access).collect();
        return output::json(&workspaces);
    }
    let mut rows = Vec::new();
    for access in &accesses {
        let workspace = access.get("workspace").unwrap_or(&Value::Null);
        let found: Found = read(workspace)?;
        let owner = access
            .get("identity")
            .map(|owner| output::text(owner, "handle"))
            .unwrap_or_default();
        let name = match owner == me.actor.handle {
            true => found.handle.clone(),
            false => format!("{owner}/{}", found.handle),
        };
        let state = match output::text(access, "status").as_str() {
            "pending" => "pending".to_owned(),
            _ => output::text(workspace, "state"),
        };
        rows.push(vec![
            name,
            output::text(access, "role"),
            state,
            found.backend.as_deref().map(output::clean).unwrap_or_default(),
            found.health.as_ref().map(Health::version).unwrap_or_default(),
            found.health.as_ref().map(Health::size).unwrap_or_default(),
            host_of(&owner, &found),
            found.database_name.clone(),
            output::text(workspace, "created_at"),
        ]);
    }
    output::list(
        &[
            "HANDLE", "ROLE", "STATE", "SERVER", "VERSION", "SIZE", "HOST", "DATABASE", "CREATED",
        ],
        rows,
        "There is no workspace. Make one with `standpipe workspace create NAME`.",
    )
}

/// A workspace with what the person is in it.
fn with_access(access: Value) -> Value {
    let mut workspace = access.get("workspace").cloned().unwrap_or_default();
    let owner = access
        .get("identity")
        .and_then(|owner| owner.get("handle"))
        .cloned();
    if let Some(fields) = workspace.as_object_mut() {
        for name in ["role", "status"] {
            fields.insert(name.to_owned(), access.get(name).cloned().unwrap_or_default());
        }
        fields.insert("owner_handle".to_owned(), owner.unwrap_or_default());
    }
    workspace
}

/// The workspace once it is enabled. It goes on being made when the person does not wait.
async fn wait_until_ready(me: &Me, workspace: &str) -> Result<Value> {
    let _progress = Progress::begin(format!("Making {workspace}"));
    for _ in 0..MOST_PAUSES {
        let now = me.api.get(&me.path(&["workspace", workspace]), &[]).await?;
        let found: Found = read(&now)?;
        match (found.state.as_deref(), found.state_reason) {
            (Some("enabled"), _) => return Ok(now),
            (Some("disabled"), reason) => {
                let reason = reason.unwrap_or_else(|| "it says no more".to_owned());
                return Err(Error::Refused(format!(
                    "the workspace {workspace} could not be made: {}",
                    output::clean(&reason)
                )));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    Err(Error::Refused(format!(
        "the workspace {workspace} is still being made; see `standpipe workspace list`"
    )))
}

//! What is in the archive.

use jiff::Timestamp;
use model::time::rfc3339_seconds;
use serde_json::{Value, json};
use store::{
    Cursor, Page, audit_log::AuditRow, avatars, db_log::DbLogRow, handles, processes::ProcessRow,
    sessions::SessionRow, tokens::TokenRow, user_emails, user_emails::EmailRow, workspaces::WorkspaceRow,
};

use super::archive::{Archive, csv_row};
use crate::{Actor, App, Result, audit::AuditPage, processes::workspace_name};

/// Rows that are read at once.
pub(super) const PAGE: i64 = 200;

const README: &str = "This archive holds what Standpipe keeps of your account.

Each list is there twice: as JSON, and as CSV for spreadsheets. The audit log is one JSON object a line (audit_log.jsonl).
Times are RFC 3339 in UTC. Secrets are not in it: tokens, sessions and the database password cannot be read from here.
What is in your workspaces is not in it either: use pg_dump with the connection string of each workspace.
";

const ADDRESSES: [&str; 4] = ["email", "status", "primary", "created_at"];
const HANDLES: [&str; 3] = ["handle", "since", "held_until"];
const TOKENS: [&str; 13] = [
    "id",
    "title",
    "description",
    "scope",
    "networks",
    "last4",
    "status",
    "retiring_until",
    "created_at",
    "updated_at",
    "expires_at",
    "last_used_at",
    "last_used_ip",
];
const SESSIONS: [&str; 7] = [
    "id",
    "kind",
    "ip",
    "user_agent",
    "created_at",
    "last_seen_at",
    "expires_at",
];
const WORKSPACES: [&str; 13] = [
    "id",
    "handle",
    "host",
    "database_name",
    "state",
    "desired_state",
    "search_path_prefix",
    "backend",
    "attached_to",
    "connection_limit",
    "statement_timeout_ms",
    "idle_in_transaction_timeout_ms",
    "created_at",
];
const PROCESSES: [&str; 7] = [
    "id",
    "type",
    "workspace",
    "state",
    "state_reason",
    "created_at",
    "updated_at",
];
const AUDIT: [&str; 12] = [
    "id",
    "created_at",
    "action_type",
    "actor_id",
    "actor_handle",
    "actor_ip",
    "credential_kind",
    "credential_id",
    "credential_title",
    "target_id",
    "target_handle",
    "data",
];

impl App {
    pub(super) async fn write_export(&self, actor: &Actor, mut archive: Archive) -> Result<()> {
        archive.file("README.txt")?;
        archive.write(README).await?;
        archive.json("profile.json", &self.profile(actor).await?).await?;
        if let Some(avatar) = self.find_avatar(actor.id()).await? {
            archive.file("avatar.webp")?;
            archive.write(avatar.picture).await?;
        }
        archive
            .json("preferences.json", &self.preferences(actor).await?)
            .await?;
        let emails = user_emails::list_emails(self.db(), actor.id(), &Page::first(PAGE)).await?;
        archive
            .table("addresses", &ADDRESSES, &all(&emails, address))
            .await?;
        let held = handles::list_held_handles(self.db(), actor.id(), self.now()).await?;
        archive
            .table("former_handles", &HANDLES, &all(&held, handle))
            .await?;
        let tokens = self.list_tokens(actor, Page::first(PAGE)).await?.tokens;
        archive.table("tokens", &TOKENS, &all(&tokens, token)).await?;
        let sessions = self.list_sessions(actor).await?;
        archive
            .table("sessions", &SESSIONS, &all(&sessions, session))
            .await?;
        let workspaces = self.list_workspaces(actor, Page::first(PAGE)).await?.workspaces;
        let mut rows = Vec::new();
        for row in &workspaces {
            rows.push(self.workspace(actor, row).await?);
        }
        archive.table("workspaces", &WORKSPACES, &rows).await?;
        self.write_members(actor, &workspaces, &mut archive).await?;
        self.write_shared(actor, &mut archive).await?;
        self.write_connections(actor, &workspaces, &mut archive).await?;
        self.write_processes(actor, &mut archive).await?;
        self.write_audit_log(actor, &mut archive).await?;
        archive.finish().await
    }

    async fn profile(&self, actor: &Actor) -> Result<Value> {
        let user = actor.user();
        let origin = avatars::find_avatar_origin(self.db(), user.id).await?;
        let password = self.password_times(actor).await?;
        Ok(json!({
            "id": user.id,
            "handle": user.handle,
            "display_name": user.display_name,
            "url": user.url,
            "avatar_url": self.avatar_url(user),
            "avatar_fetched_from": origin.and_then(|origin| origin.source_url),
            "created_at": rfc3339_seconds(user.created_at),
            "updated_at": user.updated_at.map(rfc3339_seconds),
            "authentication_reset_at": user.token_min_issued_at.map(rfc3339_seconds),
            "database_password_created_at": password.map(|times| rfc3339_seconds(times.created_at)),
            "database_password_expires_at": password.and_then(|times| when(times.expires_at)),
        }))
    }

    async fn preferences(&self, actor: &Actor) -> Result<Value> {
        let found = self.get_preferences(actor).await?;
        Ok(json!({
            "community_updates": found.communication.community_updates.as_str(),
            "product_updates": found.communication.product_updates.as_str(),
            "tips_and_tricks": found.communication.tips_and_tricks.as_str(),
            "updated_at": found.updated_at.map(rfc3339_seconds),
        }))
    }

    async fn workspace(&self, actor: &Actor, row: &WorkspaceRow) -> Result<Value> {
        let attached = self.find_attachment(row).await?;
        Ok(json!({
            "id": row.id,
            "handle": row.handle,
            "host": self.workspace_host(&actor.user().handle, &row.handle),
            "database_name": row.database_name.as_str(),
            "state": row.state_now().as_str(),
            "desired_state": row.desired_state.as_str(),
            "search_path_prefix": row.search_path_prefix.join(", "),
            "instance_type": row.instance_type,
            "db_volume_size_bytes": row.db_volume_size_bytes,
            "backend": row.backend.as_str(),
            "attached_to": attached.map(|attached| attached.place()),
            "connection_limit": row.limits.connections,
            "statement_timeout_ms": row.limits.statement_ms,
            "idle_in_transaction_timeout_ms": row.limits.idle_in_transaction_ms,
            "created_at": rfc3339_seconds(row.created_at),
        }))
    }

    /// A line of JSON for each connection, a page at a time.
    async fn write_connections(
        &self,
        actor: &Actor,
        workspaces: &[WorkspaceRow],
        archive: &mut Archive,
    ) -> Result<()> {
        archive.large_file("database_connections.jsonl")?;
        for workspace in workspaces {
            let mut page = Page::first(PAGE);
            loop {
                let part = self.list_db_log(actor, workspace, page).await?;
                let lines = part
                    .rows
                    .iter()
                    .map(|row| format!("{}\n", connection(workspace, row)));
                archive.write(&lines.collect::<String>()).await?;
                match part.next {
                    Some(next) => page = after(next),
                    None => break,
                }
            }
        }
        Ok(())
    }

    /// Processes are few enough for one array, and kept no longer than their account.
    async fn write_processes(&self, actor: &Actor, archive: &mut Archive) -> Result<()> {
        let (mut rows, mut page) = (Vec::new(), Page::first(PAGE));
        loop {
            let part = self.list_processes(actor, "", page).await?;
            rows.extend(all(&part.processes, process));
            match part.next {
                Some(next) => page = after(next),
                None => break,
            }
        }
        archive.table("processes", &PROCESSES, &rows).await
    }

    /// Read twice, a page at a time: once for each form.
    async fn write_audit_log(&self, actor: &Actor, archive: &mut Archive) -> Result<()> {
        archive.large_file("audit_log.jsonl")?;
        self.each_record(actor, archive, |row| format!("{row}\n")).await?;
        archive.large_file("audit_log.csv")?;
        archive.write(&model::csv::line(AUDIT)).await?;
        self.each_record(actor, archive, |row| csv_row(&AUDIT, row)).await
    }

    async fn each_record(
        &self,
        actor: &Actor,
        archive: &mut Archive,
        form: impl Fn(&Value) -> String,
    ) -> Result<()> {
        let mut page = Page::first(PAGE);
        loop {
            let AuditPage { records, next } = self.list_audit_log(actor, None, page).await?;
            let text: String = records.iter().map(|row| form(&record(row))).collect();
            archive.write(&text).await?;
            match next {
                Some(next) => page = after(next),
                None => return Ok(()),
            }
        }
    }
}

pub(super) fn after(cursor: Cursor) -> Page {
    Page {
        after: Some(cursor),
        ..Page::first(PAGE)
    }
}

fn all<T>(rows: &[T], view: impl Fn(&T) -> Value) -> Vec<Value> {
    rows.iter().map(view).collect()
}

pub(super) fn when(at: Option<Timestamp>) -> Option<String> {
    at.map(rfc3339_seconds)
}

fn address(row: &EmailRow) -> Value {
    json!({
        "email": row.email.as_str(),
        "status": row.status.as_str(),
        "primary": row.is_primary,
        "created_at": rfc3339_seconds(row.created_at),
    })
}

fn handle(row: &handles::HandleRow) -> Value {
    json!({
        "handle": row.handle,
        "since": rfc3339_seconds(row.since),
        "held_until": when(row.held_until),
    })
}

fn token(row: &TokenRow) -> Value {
    json!({
        "id": row.id,
        "title": row.title,
        "description": row.description,
        "scope": row.scope.as_str(),
        "networks": row.networks.texts(),
        "last4": row.last4,
        "status": row.status.as_str(),
        "retiring_until": when(row.retiring_until),
        "created_at": rfc3339_seconds(row.created_at),
        "updated_at": when(row.updated_at),
        "expires_at": when(row.expires_at),
        "last_used_at": when(row.last_used_at),
        "last_used_ip": row.last_used_ip,
    })
}

fn session(row: &SessionRow) -> Value {
    json!({
        "id": row.id,
        "kind": row.kind.as_str(),
        "ip": row.ip,
        "user_agent": row.user_agent,
        "created_at": rfc3339_seconds(row.created_at),
        "last_seen_at": rfc3339_seconds(row.last_seen_at),
        "expires_at": rfc3339_seconds(row.expires_at),
    })
}

fn process(row: &ProcessRow) -> Value {
    json!({
        "id": row.id,
        "type": row.kind.as_str(),
        "workspace": workspace_name(row),
        "state": row.state.as_str(),
        "state_reason": row.state_reason,
        "created_at": rfc3339_seconds(row.created_at),
        "updated_at": rfc3339_seconds(row.updated_at),
    })
}

fn connection(workspace: &WorkspaceRow, row: &DbLogRow) -> Value {
    json!({
        "id": row.id,
        "workspace": workspace.handle,
        "actor_handle": row.actor_handle,
        "application_name": row.application_name,
        "client_ip": row.client_ip,
        "tls": row.tls,
        "began_at": rfc3339_seconds(row.began_at),
        "ended_at": rfc3339_seconds(row.created_at),
        "duration_ms": row.duration_ms,
    })
}

fn record(row: &AuditRow) -> Value {
    json!({
        "id": row.id,
        "created_at": row.created_at.to_string(),
        "action_type": row.action.as_str(),
        "actor_id": row.actor_id,
        "actor_handle": row.actor_handle,
        "actor_display_name": row.actor_display_name,
        "actor_ip": row.actor_ip,
        "credential_kind": row.credential_kind,
        "credential_id": row.credential_id,
        "credential_title": row.credential_title,
        "user_agent": row.user_agent,
        "request_id": row.request_id,
        "target_id": row.target_id,
        "target_handle": row.target_handle,
        "data": serde_json::from_str::<Value>(&row.data).unwrap_or_default(),
    })
}

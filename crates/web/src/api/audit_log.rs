//! `/user/{user}/audit_log`: what happened, newest first (contract §1.8).

use app::{App, AuditRow, Error, avatars};
use axum::{
    Json,
    extract::{Path, Query, State},
    response::Response,
};
use model::{AuditId, UserId, time::rfc3339_seconds};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer, TENANT_ID,
    docs::{kinds, path, refused},
    page::{ListView, PageQuery},
};
use crate::{
    audit_export::{self, Format},
    guards::{Bearer, needs::Read},
};

/// What happened, by whom, and with which credential. `data` is always an object.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditRecord)]
pub(crate) struct AuditRecordView {
    #[schema(value_type = kinds::AuditId)]
    id: AuditId,
    sequence: i64,
    #[schema(example = "token.create")]
    action_type: &'static str,
    #[schema(example = "u_d9lfcb2jbcks73e0q1tg")]
    actor_id: String,
    #[schema(example = "ana")]
    actor_handle: String,
    #[schema(example = "Ana Lima")]
    actor_display_name: String,
    actor_avatar_url: String,
    #[schema(example = "203.0.113.9")]
    actor_ip: String,
    #[schema(value_type = kinds::Time)]
    created_at: String,
    #[schema(value_type = kinds::TenantId)]
    tenant_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::UserId>)]
    identity_id: Option<UserId>,
    identity_handle: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "t_d9lfd1qjbcks73e0q2c0")]
    target_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ci")]
    target_handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::ProcessId>)]
    process_id: Option<String>,
    credential: CredentialView,
    user_agent: String,
    request_id: String,
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Credential)]
struct CredentialView {
    #[schema(example = "token")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "t_d9lfd1qjbcks73e0q2c0")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ci")]
    title: Option<String>,
}

impl AuditRecordView {
    /// `row` in the log of `identity_handle`.
    pub(crate) fn new(identity_handle: &str, row: AuditRow) -> Self {
        let data: Map<String, Value> = serde_json::from_str(&row.data).unwrap_or_default();
        Self {
            id: row.id,
            sequence: row.sequence,
            action_type: row.action.as_str(),
            actor_id: row.actor_id.map(|id| id.to_string()).unwrap_or_default(),
            actor_display_name: row.actor_display_name.unwrap_or_else(|| row.actor_handle.clone()),
            actor_handle: row.actor_handle,
            actor_avatar_url: row
                .actor_id
                .map(|id| avatars::avatar_path(id, None))
                .unwrap_or_default(),
            actor_ip: row.actor_ip,
            created_at: rfc3339_seconds(row.created_at),
            tenant_id: TENANT_ID,
            identity_id: row.identity_id,
            identity_handle: identity_handle.to_owned(),
            target_id: row.target_id,
            target_handle: row.target_handle,
            process_id: data.get("process_id").and_then(Value::as_str).map(str::to_owned),
            credential: CredentialView {
                kind: row.credential_kind,
                id: row.credential_id,
                title: row.credential_title,
            },
            user_agent: row.user_agent,
            request_id: row.request_id,
            data,
        }
    }
}

/// What is asked of a list with `where` (contract §1.10).
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhereQuery {
    /// A filter, such as `created_at > now() - interval '7 days'`. Blank is none.
    #[serde(rename = "where", default)]
    #[param(max_length = 2000, example = "created_at > now() - interval '7 days'")]
    pub(crate) wanted: String,
}

/// The query of an export.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    #[param(value_type = Option<kinds::ExportFormat>, inline)]
    /// The kind of file; `jsonl` if none is named.
    format: Option<String>,
}

/// Lists what happened, newest first.
#[utoipa::path(
    get, path = "/user/{user}/audit_log", tag = "Audit log",
    params(path::User, PageQuery, WhereQuery),
    responses(
        (status = 200, description = "A page of records.", body = ListView<AuditRecordView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_audit_log(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path(user): Path<String>,
    Query(query): Query<PageQuery>,
    Query(WhereQuery { wanted }): Query<WhereQuery>,
) -> Answer<Json<ListView<AuditRecordView>>> {
    actor.own(&user)?;
    let filter = app.audit_filter(&wanted)?;
    let page = app.list_audit_log(&actor, filter.as_ref(), query.page()?).await?;
    let handle = actor.user().handle.as_str();
    Ok(Json(ListView::new(page.records, page.next, |row| {
        AuditRecordView::new(handle, row)
    })))
}

/// Shows one record.
#[utoipa::path(
    get, path = "/user/{user}/audit_log/{record}", tag = "Audit log",
    params(path::User, path::Record),
    responses(
        (status = 200, description = "The record.", body = AuditRecordView),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_audit_record(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, record)): Path<(String, String)>,
) -> Answer<Json<AuditRecordView>> {
    actor.own(&user)?;
    let id = record.parse().map_err(|_| Error::NotFound("record"))?;
    let row = app.get_audit_record(&actor, id).await?;
    Ok(Json(AuditRecordView::new(actor.user().handle.as_str(), row)))
}

/// Sends all of the log as a file, while it is read.
///
/// In CSV a cell that a spreadsheet would take for a formula begins with `'`.
#[utoipa::path(
    get, path = "/user/{user}/audit_log/export", tag = "Audit log",
    params(path::User, ExportQuery, WhereQuery),
    responses(
        (status = 200, description = "The file.", content(
            (String = "application/jsonlines+json"),
            (String = "text/csv"),
        )),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn export_audit_log(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path(user): Path<String>,
    Query(query): Query<ExportQuery>,
    Query(WhereQuery { wanted }): Query<WhereQuery>,
) -> Answer<Response> {
    actor.own(&user)?;
    let format = Format::parse(query.format.as_deref())?;
    let filter = app.audit_filter(&wanted)?;
    Ok(audit_export::download(&app, &actor, format, filter))
}

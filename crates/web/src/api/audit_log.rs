//! `/user/{user}/audit_log`: what happened, newest first (contract §1.8).

use app::{App, AuditRow};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use model::{AuditId, UserId, time::rfc3339_seconds};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Answer, TENANT_ID, identity,
    page::{ListView, PageQuery},
};
use crate::guards::{Bearer, needs::Read};

/// The contract's `AuditRecord`, and with which credential it was done. `data` is always an object.
#[derive(Serialize)]
pub(crate) struct AuditRecordView {
    id: AuditId,
    action_type: &'static str,
    actor_id: String,
    actor_handle: String,
    actor_display_name: String,
    actor_avatar_url: String,
    actor_ip: String,
    created_at: String,
    tenant_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_id: Option<UserId>,
    identity_handle: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_id: Option<String>,
    credential: CredentialView,
    user_agent: String,
    request_id: String,
    data: Map<String, Value>,
}

#[derive(Serialize)]
struct CredentialView {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

impl AuditRecordView {
    fn new(identity_handle: &str, row: AuditRow) -> Self {
        let data: Map<String, Value> = serde_json::from_str(&row.data).unwrap_or_default();
        Self {
            id: row.id,
            action_type: row.action.as_str(),
            actor_id: row.actor_id.map(|id| id.to_string()).unwrap_or_default(),
            actor_display_name: row.actor_display_name.unwrap_or_else(|| row.actor_handle.clone()),
            actor_handle: row.actor_handle,
            actor_avatar_url: row.actor_id.map(identity::avatar_path).unwrap_or_default(),
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

/// `GET /user/{user}/audit_log`
pub(crate) async fn list_audit_log(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path(user): Path<String>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<AuditRecordView>>> {
    actor.own(&user)?;
    let page = app.list_audit_log(&actor, query.page()?).await?;
    let handle = actor.user().handle.as_str();
    Ok(Json(ListView::new(page.records, page.next, |row| {
        AuditRecordView::new(handle, row)
    })))
}

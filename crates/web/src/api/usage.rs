//! `…/usage` and `/user/{user}/constraint`: what is used, and what may be (contract §1.3).

use app::{
    App, Cursor, Error,
    usage::{Constraint, StorageUsage},
};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use model::{UserId, WorkspaceId, time};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Answer,
    audit_log::WhereQuery,
    docs::{kinds, path, refused},
    page::{ListView, PageQuery},
};
use crate::guards::{Bearer, needs::Read};

/// A figure.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageMetric)]
pub(crate) struct UsageView {
    #[schema(example = "storage")]
    metric: &'static str,
    #[schema(example = "bytes")]
    unit: &'static str,
    #[schema(example = 8_000_000_i64)]
    value: i64,
    #[schema(value_type = kinds::UserId)]
    identity_id: UserId,
    #[schema(value_type = kinds::WorkspaceId)]
    workspace_id: WorkspaceId,
    #[schema(value_type = kinds::WorkspaceHandle)]
    workspace_handle: String,
    /// When it was measured: now.
    #[schema(value_type = kinds::Time)]
    created_at: String,
}

impl UsageView {
    fn new(app: &App, usage: StorageUsage) -> Self {
        Self {
            metric: "storage",
            unit: "bytes",
            value: i64::try_from(usage.bytes).unwrap_or(i64::MAX),
            identity_id: usage.workspace.user_id,
            workspace_id: usage.workspace.id,
            workspace_handle: usage.workspace.handle.to_string(),
            created_at: time::rfc3339_seconds(app.now()),
        }
    }
}

/// What an account may have and do.
#[derive(Serialize, ToSchema)]
#[schema(as = Constraint)]
pub(crate) struct ConstraintView {
    #[schema(example = "user_token_count")]
    name: &'static str,
    #[serde(rename = "type")]
    #[schema(value_type = kinds::ConstraintType)]
    kind: &'static str,
    #[schema(example = "user")]
    target: &'static str,
    /// A number, an object with `min` and `max`, or `null` where there is no limit.
    #[schema(value_type = kinds::AnyValue, example = 2)]
    value: Value,
    #[schema(example = "server")]
    value_from: &'static str,
    #[schema(value_type = kinds::Visibility)]
    visibility: &'static str,
    #[schema(example = "API tokens of an account; one that retires is not counted.")]
    description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    statistics: Option<StatisticsView>,
}

/// How much of a quota is used.
#[derive(Serialize, ToSchema)]
#[schema(as = ConstraintStatistics)]
pub(crate) struct StatisticsView {
    #[schema(example = 1)]
    used: i64,
}

impl ConstraintView {
    fn new(constraint: Constraint) -> Self {
        Self {
            name: constraint.name,
            kind: constraint.kind,
            target: constraint.target,
            value: constraint.value,
            value_from: "server",
            visibility: "public",
            description: constraint.description,
            statistics: constraint.used.map(|used| StatisticsView { used }),
        }
    }
}

/// A blank filter is none; these lists are short, and take no other.
fn no_filter(query: &WhereQuery) -> Result<(), Error> {
    match query.wanted.trim().is_empty() {
        true => Ok(()),
        false => Err(Error::invalid(
            "where",
            "This list takes no filter. Leave it out.",
        )),
    }
}

/// Shows how much of the disk each workspace takes.
#[utoipa::path(
    get, path = "/user/{user}/usage", tag = "Account",
    params(path::User, PageQuery, WhereQuery),
    responses(
        (status = 200, description = "A page of figures; databases that are not there now are left out.", body = ListView<UsageView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_usage(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path(user): Path<String>,
    Query(query): Query<PageQuery>,
    Query(filter): Query<WhereQuery>,
) -> Answer<Json<ListView<UsageView>>> {
    actor.own(&user)?;
    no_filter(&filter)?;
    let page = app.list_usage(&actor, query.page()?).await?;
    Ok(Json(ListView::new(page.usage, page.next, |usage| {
        UsageView::new(&app, usage)
    })))
}

/// Shows how much of the disk a workspace takes.
#[utoipa::path(
    get, path = "/user/{user}/workspace/{workspace}/usage", tag = "Workspaces",
    params(path::User, path::Workspace, PageQuery, WhereQuery),
    responses(
        (status = 200, description = "The figure, if its database is there.", body = ListView<UsageView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_workspace_usage(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, workspace)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
    Query(filter): Query<WhereQuery>,
) -> Answer<Json<ListView<UsageView>>> {
    app.require_owner(&actor, &user, &workspace).await?;
    no_filter(&filter)?;
    let workspace = app.get_workspace(&actor, &workspace).await?;
    let usage = match query.page()?.after {
        None => app.measure(vec![workspace]).await?,
        Some(_) => Vec::new(),
    };
    Ok(Json(ListView::new(usage, None, |usage| {
        UsageView::new(&app, usage)
    })))
}

/// Lists the rules of this server about how much, how often and how long.
#[utoipa::path(
    get, path = "/user/{user}/constraint", tag = "Account",
    params(path::User, PageQuery, WhereQuery),
    responses(
        (status = 200, description = "A page of rules.", body = ListView<ConstraintView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_constraints(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path(user): Path<String>,
    Query(query): Query<PageQuery>,
    Query(filter): Query<WhereQuery>,
) -> Answer<Json<ListView<ConstraintView>>> {
    actor.own(&user)?;
    no_filter(&filter)?;
    let page = query.page()?;
    let mut rows = app.list_constraints(&actor).await?;
    if let Some(after) = &page.after {
        rows.retain(|row| row.name > after.id.as_str());
    }
    let next = page.cut(&mut rows, |row| Cursor {
        at: time::from_micros(0),
        id: row.name.to_owned(),
    });
    Ok(Json(ListView::new(rows, next, ConstraintView::new)))
}

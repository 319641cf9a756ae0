//! `/identity`: accounts as others see them (contract §1.2). Public: a token that is stale or wrong is as good as none,
//! because clients send what they have before they know better.

use app::{App, UserRow};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use model::UserId;
use serde::{Deserialize, Serialize};

use super::{
    Answer, TENANT_ID,
    page::{ListView, PageQuery},
};
use crate::guards::Public;

/// The contract's `Identity`.
#[derive(Serialize)]
pub(crate) struct IdentityView {
    id: UserId,
    handle: String,
    tenant_id: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// Left out when empty: clients print `""` as a name (contract §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    avatar_url: String,
    tenant: TenantView,
}

/// The one tenant that this server is.
#[derive(Serialize)]
struct TenantView {
    id: &'static str,
    handle: &'static str,
}

impl IdentityView {
    pub(crate) fn new(app: &App, user: &UserRow) -> Self {
        Self {
            id: user.id,
            handle: user.handle.to_string(),
            tenant_id: TENANT_ID,
            kind: "user",
            display_name: user.display_name.clone(),
            avatar_url: app.avatar_url(user),
            tenant: TenantView {
                id: TENANT_ID,
                handle: "standpipe",
            },
        }
    }
}

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct SearchQuery {
    #[serde(default)]
    q: String,
}

/// `GET /identity`
pub(crate) async fn list_identities(
    State(app): State<App>,
    Public(visitor): Public,
    Query(query): Query<PageQuery>,
    Query(SearchQuery { q }): Query<SearchQuery>,
) -> Answer<Json<ListView<IdentityView>>> {
    let page = app.list_identities(&visitor, &q, query.page()?).await?;
    Ok(Json(ListView::new(page.identities, page.next, |row| {
        IdentityView::new(&app, &row)
    })))
}

/// `GET /identity/{identity}`
pub(crate) async fn get_identity(
    State(app): State<App>,
    Public(visitor): Public,
    Path(identity): Path<String>,
) -> Answer<Json<IdentityView>> {
    let user = app.find_identity(&visitor, &identity).await?;
    Ok(Json(IdentityView::new(&app, &user)))
}

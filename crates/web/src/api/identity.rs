//! `/identity`: accounts as others see them (contract §1.2). Public: a token that is stale or wrong is as good as none,
//! because clients send what they have before they know better.

use app::{App, UserRow};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use model::UserId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer, TENANT_ID,
    docs::{kinds, path, refused},
    page::{ListView, PageQuery},
};
use crate::guards::Public;

/// An account, as others see it.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct IdentityView {
    #[schema(value_type = kinds::UserId)]
    id: UserId,
    #[schema(value_type = kinds::Handle)]
    handle: String,
    #[schema(value_type = kinds::TenantId)]
    tenant_id: &'static str,
    #[serde(rename = "type")]
    #[schema(value_type = kinds::IdentityType)]
    kind: &'static str,
    /// Left out when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    avatar_url: String,
    tenant: TenantView,
}

/// The one tenant that this server is.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
struct TenantView {
    #[schema(value_type = kinds::TenantId)]
    id: &'static str,
    #[schema(example = "standpipe")]
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
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// What to search for: a part of a handle or of a display name. Blank is everything.
    #[serde(default)]
    #[param(
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        example = "an"
    )]
    q: String,
}

/// Searches accounts by handle and display name.
///
/// Without a token that may read, it finds the account of exactly this handle or id.
#[utoipa::path(
    get, path = "/identity", tag = "Identities",
    params(PageQuery, SearchQuery),
    responses(
        (status = 200, description = "A page of identities.", body = ListView<IdentityView>),
        refused::Public,
    ),
    security(()),
)]
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

/// Shows an account as others see it.
#[utoipa::path(
    get, path = "/identity/{identity}", tag = "Identities",
    params(path::Identity),
    responses(
        (status = 200, description = "The identity.", body = IdentityView),
        refused::Public,
        refused::NotFound,
    ),
    security(()),
)]
pub(crate) async fn get_identity(
    State(app): State<App>,
    Public(visitor): Public,
    Path(identity): Path<String>,
) -> Answer<Json<IdentityView>> {
    let user = app.find_identity(&visitor, &identity).await?;
    Ok(Json(IdentityView::new(&app, &user)))
}

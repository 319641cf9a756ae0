//! `/user/{user}/email`: e-mail addresses (contract §1.4). Listing is the contract's, changing them is ours.

use app::{Actor, App, EmailRow, Error, emails::EmailProof};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use model::{EmailId, Secret, UserId, time::rfc3339_seconds, version::Expected};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Answer, TENANT_ID,
    body::JsonBody,
    docs::{kinds, path, refused},
    page::{ListView, PageQuery},
};
use crate::guards::{
    Bearer,
    needs::{Change, Read},
};

/// An e-mail address, and whether it is the primary one.
#[derive(Serialize, ToSchema)]
#[schema(as = UserEmail)]
pub(crate) struct EmailView {
    #[schema(value_type = kinds::EmailId)]
    id: EmailId,
    #[schema(value_type = kinds::UserId)]
    user_id: UserId,
    #[schema(value_type = kinds::TenantId)]
    tenant_id: &'static str,
    #[schema(value_type = kinds::Email)]
    email: String,
    #[schema(value_type = kinds::EmailStatus)]
    status: &'static str,
    is_primary: bool,
    #[schema(value_type = kinds::Time)]
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::Time>)]
    updated_at: Option<String>,
    #[schema(value_type = i32, example = 3)]
    version_id: i64,
}

impl From<EmailRow> for EmailView {
    fn from(row: EmailRow) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            tenant_id: TENANT_ID,
            email: row.email.to_string(),
            status: row.status.as_str(),
            is_primary: row.is_primary,
            created_at: rfc3339_seconds(row.created_at),
            updated_at: row.updated_at.map(rfc3339_seconds),
            version_id: row.version_id,
        }
    }
}

/// What `POST /user/{user}/email` takes.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct NewEmailRequest {
    #[serde(default)]
    #[schema(value_type = kinds::Email, required)]
    email: String,
}

/// What `PATCH /user/{user}/email/{email}` takes.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct UpdateEmailRequest {
    /// The code from the mail: verifies the address.
    #[schema(example = "123456")]
    code: Option<String>,
    /// `true` makes it the primary one; it ceases to be when another one becomes it.
    is_primary: Option<bool>,
}

/// Lists the addresses, oldest first.
#[utoipa::path(
    get, path = "/user/{user}/email", tag = "E-mail",
    params(path::User, PageQuery),
    responses(
        (status = 200, description = "A page of addresses.", body = ListView<EmailView>),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_emails(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path(user): Path<String>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<ListView<EmailView>>> {
    actor.own(&user)?;
    let page = app.list_emails(&actor, query.page()?).await?;
    Ok(Json(ListView::new(page.emails, page.next, EmailView::from)))
}

/// Adds an address, pending until the code that is mailed to it comes back.
#[utoipa::path(
    post, path = "/user/{user}/email", tag = "E-mail",
    params(path::User),
    request_body(content = NewEmailRequest, example = json!({"email": "ana@work.example"})),
    responses(
        (status = 201, description = "The address.", body = EmailView),
        refused::Account,
        refused::Body,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn add_email(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
    JsonBody(input): JsonBody<NewEmailRequest>,
) -> Answer<(StatusCode, Json<EmailView>)> {
    actor.own(&user)?;
    let row = app.add_email(&actor, &input.email).await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// Shows an address.
#[utoipa::path(
    get, path = "/user/{user}/email/{email}", tag = "E-mail",
    params(path::User, path::Email),
    responses(
        (status = 200, description = "The address.", body = EmailView),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_email(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path((user, email)): Path<(String, String)>,
) -> Answer<Json<EmailView>> {
    let row = app.get_email(&actor, named(&actor, &user, &email)?).await?;
    Ok(Json(row.into()))
}

/// Verifies an address by its code, makes it the primary one, or both.
#[utoipa::path(
    patch, path = "/user/{user}/email/{email}", tag = "E-mail",
    params(path::User, path::Email, path::IfMatch),
    request_body(content = UpdateEmailRequest, example = json!({"code": "123456"})),
    responses(
        (status = 200, description = "The address as it is now.", body = EmailView),
        refused::Account,
        refused::Version,
        refused::Body,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn update_email(
    State(app): State<App>,
    Bearer(mut actor, _): Bearer<Change>,
    Path((user, email)): Path<(String, String)>,
    JsonBody(input): JsonBody<UpdateEmailRequest>,
) -> Answer<Json<EmailView>> {
    let id = named(&actor, &user, &email)?;
    let mut row = app.get_email(&actor, id).await?;
    actor.check_version(row.version_id)?;
    if input.is_primary == Some(false) && row.is_primary {
        let sentence = "Make another address primary instead: one always is.";
        return Err(Error::invalid("is_primary", sentence).into());
    }
    if let Some(code) = input.code {
        let proof = EmailProof::Code(Secret::new(code));
        row = app.verify_email(&actor, id, proof).await?;
        // It was the one that the client means until just now.
        actor = actor.expecting(Expected::OneOf(vec![row.version_id]));
    }
    if input.is_primary == Some(true) {
        row = app.make_email_primary(&actor, id).await?;
    }
    Ok(Json(row.into()))
}

/// Removes an address.
#[utoipa::path(
    delete, path = "/user/{user}/email/{email}", tag = "E-mail",
    params(path::User, path::Email, path::IfMatch),
    responses(
        (status = 204, description = "It is gone."),
        refused::Account,
        refused::Version,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_email(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, email)): Path<(String, String)>,
) -> Answer<StatusCode> {
    app.delete_email(&actor, named(&actor, &user, &email)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends another mail with another code.
#[utoipa::path(
    post, path = "/user/{user}/email/{email}/resend", tag = "E-mail",
    params(path::User, path::Email, path::IfMatch),
    responses(
        (status = 200, description = "The address.", body = EmailView),
        refused::Account,
        refused::Version,
        refused::Conflict,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn resend_email(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path((user, email)): Path<(String, String)>,
) -> Answer<Json<EmailView>> {
    let row = app
        .resend_email_proof(&actor, named(&actor, &user, &email)?)
        .await?;
    Ok(Json(row.into()))
}

/// The address that a path names.
fn named(actor: &Actor, user: &str, email: &str) -> Result<EmailId, Error> {
    actor.own(user)?;
    email.parse().map_err(|_| Error::NotFound("e-mail address"))
}

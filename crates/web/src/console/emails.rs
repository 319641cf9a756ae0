//! `/settings/profile/emails`: the addresses of an account. They stand on the profile page; what asks or confirms is a
//! page of its own, which a script shows as a dialog.

use app::{EmailRow, Error, Page, emails::EmailProof};
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use model::{EmailId, Secret, email::EmailStatus, email::MOST_ADDRESSES, sign_in::LIFETIME_SECONDS};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{
    answer::{Answer, ConsoleError},
    form::SignedForm,
    sign_up::field,
    signed::Signed,
};
use crate::pages::{
    self, Badge, EmailsCard, Field, Place, RemoveEmailPage, SettingsPage, Tone, VerifyEmailPage,
};

const HERE: &str = "/settings/profile#emails";
const PLACE: Place = Place::Settings(SettingsPage::Profile);

/// The card on the profile page.
pub(super) async fn card(signed: &Signed) -> Result<EmailsCard, Error> {
    let most = i64::try_from(MOST_ADDRESSES).unwrap_or(i64::MAX);
    let listed = signed.app.list_emails(&signed.actor, Page::first(most)).await?;
    Ok(EmailsCard {
        full: listed.emails.len() >= MOST_ADDRESSES,
        emails: listed.emails.iter().map(email_row).collect(),
        most: MOST_ADDRESSES,
    })
}

fn email_row(row: &EmailRow) -> pages::EmailRow {
    let state = match row.status {
        EmailStatus::Pending => Some(Badge::new("Pending", Tone::Warn)),
        EmailStatus::Verified if row.is_primary => Some(Badge::new("Primary", Tone::Ok)),
        EmailStatus::Verified => None,
    };
    pages::EmailRow {
        id: row.id.to_string(),
        email: row.email.to_string(),
        state,
        pending: row.status == EmailStatus::Pending,
        primary: row.is_primary,
    }
}

fn email_id(text: &str) -> Result<EmailId, Error> {
    text.parse().map_err(|_| Error::NotFound("e-mail address"))
}

fn verify_path(id: EmailId) -> String {
    format!("/settings/profile/emails/{id}/verify")
}

/// `GET /settings/profile/emails/new`
pub(crate) async fn show_new_email(signed: Signed) -> Answer {
    new_page(&signed, StatusCode::OK, Field::default()).await
}

async fn new_page(signed: &Signed, status: StatusCode, email: Field) -> Answer {
    let page = pages::NewEmailPage {
        frame: signed.frame(PLACE).await?,
        email,
    };
    signed.page_with(status, &page)
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct NewEmailForm {
    #[serde(default)]
    email: String,
}

/// `POST /settings/profile/emails`
pub(crate) async fn add_email(SignedForm { signed, input }: SignedForm<NewEmailForm>) -> Answer {
    match signed.app.add_email(&signed.actor, &input.email).await {
        Ok(row) => Ok(Redirect::to(&verify_path(row.id)).into_response()),
        Err(Error::Invalid(invalid)) => {
            let typed = field("email", input.email, &invalid);
            new_page(&signed, StatusCode::UNPROCESSABLE_ENTITY, typed).await
        }
        Err(Error::Conflict { message, .. }) => signed.warn(HERE, &message),
        Err(other) => Err(other.into()),
    }
}

/// The link's query.
#[derive(Deserialize)]
pub(crate) struct LinkQuery {
    t: Option<String>,
}

/// `GET /settings/profile/emails/{email}/verify`, also the link from the mail. It changes nothing. Whoever must sign in
/// first comes back without the link's secret, which has no business in another page's address, and types the code.
pub(crate) async fn show_verify(
    signed: Result<Signed, ConsoleError>,
    Path(email): Path<String>,
    Query(LinkQuery { t }): Query<LinkQuery>,
) -> Answer {
    let id = email_id(&email)?;
    let signed = match signed {
        Ok(signed) => signed,
        Err(error) if error.is_signed_out() && t.is_some() => {
            let path = verify_path(id);
            let next = utf8_percent_encode(&path, NON_ALPHANUMERIC);
            return Ok(Redirect::to(&format!("/login?next={next}")).into_response());
        }
        Err(error) => return Err(error),
    };
    let secret = t.map(Secret::new);
    let row = signed.app.get_email(&signed.actor, id).await?;
    if row.status == EmailStatus::Verified {
        return signed.done(HERE, &format!("{} is verified.", row.email));
    }
    let by_link = match &secret {
        Some(secret) => signed.app.peek_email_link(&signed.actor, id, secret).await?,
        None => false,
    };
    let secret = secret.filter(|_| by_link).map(|secret| secret.expose().clone());
    verify_page(&signed, StatusCode::OK, &row, secret, Field::default()).await
}

async fn verify_page(
    signed: &Signed,
    status: StatusCode,
    row: &EmailRow,
    secret: Option<String>,
    code: Field,
) -> Answer {
    let folder = signed.app.settings().mail.directory.as_ref();
    let page = VerifyEmailPage {
        frame: signed.frame(PLACE).await?,
        id: row.id.to_string(),
        email: row.email.to_string(),
        minutes: LIFETIME_SECONDS / 60,
        mail_folder: folder.map(|folder| folder.display().to_string()),
        secret,
        code,
    };
    signed.page_with(status, &page)
}

/// What the form sends: the link's secret, or the code.
#[derive(Deserialize)]
pub(crate) struct VerifyForm {
    #[serde(default)]
    code: String,
    secret: Option<String>,
}

/// `POST /settings/profile/emails/{email}/verify`
pub(crate) async fn verify_email(
    Path(email): Path<String>,
    SignedForm { signed, input }: SignedForm<VerifyForm>,
) -> Answer {
    let id = email_id(&email)?;
    let proof = match input.secret {
        Some(secret) => EmailProof::Link(Secret::new(secret)),
        None => EmailProof::Code(Secret::new(input.code.clone())),
    };
    let wrong = match signed.app.verify_email(&signed.actor, id, proof).await {
        Ok(row) => return signed.done(HERE, &format!("{} is verified. It can sign in now.", row.email)),
        Err(Error::Invalid(invalid)) => field("code", input.code, &invalid),
        Err(Error::Expired(message)) => Field::refused("", message),
        Err(Error::Conflict { message, .. }) => return signed.warn(HERE, &message),
        Err(other) => return Err(other.into()),
    };
    let row = signed.app.get_email(&signed.actor, id).await?;
    verify_page(&signed, StatusCode::UNPROCESSABLE_ENTITY, &row, None, wrong).await
}

/// What the forms send beside their token: nothing.
#[derive(Deserialize)]
pub(crate) struct EmailForm {}

/// `POST /settings/profile/emails/{email}/resend`
pub(crate) async fn resend_email(
    Path(email): Path<String>,
    SignedForm { signed, .. }: SignedForm<EmailForm>,
) -> Answer {
    let id = email_id(&email)?;
    match signed.app.resend_email_proof(&signed.actor, id).await {
        Ok(row) => signed.done(
            &verify_path(id),
            &format!("A new mail is on its way to {}.", row.email),
        ),
        Err(Error::Conflict { message, .. }) => signed.warn(HERE, &message),
        Err(other) => Err(other.into()),
    }
}

/// `POST /settings/profile/emails/{email}/primary`
pub(crate) async fn make_primary(
    Path(email): Path<String>,
    SignedForm { signed, .. }: SignedForm<EmailForm>,
) -> Answer {
    match signed
        .app
        .make_email_primary(&signed.actor, email_id(&email)?)
        .await
    {
        Ok(row) => signed.done(HERE, &format!("{} is your primary address.", row.email)),
        Err(Error::Conflict { message, .. }) => signed.warn(HERE, &message),
        Err(other) => Err(other.into()),
    }
}

/// `GET /settings/profile/emails/{email}/remove`
pub(crate) async fn show_remove(signed: Signed, Path(email): Path<String>) -> Answer {
    let row = signed.app.get_email(&signed.actor, email_id(&email)?).await?;
    signed.page(&RemoveEmailPage {
        frame: signed.frame(PLACE).await?,
        row: email_row(&row),
    })
}

/// `POST /settings/profile/emails/{email}/remove`
pub(crate) async fn remove_email(
    Path(email): Path<String>,
    SignedForm { signed, .. }: SignedForm<EmailForm>,
) -> Answer {
    let id = email_id(&email)?;
    let row = signed.app.get_email(&signed.actor, id).await?;
    match signed.app.delete_email(&signed.actor, id).await {
        Ok(()) => signed.done(HERE, &format!("{} is removed.", row.email)),
        Err(Error::Conflict { message, .. }) => signed.warn(HERE, &message),
        Err(other) => Err(other.into()),
    }
}

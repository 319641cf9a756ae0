//! "Confirm that it is you": where a request needs a fresher sign-in than the session has, the answer is a page that
//! asks for a code from a mail. With the right code the request goes on as it was sent.
//!
//! [`ask`] stands around the pages. It keeps a form until its answer is known; when that is
//! [`Error::FreshSignInRequired`], the form travels to the browser and back sealed ([`App::seal_waiting`]), because the
//! server keeps nothing of people who may never come back. [`confirm`] takes the code, gives the session its new
//! secret, opens the form, and hands it to the same routes again. A script gets JSON instead, confirms, and asks again
//! itself.

mod deeds;
mod waiting;

use app::{App, Error, step_up::Resend};
use axum::{
    Extension, Json, Router,
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use model::{Secret, step_up::LIFETIME_SECONDS};
use serde::Deserialize;
use serde_json::json;

use self::{
    deeds::deed,
    waiting::{Kept, Waiting},
};
use super::{
    answer::{Answer, ConsoleError, wants_json},
    cookies::{self, Name},
    form::SignedForm,
    sign_up::field,
    signed::Signed,
};
use crate::{
    Web,
    pages::{Field, Place, StepUpPage},
};

/// The routes that a waiting request goes on to.
#[derive(Clone)]
pub(crate) struct Routes(pub(crate) Router);

/// Answers a request that needs a fresher sign-in with the page, or with JSON for the script.
pub(crate) async fn ask(State(web): State<Web>, request: Request, next: Next) -> Response {
    let (kept, request) = Kept::keep(request).await;
    let response = next.run(request).await;
    let error = response.extensions().get::<ConsoleError>();
    if !error.is_some_and(ConsoleError::asks_for_fresh_sign_in) {
        return response;
    }
    // A form that cannot wait is refused as it is.
    let Kept { parts, waiting } = kept;
    match waiting {
        Some(waiting) => offer(&web, parts, waiting)
            .await
            .unwrap_or_else(IntoResponse::into_response),
        None => response,
    }
}

async fn offer(web: &Web, mut parts: Parts, waiting: Waiting) -> Answer {
    let signed = Signed::from_request_parts(&mut parts, web).await?;
    let deed = deed(&waiting.route);
    let asked = signed
        .app
        .ask_step_up(&signed.actor, deed.words, Resend::IfNeeded)
        .await?;
    if wants_json(&parts.headers) {
        let body = json!({
            "type": "reauth_required",
            "detail": "Confirm that it is you, and try again.",
            "confirm": { "url": "/settings/confirm", "deed": deed.words, "sent_to": asked.sent_to.as_str() },
        });
        return Ok((StatusCode::FORBIDDEN, Json(body)).into_response());
    }
    let request = signed.app.seal_waiting(&signed.actor, &waiting.to_bytes()?)?;
    let page = Asked {
        waiting,
        request,
        sent_to: asked.sent_to.to_string(),
    };
    page.show(&signed, StatusCode::FORBIDDEN, Field::default()).await
}

/// What the page shows and carries.
struct Asked {
    waiting: Waiting,
    /// The same, sealed.
    request: String,
    sent_to: String,
}

impl Asked {
    /// The page again, for a form that came from it.
    async fn of_form(signed: &Signed, input: &ConfirmForm, words: Resend) -> Result<Self, ConsoleError> {
        let waiting = open(signed, &input.request)?;
        let asked = signed
            .app
            .ask_step_up(&signed.actor, deed(&waiting.route).words, words)
            .await?;
        Ok(Self {
            waiting,
            request: input.request.clone(),
            sent_to: asked.sent_to.to_string(),
        })
    }

    async fn show(self, signed: &Signed, status: StatusCode, code: Field) -> Answer {
        let deed = deed(&self.waiting.route);
        let page = StepUpPage {
            frame: signed.frame(Place::Settings(deed.place)).await?,
            deed: deed.words,
            detail: deed.field.and_then(|name| self.waiting.field(name)),
            sent_to: self.sent_to,
            minutes: LIFETIME_SECONDS / 60,
            mail_folder: mail_folder(&signed.app),
            request: self.request,
            code,
            cancel: deed.place.path(),
        };
        signed.page_with(status, &page)
    }
}

fn mail_folder(app: &App) -> Option<String> {
    let directory = app.settings().mail.directory.as_ref()?;
    Some(directory.display().to_string())
}

fn open(signed: &Signed, sealed: &str) -> Result<Waiting, ConsoleError> {
    let bytes = signed.app.open_waiting(&signed.actor, sealed)?;
    Ok(Waiting::from_bytes(bytes.expose())?)
}

/// What the forms of the page send.
#[derive(Deserialize)]
pub(crate) struct ConfirmForm {
    #[serde(default)]
    code: String,
    /// The waiting request, sealed; the script sends none.
    #[serde(default)]
    request: String,
}

/// `POST /settings/confirm`: the code, and then what waited for it.
pub(crate) async fn confirm(
    State(web): State<Web>,
    Extension(routes): Extension<Routes>,
    parts: Parts,
    SignedForm { signed, input }: SignedForm<ConfirmForm>,
) -> Answer {
    let for_script = wants_json(&parts.headers);
    // Before the code is used up: with a request that cannot go on it would be lost.
    let waiting = if for_script {
        None
    } else {
        Some(open(&signed, &input.request)?)
    };
    let code = Secret::new(input.code.clone());
    let token = match signed.app.confirm_step_up(&signed.actor, &code).await {
        Ok(token) => token,
        Err(error) => return refused(&signed, &input, for_script, error).await,
    };
    let session = cookies::set(&web.app, web.scheme, Name::Session, token.expose());
    let session = session.ok_or(Error::Internal("a cookie cannot be written"))?;
    let answer = match waiting {
        Some(waiting) => {
            let cookie = cookies::pair(&web.app, web.scheme, Name::Session, token.expose());
            waiting.go_on(routes.0, parts, &cookie).await?
        }
        None => Json(json!({ "confirmed": true })).into_response(),
    };
    Ok(cookies::put_first(answer, session))
}

/// The page again, with what is wrong with the code.
async fn refused(signed: &Signed, input: &ConfirmForm, for_script: bool, error: Error) -> Answer {
    let code = match &error {
        _ if for_script => return Err(error.into()),
        Error::Invalid(fields) => field("code", input.code.clone(), fields),
        Error::Expired(message) => Field::refused("", *message),
        _ => return Err(error.into()),
    };
    let asked = Asked {
        waiting: open(signed, &input.request)?,
        request: input.request.clone(),
        sent_to: signed.app.primary_email(&signed.actor).await?.to_string(),
    };
    asked.show(signed, StatusCode::UNPROCESSABLE_ENTITY, code).await
}

/// `POST /settings/confirm/code`: another mail with another code.
pub(crate) async fn send_code(
    headers: HeaderMap,
    SignedForm { signed, input }: SignedForm<ConfirmForm>,
) -> Answer {
    if wants_json(&headers) {
        let words = deed("").words;
        signed
            .app
            .ask_step_up(&signed.actor, words, Resend::Always)
            .await?;
        return Ok(Json(json!({ "sent": true })).into_response());
    }
    let asked = Asked::of_form(&signed, &input, Resend::Always).await?;
    asked.show(&signed, StatusCode::OK, Field::default()).await
}

//! `/signup`, and the choice of a handle when the address is proven.

use app::{Error, SignUp, sign_in::NewAccount};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect},
};
use model::Invalid;
use serde::Deserialize;

use super::{
    answer::{Answer, outside, page, page_with},
    form::OpenForm,
    sign_in::{SignInForm, begin_session, mail_is_out, proof_of, refused_email},
};
use crate::{
    Web,
    guards::{Browser, Caller},
    pages::{ChooseHandlePage, Field, SignUpPage},
};

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct HandleForm {
    #[serde(default)]
    handle: String,
    #[serde(default)]
    display_name: String,
    email: Option<String>,
}

/// `GET /signup`
pub(crate) async fn show_sign_up(State(web): State<Web>, browser: Option<Browser>) -> Answer {
    if browser.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    page(&sign_up_page(&web, Field::default()))
}

fn sign_up_page(web: &Web, email: Field) -> SignUpPage {
    let rule = match &web.app.settings().sign_up {
        SignUp::Open => None,
        SignUp::Domains(domains) => Some(format!("Addresses at {} can sign up here.", domains.join(", "))),
        SignUp::Invited => Some("Accounts are by invitation here: ask the operator for one.".to_owned()),
    };
    SignUpPage {
        outside: outside(),
        rule,
        email,
    }
}

/// `POST /signup`: the same step as signing in; the mail says which it is.
pub(crate) async fn request_sign_up(
    State(web): State<Web>,
    Caller(peer): Caller,
    OpenForm(input): OpenForm<SignInForm>,
) -> Answer {
    match web.app.request_sign_in(&input.email, None, &peer).await {
        Ok(proof) => Ok(mail_is_out(&web, &proof)),
        Err(Error::Invalid(fields)) => page_with(
            StatusCode::UNPROCESSABLE_ENTITY,
            &sign_up_page(&web, refused_email(&input.email, &fields)),
        ),
        Err(other) => Err(other.into()),
    }
}

fn handle_page(web: &Web, email: Option<Field>, handle: Field, display_name: Field) -> ChooseHandlePage {
    let domain = web.app.settings().gateway_domain.clone();
    ChooseHandlePage {
        outside: outside(),
        email,
        handle,
        display_name,
        domain,
    }
}

/// `GET /signup/handle`
pub(crate) async fn show_choose_handle(State(web): State<Web>, headers: HeaderMap) -> Answer {
    let proof = proof_of(&web, &headers).ok_or(Error::Expired(
        "This sign-up was finished or is too old. Ask for a new link.",
    ))?;
    let needs_email = web.app.peek_sign_up(&proof).await?;
    page(&handle_page(
        &web,
        needs_email.then(Field::default),
        Field::default(),
        Field::default(),
    ))
}

/// `POST /signup/handle`
pub(crate) async fn choose_handle(
    State(web): State<Web>,
    Caller(peer): Caller,
    headers: HeaderMap,
    OpenForm(input): OpenForm<HandleForm>,
) -> Answer {
    let proof = proof_of(&web, &headers).ok_or(Error::Expired(
        "This sign-up was finished or is too old. Ask for a new link.",
    ))?;
    let new = NewAccount {
        handle: input.handle.trim().to_owned(),
        display_name: input.display_name.clone(),
        email: input.email.clone(),
    };
    match web.app.sign_up(&proof, new, &peer).await {
        Ok(session) => Ok(begin_session(&web, &session, None)),
        Err(error) => {
            let fields = handle_errors(error)?;
            let needs_email = web.app.peek_sign_up(&proof).await?;
            let email = needs_email.then(|| field("email", input.email.unwrap_or_default(), &fields));
            let handle = field("handle", input.handle, &fields);
            let display_name = field("display_name", input.display_name, &fields);
            page_with(
                StatusCode::UNPROCESSABLE_ENTITY,
                &handle_page(&web, email, handle, display_name),
            )
        }
    }
}

/// What is wrong with the fields of a form with a handle in it; a name that is not free is said beside it.
pub(crate) fn handle_errors(error: Error) -> Result<Vec<Invalid>, Error> {
    match error {
        Error::Invalid(fields) => Ok(fields),
        Error::Conflict {
            code: "handle_taken" | "handle_held" | "handle_changed_today",
            message,
        } => Ok(vec![Invalid::new("handle", message)]),
        other => Err(other),
    }
}

/// A field as it was typed, with what is wrong with it.
pub(crate) fn field(name: &str, value: impl Into<String>, invalid: &[Invalid]) -> Field {
    let error = invalid
        .iter()
        .find(|invalid| invalid.field == name)
        .map(|invalid| invalid.message.clone());
    Field {
        value: value.into(),
        error,
    }
}

//! `/workspaces/attach`: a server that is there already becomes a workspace.

use app::{Error, attach::NewAttachment, workspaces::NewWorkspace};
use axum::http::StatusCode;
use model::Secret;
use serde::Deserialize;

use super::{answer::Answer, form::SignedForm, sign_up::field, signed::Signed};
use crate::pages::{AttachForm, AttachPage, Field, Place};

/// `GET /workspaces/attach`
pub(crate) async fn show_attach(signed: Signed) -> Answer {
    page(&signed, StatusCode::OK, AttachForm::default()).await
}

async fn page(signed: &Signed, status: StatusCode, form: AttachForm) -> Answer {
    let page = AttachPage {
        frame: signed.frame(Place::Workspaces).await?,
        domain: signed.app.settings().gateway_domain.clone(),
        allowed: !signed.app.settings().attach.is_empty(),
        form,
    };
    signed.page_with(status, &page)
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct NewAttachmentForm {
    #[serde(default)]
    handle: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    certificate: String,
}

/// `POST /workspaces/attach`. What was typed stays, but for the password; so a URL with one in it is not kept either.
pub(crate) async fn attach_workspace(SignedForm { signed, input }: SignedForm<NewAttachmentForm>) -> Answer {
    let handle = input.handle.trim().to_owned();
    let kept_url = match url_has_password(&input.url) {
        true => String::new(),
        false => input.url.trim().to_owned(),
    };
    let kept = |problems: &[model::Invalid]| AttachForm {
        handle: field("handle", handle.clone(), problems),
        url: field("attach.url", kept_url.clone(), problems),
        password: field("attach.password", "", problems),
        certificate: field("attach.ca_certificate", input.certificate.clone(), problems),
    };
    let new = NewWorkspace {
        handle: handle.clone(),
        attach: Some(NewAttachment {
            url: Secret::new(input.url),
            password: Some(Secret::new(input.password)),
            roots: Some(input.certificate.clone()),
        }),
        ..NewWorkspace::default()
    };
    match signed.app.create_workspace(&signed.actor, new).await {
        Ok(row) => signed.done(
            &format!("/workspace/{}", row.handle),
            "The server is attached, and takes connections.",
        ),
        Err(Error::Invalid(fields)) => page(&signed, StatusCode::UNPROCESSABLE_ENTITY, kept(&fields)).await,
        Err(Error::Conflict { message, .. }) => {
            let form = AttachForm {
                handle: Field::refused(handle.clone(), message),
                ..kept(&[])
            };
            page(&signed, StatusCode::CONFLICT, form).await
        }
        Err(other) => Err(other.into()),
    }
}

fn url_has_password(url: &str) -> bool {
    url.rsplit_once('@').is_some_and(|(before, _)| {
        before
            .split_once("://")
            .map_or(before, |(_, rest)| rest)
            .contains(':')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_noticed_however_the_rest_is_written() {
        for text in [
            "postgres://u:p@h/d",
            "u:p@h",
            "postgres://u:p@x@h",
            "postgres://u:@h",
        ] {
            assert!(url_has_password(text), "{text}");
        }
        for text in ["postgres://u@h:5432/d", "postgres://h:5432/d", "", "h"] {
            assert!(!url_has_password(text), "{text}");
        }
    }
}

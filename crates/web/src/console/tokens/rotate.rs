//! `/settings/tokens/{token}/rotate`: a successor, and how long the old one goes on.

use app::{
    Error, TokenRow,
    tokens::{Rotated, Rotation},
};
use axum::{extract::Path, http::StatusCode};
use jiff::Timestamp;
use model::token::OVERLAP_DEFAULT;
use serde::Deserialize;

use super::{HERE, PLACE, new::api_url, token_id, token_row};
use crate::{
    console::{answer::Answer, form::SignedForm, sign_up::field, signed::Signed},
    pages::{CreatedTokenPage, Field, Moment, RotateTokenPage},
};

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct RotateForm {
    overlap: String,
}

/// `GET /settings/tokens/{token}/rotate`
pub(crate) async fn show_rotate(signed: Signed, Path(token): Path<String>) -> Answer {
    let row = signed.app.get_token(&signed.actor, token_id(&token)?).await?;
    let page = rotate_page(&signed, &row, Field::new(OVERLAP_DEFAULT.to_string())).await?;
    signed.page(&page)
}

async fn rotate_page(signed: &Signed, row: &TokenRow, overlap: Field) -> Result<RotateTokenPage, Error> {
    let now = signed.app.now();
    Ok(RotateTokenPage {
        frame: signed.frame(PLACE).await?,
        token: token_row(row, now),
        overlap,
        facts: facts(row, now),
    })
}

fn facts(row: &TokenRow, now: Timestamp) -> Vec<String> {
    let life = if row.expires_at.is_some() {
        "It lives as long as the old one was made for, from now on."
    } else {
        "It never expires, as the old one."
    };
    let used = match (row.last_used_at, &row.last_used_ip) {
        (Some(at), Some(ip)) => format!(
            "The old one was last used {} from {ip}.",
            Moment::new(at, now).relative
        ),
        _ => "The old one was never used.".to_owned(),
    };
    vec![
        "You get a new token now, with the same title, scope and networks.".to_owned(),
        life.to_owned(),
        "The old one does not count against your limit while it goes on, and you can end it at any time."
            .to_owned(),
        used,
    ]
}

/// `POST /settings/tokens/{token}/rotate`: a page that holds the new token.
pub(crate) async fn rotate_token(
    Path(token): Path<String>,
    SignedForm { signed, input }: SignedForm<RotateForm>,
) -> Answer {
    let id = token_id(&token)?;
    let old = signed.app.get_token(&signed.actor, id).await?;
    let rotated = async {
        let wrong = |_| Error::invalid("overlap", "Choose how long the old token keeps working.");
        let rotation = Rotation {
            overlap: Some(input.overlap.parse().map_err(wrong)?),
            expiration: None,
        };
        signed.app.rotate_token(&signed.actor, id, rotation).await
    };
    match rotated.await {
        Ok(rotated) => show_rotated(&signed, &old, &rotated).await,
        Err(Error::Invalid(invalid)) => {
            let page = rotate_page(&signed, &old, field("overlap", input.overlap, &invalid)).await?;
            signed.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(Error::Conflict { message, .. }) => signed.warn(HERE, &message),
        Err(other) => Err(other.into()),
    }
}

async fn show_rotated(signed: &Signed, old: &TokenRow, rotated: &Rotated) -> Answer {
    let now = signed.app.now();
    let predecessor = match rotated.retiring_until {
        Some(until) => format!(
            "The old token …{} keeps working until {}.",
            old.last4,
            Moment::new(until, now).exact
        ),
        None => format!(
            "The old token …{} is ended: calls with it are refused from now on.",
            old.last4
        ),
    };
    signed.page_with(
        StatusCode::CREATED,
        &CreatedTokenPage {
            frame: signed.frame(PLACE).await?,
            title: rotated.row.name(),
            secret: rotated.plain.expose().to_owned(),
            expires: rotated.row.expires_at.map(|end| Moment::new(end, now)),
            predecessor: Some(predecessor),
            api_url: api_url(signed),
        },
    )
}

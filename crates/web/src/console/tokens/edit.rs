//! `/settings/tokens/{token}/edit`: title, description and networks.

use app::{Error, TokenRow, tokens::TokenUpdate};
use axum::{extract::Path, http::StatusCode};
use model::Invalid;
use serde::Deserialize;

use super::{HERE, PLACE, lines, token_id, token_row};
use crate::{
    console::{answer::Answer, form::SignedForm, sign_up::field, signed::Signed},
    pages::EditTokenPage,
};

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct EditForm {
    #[serde(default)]
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    networks: String,
}

/// `GET /settings/tokens/{token}/edit`
pub(crate) async fn show_edit(signed: Signed, Path(token): Path<String>) -> Answer {
    let row = signed.app.get_token(&signed.actor, token_id(&token)?).await?;
    let filled = EditForm {
        title: row.title.clone().unwrap_or_default(),
        description: row.description.clone().unwrap_or_default(),
        networks: row.networks.texts().join("\n"),
    };
    let page = edit_page(&signed, &row, filled, &[]).await?;
    signed.page(&page)
}

/// `POST /settings/tokens/{token}/edit`
pub(crate) async fn update_token(
    Path(token): Path<String>,
    SignedForm { signed, input }: SignedForm<EditForm>,
) -> Answer {
    let id = token_id(&token)?;
    let update = TokenUpdate {
        status: None,
        title: Some(input.title.clone()),
        description: Some(input.description.clone()),
        networks: Some(lines(&input.networks)),
    };
    match signed.app.update_token(&signed.actor, id, update).await {
        Ok(row) => signed.done(HERE, &format!("Token {} is saved.", row.name())),
        Err(Error::Invalid(invalid)) => {
            let row = signed.app.get_token(&signed.actor, id).await?;
            let page = edit_page(&signed, &row, input, &invalid).await?;
            signed.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

async fn edit_page(
    signed: &Signed,
    row: &TokenRow,
    form: EditForm,
    invalid: &[Invalid],
) -> Result<EditTokenPage, Error> {
    Ok(EditTokenPage {
        frame: signed.frame(PLACE).await?,
        token: token_row(row, signed.app.now()),
        title: field("title", form.title, invalid),
        description: field("description", form.description, invalid),
        networks: field("networks", form.networks, invalid),
        here: signed.actor.ip().to_string(),
    })
}

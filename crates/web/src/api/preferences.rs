//! `/user/{user}/preferences`: which mails a person wants (contract §1.4).

use app::{
    Actor, App,
    preferences::{Preferences, PreferencesUpdate},
};
use axum::{
    Json,
    extract::{Path, State},
};
use model::{EmailId, time::rfc3339_seconds};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Answer,
    body::JsonBody,
    docs::{kinds, path, refused},
};
use crate::guards::{
    Bearer,
    needs::{Change, Read},
};

/// Which mails are wanted. The choices are words.
#[derive(Serialize, ToSchema)]
#[schema(as = UserPreferences)]
pub(crate) struct PreferencesView {
    #[schema(value_type = kinds::EmailId)]
    id: EmailId,
    #[schema(value_type = kinds::Choice)]
    communication_community_updates: &'static str,
    #[schema(value_type = kinds::Choice)]
    communication_product_updates: &'static str,
    #[schema(value_type = kinds::Choice)]
    communication_tips_and_tricks: &'static str,
    #[schema(value_type = kinds::Time)]
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<kinds::Time>)]
    updated_at: Option<String>,
    #[schema(value_type = i32, example = 3)]
    version_id: i64,
}

impl PreferencesView {
    fn new(actor: &Actor, preferences: &Preferences) -> Self {
        let communication = preferences.communication;
        Self {
            id: EmailId::of_preferences(actor.id()),
            communication_community_updates: communication.community_updates.as_str(),
            communication_product_updates: communication.product_updates.as_str(),
            communication_tips_and_tricks: communication.tips_and_tricks.as_str(),
            created_at: rfc3339_seconds(actor.user().created_at),
            updated_at: preferences.updated_at.map(rfc3339_seconds),
            version_id: preferences.version_id,
        }
    }
}

/// What `PATCH /user/{user}/preferences` takes: any of the three.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct UpdatePreferencesRequest {
    #[schema(value_type = Option<kinds::Choice>)]
    communication_community_updates: Option<Value>,
    #[schema(value_type = Option<kinds::Choice>)]
    communication_product_updates: Option<Value>,
    #[schema(value_type = Option<kinds::Choice>)]
    communication_tips_and_tricks: Option<Value>,
}

/// A choice as text. What is no text becomes one too, so that it is refused by its field's name and with what to write.
fn text(choice: Option<Value>) -> Option<String> {
    choice.map(|choice| match choice {
        Value::String(text) => text,
        other => other.to_string(),
    })
}

/// Shows which mails are wanted.
#[utoipa::path(
    get, path = "/user/{user}/preferences", tag = "Preferences",
    params(path::User),
    responses(
        (status = 200, description = "The choices.", body = PreferencesView),
        refused::Account,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_preferences(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Read>,
    Path(user): Path<String>,
) -> Answer<Json<PreferencesView>> {
    actor.own(&user)?;
    Ok(Json(PreferencesView::new(
        &actor,
        &app.get_preferences(&actor).await?,
    )))
}

/// Chooses which mails are wanted: any of the three.
#[utoipa::path(
    patch, path = "/user/{user}/preferences", tag = "Preferences",
    params(path::User, path::IfMatch),
    request_body(content = UpdatePreferencesRequest, example = json!({"communication_tips_and_tricks": "disabled"})),
    responses(
        (status = 200, description = "The choices as they are now.", body = PreferencesView),
        refused::Account,
        refused::Version,
        refused::Body,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn update_preferences(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Change>,
    Path(user): Path<String>,
    JsonBody(input): JsonBody<UpdatePreferencesRequest>,
) -> Answer<Json<PreferencesView>> {
    actor.own(&user)?;
    let update = PreferencesUpdate {
        community_updates: text(input.communication_community_updates),
        product_updates: text(input.communication_product_updates),
        tips_and_tricks: text(input.communication_tips_and_tricks),
    };
    Ok(Json(PreferencesView::new(
        &actor,
        &app.update_preferences(&actor, update).await?,
    )))
}

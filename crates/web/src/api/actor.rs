//! `/actor`: who the token belongs to (contract §1.1).

use axum::Json;

use super::{Answer, user::UserView};
use crate::guards::{Bearer, needs::Identify};

/// `GET /actor`
pub(crate) async fn get_actor(Bearer(actor, _): Bearer<Identify>) -> Answer<Json<UserView>> {
    Ok(Json(actor.user().into()))
}

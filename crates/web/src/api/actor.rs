//! `/actor`: who the token belongs to (contract §1.1).

use app::App;
use axum::{Json, extract::State};

use super::{Answer, user::UserView};
use crate::guards::{Bearer, needs::Identify};

/// `GET /actor`
pub(crate) async fn get_actor(
    State(app): State<App>,
    Bearer(actor, _): Bearer<Identify>,
) -> Answer<Json<UserView>> {
    Ok(Json(UserView::new(&app, actor.user())))
}

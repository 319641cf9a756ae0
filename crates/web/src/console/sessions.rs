//! `/settings/sessions`: where the person is signed in.

use app::{Error, SessionRow, sessions::Which};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect},
};
use model::{device, session::SessionKind};

use super::{
    answer::Answer,
    form::SignedForm,
    sign_in::{Nothing, forget_person},
    signed::Signed,
};
use crate::{
    Web,
    pages::{self, Moment, Place, SessionsPage, SettingsPage},
};

const HERE: &str = "/settings/sessions";

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// `GET /settings/sessions`
pub(crate) async fn show_sessions(signed: Signed) -> Answer {
    let rows = signed.app.list_sessions(&signed.actor).await?;
    let settings = &signed.app.settings().sessions;
    signed.page(&SessionsPage {
        lifetime_days: settings.lifetime_seconds / DAY_SECONDS,
        idle_days: settings.idle_seconds / DAY_SECONDS,
        frame: signed.frame(Place::Settings(SettingsPage::Sessions)).await?,
        sessions: rows.into_iter().map(|row| session_row(&signed, row)).collect(),
    })
}

fn session_row(signed: &Signed, row: SessionRow) -> pages::SessionRow {
    let now = signed.app.now();
    let current = signed.actor.session().is_some_and(|session| session.id == row.id);
    pages::SessionRow {
        id: row.id.to_string(),
        device: device::name(&row.user_agent),
        kind: match row.kind {
            SessionKind::Console => "Browser",
            SessionKind::Cli => "Command line",
        },
        ip: row.ip,
        created: Moment::new(row.created_at, now),
        // The one that looks is seen now, before the minute's write says so.
        last_seen: Moment::new(if current { now } else { row.last_seen_at }, now),
        current,
    }
}

/// `POST /settings/sessions/{session}/end`
pub(crate) async fn end_session(
    Path(session): Path<String>,
    SignedForm { signed, .. }: SignedForm<Nothing>,
) -> Answer {
    let id = session.parse().map_err(|_| Error::NotFound("session"))?;
    signed.app.end_session(&signed.actor, id).await?;
    signed.done(HERE, "The session is ended.")
}

/// `POST /settings/sessions/end-others`
pub(crate) async fn end_other_sessions(SignedForm { signed, .. }: SignedForm<Nothing>) -> Answer {
    let ended = signed.app.end_sessions(&signed.actor, Which::Others).await?;
    signed.done(
        HERE,
        &format!(
            "{ended} other session{} ended.",
            if ended == 1 { "" } else { "s" }
        ),
    )
}

/// `POST /settings/sessions/end-all`: this one too.
pub(crate) async fn end_all_sessions(
    State(web): State<Web>,
    SignedForm { signed, .. }: SignedForm<Nothing>,
) -> Answer {
    signed.app.end_sessions(&signed.actor, Which::All).await?;
    let mut response = Redirect::to("/login?ended").into_response();
    forget_person(&web, &mut response);
    Ok(response)
}

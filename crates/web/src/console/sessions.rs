//! `/settings/sessions`: where the person is signed in.

use app::{Error, SessionRow, sessions::Which};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect},
};
use model::session::SessionKind;

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
        device: device(&row.user_agent),
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

/// Browser and system as people call them, from what the client says of itself; what is not known is shown as sent.
pub(super) fn device(user_agent: &str) -> String {
    // Order matters: each name also stands in the user agents of those that imitate it.
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    // Pipes' command lines say no more of themselves than what made their client.
    if user_agent.starts_with("OpenAPI-Generator/") {
        return "Pipes command line".to_owned();
    }
    if let Some(rest) = user_agent.strip_prefix("standpipe/") {
        let host = rest
            .split_once('(')
            .and_then(|(_, rest)| rest.split([';', ')']).next());
        return match host.map(str::trim).filter(|host| !host.is_empty()) {
            Some(host) => format!("standpipe on {host}"),
            None => "standpipe".to_owned(),
        };
    }
    let find = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(sign, _)| user_agent.contains(sign))
            .map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) if user_agent.is_empty() => "Unknown".to_owned(),
        (None, None) => user_agent.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_by_name() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(device(chrome), "Chrome on Linux");
        assert_eq!(
            device("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Gecko Firefox/130.0"),
            "Firefox on macOS"
        );
        assert_eq!(device("curl/8.1"), "curl");
        assert_eq!(device("OpenAPI-Generator/1.0.0/go"), "Pipes command line");
        assert_eq!(
            device("standpipe/0.1.0 (build-7; linux x86_64)"),
            "standpipe on build-7"
        );
        assert_eq!(device("standpipe/0.1.0"), "standpipe");
        assert_eq!(
            (device("").as_str(), device("my-bot").as_str()),
            ("Unknown", "my-bot")
        );
    }
}

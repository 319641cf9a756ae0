//! `/settings/audit-log`: what happened, newest first.

use app::AuditRow;
use axum::extract::Query;
use jiff::Timestamp;

use super::{answer::Answer, signed::Signed};
use crate::{
    api::{PageQuery, encode_cursor},
    pages::{self, AuditLogPage, Moment, Place, SettingsPage},
};

const HERE: &str = "/settings/audit-log";

/// `GET /settings/audit-log`
pub(crate) async fn show_audit_log(signed: Signed, Query(query): Query<PageQuery>) -> Answer {
    let page = query.page()?;
    let first = page.after.is_none();
    let listed = signed.app.list_audit_log(&signed.actor, page).await?;
    let now = signed.app.now();
    let own = signed.actor.user().handle.to_string();
    signed.page(&AuditLogPage {
        frame: signed.frame(Place::Settings(SettingsPage::AuditLog)).await?,
        rows: listed
            .records
            .into_iter()
            .map(|row| audit_row(row, &own, now))
            .collect(),
        search: None,
        newest: (!first).then(|| HERE.to_owned()),
        older: listed
            .next
            .map(|next| format!("{HERE}?next_token={}", encode_cursor(&next))),
    })
}

fn audit_row(row: AuditRow, own: &str, now: Timestamp) -> pages::AuditRow {
    let target = row.target_handle.unwrap_or_default();
    let actor = match row.actor_handle.as_str() {
        "anonymous" => "Somebody".to_owned(),
        "system" => "Standpipe".to_owned(),
        "operator" => "The operator".to_owned(),
        _ => row.actor_handle,
    };
    let credential = match (row.credential_kind.as_str(), row.credential_title) {
        ("token", Some(title)) => format!("Token {title}"),
        ("session", _) => "Browser session".to_owned(),
        ("database_password", _) => "Database password".to_owned(),
        ("mail", _) => "Sign-in mail".to_owned(),
        ("operator", _) => "Terminal".to_owned(),
        _ => String::new(),
    };
    // "ana created the account ana" says no more than "ana created the account".
    let shown = if target == own && actor == own {
        String::new()
    } else {
        target
    };
    let did = row.action.sentence();
    let did = if shown.is_empty() { plain(did) } else { did };
    pages::AuditRow {
        actor,
        did: did.to_owned(),
        target: shown,
        action: row.action.as_str().to_owned(),
        at: Moment::new(row.created_at, now),
        ip: row.actor_ip,
        credential,
    }
}

/// The sentence without the preposition that wants a target.
fn plain(did: &str) -> &str {
    [" of", " to", " for"]
        .into_iter()
        .find_map(|end| did.strip_suffix(end))
        .unwrap_or(did)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_read_well_without_a_target() {
        assert_eq!(plain("signed in to"), "signed in");
        assert_eq!(plain("signed out of"), "signed out");
        assert_eq!(
            plain("created a new database password for"),
            "created a new database password"
        );
        assert_eq!(plain("created token"), "created token");
    }
}

//! `/not-me/{alarm}`: where mails lead that tell of something which somebody else may have done. The page changes
//! nothing: to a signed-in person it offers forms, to everybody else the sign-in.

use app::Error;
use axum::extract::{Path, Query};
use model::{TokenId, alarm::Alarm, token::TokenStatus};
use serde::Deserialize;

use super::{
    answer::{Answer, ConsoleError, outside, page},
    signed::Signed,
};
use crate::pages::{Hidden, NotMeOutsidePage, NotMePage, Place, Remedy, SettingsPage};

/// What the link says more.
#[derive(Deserialize)]
pub(crate) struct Detail {
    token: Option<String>,
}

impl Detail {
    fn token(&self) -> Option<TokenId> {
        self.token.as_deref()?.parse().ok()
    }
}

/// `GET /not-me/{alarm}`
pub(crate) async fn show_not_me(
    signed: Result<Signed, ConsoleError>,
    Path(alarm): Path<String>,
    Query(detail): Query<Detail>,
) -> Answer {
    let alarm: Alarm = alarm.parse().map_err(|()| Error::NotFound("page"))?;
    let token = detail.token();
    let Ok(signed) = signed else {
        let token = token.map(|id| format!("?token={id}")).unwrap_or_default();
        return page(&NotMeOutsidePage {
            outside: outside(),
            what: alarm.title(),
            here: format!("/not-me/{}{token}", alarm.as_str()),
        });
    };
    signed.page(&NotMePage {
        frame: signed.frame(Place::Settings(SettingsPage::Advanced)).await?,
        what: alarm.title(),
        remedies: remedies(&signed, alarm, token).await?,
    })
}

async fn remedies(signed: &Signed, alarm: Alarm, token: Option<TokenId>) -> Result<Vec<Remedy>, Error> {
    let mut remedies = match alarm {
        Alarm::SignIn => vec![end_sessions(), reset(), rotate_password()],
        Alarm::Token => vec![end_sessions(), reset()],
        Alarm::Password => vec![rotate_password(), end_sessions(), reset()],
        Alarm::Email => vec![see_addresses(), end_sessions(), reset()],
        Alarm::Handle => vec![end_sessions(), reset(), see_handle()],
        Alarm::Reset => vec![see_addresses(), rotate_password()],
        Alarm::Export => vec![end_sessions(), reset(), rotate_password()],
    };
    if let Some(id) = token.filter(|_| alarm == Alarm::Token)
        && let Some(remedy) = deactivate(signed, id).await?
    {
        remedies.insert(0, remedy);
    }
    remedies.push(see_audit_log());
    Ok(remedies)
}

/// Nothing when the token is not theirs, or does nothing any more.
async fn deactivate(signed: &Signed, id: TokenId) -> Result<Option<Remedy>, Error> {
    let row = match signed.app.get_token(&signed.actor, id).await {
        Err(Error::NotFound(_)) => return Ok(None),
        found => found?,
    };
    let hidden = Hidden {
        name: "status",
        value: TokenStatus::Inactive.as_str().to_owned(),
    };
    Ok((row.status == TokenStatus::Active).then(|| Remedy {
        title: format!("Deactivate the token {}", row.name()),
        text: "Calls with it are refused at once. If it was you after all, activate it again under Settings, Tokens.",
        label: "Deactivate token",
        path: format!("/settings/tokens/{id}/status"),
        form: Some(vec![hidden]),
    }))
}

fn end_sessions() -> Remedy {
    Remedy {
        title: "End all other sessions".to_owned(),
        text: "Every browser and command line but this one is signed out at once.",
        label: "End all other sessions",
        path: "/settings/sessions/end-others".to_owned(),
        form: Some(Vec::new()),
    }
}

fn rotate_password() -> Remedy {
    Remedy {
        title: "Rotate the database password".to_owned(),
        text: "New database connections need the new one at once; open ones stay. Resetting authentication can end those too.",
        label: "Rotate password",
        path: "/settings/profile/password/rotate".to_owned(),
        form: Some(Vec::new()),
    }
}

fn reset() -> Remedy {
    Remedy {
        title: "Reset authentication".to_owned(),
        text: "Every session and every token ends, this session too, and you sign in again by mail. Do it when you do not know what else they hold.",
        label: "Reset authentication…",
        path: "/settings/advanced/reset-authentication".to_owned(),
        form: None,
    }
}

fn see_addresses() -> Remedy {
    Remedy {
        title: "Look at your e-mail addresses".to_owned(),
        text: "Whoever reads one of them can sign in. Make your own one primary, and remove what is not yours.",
        label: "Open profile",
        path: "/settings/profile".to_owned(),
        form: None,
    }
}

fn see_handle() -> Remedy {
    Remedy {
        title: "Take your handle back".to_owned(),
        text: "The old one is held for you. A handle changes once a day.",
        label: "Open Advanced",
        path: "/settings/advanced".to_owned(),
        form: None,
    }
}

fn see_audit_log() -> Remedy {
    Remedy {
        title: "See what was done".to_owned(),
        text: "The audit log has every change, with its time, address and client.",
        label: "Open audit log",
        path: "/settings/audit-log".to_owned(),
        form: None,
    }
}

//! A signed-in person in front of a page.

use app::{AccessRow, Actor, App, Error, Page, avatars};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{
    answer::{Answer, ConsoleError, page_with},
    cookies::{self, Name},
};
use crate::{
    Web, assets,
    guards::{self, Caller},
    pages::{Flash, Frame, Person, Place, SettingsPage},
};

/// The settings pages that there are.
const SETTINGS: [SettingsPage; 6] = [
    SettingsPage::Profile,
    SettingsPage::Notifications,
    SettingsPage::Tokens,
    SettingsPage::Sessions,
    SettingsPage::AuditLog,
    SettingsPage::Advanced,
];
/// How many workspaces the switcher lists.
const SWITCHER_LIMIT: i64 = 20;

/// A person who is signed in at this browser, and what their pages need.
pub(crate) struct Signed {
    pub(crate) app: App,
    pub(crate) actor: Actor,
    pub(crate) csrf: String,
    scheme: crate::Scheme,
    flash: Option<Flash>,
}

impl FromRequestParts<Web> for Signed {
    type Rejection = ConsoleError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Self::Rejection> {
        let Ok(Caller(peer)) = Caller::from_request_parts(parts, web).await else {
            return Err(Error::Internal("a request has no peer").into());
        };
        let actor = guards::authenticate_browser(&web.app, web.scheme, &parts.headers, peer).await;
        // A session that ended is no session: the person signs in again.
        let actor = actor.map_err(|error| match error {
            Error::CredentialRefused {
                code: "token_expired" | "auth_reset",
                ..
            } => Error::SignInRequired,
            other => other,
        })?;
        guards::note(parts, &actor);
        guards::admit(&web.app, &actor, parts)?;
        let session = actor
            .session()
            .map(|session| session.id.to_string())
            .unwrap_or_default();
        let csrf = web.app.keys().form_token(&session);
        let flash = read_flash(web, &parts.headers);
        Ok(Self {
            app: web.app.clone(),
            actor,
            csrf,
            scheme: web.scheme,
            flash,
        })
    }
}

fn read_flash(web: &Web, headers: &HeaderMap) -> Option<Flash> {
    let value = cookies::read(&web.app, web.scheme, headers, Name::Flash)?;
    let (kind, text) = value.split_once(':')?;
    let text = percent_decode_str(text).decode_utf8().ok()?.into_owned();
    Some(Flash {
        good: kind == "ok",
        text,
    })
}

/// What the address of a workspace's page calls it: its handle where it is the person's own, else the label of its host
/// name, which has a hyphen and so is no handle of a workspace.
pub(super) fn access_name(access: &AccessRow) -> String {
    match access.member {
        None => access.workspace.handle.to_string(),
        Some(_) => format!("{}-{}", access.owner.handle, access.workspace.handle),
    }
}

impl Signed {
    /// The workspace that the address of a page names, which the person may enter.
    pub(crate) async fn access(&self, name: &str) -> Result<AccessRow, Error> {
        self.app.get_access_called(&self.actor, name).await
    }

    /// The frame of a page at `place`.
    pub(crate) async fn frame(&self, place: Place) -> Result<Frame, Error> {
        let workspaces = self
            .app
            .list_workspaces(&self.actor, Page::first(SWITCHER_LIMIT))
            .await?;
        let shared = self
            .app
            .list_shared(&self.actor, Page::first(SWITCHER_LIMIT))
            .await?;
        let user = self.actor.user();
        Ok(Frame {
            assets: assets::urls(),
            person: Person {
                handle: user.handle.to_string(),
                display_name: user
                    .display_name
                    .clone()
                    .unwrap_or_else(|| user.handle.to_string()),
                avatar_url: avatars::avatar_path(user.id, user.avatar_version),
            },
            csrf: self.csrf.clone(),
            place,
            workspaces: workspaces
                .workspaces
                .iter()
                .map(|row| row.handle.to_string())
                .collect(),
            shared: shared.accesses.iter().map(access_name).collect(),
            settings: SETTINGS.to_vec(),
            docs_url: Some(crate::api::DOCS.to_owned()),
            flash: self.flash.clone(),
        })
    }

    /// A page of this person; a notice in it is shown once.
    pub(crate) fn page(&self, page: &impl askama::Template) -> Answer {
        self.page_with(StatusCode::OK, page)
    }

    /// A page of this person with another status than 200.
    pub(crate) fn page_with(&self, status: StatusCode, page: &impl askama::Template) -> Answer {
        let mut response = page_with(status, page)?;
        if self.flash.is_some() {
            self.set_cookie(&mut response, Name::Flash, "");
        }
        Ok(response)
    }

    /// Goes to `path`, where `text` is shown once as what was done.
    pub(crate) fn done(&self, path: &str, text: &str) -> Answer {
        self.go(path, "ok", text)
    }

    /// Goes to `path`, where `text` is shown once as a warning.
    pub(crate) fn warn(&self, path: &str, text: &str) -> Answer {
        self.go(path, "warn", text)
    }

    fn go(&self, path: &str, kind: &str, text: &str) -> Answer {
        let mut response = Redirect::to(path).into_response();
        let value = format!("{kind}:{}", utf8_percent_encode(text, NON_ALPHANUMERIC));
        self.set_cookie(&mut response, Name::Flash, &value);
        Ok(response)
    }

    fn set_cookie(&self, response: &mut Response, name: Name, value: &str) {
        if let Some(cookie) = cookies::set(&self.app, self.scheme, name, value) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

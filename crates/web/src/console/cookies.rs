//! The console's cookies: the session, the proof of the browser that asked for a link, and a notice shown once.
//!
//! Over HTTPS their names begin with `__Host-`, so that no other host can set them. Over plain HTTP on loopback they
//! have other names, so that one never stands for the other (security A.1).

use app::App;
use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use cookie::{Cookie, SameSite, time::Duration};
use model::sign_in::LIFETIME_SECONDS;

use crate::Scheme;

/// The cookies of the console.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Name {
    /// The temporary token of the session.
    Session,
    /// Which sign-in request is this browser's own.
    SignIn,
    /// A notice for the next page.
    Flash,
    /// That this browser was shown the page that ends mails.
    Unsubscribe,
}

impl Name {
    fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::SignIn => "sign_in",
            Self::Flash => "flash",
            Self::Unsubscribe => "unsubscribe",
        }
    }

    fn seconds(self, app: &App) -> i64 {
        match self {
            Self::Session => app.settings().sessions.lifetime_seconds,
            Self::SignIn => LIFETIME_SECONDS,
            Self::Flash => 60,
            Self::Unsubscribe => LIFETIME_SECONDS,
        }
    }
}

/// Whether the browser is reached over TLS: by our own, or by a proxy's when `public_url` says so.
fn is_secure(app: &App, scheme: Scheme) -> bool {
    scheme == Scheme::Https || app.settings().public_url.scheme() == "https"
}

fn full_name(app: &App, scheme: Scheme, name: Name) -> String {
    if is_secure(app, scheme) {
        format!("__Host-standpipe_{}", name.word())
    } else {
        format!("standpipe_{}_http", name.word())
    }
}

/// The value of a cookie that the browser sent.
pub(crate) fn read(app: &App, scheme: Scheme, headers: &HeaderMap, name: Name) -> Option<String> {
    let name = full_name(app, scheme, name);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// The session's temporary token, if the browser sent one.
pub(crate) fn session(app: &App, scheme: Scheme, headers: &HeaderMap) -> Option<String> {
    read(app, scheme, headers, Name::Session)
}

/// The `Cookie` header of a browser that has this cookie alone.
pub(crate) fn pair(app: &App, scheme: Scheme, name: Name, value: &str) -> String {
    format!("{}={value}", full_name(app, scheme, name))
}

/// `response` with `cookie` set before what it sets itself, so that an answer that ends the session has the last word.
pub(crate) fn put_first(mut response: Response, cookie: HeaderValue) -> Response {
    let headers = response.headers_mut();
    let own: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    headers.insert(header::SET_COOKIE, cookie);
    for value in own {
        headers.append(header::SET_COOKIE, value);
    }
    response
}

/// A `Set-Cookie` value; an empty `value` removes the cookie.
pub(crate) fn set(app: &App, scheme: Scheme, name: Name, value: &str) -> Option<HeaderValue> {
    let seconds = if value.is_empty() { 0 } else { name.seconds(app) };
    let cookie = Cookie::build((full_name(app, scheme, name), value))
        .path("/")
        .http_only(true)
        .secure(is_secure(app, scheme))
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(seconds))
        .build();
    HeaderValue::from_str(&cookie.to_string()).ok()
}

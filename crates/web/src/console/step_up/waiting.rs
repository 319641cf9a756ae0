//! A request that waits for a confirmation: kept while its answer is made, carried sealed, and sent on.

use std::borrow::Cow;

use app::{Error, Peer};
use axum::{
    Router,
    body::{Body, HttpBody, to_bytes},
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method, Uri, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use tower::ServiceExt as _;
use url::form_urlencoded;

use crate::{console::answer::Answer, request::Noted};

/// The largest form that can wait. Its sealed text goes into the page twice, and back within the limit of a body.
const FORM_LIMIT: u64 = 16 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// A request as it was sent: a page's path, or a form with its fields.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// The pattern of its route.
    pub(super) route: String,
    /// Its path and query.
    path: String,
    /// Its fields as the browser sent them; a page has none.
    form: Option<String>,
}

/// A request's head, and what can wait of it, kept beside the request itself.
pub(super) struct Kept {
    pub(super) parts: Parts,
    /// Nothing where the request has a body that is no form of ours, or too large a one.
    pub(super) waiting: Option<Waiting>,
}

impl Kept {
    /// Keeps `request`, which is unchanged in what comes back.
    pub(super) async fn keep(request: Request) -> (Self, Request) {
        let (parts, mut body) = request.into_parts();
        let mut form = None;
        if parts.method == Method::POST && is_form(&parts) && body.size_hint().upper().is_some_and(is_small) {
            // The length is known, so that only a broken connection fails here; then there is nobody to answer.
            let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
            form = String::from_utf8(bytes.to_vec()).ok();
            body = Body::from(bytes);
        }
        let route = parts.extensions.get::<MatchedPath>();
        let can_wait = form.is_some() || parts.method == Method::GET;
        let waiting = can_wait.then(|| Waiting {
            route: route.map(|path| path.as_str().to_owned()).unwrap_or_default(),
            path: parts
                .uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            form,
        });
        let request = Request::from_parts(parts.clone(), body);
        (Self { parts, waiting }, request)
    }
}

fn is_form(parts: &Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(FORM.as_bytes()))
}

fn is_small(length: u64) -> bool {
    length <= FORM_LIMIT
}

impl Waiting {
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|_| Error::Internal("a request cannot be kept"))
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|_| Error::Internal("a kept request cannot be read"))
    }

    /// What was typed into a field of the form; nothing when it is empty.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let mut fields = form_urlencoded::parse(self.form.as_deref().unwrap_or_default().as_bytes());
        let value = fields.find_map(|(key, value)| (key == name).then_some(value));
        value
            .map(Cow::into_owned)
            .filter(|value| !value.trim().is_empty())
    }

    /// Goes on with it: to the page, or with the form to `routes`, as the browser of `parts` with the session `cookie`.
    pub(super) async fn go_on(self, routes: Router, parts: Parts, cookie: &str) -> Answer {
        let Some(form) = self.form else {
            return Ok(Redirect::to(&self.path).into_response());
        };
        let request = as_sent(parts, &self.path, form, cookie)?;
        let answered: Result<Response, std::convert::Infallible> = routes.oneshot(request).await;
        match answered {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }
}

/// The form as a request of its own: the head of the confirmation, which comes from the same page and person, with
/// another target, the new cookie, and without what the router noted of the way here.
fn as_sent(parts: Parts, path: &str, form: String, cookie: &str) -> Result<Request, Error> {
    const CANNOT: Error = Error::Internal("a kept request cannot be sent on");
    let mut uri = parts.uri.into_parts();
    uri.path_and_query = Some(path.parse().map_err(|_| CANNOT)?);
    let mut request = Request::new(Body::from(form));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_parts(uri).map_err(|_| CANNOT)?;
    *request.headers_mut() = parts.headers;
    let headers = request.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(FORM));
    headers.insert(header::COOKIE, cookie.parse().map_err(|_| CANNOT)?);
    if let Some(peer) = parts.extensions.get::<Peer>() {
        request.extensions_mut().insert(peer.clone());
    }
    if let Some(noted) = parts.extensions.get::<Noted>() {
        request.extensions_mut().insert(noted.clone());
    }
    Ok(request)
}

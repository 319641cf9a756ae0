//! How often may one network, and one account, ask? What is refused here was looked at by nobody yet.
//!
//! Pages of a list after the first are counted and never refused: clients that are told to wait in the middle of a list
//! break (contract §0.9).

use app::{App, Error};
use axum::{
    extract::{Request, State},
    http::{Method, Uri},
    middleware::Next,
    response::Response,
};

use crate::{console::ConsoleError, guards::peer_of};

/// Refuses a network that asks too often.
pub(crate) fn admit_network(app: &App, request: &Request) -> Result<(), Error> {
    let admitted = app.admit_request(peer_of(request.extensions())?.ip);
    if is_continuation(request.method(), request.uri()) {
        return Ok(());
    }
    admitted
}

/// [`admit_network`] as a layer of the console.
pub(crate) async fn check_network(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, ConsoleError> {
    admit_network(&app, &request)?;
    Ok(next.run(request).await)
}

/// Whether this asks for a page of a list after the first.
pub(crate) fn is_continuation(method: &Method, uri: &Uri) -> bool {
    let mut pairs = uri.query().into_iter().flat_map(|query| query.split('&'));
    method == Method::GET
        && pairs.any(|pair| {
            pair.strip_prefix("next_token=")
                .is_some_and(|token| !token.is_empty())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_later_pages_are_continuations() {
        let is = |method: Method, uri: &'static str| is_continuation(&method, &Uri::from_static(uri));
        assert!(is(Method::GET, "/token?limit=100&next_token=abc"));
        assert!(!is(Method::GET, "/token?limit=100"));
        assert!(!is(Method::GET, "/token?next_token="));
        assert!(!is(Method::GET, "/token?not_next_token=abc"));
        assert!(!is(Method::POST, "/token?next_token=abc"));
    }
}

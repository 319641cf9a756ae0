//! What is known of every request: its id, who is at the other end, and the one line of log that it leaves.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Instant,
};

use app::{Actor, Peer};
use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use model::session;

use crate::Web;

/// How a listener is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain, on loopback or behind a proxy that ends TLS.
    Http,
    /// Over our own TLS.
    Https,
}

/// The header that carries the request's id in the answer.
const REQUEST_ID: &str = "x-request-id";

/// The actor of a request, once a guard has found them; for the log.
#[derive(Clone, Default)]
pub(crate) struct Noted(Arc<OnceLock<(String, Option<String>)>>);

impl Noted {
    pub(crate) fn actor(&self, actor: &Actor) {
        let _ = self.0.set((actor.id().to_string(), actor.credential().id()));
    }
}

/// Gives the request its id and its peer, and logs it when it is answered.
pub(crate) async fn observe(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let peer = peer_of(&web, &request);
    let noted = Noted::default();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let id = peer.request_id.clone();
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(noted.clone());
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let (actor, credential) = noted.0.get().cloned().unwrap_or_default();
    // The route, not the path: a path can hold what a person typed.
    tracing::info!(
        request.id = id,
        actor.id = actor,
        credential.id = credential,
        method = %method,
        route,
        status = response.status().as_u16(),
        duration_ms = started.elapsed().as_secs_f64() * 1000.0,
        "request"
    );
    response
}

fn peer_of(web: &Web, request: &Request) -> Peer {
    let info = request.extensions().get::<ConnectInfo<SocketAddr>>();
    Peer {
        ip: info.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| {
            info.0.ip().to_canonical()
        }),
        user_agent: user_agent(request.headers()),
        request_id: format!(
            "r_{}",
            web.app.random().symbols(b"0123456789abcdefghijklmnopqrstuv", 20)
        ),
    }
}

fn user_agent(headers: &HeaderMap) -> String {
    let text = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    session::user_agent(text.unwrap_or_default())
}

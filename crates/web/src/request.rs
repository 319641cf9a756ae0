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
use ipnet::IpNet;
use jiff::Timestamp;
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

/// The header in which proxies say for whom they ask.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The actor of a request, once a guard has found them; for the log, and for what the answer says of the token.
#[derive(Clone, Default)]
pub(crate) struct Noted(Arc<OnceLock<NotedActor>>);

#[derive(Clone, Default)]
struct NotedActor {
    id: String,
    credential: Option<String>,
    ends_at: Option<Timestamp>,
}

impl Noted {
    pub(crate) fn actor(&self, actor: &Actor) {
        let _ = self.0.set(NotedActor {
            id: actor.id().to_string(),
            credential: actor.credential().id(),
            ends_at: actor.token_expires_at(),
        });
    }

    /// When the credential of the request ends, if it does.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        self.0.get().and_then(|noted| noted.ends_at)
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
    let actor = noted.0.get().cloned().unwrap_or_default();
    // The route, not the path: a path can hold what a person typed.
    tracing::info!(
        request.id = id,
        actor.id = actor.id,
        credential.id = actor.credential,
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
    let ip = info.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    Peer {
        ip: client_ip(ip, request.headers(), &web.app.settings().trusted_proxies),
        user_agent: user_agent(request.headers()),
        request_id: format!(
            "r_{}",
            web.app.random().symbols(b"0123456789abcdefghijklmnopqrstuv", 20)
        ),
    }
}

/// The client's address: that of the connection, or, where a trusted proxy is at its other end, the right-most address
/// in `X-Forwarded-For` that is no trusted proxy (security A.5). What stands left of it, the client wrote itself.
fn client_ip(connection: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let is_proxy = |ip: &IpAddr| proxies.iter().any(|network| network.contains(ip));
    let mut client = connection.to_canonical();
    let lines: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .map(|line| line.to_str().unwrap_or_default())
        .collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !is_proxy(&client) {
            break;
        }
        // What cannot be read says nothing of who is behind it: the last known hop stands.
        let Some(ip) = forwarded_ip(hop.trim()) else { break };
        client = ip;
    }
    client
}

/// An address as proxies write it: alone, or with a port.
fn forwarded_ip(hop: &str) -> Option<IpAddr> {
    let ip = hop
        .parse()
        .or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()));
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']'));
    ip.ok()
        .or_else(|| bare.and_then(|ip| ip.parse().ok()))
        .map(|ip: IpAddr| ip.to_canonical())
}

fn user_agent(headers: &HeaderMap) -> String {
    let text = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    session::user_agent(text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(connection: &str, lines: &[&str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let proxies: Vec<IpNet> = proxies.iter().map(|network| network.parse().unwrap()).collect();
        client_ip(connection.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn nobody_is_believed_by_default() {
        assert_eq!(from("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        let ours = ["10.0.0.0/8"];
        assert_eq!(from("203.0.113.9", &["198.51.100.1"], &ours), "203.0.113.9");
    }

    #[test]
    fn the_right_most_stranger_is_the_client() {
        let ours = ["10.0.0.0/8", "fd00::/8"];
        let seen = |lines: &[&str]| from("10.0.0.1", lines, &ours);
        assert_eq!(seen(&["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen(&["127.0.0.1, 198.51.100.1, 10.2.3.4"]), "198.51.100.1");
        assert_eq!(seen(&["1.1.1.1", "198.51.100.1 , fd00::1"]), "198.51.100.1");
        assert_eq!(seen(&["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(seen(&["[2001:db8::1]:4711, 10.0.0.9"]), "2001:db8::1");
        assert_eq!(seen(&["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(from("::ffff:10.0.0.1", &["198.51.100.1"], &ours), "198.51.100.1");
        // Nothing that can be read: the proxy itself.
        assert_eq!(seen(&[]), "10.0.0.1");
        assert_eq!(seen(&["198.51.100.1, unknown"]), "10.0.0.1");
        assert_eq!(seen(&["198.51.100.1, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(seen(&["10.0.0.3"]), "10.0.0.3");
    }
}

//! What is known of every request: its id, who is at the other end, and the one line of log that it leaves.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Instant,
};

use app::{Actor, Peer};
use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use ipnet::IpNet;
use jiff::Timestamp;
use model::{UserId, session};

use crate::{Web, headers, unread};

/// How a listener is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain, on loopback or behind a proxy that ends TLS.
    Http,
    /// Over our own TLS.
    Https,
}

/// The header that carries the request's id in the answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header in which proxies say for whom they ask.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// What is noted of a request, for the log and for what the answer says: its id, and its actor, once a guard has found
/// them.
#[derive(Clone, Default)]
pub(crate) struct Noted(Arc<Note>);

#[derive(Default)]
struct Note {
    request_id: String,
    actor: OnceLock<NotedActor>,
}

struct NotedActor {
    id: UserId,
    credential: Option<String>,
    ends_at: Option<Timestamp>,
}

impl Noted {
    /// What is noted of the request with these extensions.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_default()
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.0.request_id
    }

    pub(crate) fn actor(&self, actor: &Actor) {
        let _ = self.0.actor.set(NotedActor {
            id: actor.id(),
            credential: actor.credential().id(),
            ends_at: actor.token_expires_at(),
        });
    }

    /// When the credential of the request ends, if it does.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        self.0.actor.get().and_then(|noted| noted.ends_at)
    }
}

/// What surrounds every request: it gets an id and a peer, goes on if it is for us, and its answer gets what all answers
/// carry, is logged, and leaves when its request has been read.
pub(crate) async fn surround(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let seen = Seen::of(&web, &mut request);
    let (request, rest) = unread::lend(request);
    let mut response = match headers::refuse_other_host(&web.app, &request) {
        None => next.run(request).await,
        Some(refused) => {
            drop(request);
            refused
        }
    };
    headers::protect(&web, response.headers_mut());
    seen.log(&mut response);
    rest.read().await;
    response
}

/// A request, while it is answered.
struct Seen {
    started: Instant,
    noted: Noted,
    method: Method,
    /// Not the path: a path can hold what a person typed.
    route: Option<MatchedPath>,
}

impl Seen {
    fn of(web: &Web, request: &mut Request) -> Self {
        let peer = peer_of(web, request);
        let noted = Noted(Arc::new(Note {
            request_id: peer.request_id.clone(),
            actor: OnceLock::new(),
        }));
        let extensions = request.extensions_mut();
        extensions.insert(peer);
        extensions.insert(noted.clone());
        Self {
            started: Instant::now(),
            noted,
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
        }
    }

    fn log(&self, response: &mut Response) {
        let id = self.noted.request_id();
        if let Ok(value) = HeaderValue::from_str(id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        let actor = self.noted.0.actor.get();
        tracing::info!(
            request.id = id,
            actor.id = actor.map(|actor| tracing::field::display(actor.id)),
            credential.id = actor.and_then(|actor| actor.credential.as_deref()),
            method = %self.method,
            route = self.route.as_ref().map_or("none", MatchedPath::as_str),
            status = response.status().as_u16(),
            duration_ms = self.started.elapsed().as_secs_f64() * 1000.0,
            "request"
        );
    }
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

//! The whole course of a connection up to the backend's door, before the real application on SQLite. What lies behind
//! the door (relay, cancel, rotation) is tested with a real PostgreSQL by the workspace's own tests.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use app::{
    App, Keys, LimitSettings, MailSettings, MasterKey, Parts, Peer, Settings, SignUp, tokens::NewToken,
};
use arc_swap::ArcSwap;
use model::{Clock, Random};
use postgres_protocol::message::backend::Message;
use store::{Db, Page};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    task::JoinHandle,
};

use bytes::Bytes;

use super::*;
use crate::{
    Gateway, GatewaySettings,
    handshakes::{Handshakes, Place},
    sasl::tests::{backend_message, log_in},
    startup::{SSL_REQUEST, V3_0},
    tls::tests::certified_key,
};

const USER: &str = "ana-test";

struct Door {
    app: App,
    shared: Arc<Shared>,
    handshakes: Arc<Handshakes>,
    end: CancellationToken,
    password: String,
    _data: TempDir,
}

/// Numbers that never repeat.
fn random() -> Random {
    let next = AtomicU64::new(1);
    Random::new(move |out| {
        for chunk in out.chunks_mut(8) {
            let number = next
                .fetch_add(1, Ordering::Relaxed)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            for (slot, byte) in chunk.iter_mut().zip(number.to_be_bytes()) {
                *slot = byte;
            }
        }
    })
}

fn settings(limits: LimitSettings) -> Settings {
    Settings {
        public_url: "http://localhost:8080".parse().unwrap(),
        trusted_proxies: Vec::new(),
        https_url: None,
        gateway_domain: "db.test".to_owned(),
        gateway_port: 9193,
        ca_path: None,
        sign_up: SignUp::Open,
        credential_linger: std::time::Duration::ZERO,
        tokens_per_user: 2,
        handles: app::HandleSettings::default(),
        sessions: app::SessionSettings::default(),
        mail: MailSettings { directory: None },
        limits,
        connections: app::connections::ConnectionSettings::default(),
        queries: app::QuerySettings::default(),
        attach: Vec::new(),
        own_doors: Vec::new(),
    }
}

async fn door_with(limits: LimitSettings, settings_of_ours: GatewaySettings) -> Door {
    let data = tempfile::tempdir().unwrap();
    let random = random();
    let app = App::new(Parts {
        db: Db::open_sqlite(&data.path().join("store.db")).await.unwrap(),
        events: data.path().join("events"),
        keys: Keys::new(&MasterKey::generate(&random)),
        clock: Clock::new(|| "2026-11-01T00:00:00Z".parse().unwrap()),
        random,
        settings: settings(limits),
        transport: mail::Transport::directory(
            data.path(),
            mail::Sender::plain("standpipe@example.com".parse().unwrap()),
        ),
        on_link: Arc::new(|_| {}),
        backends: app::Backends::none(),
        network: app::Network::nowhere(),
    });
    app.admin_create_user(USER, "ana@example.com").await.unwrap();
    let certificate = Arc::new(ArcSwap::new(certified_key()));
    let gateway = Gateway::new(app.clone(), settings_of_ours, certificate);
    let password = actor(&app).await;
    let password = app
        .reveal_password(&password)
        .await
        .unwrap()
        .password
        .expose()
        .clone();
    Door {
        app,
        shared: gateway.0,
        handshakes: Arc::new(Handshakes::new(8, 8)),
        end: CancellationToken::new(),
        password,
        _data: data,
    }
}

async fn door() -> Door {
    door_with(LimitSettings::default(), quick()).await
}

fn quick() -> GatewaySettings {
    GatewaySettings {
        refusal_delay: Duration::from_millis(30),
        ..GatewaySettings::default()
    }
}

async fn actor(app: &App) -> app::Actor {
    let token = app.admin_create_token(USER, NewToken::default()).await.unwrap();
    let peer = Peer {
        ip: [127, 0, 0, 1].into(),
        user_agent: String::new(),
        request_id: "r".to_owned(),
    };
    app.authenticate_bearer(token.expose(), peer).await.unwrap()
}

impl Door {
    fn enter(&self, ip: IpAddr) -> Option<Place> {
        let mut place = self.handshakes.enter()?;
        self.shared.hears(&mut place, ip).then_some(place)
    }

    fn knock(&self) -> (DuplexStream, JoinHandle<bool>) {
        let (ours, theirs) = tokio::io::duplex(4096);
        let peer: SocketAddr = ([192, 0, 2, 7], 5000).into();
        let place = self.enter(peer.ip()).unwrap();
        let end = self.end.child_token();
        (
            theirs,
            tokio::spawn(serve(self.shared.clone(), ours, Origin::Client(peer), place, end)),
        )
    }

    /// Asks for `database` as `user`.
    async fn ask(&self, user: &str, database: &str) -> (DuplexStream, JoinHandle<bool>) {
        let (mut stream, session) = self.knock();
        let body = format!("user\0{user}\0database\0{database}\0\0");
        stream.write_all(&packet(V3_0, body.as_bytes())).await.unwrap();
        (stream, session)
    }

    /// Tries to log in; the challenge and the error.
    async fn try_in(&self, user: &str, database: &str, password: &str) -> (String, Vec<String>) {
        let (mut stream, session) = self.ask(user, database).await;
        let (_, challenge) = log_in(&mut stream, password).await;
        let error = error(stream).await;
        session.await.unwrap();
        (challenge, error)
    }
}

fn packet(code: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(8 + body.len()).unwrap();
    [&length.to_be_bytes(), &code.to_be_bytes(), body].concat()
}

/// The fields of an error, each with its kind in front; it must be the last thing that the gateway says.
async fn error(mut stream: DuplexStream) -> Vec<String> {
    let message = crate::message::read_message(&mut stream, 1000).await.unwrap();
    assert_eq!(message.kind, b'E');
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
    let text = String::from_utf8(message.body.to_vec()).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

fn state(error: &[String]) -> &str {
    error.iter().find_map(|field| field.strip_prefix('C')).unwrap()
}

fn salt(challenge: &str) -> &str {
    challenge.split(',').nth(1).unwrap()
}

async fn refusals(door: &Door) -> usize {
    let actor = actor(&door.app).await;
    let log = door
        .app
        .list_audit_log(&actor, None, Page::first(100))
        .await
        .unwrap();
    log.records
        .iter()
        .filter(|row| row.action.as_str() == "workspace.connection.refuse")
        .count()
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_alike() {
    let door = door().await;
    let mut seen = Vec::new();
    for user in [USER, "nobody-here", "Not_A_Handle", USER, "nobody-here"] {
        let began = Instant::now();
        let (challenge, error) = door.try_in(user, "a1b2c3", "wrong").await;
        assert!(began.elapsed() >= Duration::from_millis(30));
        assert_eq!(state(&error), "28P01");
        let shape: Vec<usize> = challenge.split(',').map(str::len).collect();
        let error: Vec<_> = error.into_iter().map(|field| field.replace(user, "…")).collect();
        seen.push((shape, error, salt(&challenge).to_owned()));
    }
    assert!(
        seen.iter()
            .all(|(shape, error, _)| (shape, error) == (&seen[0].0, &seen[0].1))
    );
    let salts: Vec<&String> = seen.iter().map(|(_, _, salt)| salt).collect();
    assert_eq!((salts[0], salts[1]), (salts[3], salts[4]));
    assert!(salts[0] != salts[1] && salts[1] != salts[2]);
    assert_eq!(refusals(&door).await, 2);
}

#[tokio::test]
async fn only_the_right_password_learns_of_databases() {
    let door = door().await;
    let (_, error) = door.try_in(USER, "a1b2c3", &door.password).await;
    assert_eq!(state(&error), "3D000");
    let (_, error) = door.try_in(USER, "a1b2c3", "wrong").await;
    assert_eq!(state(&error), "28P01");
    assert_eq!(refusals(&door).await, 2);
}

#[tokio::test]
async fn only_the_right_password_learns_of_a_suspension() {
    let door = door().await;
    door.app.admin_set_user_active(USER, false).await.unwrap();
    let (_, error) = door.try_in(USER, "a1b2c3", &door.password).await;
    assert_eq!(state(&error), "28000");
    let (_, error) = door.try_in(USER, "a1b2c3", "wrong").await;
    assert_eq!(state(&error), "28P01");
}

#[tokio::test]
async fn attempts_are_limited_before_the_challenge() {
    let limits = LimitSettings {
        connections_per_ip: 1,
        ..LimitSettings::default()
    };
    let door = door_with(limits, quick()).await;
    door.try_in(USER, "a1b2c3", "wrong").await;
    for user in [USER, "nobody-here"] {
        let (stream, session) = door.ask(user, "a1b2c3").await;
        assert_eq!(state(&error(stream).await), "53300");
        session.await.unwrap();
    }
}

#[tokio::test]
async fn packets_that_cannot_be_are_answered_by_their_state() {
    let door = door().await;
    let cases = [
        (packet(2 << 16, b"\0"), "0A000"),
        (packet(V3_0, b"user\0a\0replication\0true\0\0"), "0A000"),
        (packet(V3_0, b"database\0a\0\0"), "28000"),
        (packet(V3_0, b"user\0a"), "08P01"),
    ];
    for (octets, expected) in cases {
        let (mut stream, session) = door.knock();
        stream.write_all(&octets).await.unwrap();
        assert_eq!(state(&error(stream).await), expected);
        session.await.unwrap();
    }
}

/// What comes back on `octets`, to the end.
async fn answer(door: &Door, octets: &[u8]) -> Vec<u8> {
    let (mut stream, session) = door.knock();
    stream.write_all(octets).await.unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).await.unwrap();
    drop(stream);
    session.await.unwrap();
    back
}

#[tokio::test]
async fn strangers_get_no_word() {
    let door = door().await;
    assert_eq!(answer(&door, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await, b"");
    let request = CancelKey {
        pid: 7,
        secret: Bytes::from_static(b"none"),
    };
    assert_eq!(answer(&door, &request.to_cancel_request()).await, b"");
    // A startup packet in plain text behind the request for TLS: `S`, and at most an alert.
    let injected = [packet(SSL_REQUEST, b""), packet(V3_0, b"user\0eve\0\0")].concat();
    let back = answer(&door, &injected).await;
    assert_eq!(back.first(), Some(&b'S'));
    assert!(back.get(1..).unwrap().first().is_none_or(|octet| *octet == 0x15));
}

#[tokio::test]
async fn a_slow_client_is_closed_in_every_state() {
    let settings = GatewaySettings {
        handshake_timeout: Duration::from_millis(60),
        ..quick()
    };
    let door = door_with(LimitSettings::default(), settings).await;
    let startup = packet(V3_0, b"user\0ana-test\0\0");
    for sent in [
        &b""[..],
        b"\0",
        &startup[..12],
        &startup,
        &packet(SSL_REQUEST, b""),
    ] {
        let began = Instant::now();
        answer(&door, sent).await;
        assert!(began.elapsed() < Duration::from_secs(2), "{sent:?}");
    }
    let peer = [192, 0, 2, 7].into();
    // A stranger would not get the last ones.
    door.handshakes.remember(peer, "ana");
    let places: Vec<_> = (0..8).map_while(|_| door.enter(peer)).collect();
    assert_eq!(places.len(), 8, "every place is given back");
}

#[tokio::test]
async fn a_handshake_ends_when_the_gateway_does() {
    let door = door().await;
    let (mut stream, session) = door.ask(USER, "a1b2c3").await;
    assert!(matches!(
        backend_message(&mut stream).await,
        Message::AuthenticationSasl(_)
    ));
    door.end.cancel();
    assert_eq!(state(&error(stream).await), "57P03");
    session.await.unwrap();
}

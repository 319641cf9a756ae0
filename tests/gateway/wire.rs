//! A client that speaks in octets, to say what no driver says and to see what drivers hide.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::world::connect_from;

const PATIENCE: Duration = Duration::from_secs(30);
const V3_0: u32 = 3 << 16;
/// The code of a request for TLS.
pub(super) const SSL_REQUEST: u32 = 80_877_103;

pub(super) struct Wire(TcpStream);

/// How an attempt with a wrong proof went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    /// What was offered, each with its zero.
    pub(super) mechanisms: Vec<u8>,
    pub(super) salt: String,
    pub(super) iterations: String,
    /// The whole `ErrorResponse`, after which nothing came.
    pub(super) error: Vec<u8>,
}

impl Wire {
    pub(super) async fn connect(gateway: SocketAddr) -> Self {
        Self(TcpStream::connect(gateway).await.unwrap())
    }

    /// From `address`, which is one of this machine.
    pub(super) async fn connect_from(address: [u8; 4], gateway: SocketAddr) -> Self {
        Self(connect_from(address, gateway).await)
    }

    pub(super) async fn send(&mut self, octets: &[u8]) {
        self.0.write_all(octets).await.unwrap();
    }

    /// A message: its kind and its body.
    pub(super) async fn message(&mut self) -> (u8, Vec<u8>) {
        let reading = async {
            let kind = self.0.read_u8().await.unwrap();
            let mut body = vec![0; self.0.read_u32().await.unwrap() as usize - 4];
            self.0.read_exact(&mut body).await.unwrap();
            (kind, body)
        };
        timeout(PATIENCE, reading).await.expect("a message in time")
    }

    /// All that comes until the gateway closes, which it must do by itself.
    pub(super) async fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // What lies unread in the gateway's socket turns its closing into a reset.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut rest))
            .await
            .expect("it is closed");
        rest
    }
}

/// A startup packet.
pub(super) fn startup(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut body: Vec<u8> = pairs
        .iter()
        .flat_map(|(name, value)| format!("{name}\0{value}\0").into_bytes())
        .collect();
    body.push(0);
    packet(V3_0, &body)
}

/// A packet without a kind.
pub(super) fn packet(code: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).unwrap();
    [&length.to_be_bytes(), &code.to_be_bytes(), body].concat()
}

/// A password message.
pub(super) fn password(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [b"p", &length.to_be_bytes()[..], body].concat()
}

/// Logs in as `user` with a proof that is none.
pub(super) async fn attempt(gateway: SocketAddr, user: &str) -> Attempt {
    let mut wire = Wire::connect(gateway).await;
    wire.send(&startup(&[("user", user), ("database", "a1b2c3")]))
        .await;
    let mechanisms = body(wire.message().await, 10);
    let first = b"n,,n=,r=clients";
    let length = u32::try_from(first.len()).unwrap().to_be_bytes();
    wire.send(&password(&[b"SCRAM-SHA-256\0", &length[..], first].concat()))
        .await;
    let challenge = String::from_utf8(body(wire.message().await, 11)).unwrap();
    let attribute = |name: &str| {
        challenge
            .split(',')
            .find_map(|part| part.strip_prefix(name))
            .unwrap()
            .to_owned()
    };
    let proof = "A".repeat(43);
    wire.send(&password(
        format!("c=biws,r={},p={proof}=", attribute("r=")).as_bytes(),
    ))
    .await;
    Attempt {
        mechanisms,
        salt: attribute("s="),
        iterations: attribute("i="),
        error: wire.rest().await,
    }
}

/// The body of an authentication message of the kind `code`.
fn body((kind, body): (u8, Vec<u8>), code: u32) -> Vec<u8> {
    let (head, data) = body.split_first_chunk::<4>().unwrap();
    assert_eq!((kind, u32::from_be_bytes(*head)), (b'R', code));
    data.to_vec()
}

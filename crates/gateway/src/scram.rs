//! SCRAM-SHA-256 (RFC 5802, RFC 7677) as PostgreSQL frames it, without I/O: the server's side towards clients, the
//! client's side towards backends. Nonces are passed in.

pub(crate) mod client;
pub(crate) mod server;

use data_encoding::BASE64;
use model::{Random, scram::Key};

/// The mechanism without channel binding.
pub(crate) const SCRAM: &str = "SCRAM-SHA-256";
/// The mechanism that is bound to the TLS channel by the server's certificate.
pub(crate) const SCRAM_PLUS: &str = "SCRAM-SHA-256-PLUS";

/// A nonce of 18 random octets in base64, as PostgreSQL makes them.
pub(crate) fn nonce(random: &Random) -> String {
    BASE64.encode(&random.bytes::<18>())
}

/// The value of attribute `name` at the front of `text`, and what follows its comma.
fn attribute(text: &str, name: char) -> Option<(&str, Option<&str>)> {
    let value = text.strip_prefix(name)?.strip_prefix('=')?;
    Some(match value.split_once(',') {
        Some((value, rest)) => (value, Some(rest)),
        None => (value, None),
    })
}

/// A nonce's characters: printable ASCII without the comma.
fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

/// A 32-octet key in base64.
fn key(text: &str) -> Option<Key> {
    BASE64.decode(text.as_bytes()).ok()?.try_into().ok()
}

//! SCRAM-SHA-256 (RFC 5802, RFC 7677) as PostgreSQL frames it, without I/O: the server's side towards clients, the
//! client's side towards backends.

pub(crate) mod client;
pub(crate) mod server;

use data_encoding::BASE64;
use model::scram::{Key, attribute, is_nonce};

/// The mechanism without channel binding.
pub(crate) const SCRAM: &str = "SCRAM-SHA-256";
/// The mechanism that is bound to the TLS channel by the server's certificate.
pub(crate) const SCRAM_PLUS: &str = "SCRAM-SHA-256-PLUS";

/// A 32-octet key in base64.
fn key(text: &str) -> Option<Key> {
    BASE64.decode(text.as_bytes()).ok()?.try_into().ok()
}

//! Signing in by mail: a link and a code, for a quarter of an hour, once.

use crate::{Random, Secret};

/// How long a link and its code work: 15 minutes.
pub const LIFETIME_SECONDS: i64 = 15 * 60;
/// How many codes may be tried before the request is burned (security A.3). Tries are counted before they are compared.
pub const CODE_TRIES: i64 = 5;

const DIGITS: &[u8] = b"0123456789";
const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A six-digit code, each digit drawn uniformly.
pub fn generate_code(random: &Random) -> Secret<String> {
    Secret::new(random.symbols(DIGITS, 6))
}

/// The secret of a link or of a browser's nonce: 43 base-62 symbols, 256 bits.
pub fn generate_secret(random: &Random) -> Secret<String> {
    Secret::new(random.symbols(BASE62, 43))
}

/// A code as a person types it, reduced to its digits: `123 456` and `123-456` are good too.
pub fn normalise_code(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .take(16)
        .collect()
}

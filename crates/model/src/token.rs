//! API tokens and temporary tokens: their shape, titles, states and lifetimes.
//!
//! A token is `{kind}_{20 xid}_{30 base62}{6 base62 CRC-32}`. The xid is public and finds the row; the 30 characters
//! are 178 bits of secret; the checksum lets a malformed token be refused before the store is asked, and lets
//! scanners know one when they see it.

mod life;

use std::{fmt, str::FromStr};

use rand::distr::{Alphanumeric, SampleString};
use zeroize::Zeroize;

use crate::{Invalid, Random, SessionId, TokenId, profile};

pub use life::{
    OVERLAP_DEFAULT, OVERLAP_MAX, TOLD_SECONDS, TokenState, WARNING_DAYS, expires_at, overlap, warning,
};

const SECRET_LENGTH: usize = 30;
const CHECKSUM_LENGTH: usize = 6;
const XID_LENGTH: usize = 20;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The longest title, in characters.
pub const TITLE_MAX: usize = 100;
/// The longest description, in characters.
pub const DESCRIPTION_MAX: usize = 500;

/// Which credential a token text names, by its public part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKey {
    /// `tpt_…`: a token that a person made under Settings.
    Api(TokenId),
    /// `tptt_…`: the temporary token of a console or CLI session.
    Temporary(SessionId),
}

impl TokenKey {
    fn prefix(self) -> &'static str {
        match self {
            Self::Api(_) => "tpt",
            Self::Temporary(_) => "tptt",
        }
    }

    fn xid(self) -> xid::Id {
        match self {
            Self::Api(id) => id.xid(),
            Self::Temporary(id) => id.xid(),
        }
    }
}

/// A token as its holder has it. Only its keyed hash is ever stored.
#[derive(Clone)]
pub struct PlainToken {
    key: TokenKey,
    text: String,
}

impl PlainToken {
    /// A new token for `key` with a fresh secret.
    pub fn generate(key: TokenKey, random: &Random) -> Self {
        let secret = Alphanumeric.sample_string(&mut random.clone(), SECRET_LENGTH);
        let mut text = format!("{}_{}_{secret}", key.prefix(), key.xid());
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Self { key, text }
    }

    /// Which credential this is.
    pub fn key(&self) -> TokenKey {
        self.key
    }

    /// The whole token. Shown once to its owner and put into the cookie; not for logs, errors or URLs.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The last four characters, by which lists tell tokens apart.
    pub fn last4(&self) -> String {
        self.text
            .get(self.text.len().saturating_sub(4)..)
            .unwrap_or_default()
            .to_owned()
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainToken({:?})", self.key)
    }
}

impl Drop for PlainToken {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

/// A text that is no token: wrong shape or wrong checksum. It says nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedToken;

impl FromStr for PlainToken {
    type Err = MalformedToken;

    fn from_str(text: &str) -> Result<Self, MalformedToken> {
        let (prefix, rest) = text.split_once('_').ok_or(MalformedToken)?;
        let (public, secret) = rest.split_once('_').ok_or(MalformedToken)?;
        if public.len() != XID_LENGTH
            || secret.len() != SECRET_LENGTH + CHECKSUM_LENGTH
            || !secret.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(MalformedToken);
        }
        let (body, sum) = text
            .split_at_checked(text.len() - CHECKSUM_LENGTH)
            .ok_or(MalformedToken)?;
        let xid: xid::Id = public.parse().map_err(|_| MalformedToken)?;
        if checksum(body) != sum || xid.to_string() != public {
            return Err(MalformedToken);
        }
        let key = match prefix {
            "tpt" => TokenKey::Api(TokenId::from_xid(xid)),
            "tptt" => TokenKey::Temporary(SessionId::from_xid(xid)),
            _ => return Err(MalformedToken),
        };
        Ok(Self {
            key,
            text: text.to_owned(),
        })
    }
}

/// CRC-32 (ISO-HDLC) of `text` as six base-62 digits, most significant first.
fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62.get((rest % 62) as usize).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits.into_iter().map(char::from).collect()
}

/// Whether a token may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStatus {
    /// It opens the API.
    Active,
    /// Its owner switched it off and can switch it on again.
    Inactive,
}

impl TokenStatus {
    /// The value in SQL, JSON and forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }
}

impl FromStr for TokenStatus {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "active" => Ok(Self::Active),
            "inactive" => Ok(Self::Inactive),
            _ => Err(Invalid::new(
                "status",
                "The status is \"active\" or \"inactive\".",
            )),
        }
    }
}

/// A token's title; without one the token is called by its last four characters.
pub fn title(text: &str) -> Result<Option<String>, Invalid> {
    profile::line("title", text, TITLE_MAX)
}

/// What a token is for, in its owner's words.
pub fn description(text: &str) -> Result<Option<String>, Invalid> {
    profile::line("description", text, DESCRIPTION_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time;

    fn random() -> Random {
        let counter = std::sync::atomic::AtomicU64::new(1);
        Random::new(move |out| {
            for byte in out {
                let n = counter.fetch_add(0x9E37_79B9_7F4A_7C15, std::sync::atomic::Ordering::Relaxed);
                *byte = (n ^ (n >> 29)).to_le_bytes()[3];
            }
        })
    }

    fn token(temporary: bool) -> PlainToken {
        let (random, now) = (random(), time::from_micros(1_700_000_000_000_000));
        let key = if temporary {
            TokenKey::Temporary(SessionId::new(now, &random))
        } else {
            TokenKey::Api(TokenId::new(now, &random))
        };
        PlainToken::generate(key, &random)
    }

    #[test]
    fn round_trip() {
        for temporary in [false, true] {
            let token = token(temporary);
            let again: PlainToken = token.expose().parse().unwrap();
            assert_eq!(again.key(), token.key());
            assert_eq!(token.expose().len(), if temporary { 62 } else { 61 });
            assert!(!format!("{token:?}").contains(&token.expose()[26..]));
        }
    }

    #[test]
    fn every_single_wrong_character_is_caught() {
        let token = token(false);
        for at in 0..token.expose().len() {
            for wrong in ["0", "a", "Z", "_", "é"] {
                let mut text = token.expose().to_owned();
                if &text[at..=at] != wrong {
                    text.replace_range(at..=at, wrong);
                    assert!(text.parse::<PlainToken>().is_err(), "at {at}: {wrong}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_without_a_panic(text in "\\PC{0,80}") {
            prop_assert!(text.parse::<PlainToken>().is_err());
        }
    }
}

//! A command line's login: it asks with a secret of its own, a person lets it in at their browser, and carries a code
//! from there to the terminal (contract §5.1, security A.3).

use std::str::FromStr;

use jiff::Timestamp;

use crate::{CliLoginId, Invalid, Random, Secret};

/// How long a request and its code work: 10 minutes.
pub const LIFETIME_SECONDS: i64 = 10 * 60;
/// How many codes may be tried before the request is burned for good. Tries are counted before they are compared.
pub const CODE_TRIES: i64 = 5;

const BASE36: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// 26 base-36 symbols: 134 bits.
const SECRET_LENGTH: usize = 26;

/// What the command line holds and sends as the request's `id`: whoever has it may try codes.
#[derive(Debug, Clone)]
pub struct CliLoginKey {
    id: CliLoginId,
    text: Secret<String>,
}

impl CliLoginKey {
    /// A fresh one, for a request made at `now`.
    pub fn generate(now: Timestamp, random: &Random) -> Self {
        let id = CliLoginId::new(now, random);
        let secret = random.symbols(BASE36, SECRET_LENGTH);
        Self {
            id,
            text: Secret::new(format!("{id}_{secret}")),
        }
    }

    /// The part that is no secret.
    pub fn id(&self) -> CliLoginId {
        self.id
    }

    /// The whole text. Not for logs.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

impl FromStr for CliLoginKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || {
            Invalid::new(
                "id",
                "The id of a login request is tpttr_, 20 characters of 0-9 and a-v, _ and 26 of 0-9 and a-z.",
            )
        };
        let (id, secret) = text.rsplit_once('_').ok_or_else(wrong)?;
        if secret.len() != SECRET_LENGTH || !secret.bytes().all(|byte| BASE36.contains(&byte)) {
            return Err(wrong());
        }
        Ok(Self {
            id: id.parse().map_err(|_| wrong())?,
            text: Secret::new(text.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashSet,
        sync::atomic::{AtomicU64, Ordering},
    };

    use super::*;

    #[test]
    fn a_key_survives_its_text_and_nothing_else_does() {
        let random = Random::new(|out| out.fill(3));
        let key = CliLoginKey::generate(Timestamp::UNIX_EPOCH, &random);
        let text = key.expose().to_owned();
        assert_eq!(text.len(), 53);
        let again: CliLoginKey = text.parse().unwrap();
        assert_eq!((again.id(), again.expose()), (key.id(), key.expose()));
        assert!(
            !format!("{again:?}").contains(&text[27..]),
            "its secret is not shown"
        );
        for wrong in [
            "",
            "tpttr_",
            &text[..52],
            &format!("{text}0"),
            &text.to_uppercase(),
            &text.replace("tpttr", "tptt"),
        ] {
            assert!(wrong.parse::<CliLoginKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_two_are_alike() {
        let state = AtomicU64::new(1);
        let random = Random::new(move |out| {
            for byte in out {
                // splitmix64: enough to tell texts apart in a test.
                let mut z = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                *byte = (z >> 32) as u8;
            }
        });
        let all: HashSet<String> = (0..10_000)
            .map(|_| {
                CliLoginKey::generate(Timestamp::UNIX_EPOCH, &random)
                    .expose()
                    .to_owned()
            })
            .collect();
        assert_eq!(all.len(), 10_000);
    }
}

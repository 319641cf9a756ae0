//! The database password: generated, never chosen (security A.4).

use crate::{Random, Secret};

/// Letters and digits that survive every URL, shell and configuration file unquoted (contract §2).
const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const GROUPS: usize = 5;
const GROUP_LENGTH: usize = 6;

/// A new database password: five groups of six symbols of 36, 155 bits.
pub fn generate(random: &Random) -> Secret<String> {
    let groups: Vec<String> = (0..GROUPS)
        .map(|_| random.symbols(ALPHABET, GROUP_LENGTH))
        .collect();
    Secret::new(groups.join("-"))
}

/// How many minutes a temporary password may live: up to 30 days.
pub const LIFETIME_MINUTES: std::ops::RangeInclusive<i64> = 1..=30 * 24 * 60;

/// The lifetime, in seconds, of a temporary password of so many `minutes`.
pub fn lifetime_seconds(minutes: i64) -> Result<i64, crate::Invalid> {
    if LIFETIME_MINUTES.contains(&minutes) {
        Ok(minutes * 60)
    } else {
        Err(crate::Invalid::new(
            "expires_in_minutes",
            format!(
                "Use 1 to {} minutes, or leave it out for a password that stays.",
                LIFETIME_MINUTES.end()
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_no_escaping_anywhere() {
        let password = generate(&Random::new(|out| out.fill(42)));
        assert_eq!(password.expose().len(), 34);
        assert!(
            password
                .expose()
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        );
    }
}

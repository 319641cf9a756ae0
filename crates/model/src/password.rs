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

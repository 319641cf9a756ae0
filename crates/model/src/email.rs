//! E-mail addresses.

use std::{fmt, str::FromStr};

use crate::Invalid;

/// An address in the form in which it is kept and compared: the domain in lower case, no display name, no comments,
/// no quoted local part, ASCII, at most 254 octets (RFC 5321 §4.5.3.1.3 less the angle brackets).
///
/// The local part keeps its letters for delivery; [`EmailAddress::key`] is what uniqueness goes by.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address in lower case: two addresses with the same key are one person's.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for EmailAddress {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("email", "Enter an e-mail address such as ana@example.com.");
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or_else(invalid)?;
        let plain = text.len() <= 254
            && text.is_ascii()
            && !text.contains(['"', '(', ')', '\\', '<', '>', ',', ';', ':', ' '])
            && !domain.starts_with('[');
        if !plain || !email_address::EmailAddress::is_valid(text) {
            return Err(invalid());
        }
        Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address is personal data: logs never show it.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

/// How many addresses an account may have, pending ones included.
pub const MOST_ADDRESSES: usize = 10;

/// Whether an address was proven to be its claimant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailStatus {
    /// A mail is out; the address opens nothing.
    Pending,
    /// Proven: it signs in, and is nobody else's.
    Verified,
}

impl EmailStatus {
    /// The value in SQL and JSON (contract §1.4).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Verified => "verified",
        }
    }

    /// The status from its value in SQL.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "pending" => Some(Self::Pending),
            "verified" => Some(Self::Verified),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_local_part_and_folds_the_domain() {
        let address: EmailAddress = " Ana.B@EXAMPLE.com ".parse().unwrap();
        assert_eq!(address.as_str(), "Ana.B@example.com");
        assert_eq!(address.key(), "ana.b@example.com");
    }

    #[test]
    fn refuses_what_mail_headers_could_trip_on() {
        for bad in [
            "",
            "a",
            "@b.c",
            "a@",
            "Ana <a@b.c>",
            "a@b.c\r\nBcc: x@y.z",
            "\"a b\"@c.d",
            "a@[127.0.0.1]",
            "a(x)@b.c",
            "ä@b.c",
            "a b@c.d",
        ] {
            assert!(bad.parse::<EmailAddress>().is_err(), "{bad:?}");
        }
    }
}

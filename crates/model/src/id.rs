//! Ids: a prefix that says of what, `_`, and 20 characters of xid (`[0-9a-v]`; contract §0.5).

use std::{fmt, str::FromStr};

use jiff::Timestamp;

use crate::{Invalid, Random};

/// A fresh xid: 4 bytes of Unix seconds, so that ids sort by time, and 64 random bits.
pub(crate) fn new_xid(now: Timestamp, random: &Random) -> xid::Id {
    let seconds = u32::try_from(now.as_second()).unwrap_or(0).to_be_bytes();
    let tail: [u8; 8] = random.bytes();
    let mut raw = [0; 12];
    for (slot, byte) in raw.iter_mut().zip(seconds.into_iter().chain(tail)) {
        *slot = byte;
    }
    xid::Id(raw)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(xid::Id);

        impl $name {
            /// What stands before the `_`.
            pub const PREFIX: &'static str = $prefix;

            /// A fresh id for something made at `now`.
            pub fn new(now: Timestamp, random: &Random) -> Self {
                Self(new_xid(now, random))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", Self::PREFIX, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|xid| xid.parse::<xid::Id>().ok())
                    .map(Self)
                    // xid's last character carries four bits only; other spellings of it are not the same id.
                    .filter(|id| id.to_string() == text)
                    .ok_or_else(|| Invalid::new("id", concat!(
                        "An id of this kind is ", $prefix, "_ and 20 characters of 0-9 and a-v.")))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A developer account.
    UserId = "u";
    /// A workspace.
    WorkspaceId = "w";
    /// An access to somebody else's workspace.
    MemberId = "wm";
    /// An API token. The 20 characters are also the public part of the token itself.
    TokenId = "t";
    /// A console or CLI session. The 20 characters are also the public part of its temporary token.
    SessionId = "s";
    /// A process: slow work that a person can watch.
    ProcessId = "p";
    /// An audit record.
    AuditId = "a";
    /// A database password, new at each rotation.
    PasswordId = "d";
    /// An e-mail address of an account (contract §0.5: shares its prefix with preferences).
    EmailId = "up";
    /// A mail in the outbox.
    MailId = "m";
    /// An operator's announcement.
    AnnouncementId = "n";
    /// A request to sign in by mail.
    SignInId = "l";
    /// A request of a command line to be let in: the public part of what it holds (contract §0.5).
    CliLoginId = "tpttr";
}

impl EmailId {
    /// The id of an account's preferences: there is one set each, so that it needs no id of its own. It has the prefix
    /// that the contract gives to both (§0.5).
    pub fn of_preferences(user: UserId) -> Self {
        Self(user.0)
    }
}

macro_rules! public_part {
    ($($name:ident),*) => {$(
        impl $name {
            pub(crate) fn xid(self) -> xid::Id {
                self.0
            }

            pub(crate) fn from_xid(xid: xid::Id) -> Self {
                Self(xid)
            }
        }
    )*};
}
public_part!(TokenId, SessionId);

#[cfg(test)]
mod tests {
    use super::*;

    fn random() -> Random {
        Random::new(|out| out.fill(7))
    }

    #[test]
    fn round_trip_and_shape() {
        let id = UserId::new(crate::time::from_micros(1_700_000_000_000_000), &random());
        let text = id.to_string();
        assert_eq!(text.len(), 22);
        assert_eq!(text.parse::<UserId>().unwrap(), id);
        assert!(text.parse::<WorkspaceId>().is_err());
    }

    #[test]
    fn refuses_other_spellings() {
        for text in [
            "",
            "u_",
            "u_zzzzzzzzzzzzzzzzzzzz",
            "u_0000000000000000000v",
            "u_000000000000000000000",
            "U_00000000000000000000",
        ] {
            assert!(text.parse::<UserId>().is_err(), "{text}");
        }
        assert!("u_00000000000000000000".parse::<UserId>().is_ok());
    }
}

//! Access to a workspace: what its owner may do, and what others whom they let in.

use std::{fmt, str::FromStr};

use crate::Invalid;

/// What an owner can let somebody else be in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberRole {
    /// Reads and writes what is there.
    Operator,
    /// Reads what is there.
    Reader,
}

/// What a person is in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is theirs.
    Owner,
    /// It is somebody else's, who let them in.
    Member(MemberRole),
}

/// Whether an access can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberStatus {
    /// PostgreSQL does not know of it yet.
    Pending,
    /// It opens the workspace.
    Accepted,
}

impl MemberRole {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 2] = [Self::Operator, Self::Reader];

    /// The value in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Reader => "reader",
        }
    }

    /// Whether whoever becomes `other` instead may do less.
    pub fn is_more_than(self, other: Self) -> bool {
        self == Self::Operator && other == Self::Reader
    }
}

impl FromStr for MemberRole {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| Invalid::new("role", "Use one of operator, reader."))
    }
}

impl fmt::Display for MemberRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Role {
    /// The value in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member(role) => role.as_str(),
        }
    }
}

impl MemberStatus {
    /// The value in SQL and JSON, in the contract's words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
        }
    }

    /// The status from its value in SQL.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Accepted]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_given_is_a_members_role() {
        for role in MemberRole::ALL {
            assert_eq!(role.as_str().parse::<MemberRole>().unwrap(), role);
        }
        for other in ["", "owner", "Reader", "admin"] {
            assert!(other.parse::<MemberRole>().is_err(), "{other}");
        }
        assert!(MemberRole::Operator.is_more_than(MemberRole::Reader));
        assert!(!MemberRole::Reader.is_more_than(MemberRole::Operator));
        assert_eq!(Role::Owner.as_str(), "owner");
    }

    #[test]
    fn statuses_round_trip() {
        for status in [MemberStatus::Pending, MemberStatus::Accepted] {
            assert_eq!(MemberStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(MemberStatus::parse("gone"), None);
    }
}

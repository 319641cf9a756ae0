//! Workspaces: a PostgreSQL database that belongs to an account.

use std::{fmt, str::FromStr};

use crate::{Invalid, Random};

/// The globally unique name of a workspace's database: 6 characters `[0-9a-z]` (contract §2). It says nothing of its
/// owner, because everyone in a shared server can list the databases there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DatabaseName(String);

impl DatabaseName {
    const LENGTH: usize = 6;

    /// A fresh name: a letter first, so that it needs no quotes in SQL.
    pub fn generate(random: &Random) -> Self {
        let first = random.symbols(b"abcdefghijklmnopqrstuvwxyz", 1);
        let rest = random.symbols(b"abcdefghijklmnopqrstuvwxyz0123456789", Self::LENGTH - 1);
        Self(first + &rest)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatabaseName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let good =
            text.len() == Self::LENGTH && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(
                "database_name",
                "A database name has 6 lowercase letters and digits.",
            ))
        }
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// Where a workspace is in its life, in the words of the contract's enum (§1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkspaceState {
    /// Its database is being made.
    Creating,
    /// It takes connections.
    Enabled,
    /// Making it failed, or its backend cannot be reached; the reason is beside it.
    Disabled,
}

impl WorkspaceState {
    /// The value in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }

    /// The state from its value in SQL.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "creating" => Some(Self::Creating),
            "enabled" => Some(Self::Enabled),
            "disabled" => Some(Self::Disabled),
            _ => None,
        }
    }
}

/// Instance types that the contract's clients can decode (§1.7). They are kept and echoed; a self-hosted workspace has
/// the machine that it runs on.
pub const INSTANCE_TYPES: [&str; 3] = ["db1.shared", "db1.small", "db1.medium"];
/// States that a client may wish for (§1.7).
pub const DESIRED_STATES: [&str; 3] = ["enabled", "disabled", "paused"];

/// `text` if it is one of `allowed`.
pub fn one_of(field: &'static str, text: &str, allowed: &[&str]) -> Result<String, Invalid> {
    if allowed.contains(&text) {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(field, format!("Use one of {}.", allowed.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_parse() {
        let name = DatabaseName::generate(&Random::new(|out| out.fill(9)));
        assert_eq!(name.as_str().parse::<DatabaseName>().unwrap(), name);
        for bad in ["", "abcde", "abcdefg", "ABCDEF", "ab-cde"] {
            assert!(bad.parse::<DatabaseName>().is_err());
        }
    }
}

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

/// What kind of server holds a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackendKind {
    /// The private PostgreSQL that Standpipe runs.
    Local,
    /// The PostgreSQL that the operator gave for workspaces.
    Server,
    /// A server that was there already, and that its owner attached.
    Attached,
}

impl BackendKind {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Local, Self::Server, Self::Attached];

    /// The value in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Server => "server",
            Self::Attached => "attached",
        }
    }

    /// The one of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What the owner of a workspace allows in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkspaceLimits {
    /// Connections that are open at once.
    pub connections: i64,
    /// Milliseconds after which a statement is ended; 0 is never, or as an attached server has it.
    pub statement_ms: i64,
    /// Milliseconds after which a session that waits in a transaction is ended; 0 as above.
    pub idle_in_transaction_ms: i64,
}

impl WorkspaceLimits {
    /// The most connections that a workspace may be given.
    pub const MOST_CONNECTIONS: i64 = 1000;
    /// The longest time: a day.
    pub const LONGEST_MS: i64 = 24 * 60 * 60 * 1000;
    /// The shortest time that is not 0: below it a person could hardly undo it.
    pub const SHORTEST_MS: i64 = 100;

    /// What a new workspace on such a server has.
    pub fn usual(backend: BackendKind) -> Self {
        let (statement_ms, idle_in_transaction_ms) = match backend {
            BackendKind::Local | BackendKind::Server => (10 * 60 * 1000, 5 * 60 * 1000),
            BackendKind::Attached => (0, 0),
        };
        Self {
            connections: 60,
            statement_ms,
            idle_in_transaction_ms,
        }
    }

    /// A number of connections within the rules.
    pub fn check_connections(count: i64) -> Result<i64, Invalid> {
        match count {
            1..=Self::MOST_CONNECTIONS => Ok(count),
            _ => Err(Invalid::new("connection_limit", "Allow 1 to 1000 connections.")),
        }
    }

    /// A time within the rules.
    pub fn check_ms(field: &'static str, ms: i64) -> Result<i64, Invalid> {
        match ms {
            0 | Self::SHORTEST_MS..=Self::LONGEST_MS => Ok(ms),
            _ => Err(Invalid::new(
                field,
                "Give 100 to 86400000 milliseconds (a day), or 0 for no end.",
            )),
        }
    }
}

/// Where a workspace is in its life, in the words of the contract's enum (§1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkspaceState {
    /// Its database is being made.
    Creating,
    /// It takes connections.
    Enabled,
    /// Its owner switched it off, or making it failed; then the reason is beside it.
    Disabled,
    /// Its owner paused it.
    Paused,
}

impl WorkspaceState {
    /// The value in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Paused => "paused",
        }
    }

    /// What it is as its owner sees it, who wishes `desired`: a database that is there and switched off is no less there.
    pub fn as_wished(self, desired: DesiredState) -> Self {
        match (self, desired) {
            (Self::Enabled, DesiredState::Disabled) => Self::Disabled,
            (Self::Enabled, DesiredState::Paused) => Self::Paused,
            (state, _) => state,
        }
    }

    /// The state from its value in SQL.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "creating" => Some(Self::Creating),
            "enabled" => Some(Self::Enabled),
            "disabled" => Some(Self::Disabled),
            "paused" => Some(Self::Paused),
            _ => None,
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $field:literal: $($(#[$variant_doc:meta])* $variant:ident = $text:literal;)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every word.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The value in SQL and JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                let found = Self::ALL.iter().copied().find(|word| word.as_str() == text);
                found.ok_or_else(|| {
                    let words: Vec<_> = Self::ALL.iter().map(|word| word.as_str()).collect();
                    Invalid::new($field, format!("Use one of {}.", words.join(", ")))
                })
            }
        }
    };
}

words! {
    /// What its owner wishes of a workspace (contract §1.7). It takes effect at once.
    DesiredState, "desired_state":
    /// It takes connections.
    Enabled = "enabled";
    /// It takes none, and those that are open end.
    Disabled = "disabled";
    /// The same by another word: nothing runs in a workspace that nobody is connected to.
    Paused = "paused";
}

words! {
    /// What a workspace can be told to do (contract §1.7).
    Command, "command":
    /// Ends all its connections; new ones are taken at once.
    Reboot = "reboot";
    /// Switches it off.
    Stop = "stop";
    /// Switches it on.
    Start = "start";
    /// Asks for a newer version.
    Upgrade = "upgrade";
}

/// Schemas that a search path may be given at most.
const MOST_SCHEMAS: usize = 50;
/// Octets of a name in PostgreSQL.
const LONGEST_NAME: usize = 63;

/// A size, in bytes, that a client wishes for.
pub fn volume_size(bytes: i64) -> Result<i64, Invalid> {
    if bytes >= 0 {
        Ok(bytes)
    } else {
        Err(Invalid::new("db_volume_size_bytes", "A size is not negative."))
    }
}

/// Names of schemas, as PostgreSQL takes them.
pub fn search_path_prefix(schemas: Vec<String>) -> Result<Vec<String>, Invalid> {
    let is_name =
        |name: &String| !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(char::is_control);
    if schemas.len() <= MOST_SCHEMAS && schemas.iter().all(is_name) {
        Ok(schemas)
    } else {
        Err(Invalid::new(
            "search_path_prefix",
            format!(
                "Name at most {MOST_SCHEMAS} schemas, each with 1 to {LONGEST_NAME} octets and no control character."
            ),
        ))
    }
}

/// Where a session looks for what is named without a schema: in `prefix`, and then where PostgreSQL looks.
pub fn search_path(prefix: &[String]) -> Vec<String> {
    let rest = ["$user", "public"].map(str::to_owned);
    prefix.iter().cloned().chain(rest).collect()
}

/// `path` as the value of PostgreSQL's setting.
pub fn quote_search_path(path: &[String]) -> String {
    let quoted: Vec<_> = path
        .iter()
        .map(|schema| format!("\"{}\"", schema.replace('"', "\"\"")))
        .collect();
    quoted.join(", ")
}

/// Instance types that the contract's clients can decode (§1.7). They are kept and echoed; a self-hosted workspace has
/// the machine that it runs on.
pub const INSTANCE_TYPES: [&str; 3] = ["db1.shared", "db1.small", "db1.medium"];

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

    #[test]
    fn a_wish_shows_only_where_there_is_a_database() {
        use DesiredState as Wish;
        use WorkspaceState as State;
        assert_eq!(State::Enabled.as_wished(Wish::Paused), State::Paused);
        assert_eq!(State::Enabled.as_wished(Wish::Disabled), State::Disabled);
        assert_eq!(State::Creating.as_wished(Wish::Disabled), State::Creating);
        assert_eq!(State::Disabled.as_wished(Wish::Enabled), State::Disabled);
        assert!("".parse::<Wish>().is_err() && "deleted".parse::<Wish>().is_err());
    }

    #[test]
    fn schemas_are_quoted() {
        let prefix = search_path_prefix(vec!["a\"b".to_owned(), "Ä c".to_owned()]).unwrap();
        assert_eq!(
            quote_search_path(&search_path(&prefix)),
            r#""a""b", "Ä c", "$user", "public""#
        );
        for bad in ["", "a\0", &"x".repeat(64)] {
            assert!(search_path_prefix(vec![bad.to_owned()]).is_err());
        }
        assert!(search_path_prefix(vec!["a".to_owned(); 51]).is_err());
    }
}

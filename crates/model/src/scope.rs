//! What a credential may do over the API. [`Scope::allows`] is the one table; every endpoint that takes a bearer token
//! names the [`Capability`] that it needs.

use std::str::FromStr;

use crate::Invalid;

/// How far a token reaches. Tokens made by clients that know no scopes are [`Scope::Full`], as in Pipes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scope {
    /// Everything that its owner may do.
    #[default]
    Full,
    /// Sees the account, changes nothing, sees no secret.
    Read,
    /// Finds workspaces and runs queries in them; sees nothing else of the account.
    Query,
}

/// What an endpoint needs. What a handler forgets to name it cannot have: the guard takes it as a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Learns whose token it is, and what it may do.
    Identify,
    /// Ends the very credential that asks.
    EndItself,
    /// Lists workspaces, their state and their addresses.
    FindWorkspaces,
    /// Runs queries in workspaces.
    RunQueries,
    /// Sees profile, preferences, addresses, sessions, tokens, processes and audit log.
    Read,
    /// Changes anything; makes, sees or ends a secret other than itself; takes the account's data away.
    Change,
}

impl Capability {
    /// Every capability.
    pub const ALL: &[Self] = &[
        Self::Identify,
        Self::EndItself,
        Self::FindWorkspaces,
        Self::RunQueries,
        Self::Read,
        Self::Change,
    ];

    /// What a token that lacks it is told.
    pub fn refusal(self) -> &'static str {
        match self {
            Self::Identify | Self::EndItself | Self::FindWorkspaces => {
                "This token's scope does not allow this."
            }
            Self::RunQueries => "This needs a token with the scope query or full.",
            Self::Read => "This needs a token with the scope read or full.",
            Self::Change => "This needs a token with the scope full.",
        }
    }
}

impl Scope {
    /// Every scope, the widest first.
    pub const ALL: &[Self] = &[Self::Full, Self::Read, Self::Query];

    /// Whether a token of this scope may do what `capability` says. This is the whole rule.
    pub fn allows(self, capability: Capability) -> bool {
        match capability {
            Capability::Identify | Capability::EndItself | Capability::FindWorkspaces => true,
            Capability::RunQueries => matches!(self, Self::Full | Self::Query),
            Capability::Read => matches!(self, Self::Full | Self::Read),
            Capability::Change => matches!(self, Self::Full),
        }
    }

    /// The value in SQL, JSON and forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Read => "read",
            Self::Query => "query",
        }
    }

    /// What it means, for a person who chooses one.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Full => "Everything that you can do yourself, over the API.",
            Self::Read => "Sees your account, workspaces and audit log. Changes nothing, sees no password.",
            Self::Query => {
                "Finds your workspaces and runs queries in them. Sees nothing else of your account."
            }
        }
    }
}

impl FromStr for Scope {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .iter()
            .copied()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| Invalid::new("scope", "The scope is \"full\", \"read\" or \"query\"."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_changes_anything() {
        let may_change = |scope: &&Scope| scope.allows(Capability::Change);
        assert_eq!(
            Scope::ALL.iter().filter(may_change).collect::<Vec<_>>(),
            [&Scope::Full]
        );
        assert!(
            Capability::ALL
                .iter()
                .all(|capability| Scope::Full.allows(*capability))
        );
    }

    #[test]
    fn reading_is_not_querying() {
        assert!(Scope::Read.allows(Capability::Read) && !Scope::Read.allows(Capability::RunQueries));
        assert!(Scope::Query.allows(Capability::RunQueries) && !Scope::Query.allows(Capability::Read));
    }

    #[test]
    fn words_are_told_apart() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(*scope));
        }
        for wrong in ["", "Full", "full ", "admin"] {
            assert!(wrong.parse::<Scope>().is_err(), "{wrong}");
        }
    }
}

//! Whether a credential opens anything now. One function decides this, for every path (design §2.8).

use jiff::Timestamp;
use model::{
    session::{Freshness, SessionKind},
    time,
};
use store::users::UserRow;

use crate::{Actor, App, Error, Result};

/// What the decision depends on, apart from the account.
pub(crate) struct Facts {
    pub(crate) switched_on: bool,
    pub(crate) auth_epoch: i64,
    pub(crate) expires_at: Option<Timestamp>,
}

/// Valid means: switched on, not expired, of the account's epoch, account active. The caller has already checked that
/// the holder knows the secret, and so may be told why not.
pub(crate) fn check(facts: &Facts, user: &UserRow, now: Timestamp) -> Result<()> {
    let refuse = |code, message| Err(Error::CredentialRefused { code, message });
    if !user.active {
        refuse(
            "account_disabled",
            "This account is disabled. Ask the operator to enable it.",
        )
    } else if facts.auth_epoch != user.auth_epoch {
        refuse(
            "auth_reset",
            "Authentication of this account was reset. Sign in again and create a new token.",
        )
    } else if facts.expires_at.is_some_and(|end| end <= now) {
        refuse(
            "token_expired",
            "This token has expired. Create a new one under Settings, Tokens.",
        )
    } else if !facts.switched_on {
        refuse(
            "token_inactive",
            "This token is deactivated. Activate it under Settings, Tokens.",
        )
    } else {
        Ok(())
    }
}

impl App {
    /// Whether the actor proved recently enough who they are ([`Error::FreshSignInRequired`] where not). That asks
    /// people at a browser; a bearer token acts with the account's full power, as in Pipes.
    pub(crate) fn require_fresh(&self, actor: &Actor, freshness: Freshness) -> Result<()> {
        let Some(session) = actor
            .session()
            .filter(|session| session.kind == SessionKind::Console)
        else {
            return Ok(());
        };
        let settings = &self.settings().sessions;
        let age = match freshness {
            Freshness::Sensitive => settings.sensitive_seconds,
            Freshness::Danger => settings.danger_seconds,
        };
        if self.now() < time::after(session.authenticated_at, age) {
            Ok(())
        } else {
            Err(Error::FreshSignInRequired(freshness))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(active: bool, auth_epoch: i64) -> UserRow {
        UserRow {
            id: "u_00000000000000000000".parse().unwrap(),
            handle: "ana".parse().unwrap(),
            display_name: None,
            avatar_url: None,
            url: None,
            active,
            auth_epoch,
            token_min_issued_at: None,
            connection_epoch: 1,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: None,
            version_id: 1,
        }
    }

    #[test]
    fn each_reason_has_its_code() {
        let now = model::time::from_micros(1_000_000);
        let facts = |switched_on, auth_epoch, end: Option<i64>| Facts {
            switched_on,
            auth_epoch,
            expires_at: end.map(model::time::from_micros),
        };
        let code = |facts: Facts, user: UserRow| match check(&facts, &user, now) {
            Ok(()) => "ok",
            Err(Error::CredentialRefused { code, .. }) => code,
            Err(_) => "other",
        };
        assert_eq!(code(facts(true, 1, None), user(true, 1)), "ok");
        assert_eq!(code(facts(true, 1, Some(1_000_001)), user(true, 1)), "ok");
        assert_eq!(
            code(facts(true, 1, Some(1_000_000)), user(true, 1)),
            "token_expired"
        );
        assert_eq!(code(facts(false, 1, None), user(true, 1)), "token_inactive");
        assert_eq!(code(facts(true, 1, None), user(true, 2)), "auth_reset");
        assert_eq!(code(facts(true, 1, None), user(false, 1)), "account_disabled");
    }
}

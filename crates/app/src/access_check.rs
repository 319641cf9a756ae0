//! Whether a credential opens anything now. One function decides this, for every path (design §2.8).

use std::net::IpAddr;

use jiff::Timestamp;
use model::{
    audit::Credential,
    session::{Freshness, SessionKind},
    time,
    token::TokenStatus,
};
use store::{Tx, tokens, tokens::TokenRow, users, users::UserRow};

use crate::{Actor, App, Error, Result};

/// What the decision depends on, apart from the account.
pub(crate) struct Facts {
    pub(crate) switched_on: bool,
    pub(crate) auth_epoch: i64,
    pub(crate) expires_at: Option<Timestamp>,
    /// Whether it may be used from where it is used.
    pub(crate) in_its_networks: bool,
}

impl Facts {
    /// Those of an API token that is used from `ip`.
    pub(crate) fn of_token(row: &TokenRow, ip: IpAddr) -> Self {
        Self {
            switched_on: row.status == TokenStatus::Active,
            auth_epoch: row.auth_epoch,
            expires_at: row.ends_at(),
            in_its_networks: row.networks.allow(ip),
        }
    }
}

/// Valid means: switched on, not expired, of the account's epoch, used from where it may be, account active. The caller has already checked that
/// the holder knows the secret, and so may be told why not.
pub(crate) fn check(facts: &Facts, user: &UserRow, now: Timestamp) -> Result<()> {
    let refuse = |code, message| Err(Error::CredentialRefused { code, message });
    require_active(user)?;
    if facts.auth_epoch != user.auth_epoch {
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
    } else if !facts.in_its_networks {
        refuse(
            "token_network",
            "This token may not be used from this network. Its networks are under Settings, Tokens.",
        )
    } else {
        Ok(())
    }
}

/// Whether the account may hold credentials at all.
pub(crate) fn require_active(user: &UserRow) -> Result<()> {
    if user.active {
        return Ok(());
    }
    Err(Error::CredentialRefused {
        code: "account_disabled",
        message: "This account is disabled. Ask the operator to enable it.",
    })
}

impl App {
    /// Locks the actor's account, and checks under the lock that what they act with still opens anything: it may have
    /// ended while this waited. Whatever issues or ends credentials for an actor begins with it.
    pub(crate) async fn lock_actor(&self, tx: &mut Tx, actor: &Actor) -> Result<UserRow> {
        let user = users::lock_user(tx, actor.id())
            .await?
            .ok_or(Error::NotFound("user"))?;
        if user.auth_epoch != actor.user.auth_epoch || !user.active {
            return Err(Error::SignInRequired);
        }
        if let Credential::Token { id, .. } = actor.credential {
            let row = tokens::find_token_in(tx, user.id, id).await?;
            let row = row.ok_or(Error::SignInRequired)?;
            check(&Facts::of_token(&row, actor.peer.ip), &user, self.now())?;
        }
        Ok(user)
    }

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
            avatar_version: None,
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
            in_its_networks: true,
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
        let elsewhere = Facts {
            in_its_networks: false,
            ..facts(true, 1, None)
        };
        assert_eq!(code(elsewhere, user(true, 1)), "token_network");
        assert_eq!(code(facts(true, 1, None), user(false, 1)), "account_disabled");
    }
}

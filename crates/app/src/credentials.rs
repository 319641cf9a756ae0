//! Tokens and sessions that were looked up just now: the fast path of every request (design §2.9).
//!
//! What is kept is what the store said, not a verdict: time, networks and the account's state are checked anew each
//! time, and nobody is refused by what is kept alone.

use model::{SessionId, TokenId, UserId};
use store::{sessions, sessions::SessionRow, tokens, tokens::TokenRow, users::UserRow};

use crate::{
    App, Error, Result,
    kept::{Kept, Lookups, OfAccounts},
};

/// A credential and its owner.
type Owned<R> = (R, UserRow);

impl<R> OfAccounts for Owned<R> {
    fn accounts(&self) -> [UserId; 2] {
        [self.1.id; 2]
    }
}

/// The credentials of both kinds.
#[derive(Default)]
pub(crate) struct Credentials {
    tokens: Kept<TokenId, Owned<TokenRow>>,
    sessions: Kept<SessionId, Owned<SessionRow>>,
}

impl App {
    /// What `judge` makes of the token with this id and of its owner; [`Error::SignInRequired`] where there is none.
    pub(crate) async fn judge_token<T>(
        &self,
        id: TokenId,
        judge: impl Fn(&TokenRow, &UserRow) -> Result<T>,
    ) -> Result<T> {
        let read = tokens::find_credential(self.db(), id);
        self.judge(&self.0.credentials.tokens, id, read, judge).await
    }

    /// The same of a session.
    pub(crate) async fn judge_session<T>(
        &self,
        id: SessionId,
        judge: impl Fn(&SessionRow, &UserRow) -> Result<T>,
    ) -> Result<T> {
        let read = sessions::find_session(self.db(), id);
        self.judge(&self.0.credentials.sessions, id, read, judge).await
    }

    /// What `judge` makes of `key`: by what is kept of it, or else by what `read` says. Whom the former refuses is judged
    /// by the latter.
    async fn judge<K: std::hash::Hash + Eq, R, T>(
        &self,
        kept: &Kept<K, Owned<R>>,
        key: K,
        read: impl Future<Output = store::Result<Option<Owned<R>>>>,
        judge: impl Fn(&R, &UserRow) -> Result<T>,
    ) -> Result<T> {
        if let Some(found) = kept.get(&key, self) {
            let (row, user) = &found.value;
            let judged = judge(row, user);
            if judged.is_ok() {
                return judged;
            }
        }
        let found = kept.read(key, self, read).await?.ok_or(Error::SignInRequired)?;
        let (row, user) = &found.value;
        judge(row, user)
    }

    /// How often credentials were looked up since the start.
    pub fn credential_lookups(&self) -> Lookups {
        let Credentials { tokens, sessions } = &self.0.credentials;
        [tokens.counts(), sessions.counts()].into_iter().sum()
    }
}

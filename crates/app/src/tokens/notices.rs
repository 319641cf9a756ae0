//! Telling the owner of a token of its end: some days before, and when it came. Each is told once, because the row says
//! what was told in the transaction that writes the mail.

use mail::{By, Event, Message, Token};
use model::{time, token};
use store::{Tx, Unrecorded, tokens, tokens::TokenRow, users::UserRow};

use crate::{App, Result};

/// Tokens that are read from the store at once.
const BATCH: i64 = 500;
const DAY_SECONDS: i64 = 24 * 60 * 60;
const FIRST_WARNING_SECONDS: i64 = token::WARNING_DAYS[0] * DAY_SECONDS;

/// A token, as its owner knows it.
pub(super) fn facts(row: &TokenRow) -> Token {
    Token {
        id: row.id.to_string(),
        name: row.name(),
        last4: row.last4.clone(),
        scope: row.scope.as_str().to_owned(),
        expires: row.expires_at.map(time::for_people),
    }
}

impl App {
    /// Tells the owners of tokens that end soon, or ended.
    pub(crate) async fn tell_of_ending_tokens(&self) -> Result<()> {
        let now = self.now();
        let window = (
            time::after(now, -token::TOLD_SECONDS),
            time::after(now, FIRST_WARNING_SECONDS),
        );
        let mut after = String::new();
        loop {
            let rows = tokens::list_ending_tokens(self.db(), window, now, &after, BATCH).await?;
            for (row, user) in &rows {
                self.tell_of_end(row, user).await?;
            }
            match rows.last() {
                Some((last, _)) => after = last.id.to_string(),
                None => break,
            }
        }
        self.wake_workers();
        Ok(())
    }

    async fn tell_of_end(&self, row: &TokenRow, user: &UserRow) -> Result<()> {
        let Some(days) = self.due(row) else { return Ok(()) };
        if row.told_days.is_some_and(|told| told <= days) {
            return Ok(());
        }
        let mut tx = self.db().begin().await?;
        self.tell_days(&mut tx, row, user, days).await?;
        Ok(tx.commit_unrecorded(Unrecorded::TokenTold).await?)
    }

    /// What the owner should have been told by now: so many days before, or 0 when it ended.
    fn due(&self, row: &TokenRow) -> Option<i64> {
        let now = self.now();
        match (row.retiring_until, row.expires_at) {
            (Some(until), _) => (until <= now).then_some(0),
            (None, Some(expires)) => token::warning(row.created_at, expires, now),
            (None, None) => None,
        }
    }

    async fn tell_days(&self, tx: &mut Tx, row: &TokenRow, user: &UserRow, days: i64) -> Result<()> {
        if !tokens::note_told(tx, user.id, row.id, days).await? {
            return Ok(());
        }
        let token = facts(row);
        let event = match days {
            0 => Event::TokenEnded {
                token,
                retired: row.retiring_until.is_some(),
            },
            _ => Event::TokenExpiring {
                token,
                days: self.days_left(row),
            },
        };
        let message = Message::Event(event, self.notice_of(user, By::Time));
        self.tell_owner(tx, user.id, &message).await
    }

    fn days_left(&self, row: &TokenRow) -> i64 {
        let end = row.expires_at.unwrap_or_else(|| self.now());
        let seconds = end.as_second() - self.now().as_second();
        (seconds + DAY_SECONDS - 1).max(DAY_SECONDS) / DAY_SECONDS
    }

    /// Removes the tokens of `user`, whose row the transaction has locked, that ended with a reset or with their overlap,
    /// so that their slots are free again; the latter is told.
    pub(super) async fn clear_dead_tokens(&self, tx: &mut Tx, user: &UserRow) -> Result<()> {
        let now = self.now();
        for row in tokens::list_retired_tokens(tx, user.id, user.auth_epoch, now).await? {
            self.tell_days(tx, &row, user, 0).await?;
        }
        tokens::delete_dead_tokens(tx, user.id, user.auth_epoch, now).await?;
        Ok(())
    }
}

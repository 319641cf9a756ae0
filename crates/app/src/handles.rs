//! Handles: the names of accounts. Whoever wants one claims it here: at sign-up, at a change, and the operator.
//!
//! Names follow the handle: host names, and the user name at the gateway. So a change renames all of them in one
//! transaction, and the old name is held, or else somebody's saved connection string would lead to a stranger.

mod change;

use jiff::Timestamp;
use model::{UserId, handle::Handle, time};
use store::{Tx, handles, handles::HandleRow, users, users::UserRow};

pub use change::{HandleChange, HostChange};

use crate::{
    Actor, App, Error, Result,
    steady::{self, Asked},
};

impl App {
    /// Whether the actor could change their handle to `text` now: the handle, or why not. Limited, because it tells
    /// who has an account.
    pub async fn check_handle(&self, actor: &Actor, text: &str) -> Result<Handle> {
        self.0.limits.handle(actor.peer.ip)?;
        let handle = Handle::choose(text)?;
        if handle == actor.user.handle {
            return Err(Error::invalid("handle", "This is your handle already."));
        }
        let now = self.now();
        match handles::find_handle(self.db(), &handle).await? {
            Some(row) if !row.is_free_for(Some(actor.id()), now) => Err(not_free(&row)),
            _ => Ok(handle),
        }
    }

    /// The names that the actor gave up and may take back, the last one first.
    pub async fn list_held_handles(&self, actor: &Actor) -> Result<Vec<HandleRow>> {
        Ok(handles::list_held_handles(self.db(), actor.id(), self.now()).await?)
    }

    /// When the actor may change their handle again; `None`: now.
    pub async fn next_handle_change(&self, actor: &Actor) -> Result<Option<Timestamp>> {
        let last = users::find_handle_change(self.db(), actor.id()).await?;
        Ok(self.change_allowed_at(last))
    }

    /// When a handle that changed at `last` may change again; `None`: now.
    fn change_allowed_at(&self, last: Option<Timestamp>) -> Option<Timestamp> {
        last.map(|last| time::after(last, Handle::CHANGE_SECONDS))
            .filter(|at| *at > self.now())
    }

    /// Refuses a path that names the actor by a handle that they gave up, with what happened to it. To everybody else
    /// such a path is one that names nobody.
    pub async fn refuse_old_handle(&self, actor: &Actor, handle_or_id: &str) -> Result<()> {
        let Ok(handle) = handle_or_id.parse::<Handle>() else {
            return Ok(());
        };
        if handle == actor.user.handle {
            return Ok(());
        }
        // Whether somebody had the name is told by neither words nor time.
        let asked = Asked::now();
        let row = handles::find_handle(self.db(), &handle).await?;
        asked.answer_after(steady::REFUSAL).await;
        let Some((since, until)) = row.and_then(|row| self.hold_of(&row, actor.id())) else {
            return Ok(());
        };
        let now = &actor.user.handle;
        Err(Error::HandleChanged(format!(
            "The handle {handle} was changed on {} and is no longer yours: use {now}. {handle} is held for you until {}.",
            time::rfc3339_seconds(since),
            time::rfc3339_seconds(until)
        )))
    }

    /// Since when and until when `row` is held for `user`, if it is.
    pub(crate) fn hold_of(&self, row: &HandleRow, user: UserId) -> Option<(Timestamp, Timestamp)> {
        let until = row.held_until.filter(|until| *until > self.now())?;
        (row.user_id == Some(user)).then_some((row.since, until))
    }

    /// Gives up the name that `user` has now: nobody else can claim it until the time that is returned, even when the
    /// account is deleted afterwards.
    pub(crate) async fn hold_handle(&self, tx: &mut Tx, user: &UserRow) -> Result<Timestamp> {
        let now = self.now();
        let until = time::after(now, self.settings().handles.hold_seconds);
        if handles::hold_handle(tx, &user.handle, user.id, now, until).await? {
            Ok(until)
        } else {
            Err(Error::Internal("an account has no row of its handle"))
        }
    }

    /// Claims `handle` for `user`, or says why that is not possible.
    async fn claim_handle(&self, tx: &mut Tx, handle: &Handle, user: UserId) -> Result<()> {
        if handles::claim_handle(tx, handle, user, self.now()).await? {
            return Ok(());
        }
        Err(match handles::find_handle_in(tx, handle).await? {
            Some(row) => not_free(&row),
            None => taken(handle),
        })
    }

    /// Claims the name of a new account, and writes its row.
    pub(crate) async fn insert_user(
        &self,
        tx: &mut Tx,
        id: UserId,
        handle: &Handle,
        display_name: Option<&str>,
    ) -> Result<()> {
        self.claim_handle(tx, handle, id).await?;
        Ok(users::insert_user(tx, id, handle, display_name, self.now()).await?)
    }
}

fn not_free(row: &HandleRow) -> Error {
    match row.held_until {
        None => taken(&row.handle),
        Some(until) => Error::conflict(
            "handle_held",
            format!(
                "The handle {} was given up by its owner and is held for them until {}. Choose another.",
                row.handle,
                time::rfc3339_seconds(until)
            ),
        ),
    }
}

fn taken(handle: &Handle) -> Error {
    Error::conflict(
        "handle_taken",
        format!("The handle {handle} is taken. Choose another."),
    )
}

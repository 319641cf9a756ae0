//! Handles: the names of accounts. Whoever wants one claims it here: at sign-up, at a rename, and the operator.

use jiff::Timestamp;
use model::{UserId, handle::Handle, time};
use store::{Tx, handles, users, users::UserRow};

use crate::{App, Error, Result};

impl App {
    /// Gives up the name that `user` has now: nobody else can claim it until the time that is returned, even when the
    /// account is deleted afterwards.
    #[expect(dead_code, reason = "renaming and deleting an account call it")]
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
    pub(crate) async fn claim_handle(&self, tx: &mut Tx, handle: &Handle, user: UserId) -> Result<()> {
        if handles::claim_handle(tx, handle, user, self.now()).await? {
            return Ok(());
        }
        match handles::find_handle_in(tx, handle)
            .await?
            .map(|row| row.held_until)
        {
            Some(Some(until)) => Err(held(handle, until)),
            _ => Err(taken(handle)),
        }
    }

    /// Writes the row of a new account, and claims its name.
    pub(crate) async fn insert_user(
        &self,
        tx: &mut Tx,
        id: UserId,
        handle: &Handle,
        display_name: Option<&str>,
    ) -> Result<()> {
        match users::insert_user(tx, id, handle, display_name, self.now()).await {
            Err(error) if error.is_duplicate() => Err(taken(handle)),
            inserted => Ok(inserted?),
        }?;
        self.claim_handle(tx, handle, id).await
    }
}

fn taken(handle: &Handle) -> Error {
    Error::conflict(
        "handle_taken",
        format!("The handle {handle} is taken. Choose another."),
    )
}

fn held(handle: &Handle, until: Timestamp) -> Error {
    Error::conflict(
        "handle_held",
        format!(
            "The handle {handle} was given up by its owner and is held until {}. Choose another.",
            time::rfc3339_seconds(until)
        ),
    )
}

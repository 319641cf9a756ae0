//! The e-mail addresses of an account.

use model::email::EmailAddress;
use store::user_emails;

use crate::{Actor, App, Error, Result};

impl App {
    /// Where mail for the actor goes.
    pub async fn primary_email(&self, actor: &Actor) -> Result<EmailAddress> {
        user_emails::find_primary_email(self.db(), actor.id())
            .await?
            .ok_or(Error::NotFound("e-mail address"))
    }
}

//! Telling people what happened to their account: who did it, when and from where.

use mail::{By, Event, Message, Notice};
use model::{UserId, audit::Credential, time};
use store::{Tx, user_emails, users::UserRow};

use crate::{Actor, App, Peer, Result};

/// Somebody over the network.
pub(crate) fn by(peer: &Peer) -> By {
    By::Client {
        ip: peer.ip.to_string(),
        user_agent: peer.user_agent.clone(),
    }
}

impl App {
    /// What the actor does now, for a mail that tells of it.
    pub(crate) fn notice(&self, actor: &Actor) -> Notice {
        let by = match actor.credential {
            Credential::Operator => By::Operator,
            _ => by(&actor.peer),
        };
        self.notice_of(&actor.user, by)
    }

    /// What somebody does now to the account of `user`.
    pub(crate) fn notice_of(&self, user: &UserRow, by: By) -> Notice {
        Notice {
            handle: user.handle.to_string(),
            at: time::for_people(self.now()),
            by,
            public_url: self.settings().public_url.to_string(),
        }
    }

    /// Tells the actor's primary address what they, or whoever acts as them, did.
    pub(crate) async fn tell(&self, tx: &mut Tx, actor: &Actor, event: Event) -> Result<()> {
        let message = Message::Event(event, self.notice(actor));
        self.tell_owner(tx, actor.id(), &message).await
    }

    /// Writes a mail to the primary address of `user`.
    pub(crate) async fn tell_owner(&self, tx: &mut Tx, user: UserId, message: &Message) -> Result<()> {
        match user_emails::find_primary_email_in(tx, user).await? {
            Some(primary) => self.enqueue_mail(tx, Some(user), &primary, message).await,
            None => Ok(()),
        }
    }
}

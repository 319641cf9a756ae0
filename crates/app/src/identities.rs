//! Identities: accounts as others see them. Everybody may look one up by its name, as links and clients do; what could
//! be used to collect names is limited for strangers, and searching is for people with an account.

use model::{UserId, handle::Handle, scope::Capability};
use store::{Cursor, Page, identities, users::UserRow};

use crate::{Actor, App, Error, Peer, Result};

/// The longest text that is searched for, in characters. No name is longer.
const LONGEST_SEARCH: usize = 100;

/// Somebody who looks at what is public: known by a valid token, or not.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The other end.
    pub peer: Peer,
    /// Who it is, if they proved it.
    pub actor: Option<Actor>,
}

/// A page of identities, oldest first.
#[derive(Debug)]
pub struct IdentityPage {
    /// The accounts.
    pub identities: Vec<UserRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl Visitor {
    /// Whether they may search, rather than look up.
    fn searches(&self) -> bool {
        self.actor
            .as_ref()
            .is_some_and(|actor| actor.may(Capability::Read).is_ok())
    }
}

impl App {
    /// The account that has this handle now, or this id.
    pub async fn find_identity(&self, visitor: &Visitor, handle_or_id: &str) -> Result<UserRow> {
        if visitor.actor.is_none() {
            self.0.limits.identity(visitor.peer.ip)?;
        }
        self.identity_called(handle_or_id)
            .await?
            .ok_or(Error::NotFound("identity"))
    }

    /// Only what can be a name is looked up: a store need not take every text.
    async fn identity_called(&self, handle_or_id: &str) -> Result<Option<UserRow>> {
        if !self.is_identity(handle_or_id) {
            return Ok(None);
        }
        Ok(identities::find_identity(self.db(), handle_or_id).await?)
    }

    /// Whether a text can name an account.
    pub(crate) fn is_identity(&self, text: &str) -> bool {
        text.parse::<Handle>().is_ok() || text.parse::<UserId>().is_ok()
    }

    /// The accounts whose handle or display name contains `wanted`. A stranger, and a token that may not read, finds the
    /// one of exactly this handle or id, in a list that has no second page.
    pub async fn list_identities(&self, visitor: &Visitor, wanted: &str, page: Page) -> Result<IdentityPage> {
        if wanted.chars().count() > LONGEST_SEARCH || wanted.contains(char::is_control) {
            let sentence =
                format!("Search for at most {LONGEST_SEARCH} characters, none of which is a control.");
            return Err(Error::invalid("q", sentence));
        }
        let is_first = page.after.is_none();
        if is_first {
            self.0.limits.identity(visitor.peer.ip)?;
        }
        if visitor.searches() {
            let mut rows = identities::list_identities(self.db(), wanted, &page.one_more()).await?;
            let next = page.cut(&mut rows, |row| Cursor {
                at: row.created_at,
                id: row.id.to_string(),
            });
            return Ok(IdentityPage {
                identities: rows,
                next,
            });
        }
        let found = match is_first {
            true => self.identity_called(wanted).await?,
            false => None,
        };
        Ok(IdentityPage {
            identities: found.into_iter().collect(),
            next: None,
        })
    }
}

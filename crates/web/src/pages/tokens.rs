//! Settings, Tokens: the list, a new one shown once, and the end of one. The forms are in `token_forms`.

use askama::Template;

use super::{Badge, Frame, Moment};

/// A token in the list.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// Its id.
    pub id: String,
    /// Its title; empty when it has none.
    pub title: String,
    /// What it is for; empty when nobody said.
    pub description: String,
    /// The last four characters of its secret.
    pub last4: String,
    /// Its scope, as a word.
    pub scope: &'static str,
    /// The networks that it may be used from; empty is anywhere.
    pub networks: Vec<String>,
    /// Its status.
    pub status: Badge,
    /// Whether it is active, so that the menu offers to deactivate it.
    pub active: bool,
    /// Until when it goes on, if it retires.
    pub retiring: Option<Moment>,
    /// When it was created.
    pub created: Moment,
    /// When it expires; `None` is never.
    pub expires: Option<Moment>,
    /// When it was last used; `None` is never.
    pub last_used: Option<Moment>,
    /// From where it was last used.
    pub last_used_ip: Option<String>,
}

impl TokenRow {
    /// What people call it: its title, or its last four characters.
    pub fn name(&self) -> String {
        if self.title.is_empty() {
            format!("…{}", self.last4)
        } else {
            self.title.clone()
        }
    }
}

/// `/settings/tokens`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/tokens.html")]
pub struct TokensPage {
    /// The frame.
    pub frame: Frame,
    /// The tokens, newest first.
    pub tokens: Vec<TokenRow>,
    /// How many an account may have.
    pub limit: usize,
}

impl TokensPage {
    /// How many count: those that retire do not.
    pub fn counted(&self) -> usize {
        self.tokens
            .iter()
            .filter(|token| token.retiring.is_none())
            .count()
    }

    /// Whether there is no room for another.
    pub fn full(&self) -> bool {
        self.counted() >= self.limit
    }
}

/// The answer to `POST /settings/tokens` and to a rotation: the only time the token is there to see.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/created_token.html")]
pub struct CreatedTokenPage {
    /// The frame.
    pub frame: Frame,
    /// Its title, or what stands for it.
    pub title: String,
    /// The token.
    pub secret: String,
    /// When it expires; `None` is never.
    pub expires: Option<Moment>,
    /// What becomes of the one before it, if it has one.
    pub predecessor: Option<String>,
    /// The address of the API, for the line to try it with: `http://localhost:8080/api/latest`.
    pub api_url: String,
}

/// `/settings/tokens/{id}/delete`: the confirmation as a page.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/delete_token.html")]
pub struct DeleteTokenPage {
    /// The frame.
    pub frame: Frame,
    /// The token.
    pub token: TokenRow,
}

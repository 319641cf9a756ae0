//! Settings, Tokens: the list, a new one shown once, and the end of one.

use askama::Template;

use super::{Badge, Field, Frame, Moment, Problem, field};

/// A token in the list.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// Its id.
    pub id: String,
    /// Its title; empty when it has none.
    pub title: String,
    /// The last four characters of its secret.
    pub last4: String,
    /// Its status.
    pub status: Badge,
    /// Whether it is active, so that the menu offers to deactivate it.
    pub active: bool,
    /// When it was created.
    pub created: Moment,
    /// When it expires; `None` is never.
    pub expires: Option<Moment>,
    /// When it was last used; `None` is never.
    pub last_used: Option<Moment>,
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

/// A choice of the expiry select. `value` is what the form sends: a number of days, `custom` or `never`.
#[derive(Clone, Debug)]
pub struct ExpiryChoice {
    /// What the form sends.
    pub value: &'static str,
    /// What it says.
    pub label: &'static str,
}

/// The form for a new token.
#[derive(Clone, Debug)]
pub struct NewTokenForm {
    /// The title; may be left empty.
    pub title: Field,
    /// The chosen expiry, one of [`NewTokenForm::choices`].
    pub expires: Field,
    /// The day for a `custom` expiry, as `2026-12-31`.
    pub expires_on: Field,
    /// The first day that may be chosen, as `2026-11-04`.
    pub earliest: String,
}

impl NewTokenForm {
    /// An empty form, 30 days chosen.
    pub fn empty(earliest: impl Into<String>) -> Self {
        Self {
            title: Field::default(),
            expires: Field::new("30"),
            expires_on: Field::default(),
            earliest: earliest.into(),
        }
    }

    /// The expiries to choose from.
    pub fn choices(&self) -> Vec<ExpiryChoice> {
        let choice = |(value, label)| ExpiryChoice { value, label };
        [
            ("7", "7 days"),
            ("30", "30 days"),
            ("60", "60 days"),
            ("90", "90 days"),
            ("365", "1 year"),
            ("custom", "On a date"),
            ("never", "Never"),
        ]
        .map(choice)
        .into()
    }

    /// What is wrong, when several fields are.
    pub fn problems(&self) -> Vec<Problem> {
        field::summary(&[
            ("title", "Title", &self.title),
            ("expires", "Expires", &self.expires),
            ("expires_on", "Last day", &self.expires_on),
        ])
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
    /// The form of the dialog.
    pub form: NewTokenForm,
}

impl TokensPage {
    /// Whether there is no room for another.
    pub fn full(&self) -> bool {
        self.tokens.len() >= self.limit
    }
}

/// `/settings/tokens/new`: the form as a page, and the answer when a field is wrong.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/new_token.html")]
pub struct NewTokenPage {
    /// The frame.
    pub frame: Frame,
    /// The form.
    pub form: NewTokenForm,
}

/// The answer to `POST /settings/tokens`: the only time the token is there to see.
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

//! The forms of Settings, Tokens: a new token, another title, a successor.

use askama::Template;

use super::{Field, Frame, Problem, TokenRow, field};

/// A choice of a select or of radio buttons.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What the form sends.
    pub value: &'static str,
    /// What it says.
    pub label: &'static str,
    /// What it means, where that needs a sentence.
    pub hint: &'static str,
}

fn choices<const N: usize>(list: [(&'static str, &'static str, &'static str); N]) -> Vec<Choice> {
    list.map(|(value, label, hint)| Choice { value, label, hint })
        .into()
}

/// The form for a new token.
#[derive(Clone, Debug)]
pub struct NewTokenForm {
    /// The title; may be left empty.
    pub title: Field,
    /// What it is for; may be left empty.
    pub description: Field,
    /// The chosen scope, one of [`NewTokenForm::scopes`].
    pub scope: Field,
    /// The chosen expiry, one of [`NewTokenForm::expiries`].
    pub expires: Field,
    /// The day for a `custom` expiry, as `2026-12-31`.
    pub expires_on: Field,
    /// The networks that it may be used from; empty is anywhere.
    pub networks: Field,
    /// From where the person looks at this form.
    pub here: String,
}

impl NewTokenForm {
    /// An empty form for somebody at `here`; the full scope and 30 days chosen.
    pub fn empty(here: impl Into<String>) -> Self {
        Self {
            title: Field::default(),
            description: Field::default(),
            scope: Field::new("full"),
            expires: Field::new("30"),
            expires_on: Field::default(),
            networks: Field::default(),
            here: here.into(),
        }
    }

    /// The scopes to choose from.
    pub fn scopes(&self) -> Vec<Choice> {
        use model::scope::Scope;
        choices([
            ("full", "Full", Scope::Full.sentence()),
            ("read", "Read", Scope::Read.sentence()),
            ("query", "Query", Scope::Query.sentence()),
        ])
    }

    /// The expiries to choose from: a number of days, `custom` or `never`.
    pub fn expiries(&self) -> Vec<Choice> {
        choices([
            ("7", "7 days", ""),
            ("30", "30 days", ""),
            ("60", "60 days", ""),
            ("90", "90 days", ""),
            ("365", "1 year", ""),
            ("custom", "On a date", ""),
            ("never", "Never", ""),
        ])
    }

    /// What is wrong, when several fields are.
    pub fn problems(&self) -> Vec<Problem> {
        field::summary(&[
            ("title", "Title", &self.title),
            ("description", "Description", &self.description),
            ("scope", "Scope", &self.scope),
            ("expires", "Expires", &self.expires),
            ("expires_on", "Last day", &self.expires_on),
            ("networks", "Networks", &self.networks),
        ])
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

/// `/settings/tokens/{id}/edit`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/edit_token.html")]
pub struct EditTokenPage {
    /// The frame.
    pub frame: Frame,
    /// The token as it is.
    pub token: TokenRow,
    /// The title.
    pub title: Field,
    /// What it is for.
    pub description: Field,
    /// The networks that it may be used from.
    pub networks: Field,
    /// From where the person looks at this form.
    pub here: String,
}

impl EditTokenPage {
    /// What is wrong, when several fields are.
    pub fn problems(&self) -> Vec<Problem> {
        field::summary(&[
            ("title", "Title", &self.title),
            ("description", "Description", &self.description),
            ("networks", "Networks", &self.networks),
        ])
    }
}

/// `/settings/tokens/{id}/rotate`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/rotate_token.html")]
pub struct RotateTokenPage {
    /// The frame.
    pub frame: Frame,
    /// The token.
    pub token: TokenRow,
    /// The chosen overlap, one of [`RotateTokenPage::overlaps`].
    pub overlap: Field,
    /// What the rotation does.
    pub facts: Vec<String>,
}

impl RotateTokenPage {
    /// The overlaps to choose from, in seconds.
    pub fn overlaps(&self) -> Vec<Choice> {
        choices([
            ("0", "Not at all: it ends now", ""),
            ("3600", "1 hour", ""),
            ("86400", "24 hours", ""),
            ("259200", "3 days", ""),
            ("604800", "7 days", ""),
        ])
    }
}

//! "This was not me": what helps when somebody else uses an account.

use askama::Template;

use super::{Frame, Hidden, Outside};

/// `/not-me/{alarm}` for a signed-in person.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/not_me.html")]
pub struct NotMePage {
    /// The frame.
    pub frame: Frame,
    /// What the mail said: "somebody changed your handle".
    pub what: &'static str,
    /// What helps, the most urgent first.
    pub remedies: Vec<Remedy>,
}

/// One thing that helps.
#[derive(Clone, Debug)]
pub struct Remedy {
    /// What it is.
    pub title: String,
    /// What it does.
    pub text: &'static str,
    /// What the button says.
    pub label: &'static str,
    /// Where the button leads.
    pub path: String,
    /// What its form sends; nothing where it opens a page.
    pub form: Option<Vec<Hidden>>,
}

/// `/not-me/{alarm}` for everybody else.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out/not_me.html")]
pub struct NotMeOutsidePage {
    /// The frame.
    pub outside: Outside,
    /// What the mail said.
    pub what: &'static str,
    /// This page, for after the sign-in.
    pub here: String,
}

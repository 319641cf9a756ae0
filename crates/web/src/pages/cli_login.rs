//! A command line asks to be let in: who asks, the code, and the end.

use askama::Template;

use super::{Moment, Outside};

/// Who asks, with Verify and Deny.
#[derive(Clone, Debug, Template)]
#[template(path = "cli_login/ask.html")]
pub struct CliLoginPage {
    /// The frame.
    pub outside: Outside,
    /// The session's token for forms.
    pub csrf: String,
    /// The request, as its address names it.
    pub request: String,
    /// As whom the command line would be let in.
    pub handle: String,
    /// Their avatar.
    pub avatar_url: String,
    /// What asks, in a person's words.
    pub device: String,
    /// The same as it says of itself.
    pub user_agent: String,
    /// From where it asks.
    pub ip: String,
    /// Whether that is where this browser is too.
    pub same_address: bool,
    /// When it asked.
    pub asked: Moment,
    /// Whether this person has let it in already, and may only want another code.
    pub verified: bool,
    /// For how many days it would be let in.
    pub days: i64,
}

/// The code, shown once.
#[derive(Clone, Debug, Template)]
#[template(path = "cli_login/code.html")]
pub struct CliLoginCodePage {
    /// The frame.
    pub outside: Outside,
    /// The session's token for forms.
    pub csrf: String,
    /// The request.
    pub request: String,
    /// Six digits.
    pub code: String,
    /// Where it is to be typed.
    pub device: String,
    /// For how many minutes it works.
    pub minutes: i64,
    /// How many tries there are.
    pub tries: i64,
}

/// A request that was denied, is used, or too old.
#[derive(Clone, Debug, Template)]
#[template(path = "cli_login/over.html")]
pub struct CliLoginOverPage {
    /// The frame.
    pub outside: Outside,
    /// What happened.
    pub title: &'static str,
    /// What to do.
    pub advice: &'static str,
}

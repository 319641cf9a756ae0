//! "Confirm that it is you", between a form and its answer.

use askama::Template;

use super::{Field, Frame};

/// The answer to a request that needs a fresher sign-in.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/step_up.html")]
pub struct StepUpPage {
    /// The frame.
    pub frame: Frame,
    /// What goes on with the code: "Create a token".
    pub deed: &'static str,
    /// Of what or to what, as it was typed.
    pub detail: Option<String>,
    /// Where the code is: the account's primary address.
    pub sent_to: String,
    /// How long the code works.
    pub minutes: i64,
    /// Where the mail is, when the server has no mail server and writes files: a folder. `None` says nothing.
    pub mail_folder: Option<String>,
    /// The request that waits, sealed.
    pub request: String,
    /// The code.
    pub code: Field,
    /// Where one goes instead.
    pub cancel: &'static str,
}

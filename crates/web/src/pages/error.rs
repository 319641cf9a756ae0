//! When something is not there or went wrong.

use askama::Template;

use super::Outside;

/// An error, in words that lead on.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out/error.html")]
pub struct ErrorPage {
    /// The frame.
    pub outside: Outside,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, in a few words.
    pub title: String,
    /// What to do about it, one or two sentences.
    pub advice: String,
    /// The request's id, to quote to the operator.
    pub request_id: String,
}

impl ErrorPage {
    /// The page for an address where nothing is.
    pub fn not_found(outside: Outside, request_id: impl Into<String>) -> Self {
        Self {
            outside,
            status: 404,
            title: "There is nothing here".to_owned(),
            advice:
                "The address may be mistyped, or what was here is deleted. Your workspaces are one step away."
                    .to_owned(),
            request_id: request_id.into(),
        }
    }
}

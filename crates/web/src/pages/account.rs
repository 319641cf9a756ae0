//! The pages between the mail and the console: the link's page, its refusal, and the choice of a handle.

use askama::Template;

use super::{Field, Hidden, Outside, Problem, field};

/// The page a mailed link opens. A GET only shows it; its button's POST consumes the link.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out/link.html")]
pub struct LinkPage {
    /// The frame.
    pub outside: Outside,
    /// What the form carries: the secret from the link.
    pub hidden: Vec<Hidden>,
    /// Whom the link signs in, when it is an account: their handle. `None` for a new person, who continues to the
    /// choice of a handle.
    pub handle: Option<String>,
    /// Whether this is the browser that asked. When it is not, the page asks for the code too.
    pub same_browser: bool,
    /// The code typed by hand.
    pub code: Field,
}

/// A link or a code that is expired, used or unknown: the same page for all three.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out/link_dead.html")]
pub struct LinkDeadPage {
    /// The frame.
    pub outside: Outside,
    /// How long a link lives.
    pub minutes: u32,
}

/// A new person chooses their handle.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out/choose_handle.html")]
pub struct ChooseHandlePage {
    /// The frame.
    pub outside: Outside,
    /// Their address, where none is confirmed yet: for the first account, made from the operator's terminal.
    pub email: Option<Field>,
    /// The handle.
    pub handle: Field,
    /// The display name.
    pub display_name: Field,
    /// The domain of workspace hosts.
    pub domain: String,
}

impl ChooseHandlePage {
    /// What is wrong, when several fields are.
    pub fn problems(&self) -> Vec<Problem> {
        let mut fields = vec![
            ("handle", "Handle", &self.handle),
            ("display_name", "Display name", &self.display_name),
        ];
        fields.extend(
            self.email
                .as_ref()
                .map(|email| ("email", "E-mail address", email)),
        );
        field::summary(&fields)
    }
}

//! The pages before sign-in: a mark and one centred card.

use askama::Template;

use super::{AssetUrls, Field, Hidden};

/// What surrounds a page without a signed-in person.
#[derive(Clone, Debug)]
pub struct Outside {
    /// Where the style sheet, the script and the icon are.
    pub assets: AssetUrls,
}

/// `/login`: the address to send a link to.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out/sign_in.html")]
pub struct SignInPage {
    /// The frame.
    pub outside: Outside,
    /// Why one is here, when it was not one's own idea: "For this step, sign in again."
    pub reason: Option<String>,
    /// Carried through the sign-in unseen: `next`, or the terminal's login request.
    pub hidden: Vec<Hidden>,
    /// The e-mail address.
    pub email: Field,
    /// Whether anybody may sign up here.
    pub sign_up_open: bool,
}

/// `/signup`: the address of a new account.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out/sign_up.html")]
pub struct SignUpPage {
    /// The frame.
    pub outside: Outside,
    /// Who may sign up, when not everybody: "Addresses at example.com can sign up here."
    pub rule: Option<String>,
    /// The e-mail address.
    pub email: Field,
}

/// The answer to `POST /login` and `POST /signup`: the same, whether the address is known or not.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out/check_mail.html")]
pub struct CheckMailPage {
    /// The frame.
    pub outside: Outside,
    /// What the form carries beside the code: nothing, since a cookie names the request.
    pub hidden: Vec<Hidden>,
    /// The code typed by hand.
    pub code: Field,
    /// How long the link and the code live.
    pub minutes: u32,
    /// Where the mail is, when the server has no mail server and writes files: a folder. `None` says nothing.
    pub mail_folder: Option<String>,
    /// Where to ask again: `/login` or `/signup`.
    pub again: &'static str,
}

/// After `POST /logout`.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out/signed_out.html")]
pub struct SignedOutPage {
    /// The frame.
    pub outside: Outside,
}

/// `GET /unsubscribe/{mail}`: asks before it ends mails.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out/unsubscribe.html")]
pub struct UnsubscribePage {
    /// The frame.
    pub outside: Outside,
    /// Which mails.
    pub category: &'static str,
    /// That the form is of this browser.
    pub proof: String,
    /// Whether it was tried without the cookie.
    pub again: bool,
}

/// `POST /unsubscribe/{mail}`: the mails are ended.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out/unsubscribed.html")]
pub struct UnsubscribedPage {
    /// The frame.
    pub outside: Outside,
    /// Which mails.
    pub category: &'static str,
}

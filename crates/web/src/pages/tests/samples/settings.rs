//! Sample pages of the profile and of e-mail addresses.

use super::{PASSWORD, Pages, Words, ago, flashed, frame, show};
use crate::pages::*;

pub(super) fn profile(words: &Words) -> Pages {
    let facts: Vec<String> = [
        "The old password stops working now, in all 2 workspaces.",
        "3 open connections stay.",
        "New connections need the new password from now on.",
    ]
    .map(str::to_owned)
    .into();
    let fetch = |state: &str, error: Option<&str>| AvatarFetch {
        host: words.or("example.com"),
        href: "/activity/p_c2rkvdq5v6f0000000g0".into(),
        state: Badge::process(state),
        error: error.map(|_| words.or("The server at this address answered 404 instead of a picture.")),
    };
    let page = ProfilePage {
        frame: frame(words, Place::Settings(SettingsPage::Profile)),
        display_name: Field::new(&words.text),
        avatar: AvatarCard {
            origin: "Drawn from the id of your account.".into(),
            chosen: false,
            file: Field::default(),
            url: Field::default(),
            fetch: None,
        },
        emails: emails_card(words),
        password: PasswordCard {
            revealed: None,
            since: ago(86_400 * 65),
            ends: None,
            is_over: false,
            facts: facts.clone(),
        },
    };
    vec![
        (
            "profile-wrong",
            show(ProfilePage {
                avatar: AvatarCard {
                    file: Field::refused("", "This picture is larger than 5 MB. Use a smaller one."),
                    url: Field::refused(
                        words.or("http://example.com/me.png"),
                        "Enter an absolute https URL of at most 2048 characters, without a \
user name or password in it.",
                    ),
                    fetch: Some(fetch("failed", Some("The server at this address answered 404."))),
                    ..page.avatar.clone()
                },
                ..page.clone()
            }),
        ),
        (
            "profile-fetching",
            show(ProfilePage {
                avatar: AvatarCard {
                    origin: format!("Fetched from {} 3 days ago.", words.or("example.com")),
                    chosen: true,
                    url: Field::new(words.or("https://example.com/me.png")),
                    fetch: Some(fetch("running", None)),
                    ..page.avatar.clone()
                },
                ..page.clone()
            }),
        ),
        (
            "profile-revealed",
            show(ProfilePage {
                frame: flashed(
                    page.frame.clone(),
                    "The password is rotated. New connections need the new one.",
                ),
                password: PasswordCard {
                    revealed: Some(PASSWORD.into()),
                    ends: Some(ago(-3600)),
                    ..page.password.clone()
                },
                ..page.clone()
            }),
        ),
        (
            "password-over",
            show(ProfilePage {
                password: PasswordCard {
                    ends: Some(ago(3600)),
                    is_over: true,
                    ..page.password.clone()
                },
                ..page.clone()
            }),
        ),
        (
            "rotate",
            show(RotatePasswordPage {
                frame: page.frame.clone(),
                facts,
            }),
        ),
        ("profile", show(page)),
    ]
}

fn email_row(id: &str, email: String, pending: bool, primary: bool) -> EmailRow {
    EmailRow {
        id: id.into(),
        email,
        state: match (pending, primary) {
            (true, _) => Some(Badge::new("Pending", Tone::Warn)),
            (_, true) => Some(Badge::new("Primary", Tone::Ok)),
            _ => None,
        },
        pending,
        primary,
    }
}

fn emails_card(words: &Words) -> EmailsCard {
    EmailsCard {
        emails: vec![
            email_row(
                "up_00000000000000000000",
                words.or("ana@example.com"),
                false,
                true,
            ),
            email_row(
                "up_00000000000000000010",
                words.or("ana.lindqvist@example.org"),
                false,
                false,
            ),
            email_row("up_00000000000000000020", words.or("a@example.net"), true, false),
        ],
        most: 10,
        full: false,
    }
}

pub(super) fn emails(words: &Words) -> Pages {
    let frame = frame(words, Place::Settings(SettingsPage::Profile));
    let verify = VerifyEmailPage {
        frame: frame.clone(),
        id: "up_00000000000000000020".into(),
        email: words.or("a@example.net"),
        minutes: 15,
        mail_folder: Some(words.or("/srv/standpipe-data/mail")),
        secret: None,
        code: Field::refused(words.or("12"), "This is not the code from the mail."),
    };
    vec![
        (
            "email-new",
            show(NewEmailPage {
                frame: frame.clone(),
                email: Field::refused(
                    words.or("ana@"),
                    "Enter an e-mail address such as ana@example.com.",
                ),
            }),
        ),
        ("email-verify", show(verify.clone())),
        (
            "email-verify-link",
            show(VerifyEmailPage {
                secret: Some(words.or("secret-sample")),
                ..verify
            }),
        ),
        (
            "email-remove",
            show(RemoveEmailPage {
                frame,
                row: email_row("up_00000000000000000010", words.or("a@example.org"), false, false),
            }),
        ),
    ]
}

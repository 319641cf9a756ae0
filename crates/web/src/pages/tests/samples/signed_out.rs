//! Sample pages before sign-in.

use super::{Pages, Words, outside, show};
use crate::pages::*;

pub(super) fn signed_out(words: &Words) -> Pages {
    let email = words.or("ana@example.com");
    let link = |same_browser, handle: Option<&str>| {
        show(LinkPage {
            outside: outside(),
            hidden: vec![Hidden {
                name: "secret",
                value: words.or("secret-of-the-link"),
            }],
            handle: handle.map(|_| words.handle.clone()),
            same_browser,
            code: Field::default(),
        })
    };
    let sign_in = SignInPage {
        outside: outside(),
        reason: None,
        hidden: vec![Hidden {
            name: "next",
            value: words.or("/settings/profile"),
        }],
        email: Field::default(),
        sign_up_open: true,
    };
    let check = CheckMailPage {
        outside: outside(),
        hidden: vec![],
        code: Field::default(),
        minutes: 15,
        mail_folder: Some("standpipe-data/mail".into()),
        again: "/login",
    };
    let choose = ChooseHandlePage {
        outside: outside(),
        email: None,
        handle: Field::default(),
        display_name: Field::default(),
        domain: "db.localhost".into(),
    };
    let wrong = Field::refused(
        words.or("ana@"),
        "This is not an e-mail address. Use one such as ana@example.com.",
    );
    vec![
        (
            "sign-in-again",
            show(SignInPage {
                reason: Some(
                    "To show the password, sign in again: your last sign-in is more than \
15 minutes old."
                        .into(),
                ),
                email: Field::new(&email),
                sign_up_open: false,
                ..sign_in.clone()
            }),
        ),
        (
            "sign-in-wrong",
            show(SignInPage {
                email: wrong,
                ..sign_in.clone()
            }),
        ),
        ("sign-in", show(sign_in)),
        (
            "sign-up",
            show(SignUpPage {
                outside: outside(),
                rule: None,
                email: Field::default(),
            }),
        ),
        (
            "check-mail-wrong",
            show(CheckMailPage {
                mail_folder: None,
                code: Field::refused(words.or("123456"), "This code is not right. 4 tries are left."),
                ..check.clone()
            }),
        ),
        ("check-mail", show(check)),
        ("link", link(true, Some("ana"))),
        ("link-new", link(true, None)),
        ("link-elsewhere", link(false, Some("ana"))),
        (
            "link-dead",
            show(LinkDeadPage {
                outside: outside(),
                minutes: 15,
            }),
        ),
        (
            "choose-handle-wrong",
            show(ChooseHandlePage {
                handle: Field::refused(words.or("admin"), "This handle is reserved. Choose another."),
                display_name: Field::refused(
                    words.or("Ana\u{7}"),
                    "Use one line of plain text, without control characters.",
                ),
                email: Some(Field::new(&email)),
                ..choose.clone()
            }),
        ),
        ("choose-handle", show(choose)),
        ("signed-out", show(SignedOutPage { outside: outside() })),
        (
            "not-me-outside",
            show(NotMeOutsidePage {
                outside: outside(),
                what: "somebody changed your handle",
                here: "/not-me/handle".to_owned(),
            }),
        ),
        (
            "unsubscribe",
            show(UnsubscribePage {
                outside: outside(),
                category: "Tips & Tricks",
                proof: words.or("proof"),
                again: false,
            }),
        ),
        (
            "unsubscribe-again",
            show(UnsubscribePage {
                outside: outside(),
                category: "Tips & Tricks",
                proof: words.or("proof"),
                again: true,
            }),
        ),
        (
            "unsubscribed",
            show(UnsubscribedPage {
                outside: outside(),
                category: "Tips & Tricks",
            }),
        ),
        ("not-found", show(ErrorPage::not_found(outside(), "01JDF6Q2K8"))),
        (
            "error",
            show(ErrorPage {
                outside: outside(),
                status: 503,
                title: words.or("The store does not answer"),
                advice: "Nothing was changed. Try again in a minute; if it stays, tell the \
operator and quote the request."
                    .into(),
                request_id: words.or("01JDF6Q2K8"),
            }),
        ),
    ]
}

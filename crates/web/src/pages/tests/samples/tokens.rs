//! Sample pages of tokens.

use super::{Pages, Words, ago, flashed, frame, show};
use crate::pages::*;

fn row(id: &str, words: &Words, status: &str, used: bool) -> TokenRow {
    TokenRow {
        id: id.into(),
        title: if used {
            words.or("CI pipeline")
        } else {
            String::new()
        },
        description: if used {
            words.or("Builds and deploys the warehouse")
        } else {
            String::new()
        },
        last4: "k3Qz".into(),
        scope: if used { "Read" } else { "Full" },
        networks: if used {
            vec!["203.0.113.0/24".into(), "2001:db8:1234::/48".into()]
        } else {
            Vec::new()
        },
        status: Badge::token(status),
        active: status != "inactive",
        retiring: (status == "retiring").then(|| ago(-3_600 * 23)),
        created: ago(86_400 * 20),
        expires: used.then(|| ago(-86_400 * 70)),
        last_used: used.then(|| ago(240)),
        last_used_ip: used.then(|| "203.0.113.7".into()),
    }
}

pub(super) fn tokens(words: &Words) -> Pages {
    let frame = frame(words, Place::Settings(SettingsPage::Tokens));
    let rows = vec![
        row("t_c2rkvdq5v6f0000000g0", words, "active", true),
        row("t_c2rkvdq5v6f0000000g2", words, "retiring", true),
        row("t_c2rkvdq5v6f0000000g1", words, "inactive", false),
    ];
    let list = TokensPage {
        frame: frame.clone(),
        tokens: rows,
        limit: 2,
    };
    let room = TokensPage {
        limit: 5,
        frame: flashed(
            frame,
            "Token CI pipeline is deactivated. Calls with it are refused.",
        ),
        ..list.clone()
    };
    let empty = TokensPage {
        tokens: vec![],
        ..list.clone()
    };
    let mut pages = vec![
        ("tokens-empty", show(empty)),
        ("tokens-room", show(room)),
        ("tokens", show(list.clone())),
    ];
    pages.extend(forms(words, &list));
    pages
}

fn empty_form() -> NewTokenForm {
    NewTokenForm::empty("203.0.113.7")
}

fn forms(words: &Words, list: &TokensPage) -> Pages {
    let frame = list.frame.clone();
    let token = row("t_c2rkvdq5v6f0000000g0", words, "active", true);
    let wrong = NewTokenForm {
        title: Field::refused(&words.text, "Use at most 100 characters."),
        description: Field::new(&words.text),
        expires: Field::new("custom"),
        expires_on: Field::refused(words.or("2020-01-01"), "This day is past. Choose a later one."),
        networks: Field::refused(
            words.or("10.0.0.1/8"),
            "Write each network as an address and a prefix length.",
        ),
        ..empty_form()
    };
    let created = CreatedTokenPage {
        frame: frame.clone(),
        title: words.or("CI pipeline"),
        secret: "tpt_c2rkvdq5v6f0000000g0_9fKq2LmZ8xTn4VbR7wYc1HsD5gJp3A0eUkXo6N".into(),
        expires: Some(ago(-86_400 * 30)),
        predecessor: None,
        api_url: "http://localhost:8080/api/latest".into(),
    };
    let rotated = CreatedTokenPage {
        predecessor: Some("The old token …k3Qz keeps working until 2026-11-25 09:30:00 UTC.".into()),
        ..created.clone()
    };
    let rotate = RotateTokenPage {
        frame: frame.clone(),
        token: token.clone(),
        overlap: Field::new("86400"),
        facts: vec![
            "You get a new token now, with the same title, scope and networks.".into(),
            "The old one was last used 4 minutes ago from 203.0.113.7.".into(),
        ],
    };
    let edit = EditTokenPage {
        frame: frame.clone(),
        token: token.clone(),
        title: Field::new(&token.title),
        description: Field::new(&token.description),
        networks: Field::refused(
            words.or("10.0.0.1/8"),
            "Write each network as an address and a prefix length.",
        ),
        here: "203.0.113.7".into(),
    };
    let new = |form: NewTokenForm| {
        show(NewTokenPage {
            frame: frame.clone(),
            form,
        })
    };
    vec![
        ("token-new", new(empty_form())),
        ("token-new-wrong", new(wrong)),
        ("token-created", show(created)),
        ("token-rotated", show(rotated)),
        ("token-rotate", show(rotate)),
        ("token-edit", show(edit)),
        (
            "token-delete",
            show(DeleteTokenPage {
                frame: frame.clone(),
                token,
            }),
        ),
    ]
}

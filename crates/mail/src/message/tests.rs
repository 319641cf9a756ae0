use model::alarm::Alarm;

use super::*;

fn notice() -> Notice {
    Notice {
        handle: "ana".to_owned(),
        at: "2026-11-24 09:30:00 UTC".to_owned(),
        by: By::Client {
            ip: "192.0.2.7".to_owned(),
            user_agent: "<b>".to_owned(),
        },
        public_url: "https://standpipe.example.com/".to_owned(),
    }
}

fn token() -> Token {
    Token {
        id: "t_0123456789abcdefghij".to_owned(),
        name: "CI <b>\u{202e}\r\npipeline".to_owned(),
        last4: "x9Zq".to_owned(),
        scope: "full".to_owned(),
        expires: Some("2026-12-24 09:30:00 UTC".to_owned()),
    }
}

fn events() -> [Event; 9] {
    [
        Event::Welcome,
        Event::NewSignIn {
            device: true,
            network: false,
        },
        Event::TokenCreated(token()),
        Event::TokenRotated {
            token: token(),
            old_until: None,
        },
        Event::TokenExpiring {
            token: token(),
            days: 7,
        },
        Event::TokenEnded {
            token: token(),
            retired: true,
        },
        Event::PasswordRotated { until: None },
        Event::AuthReset {
            password_rotated: true,
        },
        Event::ExportMade,
    ]
}

fn changes() -> [EmailChange; 3] {
    [
        EmailChange::Added("new@example.com".to_owned()),
        EmailChange::Primary {
            now: "new@example.com".to_owned(),
            before: "old@example.com".to_owned(),
        },
        EmailChange::Removed("new@example.com".to_owned()),
    ]
}

#[test]
fn every_notice_says_what_when_whence_and_what_to_do() {
    let messages = events().map(|event| Message::Event(event, notice()));
    let changed = changes().map(|change| Message::EmailChanged(change, notice()));
    for message in messages.iter().chain(&changed) {
        let rendered = message.render().unwrap();
        for part in [&rendered.text, &rendered.html] {
            for fact in ["2026-11-24 09:30:00 UTC", "192.0.2.7", "ana"] {
                assert!(part.contains(fact), "{fact} in {part}");
            }
            let helps = part.contains("https://standpipe.example.com/not-me/")
                || part.contains("You get this mail because the token");
            assert!(helps, "{part}");
            assert!(!part.contains('\u{202e}') && !part.contains('\r'));
        }
        assert!(!rendered.html.contains("<b>") && !rendered.html.contains("<img"));
        assert!(
            !rendered.subject.contains(char::is_control),
            "{}",
            rendered.subject
        );
        assert!(message.link().is_none(), "it signs nobody in");
    }
}

#[test]
fn the_way_to_what_helps_names_the_token_and_no_secret() {
    let rendered = Message::Event(Event::TokenCreated(token()), notice())
        .render()
        .unwrap();
    let url = "https://standpipe.example.com/not-me/token?token=t_0123456789abcdefghij";
    assert!(rendered.text.contains(url) && rendered.html.contains(url));
    assert_eq!(rendered.subject, "New API token: CI <b> pipeline");
    for alarm in Alarm::ALL {
        let words = notice().sign(Words::new("", ""), alarm);
        assert!(words.not_me.unwrap().ends_with(alarm.as_str()));
    }
}

#[test]
fn both_forms_have_link_and_code_and_no_markup_from_outside() {
    let link = Link {
        url: "http://localhost:8080/login/confirm?t=abc".to_owned(),
        code: "123456".to_owned(),
        minutes: 15,
        at: "2026-11-24 09:30:00 UTC".to_owned(),
        by: By::Client {
            ip: "127.0.0.1".to_owned(),
            user_agent: "<script>".to_owned(),
        },
    };
    let rendered = Message::SignIn(link).render().unwrap();
    for part in [&rendered.text, &rendered.html] {
        assert!(part.contains("123456") && part.contains("login/confirm?t=abc"));
        assert!(part.contains("127.0.0.1") && part.contains("09:30:00 UTC"));
    }
    assert!(!rendered.html.contains("<script>"));
    assert!(rendered.text.contains("<script>"));
}

#[test]
fn a_code_comes_with_what_it_is_for() {
    let step_up = StepUp {
        code: "123456".to_owned(),
        deed: "Create a token".to_owned(),
        minutes: 10,
        notice: notice(),
    };
    let rendered = Message::StepUp(step_up).render().unwrap();
    assert!(rendered.text.contains("123456") && rendered.text.contains("For: Create a token."));
}

#[test]
fn a_leak_is_told_with_what_ended_and_where_to_look() {
    let message = Message::CredentialRevoked {
        what: "API token <b>CI</b>".to_owned(),
        url: "http://localhost:8080/settings/tokens".to_owned(),
        notice: notice(),
    };
    let rendered = message.render().unwrap();
    for part in [&rendered.text, &rendered.html] {
        assert!(part.contains("/settings/tokens") && part.contains("192.0.2.7"));
    }
    assert!(
        rendered.text.contains("API token <b>CI</b> of your account ana") && !rendered.html.contains("<b>CI")
    );
}

#[test]
fn who_did_it_is_the_operator_or_nobody() {
    let by = |by| {
        let notice = Notice { by, ..notice() };
        Message::Event(Event::TokenCreated(token()), notice)
            .render()
            .unwrap()
            .text
    };
    assert!(by(By::Operator).contains("By: the operator of this server"));
    let by_time = by(By::Time);
    assert!(!by_time.contains("From:") && !by_time.contains("With:") && by_time.contains("When: "));
}

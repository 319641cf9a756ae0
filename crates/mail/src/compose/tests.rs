use proptest::prelude::*;

use super::*;

fn mail(subject: &str, text: &str) -> Outgoing {
    Outgoing {
        id: "m_00000000000000000000".parse().unwrap(),
        kind: "announcement".to_owned(),
        to: "ana@example.com".parse().unwrap(),
        message: Rendered {
            subject: subject.to_owned(),
            text: text.to_owned(),
            html: format!("<p>{}</p>", text.replace('<', "")),
        },
        unsubscribe: Some("https://standpipe.example.com/unsubscribe/x".parse().unwrap()),
    }
}

fn composed(name: &str, subject: &str, text: &str) -> Vec<u8> {
    let from = Mailbox::new(Some(name.to_owned()), "standpipe@example.com".parse().unwrap());
    Sender::plain(from).compose(&mail(subject, text)).unwrap().bytes
}

/// The names of the headers before the first empty line.
fn headers(head: &str) -> Vec<String> {
    let names = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    let mut names: Vec<_> = names
        .map(|line| line.split(':').next().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

const HEADERS: [&str; 11] = [
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "From",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
    "X-Standpipe-Kind",
];

/// Text as people with bad intentions write it: anything, and the tricks among it.
fn words() -> impl Strategy<Value = String> {
    let tricks = prop_oneof![
        Just("\r\nBcc: x@example.com\r\n".to_owned()),
        Just("\r\n\r\n".to_owned()),
        Just("\r\n.\r\n".to_owned()),
        Just("\n.\n".to_owned()),
        Just("=?utf-8?q?Bcc:?=".to_owned()),
        Just("\u{202e}\u{2066}\u{2028}".to_owned()),
        Just("x".repeat(1200)),
        Just("ü".repeat(600)),
        any::<String>(),
    ];
    proptest::collection::vec(tricks, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_is_said_the_headers_are_the_same(name in words(), subject in words(), text in words()) {
        let bytes = composed(&name, &subject, &text);
        let raw = String::from_utf8(bytes).unwrap();
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        prop_assert_eq!(headers(head), HEADERS, "{}", head);
        prop_assert!(raw.is_ascii(), "no server need know more");
        for line in raw.split("\r\n") {
            prop_assert!(line.len() <= 998, "{} octets", line.len());
            prop_assert!(!line.contains(['\r', '\n']), "an end of line is both");
        }
        prop_assert!(!head.contains("Bcc: x@") || head.contains(" Bcc: x@"), "{}", head);
        prop_assert_eq!(body.matches("Content-Type: text/").count(), 2);
    }
}

#[test]
fn a_subject_is_one_line_that_says_what_it_is() {
    assert_eq!(header_text("a\r\nBcc: b"), "a Bcc: b");
    assert_eq!(header_text("=?utf-8?q?x?="), "= ?utf-8?q?x?=");
    assert_eq!(header_text(&"x".repeat(300)).chars().count(), 200);
}

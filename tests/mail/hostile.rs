//! What people write in the hope that a mail becomes another one: each arrives as what it is, at a server that parses
//! strictly.

use app::announcements::NewAnnouncement;
use model::preferences::Category;
use serde_json::{Value, json};
use testkit::{TestApp, both_engines};

use super::{delivery::all_is_done, sink::Sink};

/// Titles of tokens, and how they stand in a subject.
const TITLES: [(&str, &str); 8] = [
    ("CI pipeline", "CI pipeline"),
    ("<b>bold</b> & \"quoted\"", "<b>bold</b> & \"quoted\""),
    (
        "=?utf-8?q?Bcc:_x=40example.com?=",
        "= ?utf-8?q?Bcc:_x=40example.com?=",
    ),
    ("שלום עולם", "שלום עולם"),
    ("Königs Übergrößenträger 🦀", "Königs Übergrößenträger 🦀"),
    ("a, b; c: d <e@example.com>", "a, b; c: d <e@example.com>"),
    (".", "."),
    ("Subject: other", "Subject: other"),
];

async fn announce(app: &TestApp, subject: &str, markdown: String) {
    let new = NewAnnouncement {
        category: Category::TipsAndTricks,
        subject: subject.to_owned(),
        markdown,
        per_minute: 60_000,
    };
    app.elsewhere(|app| async move {
        let id = app.admin_create_announcement(new).await.unwrap();
        app.admin_continue_announcement(id).await.unwrap();
    })
    .await;
}

async fn next_of(sink: &mut Sink, kind: &str) -> Value {
    loop {
        let mail = sink.any_mail().await;
        if mail["headers"]["X-Standpipe-Kind"] == kind {
            return mail;
        }
    }
}

both_engines! {
    async fn titles_and_clients_stay_words(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder.token_cap(20)).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        next_of(&mut sink, "token_created").await;
        for (title, shown) in TITLES {
            bearer.post("/api/v0/user/ana/token", json!({"title": title})).await.with_status(201);
            let mail = next_of(&mut sink, "token_created").await;
            assert_eq!(mail["headers"]["Subject"], format!("New API token: {shown}"));
            assert_eq!(mail["to"], json!([ana.email]), "nobody else");
            assert!(mail["parts"]["text/plain"].as_str().unwrap().contains(&format!("The API token {title} was made.")), "{mail}");
        }
        // What turns the reading direction, or ends a line, does not get that far, or not into a mail.
        for title in ["\u{202e}exe.txt", "a\u{2028}b"] {
            let answer = bearer.post("/api/v0/user/ana/token", json!({"title": title})).await;
            if answer.status == 201 {
                let mail = next_of(&mut sink, "token_created").await;
                assert!(!mail.to_string().contains(title), "{mail}");
            }
        }
        for title in ["a\r\nBcc: x@example.com", "a\nb", "\u{0}"] {
            bearer.post("/api/v0/user/ana/token", json!({"title": title})).await.with_status(400);
        }
        // A client that calls itself a header.
        let browser = app.browser_called("x\t=?utf-8?q?y?= <script>alert(1)</script>");
        browser.post("/login", &[("email", &ana.email)]).await.with_status(303);
        let mail = next_of(&mut sink, "sign_in").await;
        assert!(!mail["parts"]["text/html"].as_str().unwrap().contains("<script>"), "{mail}");
    }

    async fn long_lines_and_dots_arrive_as_they_are(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        app.create_user("ana").await;
        for body in [
            format!("{}\n\n{}", "x".repeat(5000), "word ".repeat(2000)),
            ".\n\n..\n\n.x\n\nMAIL FROM:<x@example.com>\n\n.".to_owned(),
            "From here on\n\n>From there\n\n=3D =\n\nend".to_owned(),
            "ü".repeat(3000),
            // An end of data that is none (SMTP smuggling).
            "a\n.\nMAIL FROM:<x@example.com>\nRCPT TO:<y@example.com>\nDATA\nb\r\n.\r\nc".to_owned(),
        ] {
            announce(&app, "News", body.clone()).await;
            let mail = sink.mail().await;
            let text = mail["parts"]["text/plain"].as_str().unwrap().replace("\r\n", "\n");
            assert!(text.starts_with(body.replace("\r\n", "\n").trim_end()), "{body:?} is {text:?}");
            all_is_done(&app).await;
            assert!(!sink.took_another().await, "one mail");
        }
        for (subject, shown) in [
            ("=?utf-8?q?x?=", "= ?utf-8?q?x?="),
            ("\u{202e}txt.exe \u{2066}x", "txt.exe x"),
            (&"ü".repeat(150), &"ü".repeat(150)),
            (&"long ".repeat(29), "long ".repeat(29).trim_end()),
        ] {
            announce(&app, subject, "Hello.".to_owned()).await;
            assert_eq!(sink.mail().await["headers"]["Subject"], shown);
        }
    }
}

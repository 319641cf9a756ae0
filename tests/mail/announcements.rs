//! The operator writes to everybody who wants it, and one POST ends it.

use app::announcements::NewAnnouncement;
use model::preferences::Category;
use serde_json::{Value, json};
use testkit::{TestApp, both_engines, until};

use super::{delivery::all_is_done, sink::Sink};
use crate::console::raw::{Raw, send};

fn news(category: Category) -> NewAnnouncement {
    NewAnnouncement {
        category,
        subject: "A new release".to_owned(),
        markdown: "# Hello\n\nRead [the notes](https://example.com/notes).".to_owned(),
        per_minute: 60_000,
    }
}

/// The operator's command, beside the server.
async fn announce(app: &TestApp, new: NewAnnouncement) {
    app.elsewhere(|app| async move {
        let id = app.admin_create_announcement(new).await.unwrap();
        while app
            .admin_continue_announcement(id)
            .await
            .unwrap()
            .finished_at
            .is_none()
        {}
    })
    .await;
}

/// The path of the link that the mail's header names.
fn unsubscribe_path(mail: &Value) -> String {
    let header = mail["headers"]["List-Unsubscribe"].as_str().unwrap();
    let url = header.trim_start_matches('<').trim_end_matches('>');
    format!("/unsubscribe/{}", url.split_once("/unsubscribe/").unwrap().1)
}

async fn preferences(app: &TestApp, handle: &str) -> Value {
    let person = testkit::Person {
        handle: handle.to_owned(),
        email: String::new(),
    };
    let bearer = app.bearer(&person).await;
    bearer
        .get(&format!("/api/v0/user/{handle}/preferences"))
        .await
        .with_status(200)
        .json()
}

both_engines! {
    async fn those_who_want_it_get_it_and_can_stop_it(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder.token_cap(20)).start().await;
        let (ana, bob, _eve) = (app.create_user("ana").await, app.create_user("bob").await, app.create_user("eve").await);
        let bearer = app.bearer(&bob).await;
        bearer.patch("/api/v0/user/bob/preferences", json!({"communication_tips_and_tricks": "disabled"})).await.with_status(200);
        app.elsewhere(|app| async move { app.admin_set_user_active("eve", false).await.unwrap() }).await;
        announce(&app, news(Category::TipsAndTricks)).await;

        let mail = sink.mail().await;
        assert_eq!(mail["to"], json!([ana.email]));
        assert_eq!(mail["headers"]["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
        assert!(mail["parts"]["text/plain"].as_str().unwrap().contains("Stop these mails: http"));
        assert!(mail["parts"]["text/html"].as_str().unwrap().contains("<a href=\"https://example.com/notes\">the notes</a>"));
        all_is_done(&app).await;
        assert!(!sink.took_another().await, "nobody else wants it");

        // Whatever a scanner does by GET and HEAD changes nothing, nor does its click without the cookie.
        let path = unsubscribe_path(&mail);
        let raw = Raw::http(&app);
        for _ in 0..3 {
            let page = send(raw.request(reqwest::Method::GET, &path)).await.with_status(200);
            assert!(page.body.contains("Stop Tips &#38; Tricks?"), "{}", page.body);
            send(raw.request(reqwest::Method::HEAD, &path)).await.with_status(200);
            send(raw.request(reqwest::Method::POST, &path).form(&[("proof", page.hidden("proof"))])).await.with_status(403);
            send(raw.request(reqwest::Method::POST, &path).form(&[("List-Unsubscribe", "no")])).await.with_status(403);
        }
        assert_eq!(preferences(&app, "ana").await["communication_tips_and_tricks"], "enabled");

        // A mail program's POST does, without cookies, from wherever it comes, and as often as it likes.
        for _ in 0..2 {
            let post = raw.request(reqwest::Method::POST, &path).form(&[("List-Unsubscribe", "One-Click")]);
            send(post.header("origin", "https://mail.example")).await.with_status(200);
        }
        let now = preferences(&app, "ana").await;
        assert_eq!((&now["communication_tips_and_tricks"], &now["communication_product_updates"]), (&json!("disabled"), &json!("enabled")));
        let bearer = app.bearer(&ana).await;
        let log = bearer.get("/api/v0/user/ana/audit_log?where=action_type+%3D+'user.preferences.update'").await.json();
        assert_eq!(log["items"].as_array().unwrap().len(), 1);
        assert_eq!(log["items"][0]["credential"]["kind"], "mail");

        announce(&app, news(Category::TipsAndTricks)).await;
        all_is_done(&app).await;
        assert!(!sink.took_another().await);
        announce(&app, news(Category::ProductUpdates)).await;
        let both = [sink.mail().await, sink.mail().await];
        assert!(both.iter().any(|mail| mail["to"] == json!([ana.email])) && both.iter().any(|mail| mail["to"] == json!([bob.email])));
    }

    async fn the_page_ends_it_too(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        app.create_user("ana").await;
        announce(&app, news(Category::CommunityUpdates)).await;
        let path = unsubscribe_path(&sink.mail().await);
        let browser = app.browser();
        let page = browser.get(&path).await.with_status(200);
        let done = browser.post(&path, &[("proof", &page.hidden("proof"))]).await.with_status(200);
        assert!(done.body.contains("Community Updates stopped"));
        assert_eq!(preferences(&app, "ana").await["communication_community_updates"], "disabled");
        for bad in ["/unsubscribe/x", "/unsubscribe/AAAA", &path[..path.len() - 1]] {
            browser.get(bad).await.with_status(404);
            send(Raw::http(&app).request(reqwest::Method::POST, bad).form(&[("List-Unsubscribe", "One-Click")])).await.with_status(404);
        }
    }

    async fn who_changes_their_mind_before_it_leaves_gets_none(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        let ana = app.create_user("ana").await;
        sink.tell("451").await;
        announce(&app, news(Category::TipsAndTricks)).await;
        assert_eq!(sink.refusal().await, 451);
        let bearer = app.bearer(&ana).await;
        bearer.patch("/api/v0/user/ana/preferences", json!({"communication_tips_and_tricks": "disabled"})).await.with_status(200);
        sink.tell("ok").await;
        app.clock.advance(std::time::Duration::from_secs(60));
        all_is_done(&app).await;
        assert!(!sink.took_another().await);
    }

    async fn the_pace_holds_after_a_time_in_which_none_could_leave(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        for n in 0..4 {
            app.create_user(&format!("ana{n}")).await;
        }
        let one_a_minute = NewAnnouncement { per_minute: 1, ..news(Category::TipsAndTricks) };
        announce(&app, one_a_minute).await;
        // After an hour in which the server stood still all are late. One leaves, and the others wait for their turns.
        for (waiting, seconds) in [(3, 3600), (2, 61), (1, 61), (0, 0)] {
            sink.mail().await;
            until("the others wait", std::time::Duration::from_secs(30), async || {
                let mails = app.with_app(|app| async move { app.admin_list_mail().await.unwrap() }).await;
                let all_wait = mails.iter().all(|mail| mail.next.is_some_and(|next| next > app.app().now()));
                (mails.len() == waiting && all_wait).then_some(())
            }).await;
            app.clock.advance(std::time::Duration::from_secs(seconds));
        }
        assert!(!sink.took_another().await);
    }

    async fn system_mails_have_no_link_to_unsubscribe(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        app.create_user("ana").await;
        app.browser().post("/login", &[("email", "ana@example.com")]).await.with_status(303);
        let mail = sink.mail().await;
        assert_eq!((&mail["headers"]["List-Unsubscribe"], &mail["headers"]["List-Unsubscribe-Post"]), (&Value::Null, &Value::Null));
    }

    async fn an_interrupted_one_goes_on_where_it_was(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        for n in 0..5 {
            app.create_user(&format!("ana{n}")).await;
        }
        let id = app.elsewhere(|app| async move { app.admin_create_announcement(news(Category::TipsAndTricks)).await.unwrap() }).await;
        // As many as want to go on with it at once: everybody gets one mail.
        let goes_on = (0..4).map(|_| app.elsewhere(move |app| async move {
            while app.admin_continue_announcement(id).await.unwrap().finished_at.is_none() {}
        }));
        for done in goes_on.collect::<Vec<_>>() {
            done.await;
        }
        let mut to = Vec::new();
        for _ in 0..5 {
            to.push(sink.mail().await["to"][0].as_str().unwrap().to_owned());
        }
        to.sort();
        assert_eq!(to, (0..5).map(|n| format!("ana{n}@example.com")).collect::<Vec<_>>());
        all_is_done(&app).await;
        assert!(!sink.took_another().await);
    }
}

#[tokio::test]
async fn the_command_says_what_it_would_do() {
    let binary = testkit::Binary::new(env!("CARGO_BIN_EXE_standpipe"));
    for handle in ["ana", "bob"] {
        binary.ok(&[
            "admin",
            "user",
            "create",
            handle,
            "--email",
            &format!("{handle}@example.com"),
        ]);
    }
    let file = binary.directory().join("news.md");
    std::fs::write(&file, "# Hello\n\nSomething *new*.").unwrap();
    let file = file.to_str().unwrap();
    let words = [
        "admin",
        "announce",
        "--category",
        "tips_and_tricks",
        "--subject",
        "News",
        "--file",
        file,
    ];
    let with = |more: &[&'static str]| [&words, more].concat();
    assert_eq!(
        binary.ok(&with(&["--dry-run"])),
        "2 people would get it. Nothing was sent."
    );
    let preview = binary.ok(&with(&["--preview"]));
    assert!(
        preview.contains("Subject: News")
            && preview.contains("<em>new</em>")
            && preview.contains("Something *new*.")
    );
    binary.ok(&with(&["--to", "proof@example.com"]));
    let said = binary.ok(&words);
    assert!(
        said.contains("--resume n_") && said.contains("2 mails are written."),
        "{said}"
    );
    let listed: Value = serde_json::from_str(&binary.ok(&["admin", "announce", "--list", "--json"])).unwrap();
    assert_eq!(
        (&listed[0]["written"], &listed[0]["subject"]),
        (&json!(2), &json!("News"))
    );

    until(
        "the server delivers them",
        std::time::Duration::from_secs(60),
        async || {
            let running = binary.serve();
            let mut mailbox = running.mailbox();
            for who in ["proof@example.com", "ana@example.com", "bob@example.com"] {
                let mail = mailbox.next(who).await;
                assert!(
                    mail.head.contains("Subject: News") && mail.head.contains("List-Unsubscribe-Post: "),
                    "{}",
                    mail.head
                );
            }
            running.stop();
            Some(())
        },
    )
    .await;
    std::fs::write(file, "![x](https://example.com/x.png)").unwrap();
    assert!(binary.fails(1, &words).contains("There is a picture in it."));
    binary.fails(2, &["admin", "announce", "--subject", "x"]);
}

//! Every kind of mail: that it arrives once and well formed, where its links lead, and that no scanner changes anything
//! by following them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mail::Kind;
use model::preferences::Category;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Engine, Mail, TestApp, both_engines, until};

use super::{
    delivery::all_is_done,
    everything::{self, Life, Post, announce},
    sink::Sink,
};
use crate::console::{
    raw::{Raw, send},
    window::Window,
};

/// The links in a text, in their order.
pub(crate) fn links(text: &str) -> Vec<String> {
    let is_link = |word: &&str| word.starts_with("http://localhost");
    text.split_whitespace()
        .filter(is_link)
        .map(str::to_owned)
        .collect()
}

fn check(mail: &Value) {
    let kind = mail["headers"]["X-Standpipe-Kind"].as_str().unwrap();
    let parts = mail["parts"].as_object().unwrap();
    assert_eq!(parts.keys().collect::<Vec<_>>(), ["text/plain", "text/html"]);
    let (text, html) = (
        mail["parts"]["text/plain"].as_str().unwrap(),
        mail["parts"]["text/html"].as_str().unwrap(),
    );
    for remote in ["<img", " src=", "url(", "@import", "<link", "<script"] {
        assert!(!html.contains(remote), "{kind}: {remote} in {html}");
    }
    assert!(html.contains("prefers-color-scheme: dark"), "{kind}");
    for link in links(text) {
        let escaped = link.replace('&', "&#38;");
        assert!(
            html.contains(&format!("href=\"{escaped}\"")) || html.contains(&link),
            "{kind}: {link} in {html}"
        );
    }
    assert!(
        text.lines().all(|line| !line.starts_with(' ')) && !text.contains("\n\n\n"),
        "{kind}: {text}"
    );
    let is_news = kind == "announcement";
    for header in ["List-Unsubscribe", "List-Unsubscribe-Post"] {
        assert_eq!(!mail["headers"][header].is_null(), is_news, "{kind}: {header}");
    }
}

/// The kinds of mails that a whole life has once, or as often as said.
const COUNTS: [(&str, usize); 13] = [
    ("welcome", 1),
    ("new_sign_in", 1),
    ("password_rotated", 1),
    ("export_made", 1),
    ("auth_reset", 1),
    ("token_ended", 1),
    ("token_expiring", 1),
    ("token_rotated", 1),
    ("step_up", 1),
    ("email_taken", 1),
    ("email_changed", 2),
    ("handle_changed", 2),
    ("account_deleted", 2),
];

/// The mails of a whole life: each is well formed and came once, there is one of every kind, and what was asked for once
/// was told once.
pub(super) fn check_each_kind(taken: &[Value]) {
    let mut kinds = BTreeMap::<&str, usize>::new();
    let mut ids = BTreeSet::new();
    for mail in taken {
        check(mail);
        let id = mail["headers"]["Message-ID"].as_str().unwrap();
        assert!(ids.insert(id), "it arrived twice: {mail}");
        let kind = mail["headers"]["X-Standpipe-Kind"].as_str().unwrap();
        *kinds.entry(kind).or_default() += 1;
    }
    let all: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(kinds.keys().copied().collect::<BTreeSet<_>>(), all);
    for (kind, count) in COUNTS {
        assert_eq!(kinds[kind], count, "{kind}");
    }
}

both_engines! {
    async fn each_kind_arrives_once_at_a_strict_server(builder) {
        let Some(sink) = Sink::start().await else { return };
        let app = everything::server(sink.serves(builder)).start().await;
        let mut post = Post::server(sink);
        Life::lead_to_its_end(&app, &mut post, "ana").await;
        check_each_kind(&post.rest().await);
    }
}

/// One mail of each kind that is still of use.
async fn mailbox_of_ana(app: &TestApp) -> (Life, Vec<Mail>) {
    let mut post = Post::Folder(app.mailbox.clone());
    let life = Life::lead(app, &mut post, "ana").await;
    life.ask_again(app, &mut post).await;
    let mut last = BTreeMap::new();
    for address in [
        "ana@work.example",
        "ana-too@example.com",
        "ana@elsewhere.example",
        "ana-b-new@example.com",
        "ana-b@more.example",
        // Last: of a kind that others get too, hers is taken.
        "ana@example.com",
    ] {
        for mail in app.mailbox.all(address) {
            last.insert(mail.kind().to_owned(), mail);
        }
    }
    (life, last.into_values().collect())
}

/// The links of `mails`, as paths.
fn paths(mails: &[Mail], origin: &str) -> BTreeSet<String> {
    mails
        .iter()
        .flat_map(|mail| links(&mail.text))
        .map(|link| {
            link.strip_prefix(origin)
                .expect("a link to this server")
                .to_owned()
        })
        .map(|path| if path.is_empty() { "/".to_owned() } else { path })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_robot_that_follows_and_clicks_everything_changes_nothing() {
    let app = everything::server(TestApp::builder(Engine::Sqlite)).start().await;
    let (life, mails) = mailbox_of_ana(&app).await;
    let raw = Raw::http(&app);
    let paths = paths(&mails, &raw.origin);
    assert!(mails.len() >= 19 && paths.len() > 12, "{paths:?}");
    for part in [
        "/login/confirm?t=",
        "/unsubscribe/",
        "/verify?t=",
        "/not-me/token?token=",
    ] {
        assert!(
            paths.iter().any(|path| path.contains(part)),
            "{part} in {paths:?}"
        );
    }
    let before = store_of(&app).await;
    for path in &paths {
        for method in [Method::HEAD, Method::GET, Method::GET] {
            let answer = send(raw.request(method.clone(), path)).await;
            let leads = answer.status == 200
                || answer.status == 303 && answer.header("location").starts_with("/login");
            assert!(leads, "{method} {path}: {}", answer.status);
            let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
            let is_ours = path.starts_with("/unsubscribe/");
            assert!(cookies.is_empty() || is_ours, "{method} {path} sets {cookies:?}");
        }
    }
    assert_eq!(store_of(&app).await, before, "by following");
    let Some(window) = Window::open(&app).await else {
        return;
    };
    for path in &paths {
        // What the click before it began may still take the window elsewhere once.
        let count = until("the page offers something", Duration::from_secs(30), async || {
            window.visit(path).await;
            let count = "return document.querySelectorAll('main button, main a').length";
            window.run(count).await.as_u64().filter(|count| *count > 0)
        })
        .await;
        for at in 0..count {
            window.visit(path).await;
            window.tell("Network.clearBrowserCookies", json!({})).await;
            let click = format!("document.querySelectorAll('main button, main a')[{at}]?.click()");
            window.run(&click).await;
            // Whatever the click began is over when the next page is there.
            window.visit("/login").await;
        }
    }
    window.visit("/settings/profile").await;
    window.is_at("/login").await;
    assert_eq!(store_of(&app).await, before, "by clicking");
    window.quit().await;

    // But one POST of a mail program ends one category (RFC 8058), and nothing else.
    let unsubscribe = paths
        .iter()
        .find(|path| path.starts_with("/unsubscribe/"))
        .unwrap();
    let post = raw
        .request(Method::POST, unsubscribe)
        .form(&[("List-Unsubscribe", "One-Click")]);
    send(post).await.with_status(200);
    let path = format!("/api/v0/user/{}/preferences", life.person.handle);
    let now = life.bearer.get(&path).await.json();
    for (category, choice) in [
        ("tips_and_tricks", "disabled"),
        ("product_updates", "enabled"),
        ("community_updates", "enabled"),
    ] {
        assert_eq!(now[format!("communication_{category}")], choice, "{category}");
    }
}

/// What is in the store, apart from what a worker leases.
async fn store_of(app: &TestApp) -> Vec<(String, String)> {
    all_is_done(app).await;
    let mut rows = app.dump_store().await;
    rows.retain(|(table, _)| table != "outbox");
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_choice_holds_for_its_category_and_for_nothing_else() {
    let app = everything::server(TestApp::builder(Engine::Sqlite)).start().await;
    let wants = |n: usize, category: usize| n & (1 << category) != 0;
    let mut lives = Vec::new();
    for n in 0..8 {
        let mut post = Post::Folder(app.mailbox.clone());
        let life = Life::lead(&app, &mut post, &format!("ana{n}")).await;
        let path = format!("/api/v0/user/{}/preferences", life.person.handle);
        // For each category the change comes while its mail is on its way, or before.
        let mut choices = json!({});
        for (at, category) in Category::ALL.iter().enumerate() {
            let choice = if wants(n, at) { "enabled" } else { "disabled" };
            choices[format!("communication_{}", category.as_str())] = json!(choice);
        }
        life.bearer.patch(&path, choices).await.with_status(200);
        lives.push((life, post));
    }
    for category in Category::ALL {
        announce(&app, category).await;
    }
    all_is_done(&app).await;
    let system: BTreeSet<_> = Kind::ALL
        .iter()
        .filter(|kind| {
            // To addresses that are nobody's, or that end the life.
            !matches!(
                kind,
                Kind::Announcement
                    | Kind::AccountDeleted
                    | Kind::AuthReset
                    | Kind::SignUp
                    | Kind::NoAccount
                    | Kind::AccessGiven
                    | Kind::VerifyEmail
                    | Kind::EmailTaken
            )
        })
        .map(|kind| kind.as_str().to_owned())
        .collect();
    for (n, (life, _)) in lives.iter().enumerate() {
        let mails = app.mailbox.all(&life.person.email);
        let (news, others): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| mail.kind() == "announcement");
        let kinds: BTreeSet<_> = others.iter().map(|mail| mail.kind().to_owned()).collect();
        assert_eq!(kinds, system, "whatever {n} chooses");
        assert!(others.iter().all(|mail| !mail.head.contains("List-Unsubscribe")));
        for (at, category) in Category::ALL.iter().enumerate() {
            let subject = format!("Subject: News: {}", category.title());
            let count = news.iter().filter(|mail| mail.head.contains(&subject)).count();
            assert_eq!(count, usize::from(wants(n, at)), "{n} and {}", category.as_str());
        }
    }
}

both_engines! {
    async fn a_choice_that_changes_while_a_mail_waits_is_the_one_that_counts(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        all_is_done(&app).await;
        let path = "/api/v0/user/ana/preferences";
        for category in Category::ALL {
            let choice = |choice: &str| json!({ format!("communication_{}", category.as_str()): choice });
            sink.tell("451").await;
            announce(&app, category).await;
            assert_eq!(sink.refusal().await, 451);
            bearer.patch(path, choice("disabled")).await.with_status(200);
            sink.tell("ok").await;
            app.clock.advance(std::time::Duration::from_secs(60));
            all_is_done(&app).await;
            assert!(!sink.took_another().await, "{}: no more wanted", category.as_str());
            // Off and on again: it goes.
            bearer.patch(path, choice("enabled")).await.with_status(200);
            sink.tell("451").await;
            announce(&app, category).await;
            assert_eq!(sink.refusal().await, 451);
            for last in ["disabled", "enabled"] {
                bearer.patch(path, choice(last)).await.with_status(200);
            }
            sink.tell("ok").await;
            app.clock.advance(std::time::Duration::from_secs(60));
            assert_eq!(sink.mail().await["headers"]["X-Standpipe-Kind"], "announcement");
            all_is_done(&app).await;
        }
    }
}

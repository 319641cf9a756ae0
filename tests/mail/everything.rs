//! An account's whole life, in which every kind of mail is sent.

use std::{collections::HashSet, time::Duration};

use app::announcements::NewAnnouncement;
use model::preferences::Category;
use serde_json::{Value, json};
use testkit::{Bearer, Browser, Builder, Mail, Mailbox, Person, TestApp};

use super::{delivery::all_is_done, sink::Sink};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY_SECONDS: u64 = 24 * 60 * 60;
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

/// Where the mails of a test arrive.
#[expect(clippy::large_enum_variant, reason = "a test has one")]
pub(crate) enum Post {
    /// In the folder.
    Folder(Mailbox),
    /// At a mail server, which keeps those that it told of.
    Server {
        sink: Sink,
        taken: Vec<Value>,
        read: HashSet<usize>,
    },
}

impl Post {
    /// At `sink`.
    pub(crate) fn server(sink: Sink) -> Self {
        Self::Server {
            sink,
            taken: Vec::new(),
            read: HashSet::new(),
        }
    }

    /// The next mail of `kind` to `address`.
    pub(crate) async fn next(&mut self, kind: &str, address: &str) -> Mail {
        match self {
            Self::Folder(mailbox) => mailbox.next_of(kind, address).await,
            Self::Server { sink, taken, read } => loop {
                let is_it = |mail: &Value| {
                    mail["headers"]["X-Standpipe-Kind"] == kind && mail["to"] == json!([address])
                };
                let found = (0..taken.len()).find(|n| !read.contains(n) && is_it(&taken[*n]));
                if let Some(n) = found {
                    read.insert(n);
                    return letter(&taken[n]);
                }
                taken.push(sink.any_mail().await);
            },
        }
    }

    /// All that a server took.
    pub(crate) async fn rest(self) -> Vec<Value> {
        let Self::Server {
            mut sink, mut taken, ..
        } = self
        else {
            unreachable!("a folder")
        };
        // Its answer comes after all mails that it told of.
        sink.tell("ok").await;
        taken.extend(sink.rest());
        taken
    }
}

fn letter(mail: &Value) -> Mail {
    Mail {
        head: String::new(),
        text: mail["parts"]["text/plain"].as_str().unwrap().to_owned(),
        raw: mail.to_string(),
    }
}

/// How a server must be for all of them.
pub(crate) fn server(builder: Builder) -> Builder {
    builder.with_workspaces().token_cap(20).configure(|config| {
        config.sessions.per_user = 2;
        config.accounts.sign_up = Some(standpipe::config::SignUp::Domains(vec![
            "example.com".to_owned(),
            "work.example".to_owned(),
        ]));
    })
}

/// Somebody whose mails are all sent, and another one who owns an address.
pub(crate) struct Life {
    pub(crate) person: Person,
    pub(crate) bearer: Bearer,
    browser: Browser,
    work: String,
}

async fn sign_in(app: &TestApp, post: &mut Post, browser: &Browser, email: &str) {
    browser.post("/login", &[("email", email)]).await.with_status(303);
    let link = post.next("sign_in", email).await.link();
    browser.follow(&link).await.with_status(303);
    app.clock.advance(Duration::from_secs(60));
}

impl Life {
    /// Everything, until the last mail has left.
    pub(crate) async fn lead_to_its_end(app: &TestApp, post: &mut Post, handle: &str) {
        let life = Self::lead(app, post, handle).await;
        life.ask_again(app, post).await;
        life.end(app, post).await;
        all_is_done(app).await;
    }

    /// Everything but what ends it.
    pub(crate) async fn lead(app: &TestApp, post: &mut Post, handle: &str) -> Self {
        let person = app.create_user(handle).await;
        let browser = app.browser();
        sign_in(app, post, &browser, &person.email).await;
        post.next("welcome", &person.email).await;
        let other = app.browser_called(FIREFOX);
        sign_in(app, post, &other, &person.email).await;
        post.next("new_sign_in", &person.email).await;
        sign_in(app, post, &browser, &person.email).await;
        post.next("sessions_ended", &person.email).await;
        let bearer = app.bearer(&person).await;
        post.next("token_created", &person.email).await;
        let mut life = Self {
            work: format!("{handle}@work.example"),
            person,
            bearer,
            browser,
        };
        life.credentials(app, post).await;
        life.addresses(app, post).await;
        life.strangers(app, post).await;
        life.time(app, post).await;
        life
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/latest/user/{}/{rest}", self.person.handle)
    }

    async fn credentials(&self, app: &TestApp, post: &mut Post) {
        let email = &self.person.email;
        let path = self.path("token");
        let new = json!({ "title": "CI pipeline", "expiration": 60 * DAY_SECONDS });
        let made = self.bearer.post(&path, new).await.with_status(201).json();
        post.next("token_created", email).await;
        let rotate = format!("{path}/{}/rotate", made["id"].as_str().unwrap());
        let overlap = json!({ "overlap": 3600 });
        self.bearer.post(&rotate, overlap).await.with_status(201);
        post.next("token_rotated", email).await;
        let leaked = app.bearer(&self.person).await.token;
        let report = json!({ "credentials": [leaked] });
        let revoke = "/api/latest/credentials/revoke";
        app.anonymous().post(revoke, report).await.with_status(202);
        post.next("credential_revoked", email).await;
        let password = self.path("password");
        self.bearer.post(&password, json!({})).await.with_status(201);
        post.next("password_rotated", email).await;
        self.bearer.get(&self.path("export")).await.with_status(200);
        post.next("export_made", email).await;
        let cli = app.anonymous_over_tls();
        let asked = cli.post_nothing("/api/v0/login/token").await.json();
        let id = asked["id"].as_str().unwrap();
        let page = format!("/login/token?r={id}");
        let shown = self.browser.submit(&page, "/login/token", &[("r", id)]).await;
        let (_, rest) = shown.body.split_once("<code id=\"code\">").expect("a code");
        let code = rest.split('<').next().unwrap();
        let redeem = format!("/api/v0/login/token/{id}?code={code}");
        cli.get(&redeem).await.with_status(200);
        post.next("cli_login", email).await;
    }

    async fn addresses(&mut self, app: &TestApp, post: &mut Post) {
        let path = self.path("email");
        let added = self.bearer.post(&path, json!({ "email": self.work })).await;
        let added = added.with_status(201).json();
        let code = post.next("verify_email", &self.work).await.code();
        let one = format!("{path}/{}", added["id"].as_str().unwrap());
        let proof = json!({ "code": code });
        self.bearer.patch(&one, proof).await.with_status(200);
        for told in [&self.work, &self.person.email] {
            post.next("email_changed", told).await;
        }
        let owner = app.create_user(&format!("{}-too", self.person.handle)).await;
        let taken = json!({ "email": owner.email });
        self.bearer.post(&path, taken).await.with_status(201);
        post.next("email_taken", &owner.email).await;
        let handle = format!("{}-b", self.person.handle);
        app.create_workspace(&self.bearer, &self.person, "dev").await;
        let guest = json!({ "handle": format!("{}-too", self.person.handle), "role": "reader" });
        let members = self.path("workspace/dev/member");
        self.bearer.post(&members, guest).await.with_status(201);
        post.next("access_given", &owner.email).await;
        let renamed = json!({ "handle": handle });
        let account = self.path("");
        let account = account.trim_end_matches('/');
        self.bearer.patch(account, renamed).await.with_status(200);
        self.person.handle = handle;
        post.next("handle_changed", &self.person.email).await;
    }

    async fn strangers(&self, app: &TestApp, post: &mut Post) {
        let unknown = format!("{}@elsewhere.example", self.person.handle);
        let form = [("email", unknown.as_str())];
        app.browser().post("/login", &form).await.with_status(303);
        post.next("no_account", &unknown).await;
    }

    /// Time passes: a proof is too old, a token retires, another expires soon.
    async fn time(&self, app: &TestApp, post: &mut Post) {
        let email = &self.person.email;
        app.clock.advance(13 * HOUR);
        let rotate = "/settings/profile/password/rotate";
        let asked = self.browser.submit(rotate, rotate, &[]).await;
        asked.with_status(403);
        post.next("step_up", email).await;
        app.clock.advance(31 * 24 * HOUR);
        tidy(app).await;
        post.next("token_ended", email).await;
        post.next("token_expiring", email).await;
    }

    /// Links and codes that nobody used yet.
    pub(crate) async fn ask_again(&self, app: &TestApp, post: &mut Post) {
        let fresh = format!("{}-new@example.com", self.person.handle);
        for (kind, email) in [("sign_in", &self.person.email), ("sign_up", &fresh)] {
            let form = [("email", email.as_str())];
            app.browser().post("/login", &form).await.with_status(303);
            post.next(kind, email).await;
        }
        let pending = format!("{}@more.example", self.person.handle);
        let new = json!({ "email": pending });
        self.bearer.post(&self.path("email"), new).await.with_status(201);
        post.next("verify_email", &pending).await;
        announce(app, Category::TipsAndTricks).await;
        post.next("announcement", &self.person.email).await;
    }

    /// The end of it.
    pub(crate) async fn end(self, app: &TestApp, post: &mut Post) {
        let email = &self.person.email;
        let account = format!("/api/latest/user/{}", self.person.handle);
        let body = json!({ "token_min_issued_at": "2999-01-01T00:00:00Z" });
        self.bearer.patch(&account, body).await.with_status(200);
        post.next("auth_reset", email).await;
        let bearer = app.bearer(&self.person).await;
        post.next("token_created", email).await;
        bearer.delete(&account).await;
        post.next("account_deleted", email).await;
    }
}

/// What is done by the clock.
pub(crate) async fn tidy(app: &TestApp) {
    app.with_app(|app| async move { app.remove_expired().await.unwrap() })
        .await;
}

/// The operator writes to everybody who wants mails of `category`.
pub(crate) async fn announce(app: &TestApp, category: Category) {
    let new = NewAnnouncement {
        category,
        subject: format!("News: {}", category.title()),
        markdown: "# A new release\n\n* Workspaces open **faster**.\n* `psql` connects by name.\n\n```\npsql postgresql://ana@dev\n```\n\nRead [the notes](https://example.com/notes).\n\n.\n..\n. a line that begins with a dot".to_owned(),
        per_minute: 60_000,
    };
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

//! "Confirm that it is you": what needs a fresh sign-in, who may give it, and how what one was doing goes on.

use std::time::Duration;

use model::time::rfc3339_seconds;
use serde_json::json;
use testkit::{Answer, Browser, Engine, Person, TestApp, both_engines};
use thirtyfour::Key;

use super::{
    raw::{Raw, send, set_cookies},
    window::Window,
};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);
const CONFIRM: &str = "/settings/confirm";
const AGAIN: &str = "/settings/confirm/code";
const ASKED: &str = "Confirm that it is you";

/// How fresh a sign-in an endpoint needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// 12 hours by default.
    Sensitive,
    /// 10 minutes by default.
    Danger,
}

impl Level {
    /// Just too old for it.
    fn over(self) -> Duration {
        match self {
            Self::Sensitive => 12 * HOUR + MINUTE,
            Self::Danger => 11 * MINUTE,
        }
    }

    /// Still good for it.
    fn within(self) -> Duration {
        match self {
            Self::Sensitive => 12 * HOUR - MINUTE,
            Self::Danger => 9 * MINUTE,
        }
    }
}

/// A form that needs a fresh sign-in. A new endpoint of a level is one more line in [`ENDPOINTS`].
struct Endpoint {
    level: Level,
    /// The page that the form stands on.
    page: &'static str,
    /// Where it goes; `{session}` is another session of the person, `{email}` their second address, `{token}` a token.
    path: &'static str,
    /// What it sends; `{handle}` is the person's.
    fields: &'static [(&'static str, &'static str)],
    /// What it answers when it was done.
    done: u16,
    /// The record that tells of it.
    action: &'static str,
}

#[rustfmt::skip]
const ENDPOINTS: &[Endpoint] = &[
    Endpoint { level: Level::Sensitive, page: "/settings/profile", path: "/settings/profile/password/reveal", fields: &[], done: 200, action: "user.password.reveal" },
    Endpoint { level: Level::Sensitive, page: "/settings/profile", path: "/settings/profile/password/rotate", fields: &[], done: 303, action: "user.password.create" },
    Endpoint { level: Level::Sensitive, page: "/settings/tokens", path: "/settings/tokens", fields: &[("title", "CI"), ("expires", "never")], done: 201, action: "token.create" },
    Endpoint { level: Level::Sensitive, page: "/settings/sessions", path: "/settings/sessions/{session}/end", fields: &[], done: 303, action: "session.delete" },
    Endpoint { level: Level::Sensitive, page: "/settings/sessions", path: "/settings/sessions/end-others", fields: &[], done: 303, action: "session.delete" },
    Endpoint { level: Level::Sensitive, page: "/settings/sessions", path: "/settings/sessions/end-all", fields: &[], done: 303, action: "session.delete" },
    Endpoint { level: Level::Danger, page: "/settings/profile", path: "/settings/profile/emails", fields: &[("email", "{handle}@third.example")], done: 303, action: "user.email.create" },
    Endpoint { level: Level::Danger, page: "/settings/profile", path: "/settings/profile/emails/{email}/primary", fields: &[], done: 303, action: "user.email.update" },
    Endpoint { level: Level::Danger, page: "/settings/profile", path: "/settings/profile/emails/{email}/remove", fields: &[], done: 303, action: "user.email.delete" },
    Endpoint { level: Level::Sensitive, page: "/settings/advanced", path: "/settings/advanced/export", fields: &[], done: 200, action: "user.export.create" },
    Endpoint { level: Level::Danger, page: "/settings/profile", path: "/settings/advanced/handle", fields: &[("handle", "{handle}-new"), ("confirm", "{handle}")], done: 303, action: "user.handle.update" },
    Endpoint { level: Level::Danger, page: "/settings/advanced", path: "/settings/advanced/reset-authentication", fields: &[("confirm", "{handle}")], done: 303, action: "user.auth.reset" },
    Endpoint { level: Level::Danger, page: "/settings/advanced/delete-account", path: "/settings/advanced/delete-account", fields: &[("account", "{handle}")], done: 303, action: "user.delete" },
    Endpoint { level: Level::Sensitive, page: "/settings/tokens/new", path: "/settings/tokens/{token}/rotate", fields: &[("overlap", "3600")], done: 201, action: "token.rotate" },
    Endpoint { level: Level::Sensitive, page: "/settings/tokens/new", path: "/settings/tokens/{token}/edit", fields: &[("networks", "127.0.0.1")], done: 303, action: "token.update" },
];

/// Somebody at a browser, with what the endpoints need.
struct Somebody {
    person: Person,
    browser: Browser,
    other_session: String,
    second_email: String,
    token: String,
}

impl Somebody {
    async fn new(app: &mut TestApp, handle: &str) -> Self {
        let person = app.create_user(handle).await;
        app.signed_in(&person).await;
        let bearer = app.bearer(&person).await;
        let listed = bearer.get(&format!("/api/v0/user/{handle}/session")).await.json();
        let other_session = listed["items"][0]["id"].as_str().unwrap().to_owned();
        let second_email = add_email(app, &person, &format!("{handle}@second.example")).await;
        let browser = app.signed_in(&person).await;
        Self {
            person,
            browser,
            other_session,
            second_email,
            token: format!("t_{}", &bearer.token[4..24]),
        }
    }

    async fn send(&self, endpoint: &Endpoint) -> Answer {
        let path = endpoint
            .path
            .replace("{session}", &self.other_session)
            .replace("{email}", &self.second_email)
            .replace("{token}", &self.token);
        let filled = endpoint
            .fields
            .iter()
            .map(|(name, value)| (*name, value.replace("{handle}", &self.person.handle)));
        let filled: Vec<(&str, String)> = filled.collect();
        let fields: Vec<(&str, &str)> = filled
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.browser.submit(endpoint.page, &path, &fields).await
    }

    /// How often a session of theirs did `action`.
    async fn did(&self, app: &TestApp, action: &str) -> usize {
        let users = app.app().admin_list_users().await.unwrap();
        // The account's own log goes with the account.
        if action == "user.delete" {
            return usize::from(
                !users
                    .iter()
                    .any(|user| user.handle.as_str() == self.person.handle),
            );
        }
        // One of the endpoints changes the handle.
        let mut person = self.person.clone();
        if !users.iter().any(|user| user.handle.as_str() == person.handle) {
            person.handle.push_str("-new");
        }
        let bearer = app.bearer(&person).await;
        let path = format!("/api/v0/user/{}/audit_log?limit=100", person.handle);
        let log = bearer.get(&path).await.with_status(200).json();
        let by_session = log["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|record| record["credential"]["kind"] == "session");
        by_session
            .filter(|record| record["action_type"] == action)
            .count()
    }

    async fn code(&self, app: &mut TestApp) -> String {
        app.mailbox.next(&self.person.email).await.code()
    }

    /// Answers `page` with `code`.
    async fn confirm(&self, page: &Answer, code: &str) -> Answer {
        confirm(&self.browser, page, code).await
    }
}

/// Adds a verified address by the API, and gives its id. Its mails are read.
async fn add_email(app: &mut TestApp, person: &Person, email: &str) -> String {
    let bearer = app.bearer(person).await;
    let path = format!("/api/v0/user/{}/email", person.handle);
    let added = bearer
        .post(&path, json!({ "email": email }))
        .await
        .with_status(201)
        .json();
    let path = format!("{path}/{}", added["id"].as_str().unwrap());
    let code = app.mailbox.next(email).await.code();
    bearer
        .patch(&path, json!({ "code": code }))
        .await
        .with_status(200);
    for told in [email, &person.email] {
        assert!(app.mailbox.next(told).await.text.contains("is verified"));
    }
    added["id"].as_str().unwrap().to_owned()
}

async fn confirm(browser: &Browser, page: &Answer, code: &str) -> Answer {
    let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
    let form = [("csrf", csrf.as_str()), ("request", &request), ("code", code)];
    browser.post(CONFIRM, &form).await
}

fn another(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

/// The endpoints, each with a handle of its own.
fn endpoints() -> impl Iterator<Item = (&'static Endpoint, String)> {
    ENDPOINTS
        .iter()
        .enumerate()
        .map(|(at, endpoint)| (endpoint, format!("ana{at}")))
}

both_engines! {
    async fn with_a_fresh_sign_in_every_endpoint_acts_at_once(builder) {
        let mut app = builder.token_cap(20).start().await;
        for (endpoint, handle) in endpoints() {
            let ana = Somebody::new(&mut app, &handle).await;
            app.clock.advance(endpoint.level.within());
            let before = ana.did(&app, endpoint.action).await;
            let done = ana.send(endpoint).await;
            assert_eq!(done.status, endpoint.done, "{}: {}", endpoint.path, done.body);
            assert_eq!(ana.did(&app, endpoint.action).await, before + 1, "{}", endpoint.path);
        }
    }

    async fn with_a_stale_one_it_waits_for_the_code_and_then_goes_on(builder) {
        let mut app = builder.token_cap(20).start().await;
        for (endpoint, handle) in endpoints() {
            let name = endpoint.path;
            let ana = Somebody::new(&mut app, &handle).await;
            app.clock.advance(endpoint.level.over());
            let before = ana.did(&app, endpoint.action).await;
            let page = ana.send(endpoint).await.with_status(403);
            assert!(page.body.contains(ASKED) && page.body.contains(&ana.person.email), "{name}");
            let code = ana.code(&mut app).await;
            ana.confirm(&page, another(&code)).await.with_status(422);
            assert_eq!(ana.did(&app, endpoint.action).await, before, "{name}: nothing is done yet");
            let done = ana.confirm(&page, &code).await;
            assert_eq!(done.status, endpoint.done, "{name}: {}", done.body);
            assert_eq!(ana.did(&app, endpoint.action).await, before + 1, "{name}");
        }
    }

    async fn another_person_is_no_help(builder) {
        let mut app = builder.token_cap(20).start().await;
        for (at, (endpoint, handle)) in endpoints().enumerate() {
            let name = endpoint.path;
            let (ana, bo) = (Somebody::new(&mut app, &handle).await, Somebody::new(&mut app, &format!("bo{at}")).await);
            app.clock.advance(endpoint.level.over());
            let before = ana.did(&app, endpoint.action).await;
            let (anas_page, bos_page) = (ana.send(endpoint).await.with_status(403), bo.send(endpoint).await.with_status(403));
            let (anas_code, bos_code) = (ana.code(&mut app).await, bo.code(&mut app).await);
            if anas_code != bos_code {
                ana.confirm(&anas_page, &bos_code).await.with_status(422);
                bo.confirm(&bos_page, &anas_code).await.with_status(422);
            }
            // What Ana was doing is sealed for her session: Bo cannot go on with it, with her code or his own.
            let (csrf, request) = (bos_page.hidden("csrf"), anas_page.hidden("request"));
            for code in [&anas_code, &bos_code] {
                bo.browser.post(CONFIRM, &[("csrf", &csrf), ("request", &request), ("code", code)]).await.with_status(410);
            }
            // Nor does it help her that he is fresh, or that she is in another browser.
            assert_eq!(bo.confirm(&bos_page, &bos_code).await.status, endpoint.done, "{name}");
            assert_eq!(ana.did(&app, endpoint.action).await, before, "{name}");
            let elsewhere = app.signed_in(&ana.person).await;
            let csrf = elsewhere.get("/settings/profile").await.hidden("csrf");
            elsewhere.post(CONFIRM, &[("csrf", &csrf), ("request", &request), ("code", &anas_code)]).await.with_status(410);
            ana.send(endpoint).await.with_status(403);
            assert_eq!(ana.did(&app, endpoint.action).await, before, "{name}: nothing is done");
        }
    }

    async fn a_bearer_token_is_not_asked(builder) {
        let mut app = builder.token_cap(20).start().await;
        let ana = Somebody::new(&mut app, "ana").await;
        let bearer = app.bearer(&ana.person).await;
        app.clock.advance(Level::Sensitive.over());
        bearer.get("/api/v0/user/ana/password").await.with_status(200);
        bearer.delete(&format!("/api/v0/user/ana/session/{}", ana.other_session)).await.with_status(204);
    }

    async fn the_session_goes_on_under_a_new_secret(builder) {
        let mut app = builder.token_cap(20).start().await;
        let ana = Somebody::new(&mut app, "ana").await;
        app.clock.advance(Level::Sensitive.over());
        let page = ana.send(&ENDPOINTS[0]).await.with_status(403);
        let old = ana.browser.cookie_values();
        let code = ana.code(&mut app).await;
        let done = ana.confirm(&page, &code).await.with_status(200);
        let cookies = set_cookies(&done);
        assert_eq!(cookies.len(), 1, "{cookies:?}");
        assert_ne!(old, ana.browser.cookie_values());
        let old = format!("standpipe_session_http={}", old[0]);
        let raw = Raw::http(&app);
        let answer = send(raw.request(reqwest::Method::GET, "/settings/profile").header("cookie", old)).await;
        assert!(answer.status == 303 && answer.header("location").starts_with("/login"), "the old secret is dead");
        // The forms that were open before still work, and both levels are satisfied.
        ana.send(ENDPOINTS.last().unwrap()).await.with_status(303);

        let bearer = app.bearer(&ana.person).await;
        let log = bearer.get("/api/v0/user/ana/audit_log?limit=100").await.json();
        let confirmed = log["items"].as_array().unwrap().iter().find(|record| record["action_type"] == "session.confirm").unwrap();
        assert_eq!(confirmed["credential"]["id"], confirmed["data"]["session_id"], "it is the same session");
        assert!(!log.to_string().contains(&code));
    }

    async fn a_code_works_once_and_for_ten_minutes(builder) {
        let mut app = builder.token_cap(20).start().await;
        let ana = Somebody::new(&mut app, "ana").await;
        app.clock.advance(Level::Sensitive.over());
        let reveal = &ENDPOINTS[0];
        let page = ana.send(reveal).await.with_status(403);
        let first = ana.code(&mut app).await;
        // Asking again soon sends no second mail; later it does, and the older code is over.
        ana.send(reveal).await.with_status(403);
        app.clock.advance(6 * MINUTE);
        ana.send(reveal).await.with_status(403);
        let second = ana.code(&mut app).await;
        if first != second {
            ana.confirm(&page, &first).await.with_status(422);
        }
        app.clock.advance(11 * MINUTE);
        let late = ana.confirm(&page, &second).await.with_status(422);
        assert!(late.body.contains("There is no code that works. Send a new one."));
        let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
        let page = ana.browser.post(AGAIN, &[("csrf", &csrf), ("request", &request)]).await.with_status(200);
        let third = ana.code(&mut app).await;
        ana.confirm(&page, &third).await.with_status(200);
        ana.confirm(&page, &third).await.with_status(422);
        assert_eq!(app.mailbox.count(&ana.person.email), 0);
    }

    async fn what_waits_is_forgotten_after_half_an_hour(builder) {
        let mut app = builder.token_cap(20).start().await;
        let ana = Somebody::new(&mut app, "ana").await;
        app.clock.advance(Level::Sensitive.over());
        let page = ana.send(&ENDPOINTS[1]).await.with_status(403);
        ana.code(&mut app).await;
        app.clock.advance(31 * MINUTE);
        let fresh = ana.send(&ENDPOINTS[0]).await.with_status(403);
        let code = ana.code(&mut app).await;
        ana.confirm(&page, &code).await.with_status(410);
        // The code is not used up by a request that is too old.
        ana.confirm(&fresh, &code).await.with_status(200);
    }

    async fn wrong_codes_burn_it_and_in_the_end_the_session(builder) {
        let mut app = builder.token_cap(20).start().await;
        let ana = Somebody::new(&mut app, "ana").await;
        app.clock.advance(Level::Sensitive.over());
        let page = ana.send(&ENDPOINTS[0]).await.with_status(403);
        let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
        for round in 0..3 {
            let code = ana.code(&mut app).await;
            for left in ["4 tries are left", "3 tries are left", "2 tries are left", "One try is left"] {
                assert!(ana.confirm(&page, another(&code)).await.with_status(422).body.contains(left));
            }
            let burned = ana.confirm(&page, another(&code)).await;
            if round == 2 {
                assert_eq!(burned.status, 303);
                assert!(burned.header("location").starts_with("/login"), "15 wrong codes end the session");
                break;
            }
            assert!(burned.with_status(422).body.contains("Too many wrong codes."));
            ana.confirm(&page, &code).await.with_status(422);
            ana.browser.post(AGAIN, &[("csrf", &csrf), ("request", &request)]).await.with_status(200);
        }
        ana.browser.get("/settings/profile").await.with_status(303);
        let again = app.signed_in(&ana.person).await;
        again.get("/settings/profile").await.with_status(200);
        assert_eq!(ana.did(&app, "login.fail").await, 15);
    }

    async fn many_guesses_at_once_are_five(builder) {
        let mut app = builder.token_cap(20).start().await;
        let ana = Somebody::new(&mut app, "ana").await;
        app.clock.advance(Level::Sensitive.over());
        let page = ana.send(&ENDPOINTS[0]).await.with_status(403);
        let code = ana.code(&mut app).await;
        let guesses: Vec<_> = (0..40).map(|_| {
            let (browser, page, wrong) = (ana.browser.clone(), page.clone(), another(&code));
            tokio::spawn(async move { confirm(&browser, &page, wrong).await.status })
        }).collect();
        for guess in guesses {
            assert_eq!(guess.await.unwrap(), 422);
        }
        assert_eq!(ana.did(&app, "login.fail").await, 5);
        ana.confirm(&page, &code).await.with_status(422);
    }

    async fn who_signed_out_meanwhile_does_nothing(builder) {
        let mut app = builder.token_cap(20).start().await;
        let ana = Somebody::new(&mut app, "ana").await;
        app.clock.advance(Level::Sensitive.over());
        let rotate = &ENDPOINTS[1];
        let page = ana.send(rotate).await.with_status(403);
        let code = ana.code(&mut app).await;
        let before = ana.did(&app, rotate.action).await;
        let cookie = format!("standpipe_session_http={}", ana.browser.cookie_values()[0]);
        ana.browser.submit("/", "/logout", &[]).await.with_status(200);
        // Neither the browser nor whoever kept its cookie.
        let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
        let form = [("csrf", csrf.as_str()), ("request", &request), ("code", &code)];
        ana.browser.post(CONFIRM, &form).await.with_status(303);
        Raw::http(&app).submit(CONFIRM, &cookie, &form).await.with_status(303);
        assert_eq!(ana.did(&app, rotate.action).await, before);
    }

    async fn who_confirms_at_the_moment_of_a_reset_loses(builder) {
        let mut app = builder.token_cap(20).start().await;
        for round in 0..4 {
            let ana = Somebody::new(&mut app, &format!("ana{round}")).await;
            let bearer = app.bearer(&ana.person).await;
            app.clock.advance(Level::Sensitive.over());
            let page = ana.send(&ENDPOINTS[2]).await.with_status(403);
            let code = ana.code(&mut app).await;
            let now = rfc3339_seconds(app.clock.now());
            let path = format!("/api/v0/user/{}", ana.person.handle);
            let reset = bearer.patch(&path, json!({"token_min_issued_at": now}));
            let (reset, confirmed) = tokio::join!(reset, ana.confirm(&page, &code));
            assert_eq!(reset.status, 200, "{}", reset.body);
            // Whoever was first: nothing that was confirmed or made with it opens anything after the reset.
            assert!([201, 303, 422].contains(&confirmed.status), "{}: {}", confirmed.status, confirmed.body);
            ana.browser.get("/settings/profile").await.with_status(303);
            if confirmed.status == 201 {
                let token = confirmed.body.split("tpt_").nth(1).unwrap().split('<').next().unwrap();
                app.anonymous().with_token(format!("tpt_{token}")).get("/api/v0/actor").await.with_status(401);
            }
        }
    }

    async fn nobody_can_put_another_request_in(builder) {
        let mut app = builder.token_cap(20).start().await;
        let ana = Somebody::new(&mut app, "ana").await;
        app.clock.advance(Level::Sensitive.over());
        let page = ana.send(&ENDPOINTS[0]).await.with_status(403);
        let code = ana.code(&mut app).await;
        let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
        let mut broken = request.clone().into_bytes();
        let last = broken.len() - 3;
        broken[last] = if broken[last] == b'A' { b'B' } else { b'A' };
        let broken = String::from_utf8(broken).unwrap();
        for request in ["", "x", &request[1..], &broken, "/settings/advanced/reset-authentication"] {
            ana.browser.post(CONFIRM, &[("csrf", &csrf), ("request", request), ("code", &code)]).await.with_status(410);
        }
        // The code is still good for what was shown.
        ana.confirm(&page, &code).await.with_status(200);
    }

    async fn codes_are_mailed_so_often_and_no_more(builder) {
        let mut app = builder.token_cap(20).configure(|config| config.limits.codes_per_user_per_hour = 3).start().await;
        let (ana, bo) = (Somebody::new(&mut app, "ana").await, Somebody::new(&mut app, "bo").await);
        app.clock.advance(Level::Sensitive.over());
        let page = ana.send(&ENDPOINTS[0]).await.with_status(403);
        let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
        let form = [("csrf", csrf.as_str()), ("request", &request)];
        ana.browser.post(AGAIN, &form).await.with_status(200);
        ana.browser.post(AGAIN, &form).await.with_status(429);
        bo.send(&ENDPOINTS[0]).await.with_status(403);
        for _ in 0..2 {
            ana.code(&mut app).await;
        }
        assert_eq!(app.mailbox.count(&ana.person.email), 0);
    }
}

#[tokio::test]
async fn in_a_browser_it_is_a_dialog_for_what_a_script_asks() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    let password = app.password(&bearer, &ana).await;
    window.sign_in(&mut app, &ana).await;
    window.visit("/settings/profile").await;
    app.clock.advance(Level::Sensitive.over());

    window.click("Show the password").await;
    window
        .sees("Confirm that it is you. We sent a 6-digit code to ana@example.com.")
        .await;
    let code = app.mailbox.next(&ana.email).await.code();
    window.click("Cancel").await;
    window.sees("Not confirmed. Nothing was shown or changed.").await;
    window.focus_is_on("Show the password").await;
    assert!(!window.source_has(&password).await);

    window.click("Show the password").await;
    window.fill("6-digit code", another(&code)).await;
    window.click("Confirm").await;
    window.sees("4 tries are left").await;
    window.click("Send a new code").await;
    window.sees("A new code is on its way.").await;
    let code = app.mailbox.next(&ana.email).await.code();
    window.fill("6-digit code", &code).await;
    window.press(Key::Enter).await;
    window.sees(&password).await;

    // A form goes on by the page, with what was typed.
    app.clock.advance(Level::Sensitive.over());
    window.visit("/settings/tokens").await;
    window.click("New token").await;
    window.fill("Title (optional)", "CI & <more>").await;
    window.click("Create token").await;
    window.sees("Create a token: CI & <more>").await;
    let code = app.mailbox.next(&ana.email).await.code();
    window.fill("6-digit code", &code).await;
    window.press(Key::Enter).await;
    window.sees("Token CI & <more> is ready").await;
    window.close().await;
}

//! Sessions, and the end of all of them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use serde_json::json;
use testkit::{Bearer, Browser, both_engines};
use tokio::sync::Barrier;

/// Something that lets a person in.
enum Credential {
    Token(Bearer),
    Session(Browser),
}

impl Credential {
    async fn is_let_in(&self) -> bool {
        match self {
            Self::Token(bearer) => bearer.get("/api/v0/actor").await.status == 200,
            Self::Session(browser) => browser.get("/settings/profile").await.status == 200,
        }
    }

    /// Is used without a pause: some times before the reset, then on until some times after its answer. How often it
    /// was let in when the answer was there before the question.
    async fn loop_over(self, reset: &Barrier, answered: &AtomicBool, running: &AtomicUsize) -> usize {
        const TIMES: usize = 20;
        for _ in 0..3 {
            assert!(self.is_let_in().await, "before the reset");
        }
        reset.wait().await;
        running.fetch_add(1, Ordering::SeqCst);
        let (mut after, mut let_in) = (0, 0);
        while after < TIMES {
            let late = answered.load(Ordering::SeqCst);
            let accepted = self.is_let_in().await;
            after += usize::from(late);
            let_in += usize::from(late && accepted);
        }
        let_in
    }
}

both_engines! {
    async fn a_session_is_listed_and_ended_from_another(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let (here, there) = (app.signed_in(&ana).await, app.signed_in(&ana).await);
        let bearer = app.bearer(&ana).await;
        let listed = bearer.get("/api/v0/user/ana/session").await.with_status(200).json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        here.submit("/settings/sessions", "/settings/sessions/end-others", &[]).await.with_status(303);
        here.get("/settings/profile").await.with_status(200);
        there.get("/settings/profile").await.with_status(303);
        let left = bearer.get("/api/v0/user/ana/session").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
        bearer.delete(&format!("/api/v0/user/ana/session/{left}")).await.with_status(204);
        bearer.delete(&format!("/api/v0/user/ana/session/{left}")).await.with_status(404);
        here.get("/settings/profile").await.with_status(303);
    }

    async fn all_sessions_end_this_one_too(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let (here, there) = (app.signed_in(&ana).await, app.signed_in(&ana).await);
        let bearer = app.bearer(&ana).await;
        let done = here.submit("/settings/sessions", "/settings/sessions/end-all", &[]).await.with_status(303);
        assert_eq!(done.header("location"), "/login?ended");
        assert_eq!(done.header("clear-site-data"), "\"cache\", \"storage\"");
        assert!(here.visit("/login?ended").await.body.contains("All sessions are ended"));
        for browser in [&here, &there] {
            browser.get("/settings/profile").await.with_status(303);
        }
        bearer.get("/api/v0/actor").await.with_status(200);

        let there = app.signed_in(&ana).await;
        let ended = bearer.delete("/api/v0/user/ana/session?include_current=true").await.with_status(200).json();
        assert_eq!(ended, json!({"ended": 1}));
        there.get("/settings/profile").await.with_status(303);
        let log = bearer.get("/api/v0/user/ana/audit_log?where=action_type+%3D+'session.delete'").await.json();
        let ended: Vec<_> = log["items"].as_array().unwrap().iter().map(|record| record["data"]["ended"].clone()).collect();
        assert_eq!(ended, [1, 2]);
    }

    async fn another_persons_session_is_not_there(builder) {
        let mut app = builder.start().await;
        let (ana, bob) = (app.create_user("ana").await, app.create_user("bob").await);
        let bobs = app.signed_in(&bob).await;
        let as_bob = app.bearer(&bob).await;
        let id = as_bob.get("/api/v0/user/bob/session").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
        let as_ana = app.bearer(&ana).await;
        as_ana.delete(&format!("/api/v0/user/ana/session/{id}")).await.with_status(404);
        bobs.get("/settings/profile").await.with_status(200);
    }

    async fn a_reset_ends_every_session_and_token_at_once(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let (here, there) = (app.signed_in(&ana).await, app.signed_in(&ana).await);
        let (one, two) = (app.bearer(&ana).await, app.bearer(&ana).await);
        let before = one.get("/api/v0/user/ana/password").await.json()["$password"].clone();
        let page = "/settings/advanced/reset-authentication";
        here.submit(page, page, &[("confirm", "an")]).await.with_status(422);
        one.get("/api/v0/actor").await.with_status(200);

        let done = here.submit(page, page, &[("confirm", "ana"), ("rotate_password", "yes")]).await.with_status(303);
        assert_eq!(done.header("location"), "/login?reset");
        for token in [&one, &two] {
            assert_eq!(token.get("/api/v0/actor").await.with_status(401).json()["type"], "auth_reset");
        }
        for browser in [&here, &there] {
            browser.get("/settings/profile").await.with_status(303);
        }
        assert!(here.visit("/login?reset").await.body.contains("Authentication is reset"));

        // The dead tokens make room, and what is new works.
        let new = app.bearer(&ana).await;
        let actor = new.get("/api/v0/actor").await.with_status(200).json();
        assert!(actor["token_min_issued_at"].is_string());
        assert_ne!(new.get("/api/v0/user/ana/password").await.json()["$password"], before);
        let log = new.get("/api/v0/user/ana/audit_log").await.json();
        let reset = log["items"].as_array().unwrap().iter().find(|r| r["action_type"] == "user.auth.reset").unwrap();
        assert_eq!(reset["data"], json!({"password_rotated": true, "connections_ended": true}));
    }

    async fn nothing_in_use_is_let_in_after_the_answer_to_a_reset(builder) {
        let mut app = builder.token_cap(5).start().await;
        let ana = app.create_user("ana").await;
        let here = app.signed_in(&ana).await;
        let mut credentials = Vec::new();
        for _ in 0..5 {
            credentials.push(Credential::Token(app.bearer(&ana).await));
            credentials.push(Credential::Session(app.signed_in(&ana).await));
        }
        let reset = Arc::new(Barrier::new(credentials.len() + 1));
        let answered = Arc::new(AtomicBool::new(false));
        let running = Arc::new(AtomicUsize::new(0));
        let loops: Vec<_> = credentials.into_iter().map(|credential| {
            let (reset, answered, running) = (reset.clone(), answered.clone(), running.clone());
            tokio::spawn(async move { credential.loop_over(&reset, &answered, &running).await })
        }).collect();
        reset.wait().await;
        testkit::until("all are in use", std::time::Duration::from_secs(60), async || {
            (running.load(Ordering::SeqCst) == loops.len()).then_some(())
        }).await;
        let page = "/settings/advanced/reset-authentication";
        here.submit(page, page, &[("confirm", "ana")]).await.with_status(303);
        answered.store(true, Ordering::SeqCst);
        for used in loops {
            assert_eq!(used.await.unwrap(), 0, "let in after the answer");
        }
    }

    async fn a_reset_by_the_api_never_locks_the_account_for_ever(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        for bad in ["1970-01-01T00:00:00Z", "soon"] {
            bearer.patch("/api/v0/user/ana", json!({"token_min_issued_at": bad})).await.with_status(400);
        }
        bearer.patch("/api/v0/user/ana", json!({"token_min_issued_at": null})).await.with_status(200);
        bearer.patch("/api/v0/user/ana", json!({"rotate_password": true})).await.with_status(200);
        bearer.get("/api/v0/actor").await.with_status(200);
        let reset = bearer.patch("/api/v0/user/ana", json!({"token_min_issued_at": "2999-01-01T00:00:00Z"})).await.with_status(200).json();
        assert!(reset["token_min_issued_at"].as_str().unwrap() < "2900", "clamped to now");
        bearer.get("/api/v0/actor").await.with_status(401);
        let new = app.bearer(&ana).await;
        new.get("/api/v0/actor").await.with_status(200);
    }

    async fn a_sign_in_link_that_is_on_its_way_is_dead_after_a_reset(builder) {
        let app = builder.start().await;
        app.create_user("ana").await;
        let link = app.elsewhere(|app| async move { app.admin_sign_in_link("ana").await.unwrap() }).await;
        let bearer = app.bearer(&testkit::Person { handle: "ana".into(), email: "ana@example.com".into() }).await;
        bearer.patch("/api/v0/user/ana", json!({"token_min_issued_at": "2999-01-01T00:00:00Z"})).await.with_status(200);
        let path = link.split_once("/login/").map(|(_, rest)| format!("/login/{rest}")).unwrap();
        app.browser().get(&path).await.with_status(410);
    }

    async fn issuing_and_resetting_never_cross(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        for round in 0..5 {
            let bearer = app.bearer(&ana).await;
            let issuers: Vec<_> = (0..8).map(|_| {
                let bearer = bearer.clone();
                tokio::spawn(async move { bearer.post_nothing("/api/v0/user/ana/token").await })
            }).collect();
            let reset = bearer.patch("/api/v0/user/ana", json!({"token_min_issued_at": "2999-01-01T00:00:00Z"})).await;
            assert_eq!(reset.status, 200, "round {round}: {}", reset.body);
            for issuer in issuers {
                let made = issuer.await.unwrap();
                if made.status == 201 {
                    let token = made.json()["token"].as_str().unwrap().to_owned();
                    app.anonymous().with_token(token).get("/api/v0/actor").await.with_status(401);
                }
            }
        }
    }
}

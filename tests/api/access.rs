//! Who gets in, and what the others are told.

use serde_json::{Value, json};
use testkit::both_engines;

fn code(answer: &Value) -> &str {
    answer["type"].as_str().unwrap()
}

both_engines! {
    async fn a_token_opens_the_api_at_both_paths(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        for path in ["/api/v0/actor", "/api/latest/actor"] {
            let answer = bearer.get(path).await.with_status(200);
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(answer.json()["handle"], "ana");
        }
    }

    async fn only_who_holds_the_secret_is_told_why(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let (bearer, other) = (app.bearer(&ana).await, app.bearer(&ana).await);
        let id = format!("t_{}", &other.token[4..24]);
        let path = format!("/api/latest/user/ana/token/{id}");
        bearer.patch(&path, json!({"status": "inactive"})).await.with_status(200);

        let why = other.get("/api/latest/actor").await.with_status(401);
        assert_eq!(code(&why.json()), "token_inactive");
        assert_eq!(why.header("www-authenticate"), "Bearer realm=\"standpipe\"");

        // The same id with another secret and a right checksum: not a word about the token's state.
        let stranger = model::token::PlainToken::generate(
            model::token::TokenKey::Api(id.parse().unwrap()),
            &standpipe::ambient::random(),
        );
        let wrong = app.anonymous().with_token(stranger.expose());
        let none = app.anonymous();
        let mut bodies = Vec::new();
        for answer in [wrong.get("/api/latest/actor").await, none.get("/api/latest/actor").await] {
            let mut body = answer.with_status(401).json();
            assert_eq!(code(&body), "unauthenticated");
            body["instance"] = Value::Null;
            bodies.push(body);
        }
        assert_eq!(bodies[0], bodies[1]);
        for junk in ["", "tpt_x", "tpt_00000000000000000000_000000000000000000000000000000000000", "é"] {
            app.anonymous().with_token(junk.replace('é', "e")).get("/api/latest/actor").await.with_status(401);
        }

        bearer.patch(&path, json!({"status": "active"})).await.with_status(200);
        other.get("/api/latest/actor").await.with_status(200);
    }

    async fn an_expired_token_is_refused_by_the_servers_clock(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let made = bearer.post("/api/latest/user/ana/token", json!({"expiration": 3600})).await.with_status(201).json();
        let short = app.anonymous().with_token(made["token"].as_str().unwrap());
        app.clock.advance(std::time::Duration::from_secs(3500));
        short.get("/api/latest/actor").await.with_status(200);
        app.clock.advance(std::time::Duration::from_secs(100));
        assert_eq!(code(&short.get("/api/latest/actor").await.with_status(401).json()), "token_expired");
    }

    async fn a_disabled_account_has_no_credentials(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        app.app().admin_set_user_active("ana", false).await.unwrap();
        assert_eq!(code(&bearer.get("/api/latest/actor").await.with_status(401).json()), "account_disabled");
        app.app().admin_set_user_active("ana", true).await.unwrap();
        bearer.get("/api/latest/actor").await.with_status(200);
    }

    async fn what_belongs_to_others_is_not_there(builder) {
        let app = builder.start().await;
        let (ana, bob) = (app.create_user("ana").await, app.create_user("bob").await);
        let (as_ana, as_bob) = (app.bearer(&ana).await, app.bearer(&bob).await);
        let bobs = as_bob.get("/api/latest/user/bob/token").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
        let bob_id = as_bob.get("/api/latest/actor").await.json()["id"].as_str().unwrap().to_owned();
        for user in ["bob", "nobody", &bob_id] {
            for resource in ["", "/password", "/token", "/workspace", "/audit_log", "/process"] {
                let answer = as_ana.get(&format!("/api/latest/user/{user}{resource}")).await.with_status(404);
                assert_eq!(code(&answer.json()), "not_found");
            }
        }
        as_ana.delete(&format!("/api/latest/user/ana/token/{bobs}")).await.with_status(404);
        as_ana.delete(&format!("/api/latest/user/bob/token/{bobs}")).await.with_status(404);
        as_bob.get("/api/latest/actor").await.with_status(200);
    }
}

#[tokio::test]
async fn a_session_cookie_opens_no_api_and_a_token_no_console() {
    let mut app = testkit::TestApp::start(testkit::Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    browser.get("/settings/profile").await.with_status(200);
    browser.get("/api/latest/actor").await.with_status(401);
    let bearer = app.bearer(&ana).await;
    bearer.get("/settings/profile").await.with_status(303);
}

#[tokio::test]
async fn every_error_is_json_with_a_detail() {
    let app = testkit::TestApp::start(testkit::Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    for (answer, status) in [
        (bearer.get("/api/latest/nothing").await, 404),
        (bearer.get("/api/nothing").await, 404),
        (bearer.delete("/api/latest/actor").await, 405),
        (bearer.get("/api/latest/user/ana/token?limit=x").await, 400),
        (
            bearer.get("/api/latest/user/ana/token?limit=1&limit=2").await,
            400,
        ),
        (bearer.get("/api/latest/user/%ff/token").await, 400),
        (bearer.patch("/api/latest/user/ana", json!([1])).await, 400),
        (
            bearer
                .patch("/api/latest/user/ana", json!({"display_name": 1}))
                .await,
            400,
        ),
        (
            bearer
                .post("/api/latest/user/ana/token", json!({"title": "x".repeat(70_000)}))
                .await,
            413,
        ),
    ] {
        let answer = answer.with_status(status);
        assert_eq!(
            answer.header("content-type"),
            "application/json",
            "{}",
            answer.body
        );
        let body = answer.json();
        assert_eq!(body["status"], status);
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
        assert_eq!(body["instance"], answer.header("x-request-id"));
    }
}

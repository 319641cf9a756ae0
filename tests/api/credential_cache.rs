//! What was read of a credential is used again for a while, and never after the credential was ended.
//!
//! Here that while is a minute, far longer than by default and than a test takes: what is refused is refused because
//! its end was noticed, not because time went by.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use serde_json::{Value, json};
use testkit::{Bearer, Builder, Person, TestApp, both_engines};

const ME: &str = "/api/v0/user/ana";

async fn ana(builder: Builder) -> (TestApp, Person, Bearer) {
    let app = builder
        .token_cap(20)
        .configure(|config| config.tokens.cache_ms = 60_000)
        .start()
        .await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    (app, ana, bearer)
}

async fn status(bearer: &Bearer) -> u16 {
    bearer.get("/api/v0/actor").await.status
}

/// Another token of the person, as the API gives it.
async fn another(app: &TestApp, bearer: &Bearer) -> (Value, Bearer) {
    let made = bearer
        .post_nothing(&format!("{ME}/token"))
        .await
        .with_status(201)
        .json();
    let token = made["token"].as_str().unwrap().to_owned();
    let bearer = app.anonymous().with_token(token);
    assert_eq!(status(&bearer).await, 200);
    (made, bearer)
}

both_engines! {
    async fn the_store_is_asked_once(builder) {
        let (app, _, bearer) = ana(builder).await;
        assert_eq!(status(&bearer).await, 200);
        let before = app.app().credential_lookups();
        for _ in 0..50 {
            assert_eq!(status(&bearer).await, 200);
        }
        let after = app.app().credential_lookups();
        assert_eq!((after.hits - before.hits, after.misses - before.misses), (50, 0));
    }

    async fn whatever_ends_it_ends_it_at_once(builder) {
        let (mut app, ana, bearer) = ana(builder).await;
        let (token, other) = another(&app, &bearer).await;
        let path = format!("{ME}/token/{}", token["id"].as_str().unwrap());
        bearer.patch(&path, json!({"status": "inactive"})).await.with_status(200);
        assert_eq!(status(&other).await, 401, "deactivated");
        bearer.patch(&path, json!({"status": "active"})).await.with_status(200);
        assert_eq!(status(&other).await, 200);
        bearer.patch(&path, json!({"networks": ["192.0.2.1"]})).await.with_status(200);
        assert_eq!(status(&other).await, 401, "from elsewhere");
        bearer.patch(&path, json!({"networks": []})).await.with_status(200);
        assert_eq!(status(&other).await, 200);
        bearer.delete(&path).await.with_status(204);
        assert_eq!(status(&other).await, 401, "deleted");

        let (token, other) = another(&app, &bearer).await;
        bearer.post(&format!("{ME}/token/{}/rotate", token["id"].as_str().unwrap()), json!({"overlap": 0})).await.with_status(201);
        assert_eq!(status(&other).await, 401, "rotated");

        let (_, other) = another(&app, &bearer).await;
        other.delete(&format!("{ME}/token/current")).await.with_status(204);
        assert_eq!(status(&other).await, 401, "ended itself");

        let (_, other) = another(&app, &bearer).await;
        let report = json!({"credentials": [other.token]});
        app.anonymous().post("/api/latest/credentials/revoke", report).await.with_status(202);
        assert_eq!(status(&other).await, 401, "leaked");
        app.mailbox.next(&ana.email).await;

        let made = bearer.post(&format!("{ME}/token"), json!({"expiration": 3600})).await.with_status(201).json();
        let other = app.anonymous().with_token(made["token"].as_str().unwrap());
        assert_eq!(status(&other).await, 200);
        app.clock.advance(std::time::Duration::from_secs(3601));
        assert_eq!(status(&other).await, 401, "expired");

        let browser = app.signed_in(&ana).await;
        browser.get("/settings/profile").await.with_status(200);
        bearer.delete(&format!("{ME}/session")).await.with_status(200);
        browser.get("/settings/profile").await.with_status(303);

        app.with_app(|app| async move { app.admin_set_user_active("ana", false).await.unwrap() }).await;
        assert_eq!(status(&bearer).await, 401, "disabled");
        app.with_app(|app| async move { app.admin_set_user_active("ana", true).await.unwrap() }).await;
        assert_eq!(status(&bearer).await, 200);
        bearer.patch(ME, json!({"token_min_issued_at": "2999-01-01T00:00:00Z"})).await.with_status(200);
        assert_eq!(status(&bearer).await, 401, "reset");

        let bearer = app.bearer(&ana).await;
        let other = app.bearer(&ana).await;
        assert_eq!(status(&other).await, 200);
        bearer.delete(ME).await.with_status(200);
        assert_eq!((status(&bearer).await, status(&other).await), (401, 401), "the account is deleted");
    }

    async fn what_it_shows_is_new(builder) {
        let (_app, _, bearer) = ana(builder).await;
        for name in ["Ana", "Bea", "Eva"] {
            bearer.patch(ME, json!({"display_name": name})).await.with_status(200);
            assert_eq!(bearer.get("/api/v0/actor").await.json()["display_name"], name);
        }
    }

    // Whoever reads while a change commits must not keep what they read before it.
    async fn reading_and_ending_never_cross(builder) {
        let (app, _, bearer) = ana(builder).await;
        for round in 0..20 {
            let (token, other) = another(&app, &bearer).await;
            let stop = Arc::new(AtomicBool::new(false));
            let readers: Vec<_> = (0..4).map(|_| {
                let (other, bearer, stop) = (other.clone(), bearer.clone(), Arc::clone(&stop));
                tokio::spawn(async move {
                    while !stop.load(SeqCst) {
                        // A change of the account makes the next reader ask the store.
                        bearer.patch(ME, json!({"display_name": "x"})).await;
                        other.get("/api/v0/actor").await;
                    }
                })
            }).collect();
            for n in 0..5 {
                bearer.patch(ME, json!({"display_name": format!("{round} {n}")})).await.with_status(200);
            }
            bearer.delete(&format!("{ME}/token/{}", token["id"].as_str().unwrap())).await.with_status(204);
            for _ in 0..5 {
                assert_eq!(status(&other).await, 401, "round {round}");
            }
            stop.store(true, SeqCst);
            for reader in readers {
                reader.await.unwrap();
            }
            assert_eq!(status(&other).await, 401, "round {round}");
        }
    }

    async fn what_an_operators_command_changed_is_seen_when_it_answers(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        for _ in 0..5 {
            let (stop, using) = (Arc::new(AtomicBool::new(false)), bearer.clone());
            let ended = Arc::clone(&stop);
            let user = tokio::spawn(async move {
                while !ended.load(SeqCst) {
                    using.get("/api/v0/actor").await;
                }
            });
            app.elsewhere(|app| async move { app.admin_set_user_active("ana", false).await.unwrap() }).await;
            assert_eq!(status(&bearer).await, 401);
            stop.store(true, SeqCst);
            user.await.unwrap();
            app.elsewhere(|app| async move { app.admin_set_user_active("ana", true).await.unwrap() }).await;
            assert_eq!(status(&bearer).await, 200);
        }
    }
}

//! API tokens.

use serde_json::json;
use testkit::both_engines;

const TOKENS: &str = "/api/latest/user/ana/token";

both_engines! {
    async fn a_token_is_made_without_a_body_and_shown_once(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let made = bearer.post_nothing(TOKENS).await.with_status(201).json();
        let token = made["token"].as_str().unwrap();
        assert!(token.starts_with("tpt_") && token.ends_with(made["last4"].as_str().unwrap()));
        app.anonymous().with_token(token).get("/api/latest/actor").await.with_status(200);
        let path = format!("{TOKENS}/{}", made["id"].as_str().unwrap());
        let again = bearer.get(&path).await.with_status(200);
        assert!(!again.body.contains(token) && again.json().get("token").is_none());
    }

    async fn a_third_is_refused_and_a_deleted_one_makes_room(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let second = bearer.post(TOKENS, json!({"title": "ci", "description": "pipeline"})).await.with_status(201).json();
        let refused = bearer.post(TOKENS, json!({"title": "third"})).await.with_status(409).json();
        assert_eq!(refused["type"], "token_limit_reached");

        let id = second["id"].as_str().unwrap();
        bearer.delete(&format!("{TOKENS}/{id}")).await.with_status(204);
        bearer.delete(&format!("{TOKENS}/{id}")).await.with_status(404);
        app.anonymous().with_token(second["token"].as_str().unwrap()).get("/api/latest/actor").await.with_status(401);
        bearer.post(TOKENS, json!({"title": "third"})).await.with_status(201);
    }

    async fn sixty_four_at_once_leave_exactly_two(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        // A credential that is no token, so that both slots are free: the operator's token is deleted last.
        let bearer = app.bearer(&ana).await;
        let calls = (0..64).map(|n| {
            let bearer = bearer.clone();
            tokio::spawn(async move { bearer.post(TOKENS, json!({"title": format!("n{n}")})).await.status })
        });
        let mut statuses = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            statuses.push(call.await.unwrap());
        }
        let made = statuses.iter().filter(|status| **status == 201).count();
        assert_eq!((made, statuses.iter().filter(|status| **status == 409).count()), (1, 63), "{statuses:?}");
        let listed = bearer.get(TOKENS).await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        let log = bearer.get("/api/latest/user/ana/audit_log?limit=100").await.json();
        let records = log["items"].as_array().unwrap().iter().filter(|r| r["action_type"] == "token.create").count();
        assert_eq!(records, 2);
    }

    async fn sixty_four_at_once_from_a_browser_leave_exactly_two(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let browser = app.signed_in(&ana).await;
        let csrf = browser.get("/settings/tokens").await.with_status(200).hidden("csrf");
        let calls = (0..64).map(|n| {
            let (browser, csrf) = (browser.clone(), csrf.clone());
            tokio::spawn(async move {
                let form = [("csrf", csrf.as_str()), ("title", &format!("n{n}")), ("expires", "never")];
                browser.post("/settings/tokens", &form).await.status
            })
        });
        let mut made = 0;
        for call in calls.collect::<Vec<_>>() {
            made += usize::from(call.await.unwrap() == 201);
        }
        assert_eq!(made, 2);
    }

    async fn updates_are_validated_and_counted(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let id = bearer.get(TOKENS).await.json()["items"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("{TOKENS}/{id}");
        bearer.patch(&path, json!({"status": "off"})).await.with_status(400);
        let named = bearer.patch(&path, json!({"status": "active", "title": "mine"})).await.with_status(200).json();
        assert_eq!((named["title"].as_str(), named["version_id"].as_i64()), (Some("mine"), Some(2)));
        assert!(named["last_used_at"].is_string(), "its last use is known without waiting for the write");
        bearer.post(TOKENS, json!({"expiration": 1})).await.with_status(400);
        bearer.post(TOKENS, json!({"title": "a\nb"})).await.with_status(400);
    }
}

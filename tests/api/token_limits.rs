//! What holds a token back: its scope, its networks, its end. And what it may always do: end itself.

use std::time::Duration;

use serde_json::json;
use testkit::both_engines;

const TOKENS: &str = "/api/latest/user/ana/token";
const ACTOR: &str = "/api/latest/actor";

both_engines! {
    async fn networks_are_told_to_the_holder_alone(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let made = bearer.post(TOKENS, json!({"networks": ["203.0.113.7", "2001:db8::/32"]})).await.with_status(201).json();
        assert_eq!(made["networks"], json!(["203.0.113.7/32", "2001:db8::/32"]));
        let kept_out = app.anonymous().with_token(made["token"].as_str().unwrap());
        let refused = kept_out.get(ACTOR).await.with_status(401).json();
        assert_eq!(refused["type"], "token_network");
        let path = format!("{TOKENS}/{}", made["id"].as_str().unwrap());
        assert!(bearer.get(&path).await.json().get("last_used_at").is_none(), "a refused use is no use");

        let mut wrong = made["token"].as_str().unwrap().to_owned();
        wrong.pop();
        assert_eq!(app.anonymous().with_token(wrong).get(ACTOR).await.with_status(401).json()["type"], "unauthenticated");

        bearer.patch(&path, json!({"networks": ["127.0.0.0/8", "::1"]})).await.with_status(200);
        kept_out.get(ACTOR).await.with_status(200);
        assert_eq!(bearer.patch(&path, json!({"networks": []})).await.with_status(200).json()["networks"], json!([]));
        for slip in [json!(["10.0.0.1/8"]), json!(["here"]), json!([1])] {
            bearer.patch(&path, json!({"networks": slip})).await.with_status(400);
        }
        let log = bearer.get("/api/latest/user/ana/audit_log").await.json();
        let last = &log["items"][0];
        assert_eq!((last["action_type"].as_str(), &last["data"]["after"]["networks"]), (Some("token.update"), &json!([])));
    }

    async fn a_scope_is_chosen_once(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let refused = bearer.post(TOKENS, json!({"scope": "admin"})).await.with_status(400).json();
        assert_eq!(refused["validation_errors"][0]["location"], "scope");
        let made = bearer.post(TOKENS, json!({"scope": "query"})).await.with_status(201).json();
        let path = format!("{TOKENS}/{}", made["id"].as_str().unwrap());
        bearer.patch(&path, json!({"scope": "full"})).await.with_status(400);
        let query = app.anonymous().with_token(made["token"].as_str().unwrap());
        let refused = query.post_nothing(TOKENS).await.with_status(403).json();
        assert_eq!(refused["type"], "token_scope");
        assert_eq!(refused["detail"], "This needs a token with the scope full.");
        let itself = query.get(&format!("{TOKENS}/current")).await.with_status(200).json();
        assert_eq!((&itself["id"], itself["scope"].as_str()), (&made["id"], Some("query")));
    }

    async fn any_token_ends_itself_without_knowing_its_id(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let made = bearer.post(TOKENS, json!({"scope": "read"})).await.with_status(201).json();
        let read = app.anonymous().with_token(made["token"].as_str().unwrap());
        read.delete(&format!("{TOKENS}/{}", made["id"].as_str().unwrap())).await.with_status(403);
        read.delete(&format!("{TOKENS}/current")).await.with_status(204);
        read.get(ACTOR).await.with_status(401);
        bearer.get(ACTOR).await.with_status(200);
    }

    async fn every_answer_says_when_the_token_ends(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let header = "standpipe-token-expires-at";
        assert_eq!(bearer.get(ACTOR).await.header(header), "");
        let made = bearer.post(TOKENS, json!({"scope": "query", "expiration": 3600})).await.with_status(201).json();
        let short = app.anonymous().with_token(made["token"].as_str().unwrap());
        for (path, status) in [(ACTOR, 200), (TOKENS, 403), ("/api/latest/user/bob", 404)] {
            assert_eq!(short.get(path).await.with_status(status).header(header), made["expires_at"].as_str().unwrap());
        }
        app.clock.advance(Duration::from_secs(3600));
        assert_eq!(short.get(ACTOR).await.with_status(401).header(header), "");
    }

    async fn the_last_use_is_known_at_once_and_written_once_a_minute(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let made = bearer.post(TOKENS, json!({"title": "ci"})).await.with_status(201).json();
        let path = format!("{TOKENS}/{}", made["id"].as_str().unwrap());
        assert!(bearer.get(&path).await.json().get("last_used_at").is_none());
        app.anonymous().with_token(made["token"].as_str().unwrap()).get(ACTOR).await.with_status(200);
        let used = bearer.get(&path).await.json();
        assert_eq!(used["last_used_ip"], "127.0.0.1");
        // Written, memory is empty, and the store knows the same.
        app.app().flush_last_use().await.unwrap();
        let written = bearer.get(&path).await.json();
        assert_eq!((&written["last_used_at"], &written["last_used_ip"]), (&used["last_used_at"], &used["last_used_ip"]));
        assert_eq!(written["version_id"], used["version_id"], "a use is no change");
    }
}

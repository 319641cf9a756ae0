//! Rotation of tokens: the overlap, and what holds when many rotate at once.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Bearer, both_engines};

const TOKENS: &str = "/api/latest/user/ana/token";

/// The path of the token that `bearer` holds.
fn path_of(bearer: &Bearer) -> String {
    format!("{TOKENS}/t_{}", &bearer.token[4..24])
}

fn kind(answer: &Value) -> &str {
    answer["type"].as_str().unwrap_or_default()
}

async fn states(bearer: &Bearer) -> Vec<String> {
    let listed = bearer.get(TOKENS).await.with_status(200).json();
    let items = listed["items"].as_array().unwrap().clone();
    items
        .iter()
        .map(|item| item["state"].as_str().unwrap().to_owned())
        .collect()
}

both_engines! {
    async fn both_work_until_the_overlap_is_over(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let old = app.bearer(&ana).await;
        old.patch(&path_of(&old), json!({"title": "CI", "description": "builds"})).await.with_status(200);
        let made = old.post(&format!("{}/rotate", path_of(&old)), json!({"overlap": 3600})).await.with_status(201).json();
        assert_eq!((made["title"].as_str(), made["description"].as_str()), (Some("CI"), Some("builds")));
        assert_eq!(made["predecessor_id"], format!("t_{}", &old.token[4..24]));
        let new = app.anonymous().with_token(made["token"].as_str().unwrap());

        let view = old.get(&path_of(&old)).await.with_status(200);
        assert_eq!(view.header("standpipe-token-expires-at"), made["predecessor_retiring_until"].as_str().unwrap());
        let view = view.json();
        assert_eq!((view["status"].as_str(), view["state"].as_str()), (Some("active"), Some("retiring")));
        assert_eq!(view["retiring_until"], made["predecessor_retiring_until"]);
        assert!(view.get("expires_at").is_none(), "{view}");
        assert_eq!(new.get("/api/latest/actor").await.with_status(200).header("standpipe-token-expires-at"), "");

        // What retires is not rotated again, nor its successor with an overlap; but always without one.
        let again = old.post(&format!("{}/rotate", path_of(&old)), json!({})).await.with_status(409).json();
        assert_eq!(kind(&again), "token_retiring");
        let again = new.post(&format!("{}/rotate", path_of(&new)), json!({})).await.with_status(409).json();
        assert_eq!(kind(&again), "predecessor_retiring");
        let made = new.post(&format!("{}/rotate", path_of(&new)), json!({"overlap": 0})).await.with_status(201).json();
        assert!(made.get("predecessor_retiring_until").is_none());
        new.get("/api/latest/actor").await.with_status(401);
        let newest = app.anonymous().with_token(made["token"].as_str().unwrap());

        app.clock.advance(Duration::from_secs(3590));
        old.get("/api/latest/actor").await.with_status(200);
        app.clock.advance(Duration::from_secs(10));
        assert_eq!(kind(&old.get("/api/latest/actor").await.with_status(401).json()), "token_expired");
        assert_eq!(states(&newest).await, ["active"]);
        newest.post(&format!("{}/rotate", path_of(&newest)), json!({})).await.with_status(201);
        assert_eq!(states(&newest).await, ["retiring", "active"]);

        let log = newest.get("/api/latest/user/ana/audit_log").await.json();
        let rotated: Vec<_> = log["items"].as_array().unwrap().iter().filter(|r| r["action_type"] == "token.rotate").collect();
        assert_eq!(rotated.len(), 3);
        assert_eq!(rotated[2]["target_handle"], "CI");
        assert_eq!(rotated[2]["data"]["before"]["last4"], old.token[old.token.len() - 4..]);
        assert!(rotated[2]["data"]["after"]["id"].is_string() && rotated[2]["data"]["retiring_until"].is_string());
    }

    async fn a_retiring_token_takes_no_place_and_is_ended_by_one_call(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let old = app.bearer(&ana).await;
        let made = old.post_nothing(&format!("{}/rotate", path_of(&old))).await.with_status(201).json();
        let new = app.anonymous().with_token(made["token"].as_str().unwrap());
        new.post(TOKENS, json!({"title": "second"})).await.with_status(201);
        let third = new.post(TOKENS, json!({"title": "third"})).await.with_status(409).json();
        assert_eq!(kind(&third), "token_limit_reached");
        assert_eq!(states(&new).await, ["retiring", "active", "active"]);
        new.delete(&path_of(&old)).await.with_status(204);
        old.get("/api/latest/actor").await.with_status(401);
        assert_eq!(states(&new).await, ["active", "active"]);
    }

    async fn a_successor_lives_as_long_as_it_was_made_for(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let made = bearer.post(TOKENS, json!({"expiration": 7200, "scope": "read", "networks": ["127.0.0.0/8"]})).await.with_status(201).json();
        let path = format!("{TOKENS}/{}/rotate", made["id"].as_str().unwrap());
        app.clock.advance(Duration::from_secs(7000));
        let next = bearer.post(&path, json!({"overlap": 3600})).await.with_status(201).json();
        assert_eq!((next["scope"].as_str(), &next["networks"]), (Some("read"), &json!(["127.0.0.0/8"])));
        assert_eq!(next["predecessor_retiring_until"], made["expires_at"], "no longer than it had");
        let lives = |token: &Value| {
            let seconds = |name: &str| token[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
            seconds("expires_at") - seconds("created_at")
        };
        assert_eq!(lives(&next), 7200);
        for wrong in [json!({"overlap": -1}), json!({"overlap": 604_801}), json!({"expiration": 1}), json!({"overlap": "1"})] {
            bearer.post(&path, wrong).await.with_status(400);
        }
        bearer.post(&format!("{TOKENS}/t_00000000000000000000/rotate"), json!({})).await.with_status(404);
    }

    async fn sixty_four_at_once_keep_the_cap(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let rotate = format!("{}/rotate", path_of(&bearer));
        let calls: Vec<_> = (0..64).map(|n| {
            let (bearer, rotate) = (bearer.clone(), rotate.clone());
            tokio::spawn(async move {
                let path = if n % 2 == 0 { rotate.as_str() } else { TOKENS };
                (n % 2 == 0, bearer.post_nothing(path).await.status)
            })
        }).collect();
        let mut outcomes = std::collections::BTreeMap::<_, u32>::new();
        for call in calls {
            *outcomes.entry(call.await.unwrap()).or_default() += 1;
        }
        let expected = [((false, 201), 1), ((false, 409), 31), ((true, 201), 1), ((true, 409), 31)];
        assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), expected);
        let mut states = states(&bearer).await;
        states.sort();
        assert_eq!(states, ["active", "active", "retiring"]);
    }

    async fn a_token_lives_as_long_as_was_asked_however_late_it_is_written(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let clock = app.clock.clone();
        // Half an hour in a second, so that each request takes some seconds.
        let goes_on = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(1));
            loop {
                ticks.tick().await;
                clock.advance(Duration::from_secs(2));
            }
        });
        let asked = 60 * 24 * 3600;
        let made = bearer.post(TOKENS, json!({"expiration": asked})).await.with_status(201).json();
        let rotate = format!("{TOKENS}/{}/rotate", made["id"].as_str().unwrap());
        let next = bearer.post(&rotate, json!({"overlap": 0})).await.with_status(201).json();
        goes_on.abort();
        for token in [made, next] {
            let at = |name: &str| token[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
            assert_eq!(at("expires_at") - at("created_at"), asked, "{token}");
        }
    }
}

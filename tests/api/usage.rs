//! What is used, and what may be (contract §1.3).

use serde_json::{Value, json};
use testkit::both_engines;

both_engines! {
    async fn storage_is_that_of_the_databases(builder) {
        let app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        assert_eq!(bearer.get("/api/v0/user/ana/usage").await.with_status(200).json(), json!({"items": []}));
        let dev = app.create_workspace(&bearer, &ana, "dev").await;
        app.create_workspace(&bearer, &ana, "lab").await;
        let all = bearer.get("/api/v0/user/ana/usage?where=").await.with_status(200).json();
        assert_eq!(all["items"].as_array().unwrap().len(), 2);
        let one = bearer.get("/api/v0/user/ana/workspace/dev/usage").await.with_status(200).json();
        assert_eq!((&one["items"][0]["workspace_id"], &one["items"][0]["unit"]), (&dev["id"], &json!("bytes")));
        assert!(one["items"][0]["value"].as_i64().unwrap() > 1_000_000, "an empty database has megabytes: {one}");
        bearer.get("/api/v0/user/ana/usage?where=metric+%3D+'x'").await.with_status(400);
        bearer.get("/api/v0/user/ana/billing/plan").await.with_status(404);
        bearer.get("/api/v0/user/ana/workspace/dev/schema").await.with_status(404);
    }

    async fn constraints_are_those_that_hold(builder) {
        let app = builder.token_cap(3).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let (mut rules, mut query) = (Vec::<Value>::new(), "?limit=4&where=".to_owned());
        loop {
            let page = bearer.get(&format!("/api/v0/user/ana/constraint{query}")).await.with_status(200).json();
            rules.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_token"].as_str() {
                Some(next) => query = format!("?limit=4&next_token={next}"),
                None => break,
            }
        }
        let names: Vec<_> = rules.iter().map(|rule| rule["name"].as_str().unwrap()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert!(names == sorted && names.len() == 10, "{names:?}");
        let tokens = rules.iter().find(|rule| rule["name"] == "user_token_count").unwrap();
        assert_eq!((&tokens["type"], &tokens["value"], &tokens["statistics"]), (&json!("quota"), &json!(3), &json!({"used": 1})));
        for _ in 0..2 {
            bearer.post_nothing("/api/v0/user/ana/token").await.with_status(201);
        }
        bearer.post_nothing("/api/v0/user/ana/token").await.with_status(409);
        let all = bearer.get("/api/v0/user/ana/constraint?limit=100").await.json();
        let used = all["items"].as_array().unwrap().iter().find(|rule| rule["name"] == "user_token_count").unwrap()["statistics"]["used"].clone();
        assert_eq!(used, 3);
    }
}

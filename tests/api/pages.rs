//! Lists in pages (contract §0.7).

use serde_json::json;
use testkit::both_engines;

both_engines! {
    async fn pages_join_without_gap_or_overlap_and_the_last_has_no_token(builder) {
        let app = builder.token_cap(7).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        for n in 0..6 {
            bearer.post("/api/v0/user/ana/token", json!({"title": format!("n{n}")})).await.with_status(201);
        }
        for path in ["/api/v0/user/ana/token", "/api/v0/user/ana/audit_log"] {
            let whole = bearer.get(&format!("{path}?limit=100")).await.json();
            let all: Vec<_> = whole["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
            assert!(all.len() >= 7 && whole.get("next_token").is_none());
            let (mut seen, mut next) = (Vec::new(), String::new());
            loop {
                let page = bearer.get(&format!("{path}?limit=3&next_token={next}")).await.with_status(200).json();
                seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
                match page.get("next_token") {
                    Some(token) => next = token.as_str().unwrap().to_owned(),
                    None => break,
                }
            }
            assert_eq!(seen, all);
        }
        // Clients send zero; it is clamped (contract §0.7).
        assert_eq!(bearer.get("/api/v0/user/ana/token?limit=0").await.json()["items"].as_array().unwrap().len(), 1);
        bearer.get("/api/v0/user/ana/token?next_token=garbage").await.with_status(400);
    }
}

//! The database password.

use serde_json::{Value, json};
use testkit::both_engines;

both_engines! {
    async fn it_is_shown_under_the_contracts_key_and_rotates(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let shown = |value: &Value| value["$password"].as_str().unwrap().to_owned();
        let first = bearer.get("/api/v0/user/ana/password").await.with_status(200).json();
        assert_eq!(shown(&first), shown(&bearer.get("/api/v0/user/ana/password").await.json()));
        assert!(shown(&first).bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));

        let second = bearer.post("/api/v0/user/ana/password", json!({})).await.with_status(201).json();
        let third = bearer.post_nothing("/api/v0/user/ana/password").await.with_status(201).json();
        assert!(shown(&first) != shown(&second) && shown(&second) != shown(&third));
        assert_eq!(bearer.get("/api/v0/user/ana/password").await.json(), third);
        for wrong in [json!(0), json!(-1), json!(43_201), json!(i64::MAX), json!(1.5), json!("5")] {
            bearer.post("/api/v0/user/ana/password", json!({"expires_in_minutes": wrong})).await.with_status(400);
        }
        assert_eq!(bearer.post("/api/v0/user/ana/password", json!({"expires_in_minutes": null})).await.with_status(201).json().get("expires_at"), None);
        let longest = bearer.post("/api/v0/user/ana/password", json!({"expires_in_minutes": 43_200})).await.with_status(201).json();
        assert!(longest["expires_at"].as_str().unwrap().ends_with('Z'));

        let log = bearer.get("/api/v0/user/ana/audit_log").await.json();
        let count = |action: &str| log["items"].as_array().unwrap().iter().filter(|r| r["action_type"] == action).count();
        assert_eq!((count("user.password.create"), count("user.password.reveal")), (5, 3));
        assert!(!log.to_string().contains(&shown(&third)), "no record holds the password");
    }
}

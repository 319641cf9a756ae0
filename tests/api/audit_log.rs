//! The audit log as the contract's clients decode it (§1.8).

use serde_json::json;
use testkit::both_engines;

both_engines! {
    async fn records_say_who_what_when_from_where_and_with_what(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let changed = bearer.patch("/api/v0/user/ana", json!({"display_name": "Ana"})).await.with_status(200);
        let made = bearer.post("/api/v0/user/ana/token", json!({"title": "ci"})).await.with_status(201).json();
        let log = bearer.get("/api/v0/user/ana/audit_log").await.with_status(200).json();
        let items = log["items"].as_array().unwrap();
        let newest = &items[0];
        assert_eq!(newest["action_type"], "token.create");
        assert_eq!((&newest["target_id"], &newest["target_handle"]), (&made["id"], &json!("ci")));
        assert_eq!(newest["actor_display_name"], "Ana");
        assert_eq!(newest["credential"]["kind"], "token");
        assert_eq!(newest["credential"]["id"], format!("t_{}", &bearer.token[4..24]));
        assert_eq!(newest["actor_ip"], "127.0.0.1");
        assert_eq!(items[1]["request_id"], changed.header("x-request-id"));
        for item in items {
            for field in ["id", "action_type", "actor_id", "actor_handle", "actor_display_name", "actor_avatar_url", "actor_ip", "created_at", "tenant_id"] {
                assert!(item[field].is_string(), "{field} in {item}");
            }
            assert!(item["data"].is_object());
        }
        let times: Vec<_> = items.iter().map(|item| item["created_at"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");
        assert!(times[0].ends_with('Z') && times[0].len() == 20, "RFC 3339, whole seconds: {}", times[0]);
    }
}

//! The account.

use serde_json::json;
use testkit::both_engines;

both_engines! {
    async fn the_profile_changes_and_says_so_once(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let before = bearer.get("/api/latest/user/ana").await.with_status(200).json();
        assert_eq!(before.get("display_name"), None, "an empty name is left out, not sent as \"\"");
        let id = before["id"].as_str().unwrap();

        let after = bearer.patch(&format!("/api/v0/user/{id}"), json!({"display_name": " Ana B "})).await.with_status(200).json();
        assert_eq!((after["display_name"].as_str(), after["version_id"].as_i64()), (Some("Ana B"), Some(2)));
        // The same again is no change: no version, no record.
        bearer.patch("/api/v0/user/ana", json!({"display_name": "Ana B"})).await.with_status(200);
        let now = bearer.patch("/api/v0/user/ana", json!({})).await.with_status(200).json();
        assert_eq!(now["version_id"], 2);
        let cleared = bearer.patch("/api/v0/user/ana", json!({"display_name": null})).await.with_status(200).json();
        assert_eq!(cleared.get("display_name"), None);

        let log = bearer.get("/api/v0/user/ana/audit_log").await.json();
        let updates: Vec<_> = log["items"].as_array().unwrap().iter().filter(|r| r["action_type"] == "user.update").collect();
        assert_eq!(updates.len(), 2);
        assert_eq!(updates[1]["data"], json!({"before": {"display_name": null}, "after": {"display_name": "Ana B"}}));
    }

    async fn every_broken_field_is_named_and_nothing_changes(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let input = json!({"display_name": "x".repeat(101), "url": "javascript:alert(1)", "avatar_url": "http://a"});
        let error = bearer.patch("/api/v0/user/ana", input).await.with_status(400).json();
        let fields: Vec<_> = error["validation_errors"].as_array().unwrap().iter().map(|e| e["location"].clone()).collect();
        assert_eq!(fields, ["display_name", "url", "avatar_url"]);
        assert_eq!(bearer.get("/api/v0/actor").await.json()["version_id"], 1);
    }

    async fn what_is_not_a_persons_to_set_is_left_alone(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let before = bearer.get("/api/v0/actor").await.json();
        let input = json!({"id": "u_00000000000000000000", "status": "pending", "tenant_id": "t_x", "version_id": 9, "created_at": "1970-01-01T00:00:00Z"});
        bearer.patch("/api/v0/user/ana", input).await.with_status(200);
        assert_eq!(bearer.get("/api/v0/actor").await.json(), before);
        bearer.patch("/api/v0/user/ana", json!({"handle_changed_at": 0, "held_until": null, "user_id": "u_x"})).await.with_status(200);
        assert_eq!(bearer.get("/api/v0/actor").await.json(), before);
    }
}

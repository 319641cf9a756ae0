//! Notifications (contract §1.4).

use serde_json::json;
use testkit::both_engines;

const PREFERENCES: &str = "/api/v0/user/ana/preferences";

both_engines! {
    async fn everything_is_on_until_the_person_says_otherwise(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let first = bearer.get(PREFERENCES).await.with_status(200).json();
        for kind in ["community_updates", "product_updates", "tips_and_tricks"] {
            assert_eq!(first[format!("communication_{kind}")], "enabled", "a word, not a boolean");
        }
        assert_eq!(first["version_id"], 1);
        assert!(first["id"].as_str().is_some_and(|id| id.starts_with("up_")) && first["created_at"].is_string());

        let changed = bearer.patch(PREFERENCES, json!({"communication_tips_and_tricks": "disabled"})).await.with_status(200).json();
        assert_eq!((&changed["communication_tips_and_tricks"], &changed["communication_product_updates"]), (&json!("disabled"), &json!("enabled")));
        assert_eq!((changed["version_id"].as_i64(), &changed["id"]), (Some(2), &first["id"]));
        bearer.patch(PREFERENCES, json!({"communication_tips_and_tricks": "disabled"})).await.with_status(200);
        assert_eq!(bearer.get(PREFERENCES).await.json(), changed);
        let wrong = bearer.patch(PREFERENCES, json!({"communication_product_updates": "off"})).await.with_status(400).json();
        assert_eq!(wrong["validation_errors"][0]["location"], "communication_product_updates");
        for no_word in [json!(true), json!(0), json!(["enabled"]), json!({"a": 1}), json!("")] {
            let wrong = bearer.patch(PREFERENCES, json!({"communication_product_updates": no_word})).await.with_status(400).json();
            assert_eq!(wrong["detail"], "communication_product_updates: Use the text \"enabled\" or \"disabled\".");
        }
        // Nothing but the three can be set, System least of all.
        let untouched = json!({"communication_system": "disabled", "version_id": 9, "id": "up_x", "communication_product_updates": null});
        assert_eq!(bearer.patch(PREFERENCES, untouched).await.with_status(200).json(), changed);

        let log = bearer.get("/api/v0/user/ana/audit_log").await.json();
        let records: Vec<_> = log["items"].as_array().unwrap().iter().filter(|r| r["action_type"] == "user.preferences.update").collect();
        assert_eq!(records.len(), 1);
    }

    async fn the_page_switches_three_and_locks_system(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let browser = app.signed_in(&ana).await;
        let page = browser.get("/settings/notifications").await.with_status(200);
        assert_eq!(page.body.matches("value=\"enabled\" checked").count(), 4);
        assert!(page.body.contains("name=\"system\" value=\"enabled\" checked disabled"));
        browser.submit("/settings/notifications", "/settings/notifications", &[("product_updates", "enabled")]).await.with_status(303);
        let bearer = app.bearer(&ana).await;
        let now = bearer.get(PREFERENCES).await.json();
        assert_eq!((&now["communication_product_updates"], &now["communication_community_updates"]), (&json!("enabled"), &json!("disabled")));
    }
}

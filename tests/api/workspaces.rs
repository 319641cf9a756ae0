//! Workspaces (contract §1.7).

use serde_json::json;
use testkit::{Engine, TestApp, both_engines, until};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

both_engines! {
    async fn a_workspace_is_made_listed_and_deleted(builder) {
        let app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let made = bearer.post("/api/v0/user/ana/workspace", json!({"handle": "dev", "instance_type": "db1.small", "db_volume_size_bytes": 6_442_450_944_i64})).await.with_status(201);
        let (host, state) = (made.body.find("\"database_name\"").unwrap(), made.body.find("\"instance_type\"").unwrap());
        assert!(host < state, "an old client stops reading at the first enum that it does not know");
        let workspace = app.enabled_workspace(&bearer, &ana, "dev").await;
        assert_eq!((&workspace["instance_type"], &workspace["db_volume_size_bytes"]), (&json!("db1.small"), &json!(6_442_450_944_i64)));
        let by_id = format!("/api/v0/user/{}/workspace/{}", workspace["identity_id"].as_str().unwrap(), workspace["id"].as_str().unwrap());
        assert_eq!(bearer.get(&by_id).await.with_status(200).json(), workspace);
        bearer.post("/api/v0/user/ana/workspace", json!({"handle": "dev"})).await.with_status(409);
        bearer.get("/api/v0/user/ana/workspace/%00").await.with_status(404);
        for bad in ["", "a-b", "A", "x23456789012345678901234"] {
            bearer.post("/api/v0/user/ana/workspace", json!({"handle": bad})).await.with_status(400);
        }

        bearer.delete("/api/v0/user/ana/workspace/dev").await.with_status(204);
        bearer.get("/api/v0/user/ana/workspace/dev").await.with_status(404);
        until("both processes are done", PATIENCE, async || {
            let processes = bearer.get("/api/v0/user/ana/process").await.json();
            let states: Vec<_> = processes["items"].as_array().unwrap().iter().map(|p| p["state"].clone()).collect();
            (states == ["completed", "completed"]).then_some(())
        }).await;
        let log = bearer.get("/api/v0/user/ana/audit_log").await.json();
        let actions: Vec<_> = log["items"].as_array().unwrap().iter().map(|r| r["action_type"].as_str().unwrap()).filter(|a| a.starts_with("workspace.")).collect();
        assert_eq!(actions, ["workspace.delete", "workspace.update", "workspace.create"]);
    }
}

#[tokio::test]
async fn without_postgresql_everything_else_works_and_the_answer_says_so() {
    let app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    let refused = bearer
        .post("/api/v0/user/ana/workspace", json!({"handle": "dev"}))
        .await
        .with_status(409)
        .json();
    assert_eq!(refused["type"], "workspaces_unavailable");
    assert_eq!(
        bearer
            .get("/api/v0/user/ana/workspace")
            .await
            .with_status(200)
            .json(),
        json!({"items": []})
    );
}

//! The Terraform provider (contract §3): each resource and data source, in the order of its calls. It waits for nothing,
//! retries nothing, and takes every status of 300 and above for an error.

use serde_json::{Value, json};
use testkit::{TestApp, both_engines};

use super::{client::Client, decode};

/// `ana`, and the provider with her token.
async fn world(builder: testkit::Builder) -> (TestApp, Client) {
    let app = builder.with_workspaces().start().await;
    let ana = app.create_user("ana").await;
    let token = app.bearer(&ana).await.token;
    let client = Client::new(&app).with(&token);
    (app, client)
}

/// `GET /actor`, with which everything begins.
async fn actor(client: &Client) -> Value {
    let actor = client.get("/actor").await.json("200 OK");
    decode::user(&actor);
    actor
}

/// A workspace as the provider keeps it: what it compares after an import.
fn state(workspace: &Value) -> Value {
    let mut state = workspace.clone();
    let fields = state.as_object_mut().unwrap();
    for moves in ["updated_at", "state", "state_reason", "version_id"] {
        fields.remove(moves);
    }
    state
}

both_engines! {
    async fn data_user(builder) {
        let (_app, client) = world(builder).await;
        let user = actor(&client).await;
        assert_eq!(user["handle"], "ana");
        Client::with(&client, "tpt_stale").get("/actor").await.error("401 Unauthorized");
    }

    async fn resource_user_preferences(builder) {
        let (_app, client) = world(builder).await;
        let path = "/user/ana/preferences";
        // Create is a read, and the defaults are its state.
        actor(&client).await;
        let created = client.get(path).await.json("200 OK");
        decode::preferences(&created);
        let names = ["communication_community_updates", "communication_product_updates", "communication_tips_and_tricks"];
        assert!(names.iter().all(|name| created[*name] == "enabled"), "{created}");
        let all = |choice: &str| {
            format!(r#"{{"communication_community_updates":"{choice}","communication_product_updates":"{choice}","communication_tips_and_tricks":"{choice}"}}"#)
        };
        let updated = client.send_json("PATCH", path, &all("disabled")).await.json("200 OK");
        decode::preferences(&updated);
        assert!(names.iter().all(|name| updated[*name] == "disabled") && updated["version_id"].as_i64() > created["version_id"].as_i64());
        actor(&client).await;
        assert_eq!(client.get(path).await.json("200 OK"), updated);
        // Delete sets all three back.
        let deleted = client.send_json("PATCH", path, &all("enabled")).await.json("200 OK");
        assert!(names.iter().all(|name| deleted[*name] == "enabled"));
    }

    async fn resource_workspace(builder) {
        let (_app, client) = world(builder).await;
        actor(&client).await;
        let body = r#"{"db_volume_size_bytes":6442450944,"desired_state":"enabled","handle":"tfacc","instance_type":"db1.small"}"#;
        let reply = client.send_json("POST", "/user/ana/workspace", body).await;
        let created = reply.json("201 Created");
        decode::workspace(&created);
        decode::key_order(&reply.body);
        assert_eq!((&created["instance_type"], &created["db_volume_size_bytes"]), (&json!("db1.small"), &json!(6_442_450_944_i64)));
        // Read, and import: the same in both answers.
        actor(&client).await;
        let reply = client.get("/user/ana/workspace/tfacc").await;
        let read = reply.json("200 OK");
        decode::workspace(&read);
        decode::key_order(&reply.body);
        assert_eq!(state(&read), state(&created));
        // A second one of this name is an error that is shown as it is.
        client.send_json("POST", "/user/ana/workspace", body).await.error("409 Conflict");
        // Update renames in place.
        actor(&client).await;
        let body = r#"{"db_volume_size_bytes":6442450944,"desired_state":"enabled","handle":"tfaccnew","instance_type":"db1.small"}"#;
        let renamed = client.send_json("PATCH", "/user/ana/workspace/tfacc", body).await.json("200 OK");
        decode::workspace(&renamed);
        assert_eq!((&renamed["id"], &renamed["handle"], &renamed["database_name"]), (&created["id"], &json!("tfaccnew"), &created["database_name"]));
        assert_eq!(client.get("/user/ana/workspace/tfacc").await.error("404 Not Found")["type"], "not_found");
        // Delete, and it is gone at once.
        actor(&client).await;
        client.delete("/user/ana/workspace/tfaccnew").await.nothing("204 No Content");
        client.get("/user/ana/workspace/tfaccnew").await.error("404 Not Found");
        client.delete("/user/ana/workspace/tfaccnew").await.error("404 Not Found");
    }

    async fn data_workspace_and_process(builder) {
        let (_app, client) = world(builder).await;
        client.send_json("POST", "/user/ana/workspace", r#"{"handle":"dev","instance_type":"db1.shared"}"#).await.json("201 Created");
        actor(&client).await;
        decode::workspace(&client.get("/user/ana/workspace/dev").await.json("200 OK"));
        client.get("/user/ana/workspace/other").await.error("404 Not Found");
        let (processes, _) = decode::page(&client.get("/user/ana/process").await.json("200 OK"), decode::process);
        let id = processes[0]["id"].as_str().unwrap();
        for path in [format!("/user/ana/process/{id}"), format!("/user/ana/workspace/dev/process/{id}")] {
            actor(&client).await;
            decode::process(&client.get(&path).await.json("200 OK"));
        }
    }
}

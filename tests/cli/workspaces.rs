//! The private PostgreSQL of a served Standpipe: it ends with it, and comes back after a kill.

use testkit::{Bearer, Binary, Running, has, until};

use super::binary;

async fn ana(binary: &Binary, running: &Running) -> Bearer {
    binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);
    running
        .anonymous()
        .with_token(binary.ok(&["admin", "token", "create", "ana"]))
}

async fn wait_until_enabled(bearer: &Bearer) {
    let patience = std::time::Duration::from_secs(90);
    until("the workspace is enabled", patience, async || {
        let answer = bearer
            .get("/api/latest/user/ana/workspace/dev")
            .await
            .with_status(200);
        (answer.json()["state"] == "enabled").then_some(())
    })
    .await;
}

async fn create_dev(bearer: &Bearer) {
    let body = serde_json::json!({ "handle": "dev" });
    bearer
        .post("/api/latest/user/ana/workspace", body)
        .await
        .with_status(201);
}

#[tokio::test]
async fn a_workspace_survives_a_kill() {
    if !has("postgres") {
        return;
    }
    let binary = binary().with_workspaces();
    let running = binary.serve();
    let bearer = ana(&binary, &running).await;
    create_dev(&bearer).await;
    running.kill();

    // Whether the database was made before or after the kill: it is there in the end.
    let running = binary.serve();
    let bearer = running.anonymous().with_token(bearer.token.clone());
    wait_until_enabled(&bearer).await;
    assert_eq!(running.stop().status.code(), Some(0));
}

#[tokio::test]
async fn it_stops_while_its_postgresql_does_not_answer() {
    if !has("postgres") {
        return;
    }
    // As long as PostgreSQL itself lets a login wait.
    let slow = "{ pre_auth_delay = \"60\" }";
    let binary = binary()
        .with_workspaces()
        .env("STANDPIPE_WORKSPACES_POSTGRES", slow);
    let running = binary.serve();
    let bearer = ana(&binary, &running).await;
    create_dev(&bearer).await;
    let patience = std::time::Duration::from_secs(20);
    until("its process waits for PostgreSQL", patience, async || {
        let list = bearer.get("/api/latest/user/ana/process").await.json();
        (list["items"][0]["state"] == "running").then_some(())
    })
    .await;
    let asked = std::time::Instant::now();
    assert_eq!(running.stop().status.code(), Some(0));
    assert!(asked.elapsed() < patience, "{:?}", asked.elapsed());
}

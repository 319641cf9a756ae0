//! Processes, under the account and under their workspace (contract §1.7, §1.8).

use serde_json::{Value, json};
use testkit::both_engines;

both_engines! {
    async fn a_process_is_found_both_ways_and_has_a_log(builder) {
        let app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let dev = app.create_workspace(&bearer, &ana, "dev").await;
        app.create_workspace(&bearer, &ana, "lab").await;
        let (user, workspace) = (dev["identity_id"].as_str().unwrap(), dev["id"].as_str().unwrap());
        let list = bearer.get(&format!("/api/v0/user/{user}/workspace/{workspace}/process?limit=100&where=")).await.with_status(200).json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        let made = &list["items"][0];
        assert_eq!((&made["identity_id"], &made["workspace_id"], &made["type"]), (&json!(user), &json!(workspace), &json!("workspace.create")));
        let id = made["id"].as_str().unwrap();
        for path in [format!("/user/ana/process/{id}"), format!("/user/{user}/process/{id}"), format!("/user/ana/workspace/dev/process/{id}")] {
            assert_eq!(&bearer.get(&format!("/api/v0{path}")).await.with_status(200).json(), made);
            let log = bearer.get(&format!("/api/v0{path}/log/process.jsonl")).await.with_status(200);
            assert_eq!(log.header("content-type"), "application/jsonlines+json");
            let lines: Vec<Value> = log.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let states: Vec<_> = lines.iter().map(|line| line["state"].as_str().unwrap()).collect();
            assert_eq!(states, ["pending", "completed"]);
            let refused = bearer.post_nothing(&format!("/api/v0{path}/command")).await.with_status(501).json();
            assert_eq!((&refused["type"], &refused["title"]), (&json!("not_implemented"), &json!("Not Implemented")));
        }
        for wrong in [format!("workspace/lab/process/{id}"), "process/p_00000000000000000000".to_owned(), "process/x".to_owned()] {
            for rest in ["", "/log/process.jsonl"] {
                bearer.get(&format!("/api/v0/user/ana/{wrong}{rest}")).await.with_status(404);
            }
            bearer.post_nothing(&format!("/api/v0/user/ana/{wrong}/command")).await.with_status(404);
        }
    }
}

//! Changing a workspace and telling it what to do (contract §1.7).

use serde_json::{Value, json};
use testkit::both_engines;

const DEV: &str = "/api/v0/user/ana/workspace/dev";

both_engines! {
    async fn wishes_are_kept_and_counted(builder) {
        let app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let before = app.create_workspace(&bearer, &ana, "dev").await;
        let sent = json!({"handle": "dev", "instance_type": "db1.medium", "db_volume_size_bytes": 6_442_450_944_i64, "search_path_prefix": ["a"]});
        let after = bearer.patch(DEV, sent.clone()).await.with_status(200).json();
        for (field, value) in sent.as_object().unwrap() {
            assert_eq!(&after[field], value, "{field}");
        }
        let version = |workspace: &Value| workspace["version_id"].as_i64().unwrap();
        assert_eq!(version(&after), version(&before) + 1);
        assert_eq!((&after["id"], &after["state"], &after["notices"]), (&before["id"], &json!("enabled"), &json!({})));
        assert_eq!(bearer.get(DEV).await.json(), after);
        // What differs in nothing, what is null, and what nobody knows is no change.
        for same in [sent, json!({}), json!({"handle": null, "desired_state": null}), json!({"unknown": 1})] {
            assert_eq!(bearer.patch(DEV, same).await.with_status(200).json(), after);
        }
        for (field, bad) in [
            ("handle", json!("a-b")), ("handle", json!("")), ("desired_state", json!("")), ("desired_state", json!("deleted")),
            ("instance_type", json!("db1.huge")), ("db_volume_size_bytes", json!(-1)), ("search_path_prefix", json!([""])), ("search_path_prefix", json!(["\u{0}"])),
        ] {
            let refused = bearer.patch(DEV, json!({field: bad})).await.with_status(400).json();
            assert_eq!(refused["validation_errors"][0]["location"], field);
            let refused = bearer.post("/api/v0/user/ana/workspace", json!({"handle": "new", field: bad})).await.with_status(400).json();
            assert_eq!(refused["validation_errors"][0]["location"], field);
        }
        bearer.patch(DEV, json!({"db_volume_size_bytes": 1.5})).await.with_status(400);
        bearer.patch("/api/v0/user/ana/workspace/other", json!({})).await.with_status(404);
    }

    async fn a_name_is_free_or_not_and_the_old_one_is_gone(builder) {
        let app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let dev = app.create_workspace(&bearer, &ana, "dev").await;
        app.create_workspace(&bearer, &ana, "lab").await;
        let refused = bearer.patch(DEV, json!({"handle": "lab"})).await.with_status(409).json();
        assert_eq!(refused["type"], "workspace_exists");
        let renamed = bearer.patch(DEV, json!({"handle": "prod"})).await.with_status(200).json();
        assert_eq!((&renamed["id"], &renamed["database_name"]), (&dev["id"], &dev["database_name"]));
        bearer.get(DEV).await.with_status(404);
        let by_id = format!("/api/v0/user/ana/workspace/{}", dev["id"].as_str().unwrap());
        assert_eq!(bearer.get(&by_id).await.with_status(200).json(), renamed);
        // Its own log, and nothing else in it.
        let log = bearer.get("/api/v0/user/ana/workspace/prod/audit_log").await.with_status(200).json();
        let items = log["items"].as_array().unwrap();
        assert!(items.len() >= 3 && items.iter().all(|record| record["target_id"] == dev["id"]), "{items:?}");
        assert_eq!(items[0]["data"], json!({
            "before": {"handle": "dev"}, "after": {"handle": "prod"}, "hosts": ["ana-dev.db.localhost", "ana-prod.db.localhost"],
        }));
        let filtered = bearer.get("/api/v0/user/ana/workspace/prod/audit_log?where=action_type+%3D+'workspace.create'").await.with_status(200).json();
        assert_eq!(filtered["items"].as_array().unwrap().len(), 1);
        bearer.get("/api/v0/user/ana/workspace/prod/audit_log?where=nonsense").await.with_status(400);
    }

    async fn a_command_leaves_a_process_and_a_record(builder) {
        let app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        app.create_workspace(&bearer, &ana, "dev").await;
        let command = format!("{DEV}/command");
        let mut states = Vec::new();
        for name in ["reboot", "stop", "stop", "start", "upgrade"] {
            let done = bearer.post(&command, json!({"command": name})).await.with_status(201).json();
            assert_eq!(done["command"], name);
            let process = format!("/api/v0/user/ana/process/{}", done["process_id"].as_str().unwrap());
            let process = bearer.get(&process).await.with_status(200).json();
            assert_eq!((&process["type"], &process["state"]), (&json!(format!("workspace.{name}")), &json!("completed")));
            assert_eq!(process.get("state_reason").is_some(), name == "upgrade", "{process}");
            states.push(bearer.get(DEV).await.json()["state"].clone());
        }
        assert_eq!(states, ["enabled", "disabled", "disabled", "enabled", "enabled"]);
        let log = bearer.get(&format!("{DEV}/audit_log?limit=5")).await.json();
        let actions: Vec<_> = log["items"].as_array().unwrap().iter().map(|record| record["action_type"].as_str().unwrap()).collect();
        assert_eq!(actions, ["workspace.upgrade", "workspace.update", "workspace.update", "workspace.update", "workspace.reboot"]);
        assert_eq!(log["items"][1]["data"]["after"], json!({"desired_state": "enabled"}));
        for bad in [json!({"command": "explode"}), json!({"command": ""}), json!({})] {
            let refused = bearer.post(&command, bad).await.with_status(400).json();
            assert_eq!(refused["validation_errors"][0]["location"], "command");
        }
    }

    async fn what_is_not_there_yet_takes_no_command(builder) {
        let app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        bearer.post("/api/v0/user/ana/workspace", json!({"handle": "dev", "desired_state": "disabled"})).await.with_status(201);
        let refused = bearer.post(&format!("{DEV}/command"), json!({"command": "start"})).await;
        if refused.status == 409 {
            assert_eq!(refused.json()["type"], "workspace_not_ready");
        }
        // It is made all the same, and switched off.
        testkit::until("it is made", std::time::Duration::from_secs(90), async || {
            let processes = bearer.get(&format!("{DEV}/process")).await.json();
            (processes["items"][0]["state"] == "completed").then_some(())
        }).await;
        app.tamper("UPDATE workspaces SET state = 'disabled', state_reason = 'the disk is full'").await;
        let failed = bearer.post(&format!("{DEV}/command"), json!({"command": "start"})).await.with_status(409).json();
        assert_eq!(failed["type"], "workspace_not_ready");
    }
}

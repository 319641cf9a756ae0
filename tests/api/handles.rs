//! Changing a handle: what it changes, who may have which name and when, and what an old name is told.

use std::time::Duration;

use serde_json::json;
use testkit::both_engines;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

both_engines! {
    async fn a_new_handle_is_everywhere_at_once(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let now = app.clock.now();
        let user = bearer.patch("/api/v0/user/ana", json!({"handle": "ana-b", "display_name": "Ana"})).await.with_status(200).json();
        assert_eq!((&user["handle"], &user["display_name"], &user["version_id"]), (&json!("ana-b"), &json!("Ana"), &json!(3)));
        assert_eq!(bearer.get("/api/v0/actor").await.json()["handle"], "ana-b");
        bearer.get("/api/v0/user/ana-b").await.with_status(200);

        let log = bearer.get("/api/v0/user/ana-b/audit_log").await.json();
        let record = log["items"].as_array().unwrap().iter().find(|r| r["action_type"] == "user.handle.update").unwrap().clone();
        assert_eq!(record["data"]["before"], json!({"handle": "ana", "hosts": []}));
        assert_eq!(record["data"]["after"], json!({"handle": "ana-b", "hosts": []}));
        assert_eq!((&record["actor_handle"], &record["target_handle"]), (&json!("ana"), &json!("ana-b")));
        let profile = log["items"].as_array().unwrap().iter().find(|r| r["action_type"] == "user.update").unwrap().clone();
        assert_eq!(profile["actor_handle"], "ana-b");

        let mail = app.mailbox.next("ana@example.com").await;
        assert!(mail.text.contains("Your handle was ana and is now ana-b."), "{}", mail.text);
        assert_eq!(app.mailbox.count("ana@example.com"), 0, "one mail an address");
        let until = record["data"]["held_until"].as_str().unwrap();
        assert!(mail.text.contains(&until[..10]), "{}", mail.text);
        let held: jiff::Timestamp = until.parse().unwrap();
        let seconds = held.duration_since(now).as_secs();
        assert!((90 * 86_400 - 1..90 * 86_400 + 60).contains(&seconds), "{seconds}");
    }

    async fn the_same_handle_is_no_change(builder) {
        let app = builder.start().await;
        let bearer = app.bearer(&app.create_user("ana").await).await;
        for _ in 0..2 {
            let user = bearer.patch("/api/v0/user/ana", json!({"handle": "ana"})).await.with_status(200).json();
            assert_eq!(user["version_id"], 1);
        }
        // Which costs nothing of the day's change.
        bearer.patch("/api/v0/user/ana", json!({"handle": "bea"})).await.with_status(200);
    }

    async fn a_name_that_breaks_rules_changes_nothing(builder) {
        let app = builder.start().await;
        app.create_user("bob").await;
        let bearer = app.bearer(&app.create_user("ana").await).await;
        for bad in ["", "-ana", "ana-", "a--b", "Ana", "a_b", "ä", "admin", "postgres", &"a".repeat(40)] {
            let error = bearer.patch("/api/v0/user/ana", json!({"handle": bad, "display_name": "x"})).await.with_status(400).json();
            assert_eq!(error["validation_errors"][0]["location"], "handle", "{bad}");
        }
        let error = bearer.patch("/api/v0/user/ana", json!({"handle": "bob", "display_name": "x"})).await.with_status(409).json();
        assert_eq!(error["type"], "handle_taken");
        bearer.patch("/api/v0/user/ana", json!({"handle": "bea", "url": "javascript:x"})).await.with_status(400);
        assert_eq!(bearer.get("/api/v0/actor").await.json()["version_id"], 1);
        app.anonymous().patch("/api/v0/user/ana", json!({"handle": "bea"})).await.with_status(401);
        let bob = app.create_user("carl").await;
        app.bearer(&bob).await.patch("/api/v0/user/ana", json!({"handle": "bea"})).await.with_status(404);
    }

    async fn an_old_name_says_what_happened_to_its_owner_alone(builder) {
        let app = builder.start().await;
        let ana = app.bearer(&app.create_user("ana").await).await;
        let bob = app.bearer(&app.create_user("bob").await).await;
        ana.patch("/api/v0/user/ana", json!({"handle": "bea"})).await.with_status(200);
        for path in ["/api/v0/user/ana", "/api/latest/user/ana/token", "/api/v0/user/ana/workspace/dev", "/api/v0/user/ana/preferences"] {
            let told = ana.get(path).await.with_status(410).json();
            assert_eq!(told["type"], "handle_changed", "{path}");
            let detail = told["detail"].as_str().unwrap();
            assert!(detail.contains("The handle ana was changed on ") && detail.contains("use bea") && detail.contains(" until "), "{detail}");
            let to_bob = bob.get(path).await.with_status(404).json();
            let nobody = bob.get(&path.replace("ana", "nobody")).await.with_status(404).json();
            assert_eq!((&to_bob["type"], &to_bob["detail"]), (&nobody["type"], &nobody["detail"]));
            app.anonymous().get(path).await.with_status(401);
        }
        // After the hold it is a name like any other.
        app.clock.advance(90 * DAY);
        ana.get("/api/v0/user/ana").await.with_status(404);
    }

    async fn a_held_name_is_its_owners_for_ninety_days(builder) {
        let app = builder.start().await;
        let ana = app.bearer(&app.create_user("ana").await).await;
        let bob = app.bearer(&app.create_user("bob").await).await;
        ana.patch("/api/v0/user/ana", json!({"handle": "bea"})).await.with_status(200);
        let held = ana.get("/api/v0/user/bea/audit_log").await.json()["items"][0]["data"]["held_until"].as_str().unwrap().to_owned();
        for _ in 0..2 {
            let error = bob.patch("/api/v0/user/bob", json!({"handle": "ana"})).await.with_status(409).json();
            assert_eq!(error["type"], "handle_held");
            assert!(error["detail"].as_str().unwrap().contains(&held), "{error}");
            app.clock.advance(44 * DAY);
        }
        let refused = app.app().admin_create_user("ana", "other@example.com").await;
        assert!(matches!(refused, Err(app::Error::Conflict { code: "handle_held", .. })), "{refused:?}");
        app.clock.advance(2 * DAY + Duration::from_secs(1));
        bob.patch("/api/v0/user/bob", json!({"handle": "ana"})).await.with_status(200);
        let error = ana.patch("/api/v0/user/bea", json!({"handle": "ana"})).await.with_status(409).json();
        assert_eq!(error["type"], "handle_taken");
    }

    async fn a_handle_changes_once_a_day_and_can_be_taken_back(builder) {
        let app = builder.start().await;
        let ana = app.bearer(&app.create_user("ana").await).await;
        ana.patch("/api/v0/user/ana", json!({"handle": "bea"})).await.with_status(200);
        let again = app.clock.now() + jiff::SignedDuration::from_hours(24);
        app.clock.advance(DAY - Duration::from_secs(60));
        for next in ["ana", "cleo"] {
            let error = ana.patch("/api/v0/user/bea", json!({"handle": next})).await.with_status(409).json();
            assert_eq!(error["type"], "handle_changed_today", "taking it back counts too");
            let day = again.to_string();
            assert!(error["detail"].as_str().unwrap().contains(&day[..13]), "{error} {day}");
        }
        // What was refused left no claim behind.
        app.create_user("cleo").await;
        app.clock.advance(Duration::from_secs(61));
        let user = ana.patch("/api/v0/user/bea", json!({"handle": "ana"})).await.with_status(200).json();
        assert_eq!((&user["handle"], &user["version_id"]), (&json!("ana"), &json!(3)));
        let bob = app.bearer(&app.create_user("bob").await).await;
        let error = bob.patch("/api/v0/user/bob", json!({"handle": "bea"})).await.with_status(409).json();
        assert_eq!(error["type"], "handle_held");
    }

    async fn of_64_who_want_one_name_one_gets_it(builder) {
        let app = builder.start().await;
        let mut callers = Vec::new();
        for n in 0..32 {
            let person = app.create_user(&format!("n{n}")).await;
            callers.push((person.handle.clone(), app.bearer(&person).await));
        }
        // Half of them change their handle, half are new.
        let renames = callers.into_iter().map(|(handle, bearer)| tokio::spawn(async move {
            bearer.patch(&format!("/api/v0/user/{handle}"), json!({"handle": "prize"})).await.status
        }));
        let sign_ups = (0..32).map(|n| {
            let app = app.app().clone();
            tokio::spawn(async move {
                match app.admin_create_user("prize", &format!("new{n}@example.com")).await {
                    Ok(_) => 200,
                    Err(app::Error::Conflict { code: "handle_taken", .. }) => 409,
                    Err(other) => panic!("{other:?}"),
                }
            })
        });
        let mut statuses = Vec::new();
        for claim in renames.chain(sign_ups).collect::<Vec<_>>() {
            statuses.push(claim.await.unwrap());
        }
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 63, "{statuses:?}");
    }

    async fn of_many_changes_of_one_account_at_once_one_is_made(builder) {
        let app = builder.start().await;
        let ana = app.bearer(&app.create_user("ana").await).await;
        let changes = (0..16).map(|n| {
            let ana = ana.clone();
            tokio::spawn(async move { ana.patch("/api/v0/user/ana", json!({"handle": format!("ana{n}")})).await.status })
        });
        let mut made = 0;
        for change in changes.collect::<Vec<_>>() {
            let status = change.await.unwrap();
            // Who comes later is told that the day's change is made, or that the path is an old name.
            assert!([200, 401, 409, 410].contains(&status), "{status}");
            made += u8::from(status == 200);
        }
        assert_eq!(made, 1);
        let user = ana.get("/api/v0/actor").await.json();
        assert_eq!(user["version_id"], 2);
    }

    async fn asking_who_has_a_name_is_limited(builder) {
        let app = builder.configure(|config| config.limits.handles_per_ip = 3).start().await;
        app.create_user("bob").await;
        let ana = app.bearer(&app.create_user("ana").await).await;
        for _ in 0..3 {
            ana.patch("/api/v0/user/ana", json!({"handle": "bob"})).await.with_status(409);
        }
        let limited = ana.patch("/api/v0/user/ana", json!({"handle": "bob"})).await.with_status(429);
        assert!(limited.header("retry-after").parse::<u64>().unwrap() <= 21);
    }

    async fn names_of_39_and_23_fill_a_host_name(builder) {
        if !testkit::has("postgres") { return }
        let app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        bearer.post("/api/v0/user/ana/workspace", json!({"handle": "w".repeat(24)})).await.with_status(400);
        app.create_workspace(&bearer, &ana, &"w".repeat(23)).await;
        let long = "a".repeat(39);
        bearer.patch("/api/v0/user/ana", json!({"handle": "a".repeat(40)})).await.with_status(400);
        bearer.patch("/api/v0/user/ana", json!({"handle": long})).await.with_status(200);
        let (handle, workspace) = (long.parse().unwrap(), "w".repeat(23).parse().unwrap());
        let host = app.app().workspace_host(&handle, &workspace);
        assert_eq!(host.split('.').next().unwrap().len(), 63, "{host}");
        bearer.get(&format!("/api/v0/user/{long}/workspace/{workspace}")).await.with_status(200);
        app.create_workspace(&bearer, &testkit::Person { handle: long.clone(), email: String::new() }, &"v".repeat(23)).await;
    }
}

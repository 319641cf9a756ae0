//! `where` (contract §1.10): the same text finds the same rows on both engines.

use serde_json::{Value, json};
use testkit::{Bearer, both_engines};

/// The names of the tokens whose records pass `wanted`, newest first, in pages of `limit`.
async fn found(bearer: &Bearer, wanted: &str, limit: u32) -> Vec<Value> {
    let query = |next: &str| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("where", wanted)
            .append_pair("limit", &limit.to_string())
            .append_pair("next_token", next);
        format!("/api/v0/user/ana/audit_log?{}", query.finish())
    };
    let (mut items, mut next) = (Vec::new(), String::new());
    loop {
        let page = bearer.get(&query(&next)).await.with_status(200).json();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_token"].as_str() {
            Some(token) => next = token.to_owned(),
            None => return items,
        }
    }
}

async fn count(bearer: &Bearer, wanted: &str) -> usize {
    let all = found(bearer, wanted, 100).await;
    assert_eq!(found(bearer, wanted, 2).await, all, "{wanted}: in pages");
    all.len()
}

async fn refusal(bearer: &Bearer, path: &str, wanted: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("where", wanted)
        .finish();
    let answer = bearer
        .get(&format!("{path}?{query}"))
        .await
        .with_status(400)
        .json();
    assert_eq!(
        (&answer["type"], &answer["status"]),
        (&json!("invalid"), &json!(400))
    );
    assert_eq!(answer["validation_errors"][0]["location"], "where");
    answer["validation_errors"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

both_engines! {
    async fn records_are_found_by_what_they_are(builder) {
        let app = builder.token_cap(10).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        for (n, name) in ["Ana", "100%", "O'Hara", "ÄRA", "a_b"].into_iter().enumerate() {
            app.clock.advance(std::time::Duration::from_secs(3600));
            bearer.patch("/api/v0/user/ana", json!({ "display_name": name })).await.with_status(200);
            if n < 2 {
                let title = json!({ "title": format!("ci {n}"), "expiration": 86_400 });
                bearer.post("/api/v0/user/ana/token", title).await.with_status(201);
            }
        }
        let own = format!("t_{}", &bearer.token[4..24]);
        for (wanted, expected) in [
            ("", 10),
            ("  ", 10),
            ("action_type = 'user.update'", 5),
            ("action_type <> 'user.update'", 5),
            ("action_type = 'user.update' and created_at > now() - interval '90 minutes'", 2),
            ("created_at > now() - interval '1 day'", 10),
            ("created_at < now() - interval '1 day'", 0),
            ("action_type in ('token.create', 'user.create')", 4),
            ("action_type not in ('token.create', 'user.create')", 6),
            ("action_type like 'token.%'", 3),
            ("action_type like 'TOKEN.%'", 0),
            ("action_type ilike 'TOKEN.%'", 3),
            ("action_type not like 'token.%'", 7),
            ("action_type not ilike 'TOKEN.%'", 7),
            ("data -> 'after' ->> 'display_name' = 'O''Hara'", 1),
            ("data -> 'after' ->> 'display_name' like '100\\%'", 1),
            ("data -> 'after' ->> 'display_name' like '%\\%'", 1),
            ("data -> 'after' ->> 'display_name' like 'a\\_b'", 1),
            ("data -> 'after' ->> 'display_name' like 'a_b'", 1),
            ("data -> 'after' ->> 'display_name' ilike 'Ära'", 1),
            ("data -> 'after' ->> 'display_name' ilike 'ära'", 0),
            ("data -> 'after' ->> 'display_name' is not null", 5),
            ("data ->> 'expires_at' is not null", 2),
            ("data ->> 'expires_at' is null and action_type = 'token.create'", 1),
            ("data ->> 'last4' = 5", 0),
            ("data is not null", 10),
            ("credential_kind = 'token'", 7),
            ("actor_handle = 'ana' and not action_type = 'user.update'", 3),
            ("actor_handle = 'operator' or action_type = 'user.update'", 7),
            ("(actor_handle = 'operator' or action_type = 'user.update') and target_handle = 'ana'", 7),
            ("actor_id is null", 2),
            ("sequence <= 3", 3),
            ("sequence = -1", 0),
            ("actor_ip = '127.0.0.1'", 8),
        ] {
            assert_eq!(count(&bearer, wanted).await, expected, "{wanted}");
        }
        assert_eq!(count(&bearer, &format!("credential_id = '{own}'")).await, 7);
        let exact = found(&bearer, "sequence = 5", 1).await[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(count(&bearer, &format!("id = '{exact}'")).await, 1);
        bearer.get(&format!("/api/v0/user/ana/audit_log/{exact}")).await.with_status(200);
        bearer.get("/api/v0/user/ana/audit_log/a_00000000000000000000").await.with_status(404);
    }

    async fn what_is_wrong_is_said_with_its_place(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let log = "/api/v0/user/ana/audit_log";
        assert_eq!(refusal(&bearer, log, "id = 5").await, "At character 6: Write the text in single quotes.");
        assert!(refusal(&bearer, log, "salt is null").await.starts_with("At character 1: There is no such column"));
        assert!(refusal(&bearer, log, "id = 'a\0'").await.contains("cannot be searched for"));
        assert!(refusal(&bearer, log, &"(".repeat(3000)).await.contains("too long"));
        let processes = "/api/v0/user/ana/process";
        assert!(refusal(&bearer, processes, "input is null").await.starts_with("At character 1: There is no such column"));
        let export = "/api/v0/user/ana/audit_log/export";
        assert!(refusal(&bearer, export, "x = 1").await.starts_with("At character 1"));
        let injected = "id = 'x'' OR 1=1 --' or identity_id <> 'x'";
        assert_eq!(count(&bearer, injected).await, 3, "another's log stays out of reach");
        app.create_user("bob").await;
        assert_eq!(count(&bearer, "id is not null or 1 = 1".replace(" or 1 = 1", " or id is null").as_str()).await, 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_are_found_by_the_documented_columns() {
    let app = testkit::TestApp::builder(testkit::Engine::Sqlite)
        .with_workspaces()
        .start()
        .await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    let made = app.create_workspace(&bearer, &ana, "dev").await;
    let other = app.create_workspace(&bearer, &ana, "other").await;
    let count = async |path: &str, wanted: String| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("where", &wanted)
            .finish();
        let page = bearer
            .get(&format!("/api/v0/user/ana{path}?{query}"))
            .await
            .with_status(200)
            .json();
        page["items"].as_array().unwrap().len()
    };
    let id = |workspace: &Value| workspace["id"].as_str().unwrap().to_owned();
    for (wanted, expected) in [
        (String::new(), 2),
        ("type = 'workspace.create' and state = 'completed'".to_owned(), 2),
        ("state in ('failed', 'running')".to_owned(), 0),
        (format!("workspace_id = '{}'", id(&made)), 1),
        (
            "created_at > now() - interval '1 hr' and updated_at is not null".to_owned(),
            2,
        ),
        ("pipeline_id is null".to_owned(), 2),
        ("pipeline_id = 'x'".to_owned(), 0),
        (
            format!("identity_id = '{}'", made["identity_id"].as_str().unwrap()),
            2,
        ),
        ("id like 'p!_%'".replace('!', "\\"), 2),
    ] {
        assert_eq!(count("/process", wanted.clone()).await, expected, "{wanted}");
    }
    assert_eq!(count("/workspace/dev/process", String::new()).await, 1);
    assert_eq!(
        count(
            "/workspace/dev/process",
            format!("workspace_id = '{}'", id(&other))
        )
        .await,
        0
    );
}

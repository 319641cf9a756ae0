//! `If-Match`: a change happens only to the version that the client means, when it says which.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::{Answer, Bearer, both_engines};

/// Changes of what has a version: method, path, body, and where the version is read.
const CHANGES: [(&str, &str, &str, &str); 17] = [
    ("PATCH", "/user/{user}", r#"{"display_name": "A"}"#, ""),
    ("POST", "/user/{user}/avatar", "a picture", ""),
    ("DELETE", "/user/{user}/avatar", "", ""),
    (
        "PATCH",
        "/user/{user}/preferences",
        r#"{"communication_tips_and_tricks": "disabled"}"#,
        "/preferences",
    ),
    ("PATCH", "/user/{user}/email/{email}", "{}", "/email/{email}"),
    ("POST", "/user/{user}/email/{email}/resend", "", "/email/{email}"),
    ("DELETE", "/user/{user}/email/{email}", "", "/email/{email}"),
    (
        "PATCH",
        "/user/{user}/token/{token}",
        r#"{"title": "t"}"#,
        "/token/{token}",
    ),
    (
        "POST",
        "/user/{user}/token/{token}/rotate",
        r#"{"overlap": 3600}"#,
        "/token/{token}",
    ),
    ("DELETE", "/user/{user}/token/{token}", "", "/token/{token}"),
    (
        "PATCH",
        "/user/{user}/workspace/{workspace}",
        r#"{"instance_type": "db1.small"}"#,
        "/workspace/{workspace}",
    ),
    (
        "PATCH",
        "/user/{user}/workspace/{workspace}/member/{member}",
        r#"{"role": "operator"}"#,
        "/workspace/{workspace}/member/{member}",
    ),
    (
        "DELETE",
        "/user/{user}/workspace/{workspace}/member/{member}",
        "",
        "/workspace/{workspace}/member/{member}",
    ),
    (
        "POST",
        "/user/{user}/workspace/{workspace}/command",
        r#"{"command": "reboot"}"#,
        "/workspace/{workspace}",
    ),
    (
        "DELETE",
        "/user/{user}/workspace/{workspace}",
        "",
        "/workspace/{workspace}",
    ),
    ("DELETE", "/user/{user}/token/current", "", "/token/current"),
    ("DELETE", "/user/{user}", "", ""),
];

/// Changes of what has none.
const WITHOUT: [(&str, &str); 8] = [
    ("DELETE", "/user/{user}/connection"),
    ("DELETE", "/user/{user}/connection/{connection}"),
    ("DELETE", "/user/{user}/workspace/{workspace}/connection"),
    (
        "DELETE",
        "/user/{user}/workspace/{workspace}/connection/{connection}",
    ),
    ("DELETE", "/user/{user}/session"),
    ("DELETE", "/user/{user}/session/{session}"),
    ("PATCH", "/login/token/{login}"),
    ("DELETE", "/login/token/{login}"),
];

#[test]
fn every_change_is_listed() {
    let listed: BTreeSet<_> = CHANGES
        .iter()
        .map(|(method, path, ..)| (*method, *path))
        .chain(WITHOUT)
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    let missing: Vec<_> = web::api::routes()
        .iter()
        .filter(|route| ["PATCH", "DELETE", "PUT"].contains(&route.method.as_str()))
        .map(|route| format!("{} {}", route.method, route.path))
        .filter(|route| !listed.contains(route))
        .collect();
    assert!(
        missing.is_empty(),
        "say in tests/api/versions.rs what version these change: {missing:?}"
    );
}

async fn send(bearer: &Bearer, (method, path, body): (&str, &str, &str), tag: &str) -> Answer {
    let form = testkit::FormData::picture(&super::avatar::png([1, 2, 3]));
    let (kind, body) = match body {
        "a picture" => (testkit::FormData::content_type(), form.body()),
        body => ("application/json".to_owned(), body.as_bytes().to_vec()),
    };
    bearer
        .send_raw(method, path, &[("if-match", tag), ("content-type", &kind)], body)
        .await
}

both_engines! {
    async fn what_changed_meanwhile_is_not_changed_again(builder) {
        let app = builder.with_workspaces().token_cap(10).start().await;
        let ana = app.create_user("ana").await;
        let (bearer, base) = (app.bearer(&ana).await, "/api/v0/user/ana");
        app.create_workspace(&bearer, &ana, "dev").await;
        app.create_user("bob").await;
        bearer.post(&format!("{base}/workspace/dev/member"), json!({"handle": "bob", "role": "reader"})).await.with_status(201);
        let token = bearer.post(&format!("{base}/token"), json!({})).await.with_status(201).json();
        let email = bearer.post(&format!("{base}/email"), json!({"email": "b@example.com"})).await.with_status(201).json();
        let fill = |path: &str| {
            let ids = [("{user}", "ana"), ("{workspace}", "dev"), ("{member}", "bob"), ("{token}", token["id"].as_str().unwrap()), ("{email}", email["id"].as_str().unwrap())];
            ids.iter().fold(path.to_owned(), |path, (name, id)| path.replace(name, id))
        };
        for (method, path, body, source) in CHANGES {
            let (path, source) = (format!("/api/v0{}", fill(path)), format!("{base}{}", fill(source)));
            let version = bearer.get(&source).await.with_status(200).json()["version_id"].as_i64().unwrap();
            for other in [format!("\"{}\"", version + 1), "W/\"1\"".to_owned(), "0, \"x\"".to_owned(), "\u{fc}".to_owned()] {
                let refused = send(&bearer, (method, &path, body), &other).await.with_status(412).json();
                assert_eq!((&refused["type"], &refused["status"]), (&json!("version_mismatch"), &json!(412)), "{method} {path}");
            }
            assert_eq!(bearer.get(&source).await.json()["version_id"], version, "{method} {path}: what was refused changed nothing");
            let tag = match version % 4 {
                0 => "*".to_owned(),
                1 => version.to_string(),
                2 => format!("\"{version}\""),
                _ => format!("\"0\", \"{version}\""),
            };
            let bearer = match path.ends_with("/token/current") {
                // Its end is not the end of this test.
                true => app.bearer(&ana).await,
                false => bearer.clone(),
            };
            let done = send(&bearer, (method, &path, body), &tag).await;
            assert!(done.status < 300, "{method} {path} {tag}: {}", done.body);
        }
    }

    async fn a_call_that_changes_several_things_means_what_was_there_before(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let version = |user: &Value| user["version_id"].as_i64().unwrap();
        let before = bearer.get("/api/v0/actor").await.json();
        let all = r#"{"handle": "bea", "display_name": "Bea", "token_min_issued_at": "2999-01-01T00:00:00Z"}"#;
        let stale = format!("{}", version(&before) + 1);
        send(&bearer, ("PATCH", "/api/v0/user/ana", all), &stale).await.with_status(412);
        assert_eq!(bearer.get("/api/v0/actor").await.json(), before);
        let reset = r#"{"token_min_issued_at": "2999-01-01T00:00:00Z"}"#;
        send(&bearer, ("PATCH", "/api/v0/user/ana", reset), &stale).await.with_status(412);
        // The handle that it has is none to change, and no way around.
        send(&bearer, ("PATCH", "/api/v0/user/ana", r#"{"handle": "ana", "display_name": "B"}"#), &stale).await.with_status(412);
        let tag = format!("\"{}\"", version(&before));
        let after = send(&bearer, ("PATCH", "/api/v0/user/ana", all), &tag).await.with_status(200).json();
        assert_eq!((&after["handle"], &after["display_name"]), (&json!("bea"), &json!("Bea")));
        assert_eq!(version(&after), version(&before) + 3, "each change counts");
        bearer.get("/api/v0/actor").await.with_status(401);
    }

    async fn of_many_who_mean_one_version_one_changes_it(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let tag = bearer.get("/api/v0/actor").await.json()["version_id"].to_string();
        let many: Vec<_> = (0..16).map(|n| {
            let (bearer, tag) = (bearer.clone(), tag.clone());
            tokio::spawn(async move {
                let body = format!(r#"{{"display_name": "{n}"}}"#);
                send(&bearer, ("PATCH", "/api/v0/user/ana", &body), &tag).await.status
            })
        }).collect();
        let mut statuses = Vec::new();
        for one in many {
            statuses.push(one.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (200, &[412; 15][..]));
    }
}

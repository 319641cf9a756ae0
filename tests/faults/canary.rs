//! No clear token and no clear password in anything that is written: store, WAL, logs, mail folder.

use std::path::Path;

use serde_json::json;
use testkit::{Binary, Browser, Running, until};

/// Every file below `folder`, read whole.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

/// A command line that is let in: what it asked with, and the token that it got. The code is too short to tell apart
/// from other numbers; `api::cli_login` looks for it in the store.
async fn command_line(running: &Running, browser: &Browser) -> [String; 2] {
    let caller = running.anonymous();
    let asked = caller
        .post_nothing("/api/v0/login/token")
        .await
        .with_status(201)
        .json();
    let id = asked["id"].as_str().unwrap();
    let page = format!("/login/token?r={id}");
    let shown = browser
        .submit(&page, "/login/token", &[("r", id)])
        .await
        .with_status(200);
    let (_, rest) = shown.body.split_once("<code id=\"code\">").unwrap();
    let code = rest.split('<').next().unwrap();
    let answer = caller
        .get(&format!("/api/v0/login/token/{id}?code={code}"))
        .await
        .with_status(200)
        .json();
    [id[27..].to_owned(), answer["token"].as_str().unwrap().to_owned()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_in_no_file_and_in_no_log() {
    let binary = Binary::new(env!("CARGO_BIN_EXE_standpipe"))
        .with_workspaces()
        .env("STANDPIPE_LOG_LEVEL", "debug");
    let running = binary.serve();
    binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);
    let token = binary.ok(&["admin", "token", "create", "ana"]);
    let bearer = running.anonymous().with_token(&token);
    let mut canaries = vec![token.clone(), token[25..].to_owned()];

    let mut mailbox = running.mailbox();
    let browser = running.browser();
    browser.sign_in("ana@example.com", &mut mailbox).await;
    browser.get("/settings/profile").await.with_status(200);
    canaries.extend(browser.cookie_values());
    canaries.extend(command_line(&running, &browser).await);
    let made = bearer
        .post("/api/v0/user/ana/token", json!({"title": "ci"}))
        .await
        .with_status(201)
        .json();
    canaries.push(made["token"].as_str().unwrap().to_owned());
    for _ in 0..2 {
        let shown = bearer
            .get("/api/v0/user/ana/password")
            .await
            .with_status(200)
            .json();
        canaries.push(shown["$password"].as_str().unwrap().to_owned());
        bearer
            .post_nothing("/api/v0/user/ana/password")
            .await
            .with_status(201);
    }
    let password = bearer.get("/api/v0/user/ana/password").await.json()["$password"]
        .as_str()
        .unwrap()
        .to_owned();
    canaries.push(password.clone());
    bearer
        .post("/api/v0/user/ana/workspace", json!({"handle": "dev"}))
        .await
        .with_status(201);
    let workspace = until(
        "the workspace is enabled",
        std::time::Duration::from_secs(60),
        async || {
            let workspace = bearer.get("/api/v0/user/ana/workspace/dev").await.json();
            (workspace["state"] == "enabled").then_some(workspace)
        },
    )
    .await;
    let url = |password: &str| {
        let (port, name) = (
            running.addresses.gateway.port(),
            workspace["database_name"].as_str().unwrap(),
        );
        testkit::Psql::new(format!("postgresql://ana:{password}@127.0.0.1:{port}/{name}"))
    };
    assert_eq!(url(&password).run("select 1").await.rows(), "1");
    assert!(!url("wrong-password-canary").run("select 1").await.ok);
    canaries.push("wrong-password-canary".to_owned());
    // What a person asks is theirs alone, whether PostgreSQL understands it or not.
    let query = "/api/v0/user/ana/workspace/dev/query";
    for sql in [
        "select+'statement-canary-one'",
        "select+'statement-canary-two'+from+nowhere",
    ] {
        bearer.get(&format!("{query}?sql={sql}")).await;
        bearer.post(query, json!({"sql": sql.replace('+', " ")})).await;
    }
    canaries.extend(["statement-canary-one", "statement-canary-two"].map(str::to_owned));
    // Wrong and malformed credentials must not be echoed either.
    running
        .anonymous()
        .with_token(format!("{token}x"))
        .get("/api/v0/actor")
        .await
        .with_status(401);

    // While it runs there is a WAL; after a kill it stays.
    let output = running.kill();
    let mut written = files(binary.directory());
    written.push(("stdout".to_owned(), output.stdout));
    written.push(("stderr".to_owned(), output.stderr));
    assert!(
        written.iter().any(|(name, _)| name.ends_with("-wal"))
            && written.iter().any(|(name, _)| name.ends_with(".eml"))
    );
    assert!(canaries.len() >= 8 && canaries.iter().all(|canary| canary.len() > 10));
    for (name, bytes) in &written {
        for (n, canary) in canaries.iter().enumerate() {
            assert!(!contains(bytes, canary), "canary {n} is in {name}");
        }
    }
}

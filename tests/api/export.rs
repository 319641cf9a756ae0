//! The archive of everything that is kept of a person, read by another program than the one that wrote it.

use std::{io::Write, process::Stdio};

use serde_json::{Value, json};
use testkit::{both_engines, has};

const READER: &str = "import io, json, sys, zipfile\n\
    archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\n\
    assert archive.testzip() is None\n\
    print(json.dumps({name: archive.read(name).decode() for name in archive.namelist()}))";

/// The files of an archive.
pub(crate) fn files(archive: &[u8]) -> Value {
    let mut python = std::process::Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    python.stdin.take().unwrap().write_all(archive).unwrap();
    let read = python.wait_with_output().unwrap();
    assert!(read.status.success(), "the archive cannot be read");
    serde_json::from_slice(&read.stdout).unwrap()
}

both_engines! {
    async fn everything_is_in_it_but_secrets(builder) {
        if !has("python") { return }
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let browser = app.signed_in(&ana).await;
        bearer.patch("/api/v0/user/ana", json!({"display_name": "=HYPERLINK(1)"})).await.with_status(200);
        let made = bearer.post("/api/v0/user/ana/token", json!({"title": "@sum, \"quoted\"", "scope": "read", "networks": ["192.0.2.0/24"]})).await.with_status(201).json();
        let password = app.password(&bearer, &ana).await;
        // More than one page of records.
        for n in 0..230 {
            bearer.patch("/api/v0/user/ana", json!({"display_name": format!("Ana {n}")})).await.with_status(200);
        }

        let by_api = bearer.get("/api/v0/user/ana/export").await.with_status(200);
        assert_eq!(by_api.header("content-type"), "application/zip");
        assert!(by_api.header("content-disposition").starts_with("attachment; filename=\"standpipe-ana-"));
        let by_page = browser.submit("/settings/advanced", "/settings/advanced/export", &[]).await.with_status(200);
        for answer in [by_api, by_page] {
            let files = files(&answer.bytes);
            let text = |name: &str| files[name].as_str().unwrap_or_else(|| panic!("{name} in {files}")).to_owned();
            let json_of = |name: &str| serde_json::from_str::<Value>(&text(name)).unwrap();
            assert_eq!(json_of("profile.json")["handle"], "ana");
            assert_eq!(json_of("addresses.json")[0]["email"], ana.email);
            assert_eq!(json_of("preferences.json")["tips_and_tricks"], "enabled");
            let tokens = json_of("tokens.json");
            assert_eq!(tokens.as_array().unwrap().len(), 2);
            let token = tokens.as_array().unwrap().iter().find(|token| token["scope"] == "read").unwrap();
            assert_eq!((&token["networks"], &token["retiring_until"]), (&json!(["192.0.2.0/24"]), &Value::Null));
            assert_eq!(json_of("sessions.json")[0]["kind"], "console");
            assert!(text("tokens.csv").contains("\"'@sum, \"\"quoted\"\"\""), "{}", text("tokens.csv"));
            let records: Vec<Value> = text("audit_log.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert!(records.len() > 230);
            assert_eq!(text("audit_log.csv").matches("\r\n").count(), records.len() + 1);
            assert!(records.iter().any(|record| record["action_type"] == "user.export.create"));
            let all = files.to_string();
            for secret in [&bearer.token, made["token"].as_str().unwrap(), &password] {
                assert!(!all.contains(secret));
            }
        }
    }

    async fn nobody_exports_somebody_else(builder) {
        let app = builder.start().await;
        let (ana, bob) = (app.create_user("ana").await, app.create_user("bob").await);
        let (ana, bob) = (app.bearer(&ana).await, app.bearer(&bob).await);
        bob.get("/api/v0/user/ana/export").await.with_status(404);
        app.anonymous().get("/api/v0/user/ana/export").await.with_status(401);
        let read = ana.post("/api/v0/user/ana/token", json!({"scope": "read"})).await.with_status(201).json();
        let read = app.anonymous().with_token(read["token"].as_str().unwrap());
        read.get("/api/v0/user/ana/export").await.with_status(403);
    }
}

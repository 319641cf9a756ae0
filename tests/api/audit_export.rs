//! The audit log as a file.

use std::process::Command;

use serde_json::{Value, json};
use testkit::both_engines;

both_engines! {
    async fn all_records_leave_as_jsonl_and_csv(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        for n in 0..20 {
            bearer.patch("/api/v0/user/ana", json!({ "display_name": format!("=cmd|'/c calc'!A{n}, \"x\"") })).await.with_status(200);
        }
        let listed = bearer.get("/api/v0/user/ana/audit_log?limit=100").await.json()["items"].clone();
        let jsonl = bearer.get("/api/v0/user/ana/audit_log/export").await.with_status(200);
        assert_eq!(jsonl.header("content-type"), "application/jsonlines+json");
        assert!(jsonl.header("content-disposition").starts_with("attachment; filename=\"audit-log-ana-"));
        let lines: Vec<Value> = jsonl.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(json!(lines), listed, "each line is the record that the list has");

        let csv = bearer.get("/api/v0/user/ana/audit_log/export?format=csv").await.with_status(200);
        assert!(csv.header("content-type").starts_with("text/csv"));
        let rows = read_csv(&csv.body);
        assert_eq!(rows.len(), 1 + lines.len());
        assert_eq!(rows[0][..4], ["id", "sequence", "created_at", "action_type"]);
        for (row, line) in rows[1..].iter().zip(&lines) {
            assert_eq!((row[0].as_str(), row[3].as_str()), (line["id"].as_str().unwrap(), line["action_type"].as_str().unwrap()));
            assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{row:?}");
        }
        assert!(rows[1][6].starts_with("'=cmd|"), "{:?}", rows[1]);

        let filtered = bearer.get("/api/v0/user/ana/audit_log/export?format=csv&where=action_type%20%3D%20%27token.create%27").await;
        assert_eq!(read_csv(&filtered.body).len(), 2);
        let none = bearer.get("/api/v0/user/ana/audit_log/export?format=csv&where=sequence%20%3D%200").await;
        assert_eq!(read_csv(&none.body).len(), 1, "headings stand alone too");
        let refused = bearer.get("/api/v0/user/ana/audit_log/export?format=xlsx").await.with_status(400).json();
        assert_eq!(refused["validation_errors"][0]["location"], "format");
        bearer.get("/api/v0/user/bob/audit_log/export").await.with_status(404);
        app.anonymous().get("/api/v0/user/ana/audit_log/export").await.with_status(401);
    }
}

/// The cells as another program reads them.
fn read_csv(text: &str) -> Vec<Vec<String>> {
    let program = "import csv, json, sys; print(json.dumps(list(csv.reader(open(sys.argv[1], newline='', encoding='utf-8'), strict=True))))";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let output = Command::new("python3")
        .arg("-c")
        .arg(program)
        .arg(file.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

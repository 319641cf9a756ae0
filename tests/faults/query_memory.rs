//! A result of a gigabyte takes the server no more memory than a small one.

use std::time::Duration;

use testkit::{Binary, client, has, until};

/// More than this is not "flat": what one row, one chunk and the allocator take, with room for a slow reader.
const MOST_MIB: u64 = 96;

/// The most memory that the process ever had, in MiB.
fn peak_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gigabyte_is_answered_in_flat_memory() {
    if !has("postgres") || !has("psql") {
        return;
    }
    let binary = Binary::new(env!("CARGO_BIN_EXE_standpipe"))
        .with_workspaces()
        // A debug build on a busy machine is slow.
        .env("STANDPIPE_QUERY_SECONDS", "300");
    let running = binary.serve();
    binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);
    let token = binary.ok(&["admin", "token", "create", "ana"]);
    let bearer = running.anonymous().with_token(&token);
    bearer
        .post("/api/v0/user/ana/workspace", serde_json::json!({"handle": "dev"}))
        .await
        .with_status(201);
    until("the workspace is enabled", Duration::from_secs(90), async || {
        let workspace = bearer.get("/api/v0/user/ana/workspace/dev").await.json();
        (workspace["state"] == "enabled").then_some(())
    })
    .await;
    let url = format!(
        "http://localhost:{}/api/v0/user/ana/workspace/dev/query/data.csv?sql=select+repeat('x',1000000)+from+generate_series(1,1000)",
        running.addresses.http.port()
    );
    let before = peak_mib(running.pid());
    let client = client(running.addresses.http).build().unwrap();
    let mut answer = client.get(url).bearer_auth(&token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut octets = 0_u64;
    while let Some(chunk) = answer.chunk().await.unwrap() {
        octets += chunk.len() as u64;
    }
    assert_eq!(octets, "repeat\r\n".len() as u64 + 1000 * 1_000_002);
    let after = peak_mib(running.pid());
    assert!(
        after < before + MOST_MIB,
        "{before} MiB before, {after} MiB after"
    );
}

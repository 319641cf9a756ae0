//! `standpipe admin audit`.

use serde_json::Value;

use super::binary;

#[tokio::test]
async fn verify_says_what_is_wrong_and_fails() {
    let binary = binary();
    for handle in ["ana", "bob"] {
        let email = format!("{handle}@example.com");
        binary.ok(&["admin", "user", "create", handle, "--email", &email]);
        binary.ok(&["admin", "token", "create", handle]);
    }
    assert_eq!(
        binary.ok(&["admin", "audit", "verify"]),
        "Verified 6 records in 2 chains: all are as they were written."
    );
    let heads = binary.ok(&["admin", "audit", "heads"]);
    let file = binary.directory().join("heads.jsonl");
    std::fs::write(&file, &heads).unwrap();
    let file = file.to_str().unwrap();
    binary.ok(&["admin", "audit", "verify", "--heads", file]);

    binary
        .tamper("UPDATE audit_log SET actor_ip = '192.0.2.1' WHERE action_type = 'token.create' AND actor_handle = 'ana'")
        .await;
    let output = binary.run(&["admin", "audit", "verify", "ana"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("record 3 (a_") && text.contains("was changed"),
        "{text}"
    );
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "standpipe: the audit log has one fault\n"
    );
    binary.ok(&["admin", "audit", "verify", "bob"]);

    let output = binary.run(&["admin", "audit", "verify", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["chains"], &json["records"]), (&2.into(), &6.into()));
    assert_eq!(json["faults"][0]["fault"], "changed");
    assert_eq!(json["faults"][0]["sequence"], 3);

    let err = binary.fails(1, &["admin", "audit", "verify", "nobody"]);
    assert!(err.contains("no such user"), "{err}");
    std::fs::write(file, "{}\n").unwrap();
    let err = binary.fails(1, &["admin", "audit", "verify", "--heads", file]);
    assert!(err.contains("line 1: this is no head"), "{err}");
}

#[tokio::test]
async fn what_the_running_server_wrote_finds_a_log_that_was_cut() {
    let binary = binary();
    binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);
    binary.ok(&["admin", "token", "create", "ana"]);
    let file = binary.data_dir().join("audit-heads.jsonl");
    assert!(!file.exists());
    // Whoever owns the store can keep an older copy of a chain, its signed head included.
    let older = binary
        .ask("SELECT hex(hash) || ' ' || hex(mac) FROM audit_heads")
        .await
        .remove(0);
    let (hash, mac) = older.split_once(' ').unwrap();
    binary.ok(&["admin", "token", "create", "ana"]);
    let running = binary.serve();
    testkit::until(
        "the heads are written",
        std::time::Duration::from_secs(60),
        async || file.exists().then_some(()),
    )
    .await;
    running.stop();
    binary.ok(&["admin", "audit", "verify"]);
    binary
        .tamper(&format!(
            "DELETE FROM audit_log WHERE sequence = (SELECT max(sequence) FROM audit_log); \
             UPDATE audit_heads SET sequence = sequence - 1, hash = x'{hash}', mac = x'{mac}'"
        ))
        .await;
    let output = binary.run(&["admin", "audit", "verify"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("is not the one that the kept head knows"), "{text}");
    std::fs::remove_file(&file).unwrap();
    binary.ok(&["admin", "audit", "verify"]);
}

//! The audit log's chain: whoever changes the store behind Standpipe's back is found out; whoever writes at the same
//! time is not, and a person can be erased.

use std::collections::BTreeSet;

use app::AuditVerdict;
use model::audit::Head;
use serde_json::json;
use testkit::{Bearer, Person, TestApp, both_engines};

/// A server with an account that has more than ten records.
async fn with_records(builder: testkit::Builder) -> (TestApp, Person, Bearer) {
    let app = builder.start().await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    for n in 0..10 {
        rename(&bearer, n).await;
    }
    (app, ana, bearer)
}

async fn rename(bearer: &Bearer, n: u64) {
    let name = format!("Ana {n}");
    bearer
        .patch("/api/v0/user/ana", json!({ "display_name": name }))
        .await
        .with_status(200);
}

async fn verify(app: &TestApp, kept: Vec<Head>) -> AuditVerdict {
    let verdict = app.with_app(|app| async move { app.verify_audit_log(None, &kept).await });
    verdict.await.unwrap()
}

async fn faults(app: &TestApp) -> Vec<String> {
    let verdict = verify(app, Vec::new()).await;
    verdict
        .faults
        .iter()
        .map(|found| found.fault.to_string())
        .collect()
}

async fn heads(app: &TestApp) -> Vec<Head> {
    app.with_app(|app| async move { app.list_audit_heads("").await.unwrap() })
        .await
}

/// The id of the account's record at a place of its chain.
async fn record_at(bearer: &Bearer, sequence: usize) -> String {
    let log = bearer.get("/api/v0/user/ana/audit_log?limit=100").await.json();
    let items = log["items"].as_array().unwrap();
    items[items.len() - sequence]["id"].as_str().unwrap().to_owned()
}

both_engines! {
    async fn a_log_that_nobody_touched_verifies(builder) {
        let (app, _, _) = with_records(builder).await;
        let verdict = verify(&app, heads(&app).await).await;
        assert_eq!(verdict.faults, []);
        assert_eq!((verdict.chains, verdict.records), (1, 13));
    }

    async fn a_changed_record_is_found(builder) {
        let (app, _, bearer) = with_records(builder).await;
        let id = record_at(&bearer, 5).await;
        for (column, value) in [
            ("action_type", "'token.create'"),
            ("actor_handle", "'bob'"),
            ("actor_ip", "'192.0.2.1'"),
            ("credential_title", "'x'"),
            ("data", "'{\"before\":{}}'"),
            ("created_at", "created_at + 1"),
            ("request_id", "'r_x'"),
        ] {
            app.tamper(&format!(
                "CREATE TABLE kept AS SELECT {column} AS old FROM audit_log WHERE sequence = 5; \
                 UPDATE audit_log SET {column} = {value} WHERE sequence = 5"
            )).await;
            assert_eq!(faults(&app).await, [format!("record 5 ({id}) was changed")], "{column}");
            app.tamper(&format!(
                "UPDATE audit_log SET {column} = (SELECT old FROM kept) WHERE sequence = 5; DROP TABLE kept"
            )).await;
            assert_eq!(faults(&app).await, [""; 0], "{column} as it was");
        }
    }

    async fn a_personal_part_cannot_be_passed_off_as_erased(builder) {
        let (app, _, bearer) = with_records(builder).await;
        let id = record_at(&bearer, 5).await;
        app.tamper("UPDATE audit_log SET actor_handle = 'bob', salt = NULL WHERE sequence = 5").await;
        assert_eq!(faults(&app).await, [format!("record 5 ({id}) was changed")]);
        app.tamper("UPDATE audit_log SET erasure = hash WHERE sequence = 5").await;
        assert_eq!(faults(&app).await, [format!("record 5 ({id}) was changed")]);
    }

    async fn a_deleted_record_is_found(builder) {
        let (app, _, _) = with_records(builder).await;
        app.tamper("DELETE FROM audit_log WHERE sequence = 5").await;
        assert_eq!(faults(&app).await, ["record 5 was deleted"]);
        // Numbered anew, so that there is no gap.
        app.tamper(
            "UPDATE audit_log SET sequence = sequence + 1000 WHERE sequence > 5; \
             UPDATE audit_log SET sequence = sequence - 1001 WHERE sequence > 1000",
        ).await;
        assert_eq!(faults(&app).await[0], "record 5 was deleted");
    }

    async fn the_newest_records_cannot_be_cut_off(builder) {
        let (app, _, bearer) = with_records(builder).await;
        let kept = heads(&app).await;
        app.tamper("CREATE TABLE old_heads AS SELECT * FROM audit_heads; CREATE TABLE old_log AS SELECT * FROM audit_log").await;
        rename(&bearer, 10).await;
        rename(&bearer, 11).await;
        let newer = heads(&app).await;
        app.tamper("DELETE FROM audit_log WHERE sequence > 13").await;
        assert_eq!(faults(&app).await, ["records 14 to 15 were deleted"]);
        // With the sequence of the head put right its signature is wrong.
        app.tamper("UPDATE audit_heads SET sequence = 13, hash = (SELECT hash FROM old_heads)").await;
        assert_eq!(faults(&app).await, ["the head of the chain was changed or deleted"]);
        // A whole older copy is found out only by a head that was kept elsewhere.
        app.tamper("UPDATE audit_heads SET mac = (SELECT mac FROM old_heads)").await;
        assert_eq!(verify(&app, kept).await.faults, []);
        let found = verify(&app, newer).await.faults;
        assert!(found[0].fault.to_string().starts_with("record 15 is not the one"), "{found:?}");
        app.tamper("DELETE FROM audit_log; DELETE FROM audit_heads").await;
        assert_eq!(faults(&app).await, ["the head of the chain was changed or deleted"], "of an account that is there");
    }

    async fn an_inserted_record_is_found(builder) {
        let (app, _, _) = with_records(builder).await;
        let insert = |place: &str| format!(
            "CREATE TABLE forged AS SELECT * FROM audit_log WHERE sequence = 3; \
             UPDATE forged SET id = 'a_forged', sequence = {place}; \
             INSERT INTO audit_log SELECT * FROM forged; DROP TABLE forged"
        );
        app.tamper(&insert("14")).await;
        assert_eq!(faults(&app).await, ["record 14 (a_forged) was inserted"]);
        app.tamper("DELETE FROM audit_log WHERE id = 'a_forged'").await;
        assert_eq!(faults(&app).await, [""; 0]);
        app.tamper(
            "UPDATE audit_log SET sequence = sequence + 1000 WHERE sequence >= 7; \
             UPDATE audit_log SET sequence = sequence - 999 WHERE sequence > 1000",
        ).await;
        app.tamper(&insert("7")).await;
        assert_eq!(faults(&app).await, ["record 7 (a_forged) was inserted"]);
    }

    async fn a_moved_record_is_found(builder) {
        let (app, _, bearer) = with_records(builder).await;
        let (fifth, ninth) = (record_at(&bearer, 5).await, record_at(&bearer, 9).await);
        app.tamper(
            "UPDATE audit_log SET sequence = 1005 WHERE sequence = 5; \
             UPDATE audit_log SET sequence = 5 WHERE sequence = 9; \
             UPDATE audit_log SET sequence = 9 WHERE sequence = 1005",
        ).await;
        assert_eq!(faults(&app).await, [
            format!("record 5 ({ninth}) was moved from place 9"),
            format!("record 9 ({fifth}) was moved from place 5"),
        ]);
    }

    async fn writers_at_the_same_time_make_one_chain_each(builder) {
        let app = builder.start().await;
        let (ana, bob) = (app.create_user("ana").await, app.create_user("bob").await);
        let (ana, bob) = (app.bearer(&ana).await, app.bearer(&bob).await);
        let mut jobs = Vec::new();
        for n in 0..8 {
            for (handle, bearer) in [("ana", &ana), ("bob", &bob)] {
                let bearer = app.anonymous().with_token(&bearer.token);
                jobs.push(tokio::spawn(async move {
                    for m in 0..15 {
                        let name = format!("{handle} {n} {m}");
                        let path = format!("/api/v0/user/{handle}");
                        bearer.patch(&path, json!({ "display_name": name })).await.with_status(200);
                    }
                }));
            }
        }
        // Whoever verifies meanwhile finds nothing wrong either.
        while jobs.iter().any(|job| !job.is_finished()) {
            assert_eq!(verify(&app, Vec::new()).await.faults, []);
        }
        for job in jobs {
            job.await.unwrap();
        }
        let verdict = verify(&app, Vec::new()).await;
        assert_eq!(verdict.faults, []);
        assert_eq!((verdict.chains, verdict.records), (2, 2 * (3 + 8 * 15)));
        let sequences: BTreeSet<_> = heads(&app).await.iter().map(|head| head.sequence).collect();
        assert_eq!(sequences, BTreeSet::from([3 + 8 * 15]));
    }

    async fn an_erased_person_is_gone_and_the_log_verifies(builder) {
        let (app, _, bearer) = with_records(builder).await;
        let user = bearer.get("/api/v0/actor").await.json()["id"].as_str().unwrap().to_owned();
        let id = user.parse().unwrap();
        for _ in 0..2 {
            app.with_app(|app| async move { app.pseudonymise_audit_log(id, "deleted-1").await }).await.unwrap();
            assert_eq!(faults(&app).await, [""; 0]);
        }
        let log = bearer.get("/api/v0/user/ana/audit_log?limit=100").await.with_status(200);
        let items = log.json()["items"].as_array().unwrap().clone();
        assert_eq!(items.len(), 13);
        for item in &items {
            let text = item.to_string().replace("\"identity_handle\":\"ana\"", "");
            assert!(!text.contains("Ana") && !text.contains("\"ana\"") && !text.contains("127.0.0.1"), "{text}");
        }
        // The log goes on behind it, and what was erased is still guarded.
        rename(&bearer, 20).await;
        assert_eq!(faults(&app).await, [""; 0]);
        let id = record_at(&bearer, 5).await;
        app.tamper("UPDATE audit_log SET actor_handle = 'bob' WHERE sequence = 5").await;
        assert_eq!(faults(&app).await, [format!("record 5 ({id}) was changed")]);
    }

    async fn erasing_does_not_launder_what_was_tampered_with(builder) {
        let (app, _, bearer) = with_records(builder).await;
        let record = record_at(&bearer, 5).await;
        let id = bearer.get("/api/v0/actor").await.json()["id"].as_str().unwrap().parse().unwrap();
        app.tamper("UPDATE audit_log SET data = '{}' WHERE sequence = 5").await;
        app.with_app(|app| async move { app.pseudonymise_audit_log(id, "deleted-1").await }).await.unwrap();
        assert_eq!(faults(&app).await, [format!("record 5 ({record}) was changed")]);
    }
}

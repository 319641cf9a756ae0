//! `kill -9` in the middle of changes of handles: every account has its old names or its new ones, and accounts, names,
//! records and mails tell the same.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;
use testkit::{Bearer, Binary, until};

const ROUNDS: u64 = 40;
const ACCOUNTS: usize = 16;
const PATIENCE: Duration = Duration::from_secs(60);

/// Rows that must not be: each query names what does not fit.
const CONTRADICTIONS: [(&str, &str); 6] = [
    (
        "an account whose name is not claimed by it",
        "SELECT u.handle FROM users u LEFT JOIN handles h \
         ON h.handle = u.handle AND h.user_id = u.id AND h.held_until IS NULL WHERE h.handle IS NULL",
    ),
    (
        "a claimed name that no account has",
        "SELECT h.handle FROM handles h LEFT JOIN users u ON u.id = h.user_id AND u.handle = h.handle \
         WHERE h.held_until IS NULL AND u.id IS NULL",
    ),
    (
        "a record whose old name is not held",
        "SELECT a.id FROM audit_log a LEFT JOIN handles h \
         ON h.handle = json_extract(a.data, '$.before.handle') AND h.user_id = a.identity_id \
           AND h.held_until IS NOT NULL WHERE a.action_type = 'user.handle.update' AND h.handle IS NULL",
    ),
    (
        "a held name without its record",
        "SELECT h.handle FROM handles h LEFT JOIN audit_log a ON a.action_type = 'user.handle.update' \
         AND json_extract(a.data, '$.before.handle') = h.handle WHERE h.held_until IS NOT NULL AND a.id IS NULL",
    ),
    (
        "an account whose version is not one for itself and one for each change",
        "SELECT u.handle FROM users u WHERE u.version_id <> 1 + (SELECT COUNT(*) FROM audit_log a \
         WHERE a.identity_id = u.id AND a.action_type = 'user.handle.update')",
    ),
    (
        "an account whose name is not that of its newest record",
        "SELECT u.handle FROM users u JOIN audit_log a ON a.id = (SELECT id FROM audit_log \
         WHERE identity_id = u.id AND action_type = 'user.handle.update' ORDER BY sequence DESC LIMIT 1) \
         WHERE json_extract(a.data, '$.after.handle') <> u.handle",
    ),
];

/// An account, and the name that it was told to have.
struct Account {
    token: String,
    told: String,
}

impl Account {
    /// Changes the handle to `to` while the server is there; whether it was said to be done.
    async fn rename(&mut self, bearer: Bearer, from: &str, to: &str) {
        let path = format!("/api/v0/user/{from}");
        let answer = bearer
            .try_send("PATCH", &path, Some(json!({ "handle": to })))
            .await;
        if let Some(answer) = answer {
            assert_eq!(answer.status, 200, "{}", answer.body);
            to.clone_into(&mut self.told);
        }
    }
}

async fn nothing_contradicts(binary: &Binary) {
    for (what, query) in CONTRADICTIONS {
        let found = binary.ask(query).await;
        assert!(found.is_empty(), "{what}: {found:?}");
    }
}

/// The mails of changes that wait or were delivered, by their ids.
async fn mails(binary: &Binary) -> BTreeSet<String> {
    let waiting = binary
        .ask("SELECT id FROM outbox WHERE kind = 'handle_changed'")
        .await;
    let delivered = std::fs::read_dir(binary.data_dir().join("mail"))
        .into_iter()
        .flatten()
        .flatten();
    let delivered = delivered.filter_map(|entry| {
        let path = entry.path();
        let is_mail = path.extension().is_some_and(|end| end == "eml")
            && std::fs::read_to_string(&path)
                .is_ok_and(|mail| mail.contains("\r\nX-Standpipe-Kind: handle_changed\r\n"));
        is_mail.then(|| path.file_stem().unwrap().to_string_lossy().into_owned())
    });
    waiting.into_iter().chain(delivered).collect()
}

async fn changes(binary: &Binary) -> usize {
    binary
        .ask("SELECT id FROM audit_log WHERE action_type = 'user.handle.update'")
        .await
        .len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_kills_leave_old_names_or_new_ones() {
    let binary =
        Binary::new(env!("CARGO_BIN_EXE_standpipe")).env("STANDPIPE_LIMITS_HANDLES_PER_IP", "100000");
    let mut accounts = Vec::new();
    for n in 0..ACCOUNTS {
        let handle = format!("a{n}x");
        let email = format!("{handle}@example.com");
        binary.ok(&["admin", "user", "create", &handle, "--email", &email]);
        let token = binary.ok(&["admin", "token", "create", &handle]);
        accounts.push(Account { token, told: handle });
    }
    let (mut cut, mut whole) = (0, 0);
    for round in 0..ROUNDS {
        // A day passes.
        binary.tamper("UPDATE users SET handle_changed_at = NULL").await;
        let running = binary.serve();
        let anonymous = running.anonymous();
        let moment = Duration::from_millis(2 + (round * 29) % 260);
        let mut names = Vec::new();
        for account in &accounts {
            let bearer = anonymous.with_token(&account.token);
            let now = bearer.get("/api/v0/actor").await.with_status(200).json();
            names.push(now["handle"].as_str().unwrap().to_owned());
        }
        let before = changes(&binary).await;
        let killer = tokio::spawn(async move {
            tokio::time::sleep(moment).await;
            running.kill();
        });
        let jobs = accounts
            .into_iter()
            .zip(names)
            .enumerate()
            .map(|(n, (mut account, from))| {
                let bearer = anonymous.with_token(&account.token);
                tokio::spawn(async move {
                    // What was acknowledged is what is there now; what was not may be either.
                    account.rename(bearer, &from, &format!("a{n}r{round}")).await;
                    account
                })
            });
        let mut back = Vec::new();
        for job in jobs.collect::<Vec<_>>() {
            back.push(job.await.unwrap());
        }
        accounts = back;
        killer.await.unwrap();
        nothing_contradicts(&binary).await;
        let now = changes(&binary).await;
        assert_eq!(mails(&binary).await.len(), now, "one mail a change");
        match now - before {
            done if done == ACCOUNTS => whole += 1,
            _ => cut += 1,
        }
        let handles: BTreeSet<String> = binary.ask("SELECT handle FROM users").await.into_iter().collect();
        for account in &accounts {
            // A change that was acknowledged is there; one that was not may be there too.
            let newer = handles.iter().any(|handle| newer_than(handle, &account.told));
            assert!(
                handles.contains(&account.told) || newer,
                "{} is lost",
                account.told
            );
        }
    }
    // A minute passes, so that the lease of a mail whose delivery was cut is over.
    binary.tamper("UPDATE outbox SET lease_until = NULL").await;
    let running = binary.serve();
    until("every mail is delivered", PATIENCE, async || {
        binary.ask("SELECT id FROM outbox").await.is_empty().then_some(())
    })
    .await;
    assert_eq!(mails(&binary).await.len(), changes(&binary).await);
    running.stop();
    println!(
        "{} changes, {whole} rounds whole, {cut} cut",
        changes(&binary).await
    );
    assert!(
        cut > 5 && changes(&binary).await > 100,
        "the kills came too early or too late"
    );
}

/// Whether `handle` is a later name of the account that was told `told`.
fn newer_than(handle: &str, told: &str) -> bool {
    let parts = |name: &str| {
        let (account, round) = name.split_once(['r', 'x'])?;
        Some((account.to_owned(), round.parse::<i64>().unwrap_or(-1)))
    };
    let (Some((account, round)), Some((same, told))) = (parts(handle), parts(told)) else {
        return false;
    };
    account == same && round > told
}

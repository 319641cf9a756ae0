//! `kill -9` in the middle of changes: nothing acknowledged is lost, nothing is half done, and every change has its
//! record.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde_json::{Value, json};
use testkit::{Answer, Bearer, Binary, Psql, has, until};
use tokio::sync::Semaphore;

const ROUNDS: u64 = 50;
const WORKERS: u64 = 8;
const CHANGES_PER_WORKER: u64 = 25;
const PATIENCE: Duration = Duration::from_secs(60);

/// One account whose worker changes it, and what was acknowledged so far.
struct Worker {
    handle: String,
    token: String,
    acknowledged: BTreeSet<String>,
}

impl Worker {
    /// Sends changes until the server is gone, and counts the answers. A change whose answer came is acknowledged.
    async fn work(&mut self, bearer: Bearer, round: u64, answers: &Semaphore) {
        for n in 0..CHANGES_PER_WORKER {
            let name = format!("{} {round}.{n}", self.handle);
            let Some(answer) = self.change(&bearer, n, &name).await else {
                return;
            };
            answers.add_permits(1);
            if (200..300).contains(&answer.status) {
                self.acknowledged.insert(answer.header("x-request-id").to_owned());
            } else {
                // The cap of tokens is the one refusal that this mix can meet.
                assert_eq!(answer.status, 409, "{}", answer.body);
            }
        }
    }

    async fn change(&self, bearer: &Bearer, n: u64, name: &str) -> Option<Answer> {
        let user = format!("/api/v0/user/{}", self.handle);
        match n % 4 {
            0 => {
                bearer
                    .try_send("PATCH", &user, Some(json!({ "display_name": name })))
                    .await
            }
            1 => {
                bearer
                    .try_send("POST", &format!("{user}/token"), Some(json!({ "title": name })))
                    .await
            }
            2 => bearer.try_send("POST", &format!("{user}/password"), None).await,
            _ => {
                let listed = bearer
                    .try_send("GET", &format!("{user}/token"), None)
                    .await?
                    .json();
                let own = format!("t_{}", &self.token[4..24]);
                let other = listed["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|token| token["id"] != own.as_str())?;
                bearer
                    .try_send(
                        "DELETE",
                        &format!("{user}/token/{}", other["id"].as_str().unwrap()),
                        None,
                    )
                    .await
            }
        }
    }

    /// After the restart: every acknowledged change has its record, and every record its change.
    async fn check(&mut self, bearer: &Bearer) {
        let records = whole_log(bearer, &self.handle).await;
        let requests: BTreeSet<_> = records
            .iter()
            .map(|r| r["request_id"].as_str().unwrap().to_owned())
            .collect();
        let lost: Vec<_> = self.acknowledged.difference(&requests).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");

        let count = |action: &str| {
            i64::try_from(records.iter().filter(|r| r["action_type"] == action).count()).unwrap()
        };
        let user = bearer
            .get(&format!("/api/v0/user/{}", self.handle))
            .await
            .with_status(200)
            .json();
        assert_eq!(
            user["version_id"].as_i64().unwrap(),
            1 + count("user.update"),
            "one record a version"
        );
        let last_name = records
            .iter()
            .find(|r| r["action_type"] == "user.update")
            .map(|r| r["data"]["after"]["display_name"].clone());
        assert_eq!(
            last_name.as_ref(),
            user.get("display_name"),
            "the newest record is the state"
        );

        let tokens = bearer
            .get(&format!("/api/v0/user/{}/token", self.handle))
            .await
            .json();
        let kept = i64::try_from(tokens["items"].as_array().unwrap().len()).unwrap();
        assert_eq!(
            kept,
            count("token.create") - count("token.delete"),
            "one record a token"
        );

        let password = bearer
            .get(&format!("/api/v0/user/{}/password", self.handle))
            .await
            .with_status(200)
            .json();
        let newest = records
            .iter()
            .find(|r| r["action_type"] == "user.password.create")
            .unwrap();
        if let Some(id) = newest["data"].get("password_id") {
            assert_eq!(
                *id, password["id"],
                "verifier, sealed text and record are of one rotation"
            );
        }
    }
}

async fn whole_log(bearer: &Bearer, handle: &str) -> Vec<Value> {
    let (mut records, mut next) = (Vec::new(), String::new());
    loop {
        let page = bearer
            .get(&format!(
                "/api/v0/user/{handle}/audit_log?limit=100&next_token={next}"
            ))
            .await
            .with_status(200)
            .json();
        records.extend(page["items"].as_array().unwrap().iter().cloned());
        match page.get("next_token") {
            Some(token) => next = token.as_str().unwrap().to_owned(),
            None => return records,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_lose_nothing_and_leave_nothing_half_done() {
    let binary = Binary::new(env!("CARGO_BIN_EXE_standpipe"));
    let mut workers = Vec::new();
    let first = binary.serve();
    for n in 0..WORKERS {
        let handle = format!("worker{n}");
        binary.ok(&[
            "admin",
            "user",
            "create",
            &handle,
            "--email",
            &format!("{handle}@example.com"),
        ]);
        let token = binary.ok(&["admin", "token", "create", &handle]);
        workers.push(Worker {
            handle,
            token,
            acknowledged: BTreeSet::new(),
        });
    }
    drop(first);
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let running = binary.serve();
        for worker in &mut workers {
            let bearer = running.anonymous().with_token(&worker.token);
            worker.check(&bearer).await;
        }
        // The kill comes after another answer in each round, wherever the changes of the other workers are then.
        let answers = Arc::new(Semaphore::new(0));
        let jobs = workers.into_iter().map(|mut worker| {
            let bearer = running.anonymous().with_token(&worker.token);
            let answers = answers.clone();
            tokio::spawn(async move {
                worker.work(bearer, round, &answers).await;
                worker
            })
        });
        let jobs: Vec<_> = jobs.collect();
        let _ = answers.acquire_many(1 + (round as u32 * 37) % 40).await.unwrap();
        running.kill();
        let mut back = Vec::new();
        for job in jobs {
            back.push(job.await.unwrap());
        }
        workers = back;
        acknowledged = workers.iter().map(|worker| worker.acknowledged.len()).sum();
    }
    let running = binary.serve();
    for worker in &mut workers {
        worker.check(&running.anonymous().with_token(&worker.token)).await;
    }
    running.stop();
    let verified = binary.ok(&["admin", "audit", "verify"]);
    assert!(verified.ends_with("all are as they were written."), "{verified}");
    println!("{verified}");
    assert!(
        acknowledged > 800,
        "the kills left too few changes to mean anything: {acknowledged}"
    );
    println!("{acknowledged} acknowledged changes over {ROUNDS} kills, none lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workspaces_asked_for_before_a_kill_are_made_after_it() {
    let binary = Binary::new(env!("CARGO_BIN_EXE_standpipe")).with_workspaces();
    let mut running = binary.serve();
    binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);
    let token = binary.ok(&["admin", "token", "create", "ana"]);
    for round in 0..3 {
        let bearer = running.anonymous().with_token(&token);
        for n in 0..3 {
            bearer
                .post(
                    "/api/v0/user/ana/workspace",
                    json!({ "handle": format!("w{round}x{n}") }),
                )
                .await
                .with_status(201);
        }
        if round > 0 {
            bearer
                .delete(&format!("/api/v0/user/ana/workspace/w{}x0", round - 1))
                .await
                .with_status(204);
        }
        running.kill();
        running = binary.serve();
    }
    let bearer = running.anonymous().with_token(&token);
    until("every process is completed", PATIENCE, async || {
        let processes = bearer.get("/api/v0/user/ana/process?limit=100").await.json();
        let all = processes["items"].as_array().unwrap().clone();
        assert!(all.iter().all(|process| process["state"] != "failed"), "{all:?}");
        (all.len() == 11 && all.iter().all(|process| process["state"] == "completed")).then_some(())
    })
    .await;
    let listed = bearer.get("/api/v0/user/ana/workspace").await.json();
    let states: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["enabled"; 7]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_connected_before_a_kill_is_in_the_log_after_it() {
    if !has("postgres") || !has("psql") {
        return;
    }
    let binary = Binary::new(env!("CARGO_BIN_EXE_standpipe")).with_workspaces();
    let mut running = binary.serve();
    binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);
    let token = binary.ok(&["admin", "token", "create", "ana"]);
    let mut bearer = running.anonymous().with_token(&token);
    let workspace = "/api/v0/user/ana/workspace";
    let made = bearer.post(workspace, json!({ "handle": "dev" })).await;
    let made = made.with_status(201).json();
    let dev = format!("{workspace}/dev");
    until("the workspace is there", PATIENCE, async || {
        (bearer.get(&dev).await.json()["state"] == "enabled").then_some(())
    })
    .await;
    let password = bearer.get("/api/v0/user/ana/password").await.json();
    let password = password["$password"].as_str().unwrap();
    let (mut connected, mut left) = (BTreeSet::new(), 0);
    for round in 0..5 {
        let name = made["database_name"].as_str().unwrap();
        let url = format!("postgresql://ana:{password}@{}/{name}", running.addresses.gateway);
        let client = format!("client {round}");
        let psql = Psql::new(format!("{url}?application_name={}", client.replace(' ', "%20")));
        // The private PostgreSQL starts behind the doors: until it is there, clients read 57P03.
        let answer = until("its PostgreSQL is there", PATIENCE, async || {
            let answer = psql.run("SELECT 1").await;
            (!answer.err.contains("is not ready, try again")).then_some(answer)
        });
        assert_eq!(answer.await.rows(), "1");
        connected.insert(client);
        let asked = bearer.post_nothing(&format!("{dev}/query?sql=select+1")).await;
        connected.insert(asked.with_status(200).header("x-request-id").to_owned());
        running.kill();
        left += journal_bytes(&binary);
        running = binary.serve();
        bearer = running.anonymous().with_token(&token);
        let records = whole_log(&bearer, "ana").await;
        let is_of_one = |record: &&Value| record["action_type"] == "workspace.connection.open";
        let found = records.iter().filter(is_of_one).map(|record| {
            let via_api = record["data"]["via"] == "api";
            let name = &record[if via_api { "request_id" } else { "user_agent" }];
            name.as_str().unwrap().to_owned()
        });
        assert_eq!(found.clone().count(), connected.len(), "each once");
        assert_eq!(found.collect::<BTreeSet<_>>(), connected);
    }
    assert!(left > 0, "each kill came too late to mean anything");
    running.stop();
    let verified = binary.ok(&["admin", "audit", "verify"]);
    assert!(verified.ends_with("all are as they were written."), "{verified}");
}

/// How much the journals of events hold.
fn journal_bytes(binary: &Binary) -> u64 {
    let journals = std::fs::read_dir(binary.data_dir().join("events")).unwrap();
    journals
        .map(|journal| journal.unwrap().metadata().unwrap().len())
        .sum()
}

//! What is left of a deleted account: in the store, in its files, in the mail folder, in logs and in PostgreSQL.

use std::{fs, path::Path, time::Duration};

use serde_json::json;
use testkit::{Binary, TestApp, both_engines, has, until};

const PATIENCE: Duration = Duration::from_secs(60);

const HANDLE: &str = "zebulon-quux";
const EMAIL: &str = "zebulon-quux@example.com";
/// What is personal and must be nowhere.
const CANARIES: [&str; 4] = [EMAIL, "Zebulon Canary", "canary-title", "canary-page.example"];

/// Every file below `folder`, read whole.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(octets) = fs::read(&path) {
            found.push((path.display().to_string(), octets));
        }
    }
    found
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

/// The last mail is the person's: they fetch it from the folder as from a mailbox.
fn is_goodbye(octets: &[u8]) -> bool {
    contains(octets, "Subject: Your Standpipe account is deleted")
}

fn assert_no_canary(written: &[(String, Vec<u8>)], canaries: &[&str]) {
    for (name, octets) in written.iter().filter(|(_, octets)| !is_goodbye(octets)) {
        for canary in canaries {
            assert!(!contains(octets, canary), "{canary} is in {name}");
        }
    }
}

async fn wait_for_the_aftermath(app: &TestApp, id: &str) {
    until("all processes are done", PATIENCE, async || {
        let is_left = |(table, row): &(String, String)| match table.as_str() {
            "processes" => row.contains(id),
            "outbox" => true,
            _ => false,
        };
        (!app.dump_store().await.iter().any(is_left)).then_some(())
    })
    .await;
}

/// The store as a whole: nothing personal, the handle only where it is held, the id only where the page on retention
/// says.
async fn assert_store_is_clean(app: &TestApp, id: &str) {
    for (table, row) in app.dump_store().await {
        for canary in CANARIES {
            assert!(!row.contains(canary), "{canary} is in {table}: {row}");
        }
        let may_name = table == "handles";
        assert!(
            may_name || !row.contains(HANDLE),
            "the handle is in {table}: {row}"
        );
        let may_count = ["deleted_users", "audit_log", "audit_heads"].contains(&table.as_str());
        assert!(may_count || !row.contains(id), "the id is in {table}: {row}");
    }
    let verdict = app
        .with_app(|app| async move { app.verify_audit_log(None, &[]).await.unwrap() })
        .await;
    assert_eq!(verdict.faults, []);
}

both_engines! {
    async fn nothing_personal_is_left(builder) {
        if !has("postgres") || !has("psql") { return }
        let mut app = builder.with_workspaces().start().await;
        let zebulon = app.create_user(HANDLE).await;
        assert_eq!(zebulon.email, EMAIL);
        let bearer = app.bearer(&zebulon).await;
        let me = format!("/api/v0/user/{HANDLE}");
        let id = bearer.get(&me).await.json()["id"].as_str().unwrap().to_owned();
        let profile = json!({"display_name": "Zebulon Canary", "url": "https://canary-page.example/"});
        bearer.patch(&me, profile).await.with_status(200);
        bearer.post(&format!("{me}/token"), json!({"title": "canary-title"})).await.with_status(201);
        bearer.patch(&format!("{me}/preferences"), json!({"communication_tips_and_tricks": "disabled"})).await.with_status(200);
        let browser = app.signed_in(&zebulon).await;
        app.browser().post("/login", &[("email", EMAIL)]).await.with_status(303);
        let workspace = app.create_workspace(&bearer, &zebulon, "dev").await;
        let password = app.password(&bearer, &zebulon).await;
        let psql = app.psql_by_host(&zebulon, &workspace, &password);
        psql.run("CREATE TABLE kept (n int)").await.rows();
        assert!(!app.psql_by_name(&zebulon, &workspace, "wrong").run("SELECT 1").await.ok);
        // Somebody whose session looks at the server from inside.
        let bob = app.create_user("bob").await;
        let as_bob = app.bearer(&bob).await;
        let lab = app.create_workspace(&as_bob, &bob, "lab").await;
        let bobs = app.psql_by_name(&bob, &lab, &app.password(&as_bob, &bob).await);

        let page = "/settings/advanced/delete-account";
        browser.submit(page, page, &[("account", HANDLE)]).await.with_status(303);
        // By database name: whoever types the old host name leaves it in a stranger's record, as the page says.
        let refused = app.psql_by_name(&zebulon, &workspace, &password).run("SELECT 1").await;
        assert!(!refused.ok && refused.err.contains("password authentication failed"), "{}", refused.err);
        wait_for_the_aftermath(&app, &id).await;

        let name = workspace["database_name"].as_str().unwrap();
        let left = format!(
            "SELECT count(*) FROM (SELECT datname AS n FROM pg_database UNION ALL SELECT rolname FROM pg_roles) AS named \
             WHERE n = '{name}' OR n LIKE '{id}%' OR n LIKE '{}%'", workspace["id"].as_str().unwrap());
        assert_eq!(bobs.run(&left).await.rows(), "0");
        assert_store_is_clean(&app, &id).await;
        assert_no_canary(&files(app.data_dir()), &CANARIES);
        assert_eq!(app.mailbox.count(EMAIL), 1, "the last mail alone is left of the folder");
    }
}

/// The same with the program itself, for what it writes to its log at its most talkative.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_never_knew() {
    let binary = Binary::new(env!("CARGO_BIN_EXE_standpipe")).env("STANDPIPE_LOG_LEVEL", "debug");
    let running = binary.serve();
    binary.ok(&["admin", "user", "create", HANDLE, "--email", EMAIL]);
    let bearer = running.anonymous().with_token(binary.ok(&[
        "admin",
        "token",
        "create",
        HANDLE,
        "--title",
        "canary-title",
    ]));
    let mut mailbox = running.mailbox();
    running.browser().sign_in(EMAIL, &mut mailbox).await;
    let me = format!("/api/v0/user/{HANDLE}");
    let profile = json!({"display_name": "Zebulon Canary", "url": "https://canary-page.example/"});
    bearer.patch(&me, profile).await.with_status(200);
    binary.ok(&["admin", "user", "delete", HANDLE]);
    bearer.get(&me).await.with_status(401);
    // The last mail is written when everything else is.
    mailbox.next(EMAIL).await;
    binary.ok(&["admin", "audit", "verify"]);
    let output = running.kill();
    let log = [
        ("stdout".to_owned(), output.stdout),
        ("stderr".to_owned(), output.stderr),
    ];
    assert_no_canary(&log, &CANARIES);
    assert_no_canary(&log, &[HANDLE]);
}

/// Somebody's account under attack by themselves.
#[derive(Clone)]
struct Racer {
    bearer: testkit::Bearer,
    browser: testkit::Browser,
    stranger: testkit::Browser,
    me: String,
    id: String,
    email: String,
    link: String,
}

impl Racer {
    /// Does the `n`th thing, and says what it was and which status came of it.
    async fn run(self, n: usize) -> (&'static str, u16) {
        let Self { bearer, me, .. } = &self;
        match n % 8 {
            // By the id: a rename that comes before must not save the account.
            0 => {
                let me = format!("/api/v0/user/{}", self.id);
                ("delete", bearer.delete(&me).await.status)
            }
            1 => ("token", bearer.post_nothing(&format!("{me}/token")).await.status),
            2 => {
                let name = json!({ "display_name": format!("Zebulon Canary {n}") });
                ("profile", bearer.patch(me, name).await.status)
            }
            3 => {
                let new = json!({ "handle": format!("{HANDLE}-new-{n}") });
                ("rename", bearer.patch(me, new).await.status)
            }
            4 => (
                "mail",
                self.stranger
                    .post("/login", &[("email", &self.email)])
                    .await
                    .status,
            ),
            5 => ("sign in", self.sign_in().await),
            6 => ("password", bearer.get(&format!("{me}/password")).await.status),
            _ => ("page", self.browser.get("/settings/advanced").await.status),
        }
    }

    async fn sign_in(&self) -> u16 {
        let path = format!("/login/confirm?{}", self.link.split_once('?').unwrap().1);
        let page = self.stranger.get(&path).await;
        match page.status {
            200 => {
                let secret = page.hidden("secret");
                self.stranger
                    .post("/login/confirm", &[("secret", &secret)])
                    .await
                    .status
            }
            other => other,
        }
    }
}

both_engines! {
    async fn races_leave_it_whole_or_gone(builder) {
        let mut app = builder.token_cap(100).start().await;
        for round in 0..4 {
            let zebulon = app.create_user(&format!("{HANDLE}-{round}")).await;
            let bearer = app.bearer(&zebulon).await;
            let id = bearer.get("/api/v0/actor").await.json()["id"].as_str().unwrap().to_owned();
            let browser = app.signed_in(&zebulon).await;
            let link = app.with_app({
                let handle = zebulon.handle.clone();
                |app| async move { app.admin_sign_in_link(&handle).await.unwrap() }
            }).await;
            let racer = Racer {
                bearer: bearer.clone(),
                browser: browser.clone(),
                stranger: app.browser(),
                me: format!("/api/v0/user/{}", zebulon.handle),
                id: id.clone(),
                email: zebulon.email.clone(),
                link,
            };
            let racers: Vec<_> = (0..32).map(|n| tokio::spawn(racer.clone().run(n))).collect();
            let mut outcomes = Vec::new();
            for racer in racers {
                outcomes.push(racer.await.unwrap());
            }
            assert!(outcomes.iter().all(|(_, status)| *status < 500), "{outcomes:?}");
            let deleted = outcomes.iter().filter(|outcome| **outcome == ("delete", 200));
            assert_eq!(deleted.count(), 1, "round {round}: {outcomes:?}");
            bearer.get("/api/v0/actor").await.with_status(401);
            browser.get("/settings/profile").await.with_status(303);
            wait_for_the_aftermath(&app, &id).await;
            for (table, row) in app.dump_store().await {
                let may_count = ["deleted_users", "audit_log", "audit_heads"].contains(&table.as_str());
                assert!(may_count || !row.contains(&id), "the id is in {table}: {row}");
                if table != "handles" && table != "sign_ins" {
                    assert!(!row.contains(HANDLE) && !row.contains("Canary"), "{table}: {row}");
                }
            }
        }
        let verdict = app.with_app(|app| async move { app.verify_audit_log(None, &[]).await.unwrap() }).await;
        assert_eq!(verdict.faults, []);
    }
}

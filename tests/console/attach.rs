//! Attaching a server, and a workspace's limits, by forms without a script.

use testkit::{Cluster, Engine, TestApp, has};

const NEW: &str = "/workspaces/attach";
const SETTINGS: &str = "/workspace/sales/settings";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_attached_by_a_form() {
    if !has("postgres") {
        return;
    }
    let cluster = Cluster::start().await;
    let role = "CREATE ROLE reporting LOGIN PASSWORD 'reporting-secret'";
    cluster.run("postgres", role).await;
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    let url = format!("postgres://reporting@localhost:{}/postgres", cluster.port);
    let with_password = url.replace('@', ":wrong-secret@");

    // What was typed stays, but for what is secret.
    for (url, password, kept) in [(&url, "wrong-secret", true), (&with_password, "", false)] {
        let form = [("handle", "sales"), ("url", url.as_str()), ("password", password)];
        let refused = browser.submit(NEW, NEW, &form).await.with_status(422).body;
        assert!(refused.contains("does not take this user and password"));
        assert!(!refused.contains("wrong-secret"));
        assert!(refused.contains("value=\"sales\""));
        assert_eq!(refused.contains("reporting@localhost"), kept);
    }
    let nothing = [
        ("handle", "Sales!"),
        ("url", url.as_str()),
        ("password", "reporting-secret"),
    ];
    let refused = browser.submit(NEW, NEW, &nothing).await.with_status(422).body;
    assert!(refused.contains("f-handle-error"));

    let good = [
        ("handle", "sales"),
        ("url", url.as_str()),
        ("password", "reporting-secret"),
    ];
    browser.submit(NEW, NEW, &good).await.with_status(303);
    let shown = browser.get(SETTINGS).await.with_status(200).body;
    for part in [
        &format!("localhost:{}", cluster.port),
        "reporting",
        "PostgreSQL 15",
        "Standpipe forgets the server",
    ] {
        assert!(shown.contains(part), "{part}");
    }
    assert!(!shown.contains("reporting-secret"));
    assert!(browser.get("/").await.body.contains("PostgreSQL 15"));
    let again = browser.submit(NEW, NEW, &good).await.with_status(409).body;
    assert!(again.contains("You have a workspace of this name"));

    let limits = |connections, statement, idle| {
        [
            ("connections", connections),
            ("statement", statement),
            ("idle", idle),
        ]
    };
    let path = "/workspace/sales/limits";
    for (form, wrong) in [
        (limits("0", "1", "1"), "f-connections-error"),
        (limits("many", "1", "1"), "f-connections-error"),
        (limits("5", "0.01", "1"), "f-statement-error"),
        (limits("5", "1", "86401"), "f-idle-error"),
    ] {
        let refused = browser.submit(SETTINGS, path, &form).await.with_status(422).body;
        assert!(refused.contains(wrong), "{wrong}");
    }
    browser
        .submit(SETTINGS, path, &limits("5", "1.5", "0"))
        .await
        .with_status(303);
    let shown = browser.get(SETTINGS).await.with_status(200).body;
    assert!(
        shown.contains("value=\"5\"") && shown.contains("value=\"1.5\"") && shown.contains("value=\"0\"")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_says_that_nobody_may_attach() {
    let builder = TestApp::builder(Engine::Sqlite).configure(|config| config.workspaces.attach = Vec::new());
    let mut app = builder.start().await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    let page = browser.get(NEW).await.with_status(200).body;
    assert!(page.contains("does not let servers be attached") && !page.contains("name=\"url\""));
}

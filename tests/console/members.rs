//! Access and connections by forms alone: shared, seen by both, made more, and taken back.

use testkit::{Engine, TestApp, has, until};

const ACCESS: &str = "/workspace/dev/access";

#[tokio::test]
async fn a_workspace_is_shared_and_left_without_a_script() {
    if !has("postgres") {
        return;
    }
    let mut app = TestApp::builder(Engine::Sqlite).with_workspaces().start().await;
    let (ana, bob) = (app.create_user("ana").await, app.create_user("bob").await);
    let bearer = app.bearer(&ana).await;
    app.create_workspace(&bearer, &ana, "dev").await;
    let owner = app.signed_in(&ana).await;
    let page = owner.get(ACCESS).await.with_status(200);
    assert!(page.body.contains("Nobody but you has access."));

    let wrong = owner
        .submit(ACCESS, ACCESS, &[("member", "nobody"), ("role", "reader")])
        .await;
    assert!(
        wrong
            .with_status(422)
            .body
            .contains("There is no account of this handle.")
    );
    owner
        .submit(ACCESS, ACCESS, &[("member", "bob"), ("role", "reader")])
        .await
        .with_status(303);
    let page = owner.get(ACCESS).await.with_status(200);
    assert!(
        page.body.contains("Make operator") && page.body.contains("1 of 100 people."),
        "{}",
        page.body
    );

    let mail = app.mailbox.next("bob@example.com").await;
    assert!(mail.text.contains("/workspace/ana-dev"));
    let guest = app.signed_in(&bob).await;
    let home = guest.get("/").await.with_status(200);
    assert!(home.body.contains("Shared with me") && home.body.contains("href=\"/workspace/ana-dev\""));
    until(
        "the access can be used",
        std::time::Duration::from_secs(60),
        async || {
            let state = guest
                .get("/workspace/ana-dev/state")
                .await
                .with_status(200)
                .json();
            (state["text"] == "Enabled").then_some(())
        },
    )
    .await;
    let connect = guest.get("/workspace/ana-dev").await.with_status(200).body;
    assert!(
        connect.contains("ana-dev.db.localhost") && connect.contains("postgresql://bob:"),
        "{connect}"
    );
    assert!(
        !connect.contains("/workspace/ana-dev/access\"")
            && connect.contains("/workspace/ana-dev/connections")
    );
    let path = "/workspace/ana-dev/query";
    let ran = guest
        .submit(path, path, &[("sql", "SELECT 6 * 7 AS answer")])
        .await
        .with_status(200);
    assert!(ran.body.contains("<div>42</div>"), "{}", ran.body);
    for path in ["access", "activity", "delete"] {
        guest
            .get(&format!("/workspace/ana-dev/{path}"))
            .await
            .with_status(404);
    }
    let connections = guest.get("/workspace/ana-dev/connections").await.with_status(200);
    assert!(connections.body.contains("Nobody is connected"));

    let role = "/workspace/dev/access/bob/role";
    owner
        .submit(ACCESS, role, &[("role", "operator")])
        .await
        .with_status(303);
    assert!(owner.get(ACCESS).await.body.contains("Make reader"));
    let settings = guest
        .get("/workspace/ana-dev/settings")
        .await
        .with_status(200)
        .body;
    assert!(settings.contains("who let you in as operator") && !settings.contains("Delete workspace"));
    let leave = "/workspace/ana-dev/access/bob/end";
    assert!(
        guest
            .get(leave)
            .await
            .with_status(200)
            .body
            .contains("Leave this workspace")
    );
    guest.submit(leave, leave, &[]).await.with_status(303);
    guest.get("/workspace/ana-dev").await.with_status(404);
    assert!(!guest.get("/").await.body.contains("Shared with me"));
    assert!(
        owner
            .get(ACCESS)
            .await
            .body
            .contains("Nobody but you has access.")
    );
}

//! Every form of the console, without JavaScript: what a script does in place is a page of its own.

use serde_json::json;
use testkit::{Browser, Engine, TestApp, until};

use super::window::{PATIENCE, Window};

/// The text between `from` and `to`, which must be there.
#[track_caller]
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text
        .split_once(from)
        .unwrap_or_else(|| panic!("no {from:?} in {text}"));
    rest.split(to).next().unwrap()
}

/// What the next page says was done.
async fn told(browser: &Browser, page: &str) -> String {
    let body = browser.get(page).await.with_status(200).body;
    between(&body, "role=\"status\">", "</p>").to_owned()
}

#[tokio::test]
async fn the_profile() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    let page = "/settings/profile";
    let saved = browser
        .submit(page, page, &[("display_name", "Ana <b>Sousa")])
        .await
        .with_status(303);
    assert_eq!(saved.header("location"), page);
    assert!(told(&browser, page).await.contains("Display name saved."));
    let shown = browser.get(page).await;
    assert!(shown.body.contains("Ana &#60;b&#62;Sousa"), "as text");
    assert!(
        !shown.body.contains("Display name saved."),
        "a notice is shown once"
    );

    let long = "x".repeat(101);
    let refused = browser
        .submit(page, page, &[("display_name", &long)])
        .await
        .with_status(422);
    assert!(
        refused.body.contains(&long) && refused.body.contains("f-display_name-error"),
        "{}",
        refused.body
    );
    let avatar = "/settings/profile/avatar";
    let refused = browser
        .submit(page, avatar, &[("avatar_url", "javascript:alert(1)")])
        .await
        .with_status(422);
    assert!(refused.body.contains("f-avatar_url-error") && refused.body.contains("javascript:alert(1)"));
    browser
        .submit(page, avatar, &[("avatar_url", "https://example.com/a.png")])
        .await
        .with_status(303);
    assert!(
        told(&browser, page)
            .await
            .contains("The picture is being fetched.")
    );
    assert_eq!(
        browser.get("/settings").await.with_status(303).header("location"),
        page
    );
}

#[tokio::test]
async fn the_database_password() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    let password = app.password(&bearer, &ana).await;
    let browser = app.signed_in(&ana).await;
    let page = "/settings/profile";
    assert!(!browser.get(page).await.body.contains(&password));
    let shown = browser
        .submit(page, "/settings/profile/password/reveal", &[])
        .await
        .with_status(200);
    assert!(shown.body.contains(&password));
    assert_eq!(shown.header("cache-control"), "no-store");

    let dialog = "/settings/profile/password/rotate";
    assert!(
        browser
            .get(page)
            .await
            .body
            .contains(&format!("href=\"{dialog}\""))
    );
    assert!(
        browser
            .get(dialog)
            .await
            .with_status(200)
            .body
            .contains("Open connections stay, unless")
    );
    browser.submit(dialog, dialog, &[]).await.with_status(303);
    assert!(told(&browser, page).await.contains("Password rotated."));
    assert_ne!(app.password(&bearer, &ana).await, password);
}

#[tokio::test]
async fn tokens() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    let (list, new) = ("/settings/tokens", "/settings/tokens/new");
    assert!(browser.get(list).await.body.contains(&format!("href=\"{new}\"")));
    let form = [
        ("title", "CI"),
        ("expires", "custom"),
        ("expires_on", "2001-01-01"),
    ];
    let refused = browser.submit(new, list, &form).await.with_status(422);
    assert!(refused.body.contains("Choose a day after today.") && refused.body.contains("value=\"CI\""));

    let form = [("title", "CI"), ("expires", "never"), ("expires_on", "")];
    let made = browser.submit(new, list, &form).await.with_status(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let token = format!("tpt_{}", between(&made.body, "tpt_", "<"));
    let caller = app.anonymous().with_token(&token);
    caller.get("/api/latest/actor").await.with_status(200);
    let listed = browser.get(list).await.with_status(200);
    assert!(!listed.body.contains(&token));

    let id = format!("t_{}", &token[4..24]);
    let status = format!("{list}/{id}/status");
    browser
        .submit(list, &status, &[("status", "inactive")])
        .await
        .with_status(303);
    assert!(told(&browser, list).await.contains("Token CI is deactivated."));
    assert_eq!(
        caller.get("/api/latest/actor").await.with_status(401).json()["type"],
        "token_inactive"
    );
    browser
        .submit(list, &status, &[("status", "active")])
        .await
        .with_status(303);
    assert!(told(&browser, list).await.contains("Token CI is active again."));
    caller.get("/api/latest/actor").await.with_status(200);

    let dialog = format!("{list}/{id}/delete");
    assert!(
        browser
            .get(list)
            .await
            .body
            .contains(&format!("href=\"{dialog}\""))
    );
    assert!(
        browser
            .get(&dialog)
            .await
            .with_status(200)
            .body
            .contains("It cannot be brought back.")
    );
    caller.get("/api/latest/actor").await.with_status(200);
    browser.submit(&dialog, &dialog, &[]).await.with_status(303);
    assert!(told(&browser, list).await.contains("Token CI is deleted."));
    caller.get("/api/latest/actor").await.with_status(401);
    browser.get(&dialog).await.with_status(404);
}

#[tokio::test]
async fn a_workspace() {
    let mut app = TestApp::builder(Engine::Sqlite).with_workspaces().start().await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    let password = app.password(&bearer, &ana).await;
    let browser = app.signed_in(&ana).await;
    let new = "/workspaces/new";
    let refused = browser
        .submit(new, "/workspaces", &[("handle", "No Good")])
        .await
        .with_status(422);
    assert!(refused.body.contains("f-handle-error") && refused.body.contains("No Good"));
    let made = browser
        .submit(new, "/workspaces", &[("handle", "dev")])
        .await
        .with_status(303);
    assert_eq!(made.header("location"), "/workspace/dev");
    let connect = until("the workspace is enabled", PATIENCE, async || {
        let page = browser.get("/workspace/dev").await.with_status(200);
        page.body.contains(">Enabled<").then_some(page)
    })
    .await;
    assert!(!connect.body.contains(&password));
    assert!(connect.body.contains("ana-dev.") && connect.body.contains("psql"));
    let form = [("workspace", "dev")];
    let reveal = "/settings/profile/password/reveal";
    let shown = browser
        .submit("/workspace/dev", reveal, &form)
        .await
        .with_status(200);
    assert!(shown.body.contains("Connect to") && shown.body.contains(&password));
    browser
        .submit(new, "/workspaces", &[("handle", "dev")])
        .await
        .with_status(409);

    for page in ["/activity", "/workspace/dev/activity"] {
        assert!(
            browser
                .get(page)
                .await
                .with_status(200)
                .body
                .contains("Create workspace")
        );
    }
    let log = browser.get("/activity").await.body;
    let process = format!("/activity/{}", between(&log, "href=\"/activity/", "\""));
    assert!(
        browser
            .get(&process)
            .await
            .with_status(200)
            .body
            .contains("Completed")
    );

    assert!(
        browser
            .get("/workspace/dev/settings")
            .await
            .with_status(200)
            .body
            .contains("/workspace/dev/delete")
    );
    let dialog = "/workspace/dev/delete";
    let refused = browser
        .submit(dialog, dialog, &[("confirm", "deV")])
        .await
        .with_status(422);
    assert!(refused.body.contains("Type dev to delete this workspace."));
    browser
        .submit(dialog, dialog, &[("confirm", "dev")])
        .await
        .with_status(303);
    assert!(told(&browser, "/").await.contains("Workspace dev is deleted."));
}

#[tokio::test]
async fn what_is_not_mine_is_not_there() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let (ana, bo) = (app.create_user("ana").await, app.create_user("bo").await);
    let bearer = app.bearer(&ana).await;
    let id = format!("t_{}", &bearer.token[4..24]);
    let browser = app.signed_in(&bo).await;
    for path in [
        format!("/settings/tokens/{id}/delete"),
        "/workspace/dev".to_owned(),
        "/activity/p_x".to_owned(),
    ] {
        assert!(
            browser
                .get(&path)
                .await
                .with_status(404)
                .body
                .contains("There is nothing here")
        );
    }
    let csrf = browser.get("/settings/tokens").await.hidden("csrf");
    let form = [("csrf", csrf.as_str()), ("status", "inactive")];
    browser
        .post(&format!("/settings/tokens/{id}/status"), &form)
        .await
        .with_status(404);
    browser
        .post(&format!("/settings/tokens/{id}/delete"), &form)
        .await
        .with_status(404);
    bearer.get("/api/latest/actor").await.with_status(200);
}

#[tokio::test]
async fn a_browser_that_runs_no_scripts_does_the_same() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let off = json!({ "value": true });
    window.tell("Emulation.setScriptExecutionDisabled", off).await;
    let ana = app.create_user("ana").await;
    window.sign_in(&mut app, &ana).await;
    window.visit("/settings/profile").await;
    window.fill("Display name", "Ana without").await;
    window.click("Save display name").await;
    window.sees("Display name saved.").await;
    assert!(!window.source_has("class=\"js\"").await, "no script ran");

    window.visit("/settings/tokens").await;
    window.click("New token").await;
    window.is_at("/settings/tokens/new").await;
    window.fill("Title (optional)", "CI").await;
    window.click("Create token").await;
    window.sees("is ready").await;
    assert!(!window.words().await.contains("tpt_"));
    window.click("Show the token").await;
    window.sees("tpt_").await;
    window.click("I have stored it").await;
    window.is_at("/settings/tokens").await;
    window.click("Options for token CI").await;
    window.click("Deactivate").await;
    window.sees("is deactivated").await;

    window.visit("/settings/profile").await;
    window.click("Show the password").await;
    window.is_at("/settings/profile/password/reveal").await;
    window.click("Your account").await;
    window.click("Sign out").await;
    window.sees("You are signed out").await;
    window.quit().await;
}

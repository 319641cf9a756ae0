//! What a person does on the first day, in a real browser: from the sign-up mail to tokens, a workspace and its password.

use testkit::{Engine, Psql, TestApp, has};

use super::window::Window;

const MASK: &str = "••••••••";

#[tokio::test]
async fn from_the_first_mail_to_the_console() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    window.visit("/").await;
    window.is_at("/login").await;
    window.click("Create an account").await;
    window.fill("E-mail address", "ana@example.com").await;
    window.click("Continue").await;
    window.sees("Check your mail").await;

    let mail = app.mailbox.next("ana@example.com").await;
    window.visit(&mail.link()).await;
    window.click("Continue").await;
    window.fill("Handle", "admin").await;
    window.click("Create account").await;
    window.sees("reserved").await;
    window.fill("Handle", "ana").await;
    window.sees("ana-dev.").await;
    window.click("Create account").await;
    window.is_at("/").await;

    // Both ways that the manual names lead to the settings.
    window.click("Your account").await;
    window.click("Settings").await;
    window.is_at("/settings/profile").await;
    window.visit("/").await;
    window.click("Switch account or workspace").await;
    window.sees("Developer account").await;
    window.click("ana").await;
    window.is_at("/settings/profile").await;

    window.fill("Display name", "Ana Sousa").await;
    window.click("Save display name").await;
    window.sees("Display name saved.").await;
    window.click("Your account").await;
    window.sees("Ana Sousa").await;
    window.visit("/settings/audit-log").await;
    window.sees("user.update").await;
    window.close().await;
}

#[tokio::test]
async fn tokens_are_made_paused_and_ended() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    window.sign_in(&mut app, &ana).await;
    window.visit("/settings/profile").await;
    window.click("Tokens").await;

    let token = make_token(&window, "CI pipeline").await;
    let caller = app.anonymous().with_token(&token);
    assert_eq!(
        caller.get("/api/latest/actor").await.with_status(200).json()["handle"],
        "ana"
    );
    window.sees(&format!("…{}", &token[token.len() - 4..])).await;
    window.sees("1 of 2 tokens").await;

    // The second is the last one; the first tab of somebody who was quicker is told why.
    let other = app.browser();
    other.sign_in(&ana.email, &mut app.mailbox).await;
    let csrf = other.get("/settings/tokens").await.hidden("csrf");
    make_token(&window, "Grafana").await;
    window.sees("2 of 2 tokens; delete one to make another").await;
    assert!(window.called("New token").await.is_empty(), "there is no room");
    let form = [("csrf", csrf.as_str()), ("title", "Third"), ("expires", "never")];
    other.post("/settings/tokens", &form).await.with_status(303);
    let told = other.get("/settings/tokens").await;
    assert!(
        told.body.contains("notice warn") && !told.body.contains("Third"),
        "{}",
        told.body
    );

    window.click("Options for token CI pipeline").await;
    window.click("Deactivate").await;
    window.sees("Token CI pipeline is deactivated.").await;
    let refused = caller.get("/api/latest/actor").await.with_status(401);
    assert_eq!(refused.json()["type"], "token_inactive");

    window.click("Options for token CI pipeline").await;
    window.click("Activate").await;
    window.sees("Token CI pipeline is active again.").await;
    caller.get("/api/latest/actor").await.with_status(200);

    window.click("Options for token CI pipeline").await;
    window.click("Delete").await;
    window.sees("It cannot be brought back.").await;
    window.click("Delete token").await;
    window.sees("Token CI pipeline is deleted.").await;
    window.sees("1 of 2 tokens").await;
    caller.get("/api/latest/actor").await.with_status(401);
    window.close().await;
}

/// Makes a token, looks at it, copies it and stores it.
async fn make_token(window: &Window, title: &str) -> String {
    window.click("New token").await;
    window.fill("Title (optional)", title).await;
    window.click("Create token").await;
    window.sees(&format!("Token {title} is ready")).await;
    window.sees("it will not be shown again").await;
    window.sees(MASK).await;
    assert!(
        !window.source_has("tpt_").await,
        "the script alone holds the token"
    );

    let copied = window.copy_by("Copy the token").await;
    assert!(copied.starts_with("tpt_"), "{copied}");
    assert!(!window.source_has(&copied).await, "copying does not reveal");
    window.click("Show the token").await;
    window.sees(&copied).await;
    window.click("Show the token").await;
    window.sees(MASK).await;
    assert!(!window.source_has(&copied).await, "hidden is gone");

    window.click("I have stored it").await;
    window.is_at("/settings/tokens").await;
    assert!(!window.source_has(&copied).await);
    copied
}

#[tokio::test]
async fn a_workspace_from_its_name_to_psql() {
    let mut app = TestApp::builder(Engine::Sqlite).with_workspaces().start().await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    let password = app.password(&bearer, &ana).await;
    window.sign_in(&mut app, &ana).await;
    window.fill("Name", "dev").await;
    window.sees("ana-dev.").await;
    window.click("Create workspace").await;
    // The page follows the work by itself.
    window.sees("Connect to dev").await;
    window.sees("Enabled").await;
    window.no_longer_sees("The database is not ready yet").await;

    assert!(
        !window.source_has(&password).await,
        "the password is not in the page"
    );
    assert_eq!(window.copy_by("Copy the password").await, password);
    let string = window.copy_by("Copy Connection string with the password").await;
    assert!(
        string.starts_with(&format!("postgresql://ana:{password}@ana-dev.")),
        "{string}"
    );
    assert!(!window.source_has(&password).await, "copying does not reveal");
    window.click("Show the password").await;
    window.sees(&password).await;
    window.click("Show the password").await;
    window.no_longer_sees(&password).await;
    assert!(!window.source_has(&password).await, "hidden is gone");

    window.click("By database name").await;
    let string = window.copy_by("Copy Connection string with the password").await;
    opens(&string, true).await;

    window.visit("/settings/profile").await;
    window.click("Rotate password").await;
    window.sees("Open connections stay, unless").await;
    window.click("Rotate password").await;
    window.sees("Password rotated.").await;
    let rotated = window.copy_by("Copy the password").await;
    assert_ne!(rotated, password);
    assert!(!window.source_has(&rotated).await);
    opens(&string, false).await;
    opens(&string.replace(&password, &rotated), true).await;

    window.visit("/workspace/dev/settings").await;
    window.click("Delete workspace").await;
    window.sees("Type dev to confirm").await;
    assert!(
        !window.is_awake("Delete workspace").await,
        "the name is not typed yet"
    );
    window.fill("Type dev to confirm", "dev").await;
    window.click("Delete workspace").await;
    window.sees("Workspace dev is deleted.").await;
    window.close().await;
}

/// Whether psql gets in with a connection string as it was copied.
async fn opens(string: &str, expected: bool) {
    if !has("psql") {
        return;
    }
    let answer = Psql::new(string).run("SELECT current_user").await;
    assert_eq!(answer.ok, expected, "{answer:?}");
}

#[tokio::test]
async fn a_revealed_password_hides_by_itself() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    let password = app.password(&bearer, &ana).await;
    window.sign_in(&mut app, &ana).await;
    window.visit("/settings/profile").await;
    // The page's own timer is what is tested, not the wall clock: it is held, and let go.
    window.run("window.timersHeld = []").await;
    window
        .run(
            "const later = setTimeout; window.setTimeout = (work, ms, ...rest) => \
             ms === 30000 ? timersHeld.push(() => work(...rest)) : later(work, ms, ...rest)",
        )
        .await;
    window.click("Show the password").await;
    window.sees(&password).await;
    window.sees("Hides again after 30 seconds.").await;
    window.run("timersHeld.forEach((work) => work())").await;
    window.no_longer_sees(&password).await;
    assert!(!window.source_has(&password).await, "hidden is gone");
    window.close().await;
}

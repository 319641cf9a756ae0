//! Pictures of the main pages, with realistic data, in `target/tmp/screenshots`. `scripts/screenshots` runs it.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};

use serde_json::json;
use testkit::{Engine, Person, TestApp};

use super::{
    walk::{self, Names},
    window::Window,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// Width, name, pixel ratio.
const SCREENS: [(u32, &str); 2] = [(1280, "1280"), (390, "390")];

#[tokio::test]
#[ignore = "makes pictures for people to look at; scripts/screenshots runs it"]
async fn screenshots() {
    let mut app = builder().start().await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    for (page, path) in [
        ("sign-in", "/login"),
        ("sign-up", "/signup"),
        ("not-found", "/nowhere"),
    ] {
        window.visit(path).await;
        shoot(&window, page).await;
    }
    window.visit("/signup").await;
    window.fill("E-mail address", "ana@example.com").await;
    window.click("Continue").await;
    window.sees("Check your mail").await;
    shoot(&window, "check-mail").await;
    let link = app.mailbox.next("ana@example.com").await.link();
    window.visit(&link).await;
    shoot(&window, "link").await;
    window.click("Continue").await;
    window.fill("Handle", "ana").await;
    window.fill("Display name (optional)", "Ana Sousa").await;
    shoot(&window, "choose-handle").await;
    window.click("Create account").await;
    window.sees("Create your first workspace").await;
    shoot(&window, "no-workspaces").await;
    window.visit("/settings/tokens").await;
    shoot(&window, "no-tokens").await;
    window.visit("/activity").await;
    shoot(&window, "no-activity").await;
    window.has_no_complaints().await;

    let (ana, names) = live(&app).await;
    let browser = app.signed_in(&ana).await;
    for path in walk::pages(&browser, &names).await {
        window.visit(&path).await;
        let name = path.replace('/', "-");
        shoot(&window, &format!("page{name}")).await;
    }
    command_line(&app, &window).await;
    readme(&window).await;
    dialogs(&window).await;
    window.close().await;
}

/// A command line asks to be let in.
async fn command_line(app: &TestApp, window: &Window) {
    let asked = app.anonymous().post_nothing("/api/latest/login/token").await;
    let page = format!("/login/token?r={}", asked.json()["id"].as_str().unwrap());
    window.visit(&page).await;
    shoot(window, "cli-login").await;
    window.click("Verify").await;
    window.sees("Type this code at the terminal").await;
    shoot(window, "cli-login-code").await;
    window.visit(&page).await;
    shoot(window, "cli-login-verified").await;
    window.click("Deny").await;
    window.sees("The login is denied").await;
    shoot(window, "cli-login-denied").await;
}

/// What the README shows: one screen, twice as sharp.
async fn readme(window: &Window) {
    for (name, path, dark, height) in [
        ("profile-light", "/settings/profile", false, 860),
        ("profile-dark", "/settings/profile", true, 860),
        ("tokens-light", "/settings/tokens", false, 420),
        ("connect-light", "/workspace/analytics", false, 800),
    ] {
        window.visit(path).await;
        window.screen(1120, height, 2.0, dark).await;
        window
            .picture(&directory().join(format!("readme-{name}.png")))
            .await;
    }
    window.screen(1280, 900, 1.0, false).await;
}

fn directory() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

fn builder() -> testkit::Builder {
    TestApp::builder(Engine::Sqlite)
        .with_workspaces()
        .seed(7)
        .configure(|config| {
            // Weeks pass in here, and the person stays at the same browser.
            config.sessions.sensitive_hours = 10_000;
            config.sessions.danger_minutes = 60_000;
            // The usual ports, where they are free, because they stand in the pictures.
            for (port, listen) in [
                (8080, &mut config.http.listen),
                (9193, &mut config.gateway.listen),
            ] {
                let usual = SocketAddr::from(([127, 0, 0, 1], port));
                if TcpListener::bind(usual).is_ok() {
                    *listen = usual;
                }
            }
        })
}

/// What an account is after some weeks.
async fn live(app: &TestApp) -> (Person, Names) {
    let ana = Person {
        handle: "ana".to_owned(),
        email: "ana@example.com".to_owned(),
    };
    let first = app.bearer(&ana).await;
    let path = "/api/latest/user/ana/token";
    app.create_workspace(&first, &ana, "dev").await;
    app.clock.advance(DAY);
    app.create_workspace(&first, &ana, "analytics").await;
    let own = first.get(path).await.with_status(200).json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    first
        .patch(&format!("{path}/{own}"), json!({ "title": "Grafana" }))
        .await
        .with_status(200);
    app.clock.advance(3 * DAY);
    let sixty_days = 60 * DAY.as_secs();
    let new = json!({ "title": "CI pipeline", "expiration": sixty_days });
    let created = first.post(path, new).await.with_status(201).json();
    let pipeline = app
        .anonymous()
        .with_token(created["$token"].as_str().or(created["token"].as_str()).unwrap());
    pipeline.get("/api/latest/actor").await.with_status(200);
    app.clock.advance(2 * DAY);
    first
        .patch(&format!("{path}/{own}"), json!({ "status": "inactive" }))
        .await;
    app.clock.advance(7 * MINUTE);
    let names = Names::of(&ana, &pipeline).await;
    (ana, names)
}

async fn dialogs(window: &Window) {
    window.visit("/settings/profile").await;
    window.click("Rotate password").await;
    shoot(window, "rotate-dialog").await;
    window.click("Cancel").await;
    window.click("Show the password").await;
    window.sees("Hides again").await;
    shoot(window, "profile-revealed").await;
    window.click("Your account").await;
    shoot(window, "avatar-menu").await;
    window.click("Switch account or workspace").await;
    shoot(window, "switcher").await;
    window.visit("/settings/tokens").await;
    window.click("Options for token CI pipeline").await;
    shoot(window, "token-menu").await;
    window.click("Delete").await;
    shoot(window, "delete-token-dialog").await;
    window.click("Delete token").await;
    window.sees("is deleted").await;
    window.click("New token").await;
    window.fill("Title (optional)", "CI pipeline").await;
    shoot(window, "new-token").await;
    window.click("Create token").await;
    window.sees("is ready").await;
    shoot(window, "created-token").await;
    window.visit("/settings/tokens").await;
    window.click("Options for token CI pipeline").await;
    window.click("Rotate").await;
    shoot(window, "rotate-token").await;
    window.click("Rotate token").await;
    window.sees("The old token").await;
    shoot(window, "rotated-token").await;
    window.visit("/settings/tokens").await;
    shoot(window, "retiring-token").await;
    window.visit("/settings/advanced").await;
    window.fill("New handle", "admin").await;
    window.sees("This handle is reserved.").await;
    shoot(window, "handle-typed").await;
    window.fill("New handle", "ana-sousa").await;
    window.sees("ana-sousa is free.").await;
    window.click("Preview change").await;
    window.sees("Change handle from").await;
    shoot(window, "handle-preview").await;
    window.fill("Type ana, your handle now, to confirm", "ana").await;
    window.click("Change handle").await;
    window.sees("ana is now ana-sousa").await;
    shoot(window, "handle-changed").await;
    window.visit("/settings/advanced").await;
    shoot(window, "handle-changed-today").await;
    window.visit("/workspace/dev/settings").await;
    window.click("Delete workspace").await;
    shoot(window, "delete-workspace-dialog").await;
    window.click("Cancel").await;
    window.click("Your account").await;
    window.click("Keys?").await;
    shoot(window, "keys").await;
}

/// The page as it is, on both screens, light and dark. Tall pages are shown whole.
async fn shoot(window: &Window, page: &str) {
    for (width, screen) in SCREENS {
        for (dark, scheme) in [(false, "light"), (true, "dark")] {
            window.screen(width, 800, 1.0, dark).await;
            let tall = window
                .run("return Math.max(800, document.documentElement.scrollHeight)")
                .await;
            let tall = u32::try_from(tall.as_u64().unwrap()).unwrap().min(2400);
            window.screen(width, tall, 1.0, dark).await;
            let sideways = window
                .run("return document.documentElement.scrollWidth - innerWidth")
                .await;
            assert!(
                sideways.as_i64().unwrap() <= 0,
                "{page} scrolls sideways at {width}"
            );
            window
                .picture(&directory().join(format!("{page}-{screen}-{scheme}.png")))
                .await;
        }
    }
    window.screen(1280, 900, 1.0, false).await;
}

//! axe-core on the main pages, light and dark: nothing serious. `scripts/axe` fetches it.

use std::{path::Path, process::Command, time::Duration};

use testkit::{Engine, TestApp, has};

use super::window::Window;

const RUN: &str = r#"
    const done = arguments[0];
    axe.run(document, { resultTypes: ["violations"] }).then(
        ({ violations }) => done(violations
            .filter(({ impact }) => impact === "serious" || impact === "critical")
            .flatMap(({ id, nodes }) => nodes.map((node) => id + ": " + node.html + " " + node.failureSummary))),
        (error) => done(["axe: " + error]));
"#;

fn axe() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/axe");
    let output = Command::new(script).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::read_to_string(String::from_utf8(output.stdout).unwrap().trim()).unwrap()
}

/// What axe finds on the page as it is, light and dark, wide and narrow.
async fn look(window: &Window, axe: &str, page: &str, found: &mut Vec<String>) {
    for (width, dark) in [(1280, false), (1280, true), (390, false)] {
        window.screen(width, 900, 1.0, dark).await;
        window.execute(axe, Vec::new()).await.unwrap();
        let problems = window.execute_async(RUN, Vec::new()).await.unwrap();
        let problems: Vec<String> = problems.convert().unwrap();
        found.extend(
            problems
                .iter()
                .map(|problem| format!("{page} {width} dark={dark}: {problem}")),
        );
    }
    window.screen(1280, 900, 1.0, false).await;
}

#[tokio::test]
async fn nothing_keeps_people_from_using_the_pages() {
    if !has("node") {
        return;
    }
    let mut app = TestApp::builder(Engine::Sqlite).with_workspaces().start().await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let axe = axe();
    window.set_script_timeout(Duration::from_secs(60)).await.unwrap();
    let found = &mut Vec::new();
    for page in ["/login", "/signup", "/login/confirm?t=x", "/nowhere"] {
        window.visit(page).await;
        look(&window, &axe, page, found).await;
    }
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    window.sign_in(&mut app, &ana).await;
    look(&window, &axe, "no workspaces", found).await;
    app.create_workspace(&bearer, &ana, "dev").await;
    for page in [
        "/",
        "/settings/profile",
        "/settings/tokens",
        "/settings/tokens/new",
        "/settings/audit-log",
        "/settings/notifications",
        "/settings/sessions",
        "/settings/advanced",
        "/activity",
        "/workspaces/new",
        "/workspace/dev",
        "/workspace/dev/settings",
        "/workspace/dev/delete",
    ] {
        window.visit(page).await;
        look(&window, &axe, page, found).await;
    }
    window.visit("/settings/tokens").await;
    window.click("New token").await;
    look(&window, &axe, "the new token dialog", found).await;
    window.fill("Title (optional)", "CI").await;
    window.click("Create token").await;
    window.sees("is ready").await;
    look(&window, &axe, "the created token", found).await;
    window.click("Your account").await;
    look(&window, &axe, "the avatar menu", found).await;
    window.click("Switch account or workspace").await;
    look(&window, &axe, "the switcher", found).await;
    assert!(found.is_empty(), "{}", found.join("\n\n"));
    window.close().await;
}

#[tokio::test]
async fn on_a_phone_the_settings_menu_shows_where_one_is() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    window.sign_in(&mut app, &ana).await;
    window.screen(390, 800, 1.0, false).await;
    for page in ["/settings/profile", "/settings/sessions", "/settings/advanced"] {
        window.visit(page).await;
        let whole = "const box = document.querySelector('.side [aria-current]').getBoundingClientRect(); \
                     return box.left >= 0 && box.right <= innerWidth && scrollY === 0";
        assert_eq!(window.run(whole).await, true, "{page}");
    }
    window.close().await;
}

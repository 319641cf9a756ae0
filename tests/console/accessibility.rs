//! The whole console in a browser: every page, light and dark, wide and narrow, with a script and without. axe-core
//! finds nothing (`scripts/axe` fetches it), Tab reaches everything, no page complains.

use std::{path::Path, process::Command, time::Duration};

use serde_json::{Value, json};
use testkit::{Engine, Person, TestApp, has};
use thirtyfour::Key;

use super::{
    walk::{self, Names},
    window::Window,
};

const RUN: &str = r#"
    const done = arguments[0];
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    axe.run(document, { resultTypes: ["violations"], runOnly: { type: "tag", values: tags } }).then(
        ({ violations }) => done(violations
            .flatMap(({ id, nodes }) => nodes.map((node) => id + ": " + node.html + " " + node.failureSummary))),
        (error) => done(["axe: " + error]));
"#;

/// Notes what gets the focus, and how it shows that.
const FOLLOW_FOCUS: &str = r#"
    window.reached = [];
    document.addEventListener("focusin", ({ target }) => {
        const style = getComputedStyle(target);
        const box = target.getBoundingClientRect();
        reached.push({
            target,
            shows: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none",
            seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        });
    });
    document.activeElement?.blur();
    document.body.focus();
    const able = "a[href], button, input, select, textarea, summary, [tabindex]";
    window.tabbable = [...document.querySelectorAll(able)].filter((e) =>
        e.tabIndex >= 0 && !e.disabled && e.type !== "hidden" && e.checkVisibility({ visibilityProperty: true })
        && (e.type !== "radio" || e.checked || !document.querySelector(`input[name="${e.name}"]:checked`)));
    return tabbable.length;
"#;

const JUDGE_FOCUS: &str = r#"
    const name = (e) => e.outerHTML.slice(0, 120);
    const problems = [];
    const places = reached.map(({ target }) => target);
    for (const e of tabbable) if (!places.includes(e)) problems.push("Tab does not reach " + name(e));
    for (const { target, shows, seen } of reached) {
        if (!shows) problems.push("the focus does not show on " + name(target));
        if (!seen) problems.push("the focus is out of sight on " + name(target));
    }
    for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) problems.push("jumps the queue: " + name(e));
    const order = places.filter((e, at) => places.indexOf(e) === at);
    // Where something has the focus from the start, Tab begins there and comes round once.
    let rounds = tabbable.some((e) => e.autofocus) ? 1 : 0;
    order.forEach((e, at) => {
        const isBack = at > 0 && order[at - 1].compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING;
        if (isBack && rounds-- < 1) problems.push("out of order: " + name(e));
    });
    return problems;
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

/// What is found on the pages that are looked at.
struct Inspection<'a> {
    window: &'a Window,
    axe: String,
    found: Vec<String>,
}

impl Inspection<'_> {
    /// The page as it is: axe, light and dark, wide and narrow; nothing scrolls sideways.
    async fn look(&mut self, page: &str) {
        self.look_at(page, &[(1280, false), (390, true)]).await;
    }

    async fn look_at(&mut self, page: &str, screens: &[(u32, bool)]) {
        for &(width, dark) in screens {
            self.window.screen(width, 900, 1.0, dark).await;
            let what = format!("{page} {width} dark={dark}");
            if self.window.run("return typeof axe").await == "undefined" {
                self.window.execute(self.axe.as_str(), Vec::new()).await.unwrap();
            }
            let problems = self.window.execute_async(RUN, Vec::new()).await.unwrap();
            self.note(&what, problems.json());
            let sideways = self
                .window
                .run("return document.documentElement.scrollWidth > innerWidth")
                .await;
            if sideways == true {
                self.found.push(format!("{what}: scrolls sideways"));
            }
        }
        self.window.screen(1280, 900, 1.0, false).await;
    }

    /// Opens a page, looks at it, and goes through it by Tab.
    async fn visit(&mut self, path: &str) {
        self.window.visit(path).await;
        self.look(path).await;
        let count = self.window.run(FOLLOW_FOCUS).await.as_u64().unwrap();
        let tabs = "\u{e004}".repeat(usize::try_from(count).unwrap() + 2);
        self.window.press(tabs).await;
        let problems = self.window.run(JUDGE_FOCUS).await;
        self.note(&format!("{path} by keyboard"), &problems);
    }

    /// Opens a page whose script does not come.
    async fn visit_without_script(&mut self, path: &str) {
        self.window.visit(path).await;
        let is_alone = "return !document.documentElement.classList.contains('js')";
        assert_eq!(self.window.run(is_alone).await, true, "the script is blocked");
        self.look_at(&format!("{path} without a script"), &[(390, false)])
            .await;
    }

    fn note(&mut self, what: &str, problems: &Value) {
        let texts = problems
            .as_array()
            .unwrap()
            .iter()
            .map(|problem| problem.as_str().unwrap());
        self.found
            .extend(texts.map(|problem| format!("{what}: {problem}")));
    }
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
    window.set_script_timeout(Duration::from_secs(60)).await.unwrap();
    let mut inspection = Inspection {
        window: &window,
        axe: axe(),
        found: Vec::new(),
    };
    let ana = sign_up(&mut app, &mut inspection).await;
    for empty in ["/", "/settings/tokens", "/activity"] {
        inspection.visit(empty).await;
    }
    let bearer = app.bearer(&ana).await;
    app.create_workspace(&bearer, &ana, "dev").await;
    let browser = app.signed_in(&ana).await;
    let pages = walk::pages(&browser, &Names::of(&ana, &bearer).await).await;
    assert!(pages.len() > 15, "{pages:?}");
    for page in &pages {
        inspection.visit(page).await;
    }
    in_place(&mut inspection).await;
    renaming(&mut inspection).await;
    addresses(&mut app, &mut inspection).await;
    command_line(&app, &mut inspection).await;
    confirmation(&app, &mut inspection).await;
    window.has_no_complaints().await;

    window.tell("Network.enable", json!({})).await;
    window
        .tell("Network.setBlockedURLs", json!({ "urls": ["*/assets/*.js"] }))
        .await;
    for page in &pages {
        inspection.visit_without_script(page).await;
    }
    assert!(inspection.found.is_empty(), "{}", inspection.found.join("\n\n"));
    window.quit().await;
}

#[tokio::test]
async fn the_documentation_of_the_api_keeps_nobody_out() {
    if !has("node") {
        return;
    }
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    window.set_script_timeout(Duration::from_secs(60)).await.unwrap();
    let ana = app.create_user("ana").await;
    window.sign_in(&mut app, &ana).await;
    window.click("Docs").await;
    window.is_at("/api/latest/docs").await;
    let mut inspection = Inspection {
        window: &window,
        axe: axe(),
        found: Vec::new(),
    };
    inspection.look("the API's documentation").await;
    assert!(inspection.found.is_empty(), "{}", inspection.found.join("\n\n"));
    window.has_no_complaints().await;
    window.quit().await;
}

/// The way in, page by page.
async fn sign_up(app: &mut TestApp, inspection: &mut Inspection<'_>) -> Person {
    let ana = Person {
        handle: "ana".to_owned(),
        email: "ana@example.com".to_owned(),
    };
    let window = inspection.window;
    for page in [
        "/login",
        "/login?reset",
        "/login/confirm?t=x",
        "/nowhere",
        "/signup",
    ] {
        inspection.visit(page).await;
    }
    window.fill("E-mail address", &ana.email).await;
    window.click("Continue").await;
    window.sees("Check your mail").await;
    inspection.look("check your mail").await;
    window.visit(&app.mailbox.next(&ana.email).await.link()).await;
    inspection.look("the link").await;
    window.click("Continue").await;
    window.fill("Handle", "No Good").await;
    inspection.look("choose a handle").await;
    window.fill("Handle", &ana.handle).await;
    window.click("Create account").await;
    window.is_at("/").await;
    ana
}

/// What opens on a page without leaving it, and forms that were refused.
async fn in_place(inspection: &mut Inspection<'_>) {
    let window = inspection.window;
    window.visit("/settings/tokens").await;
    window.click("New token").await;
    window.fill("Title (optional)", "CI").await;
    window.click("Create token").await;
    window.sees("is ready").await;
    inspection.look("the created token").await;
    window.visit("/settings/tokens").await;
    window.click("Options for token CI").await;
    inspection.look("the menu of a token").await;
    window.click("Rotate").await;
    window.click("Rotate token").await;
    window.sees("The old token").await;
    inspection.look("the rotated token").await;
    window.visit("/settings/tokens").await;
    window.sees("Retiring").await;
    inspection.look("a retiring token").await;
    window.click("Your account").await;
    inspection.look("the avatar menu").await;
    window.click("Switch account or workspace").await;
    inspection.look("the switcher").await;
    window.visit("/settings/profile").await;
    window.click("Show the password").await;
    window.sees("Hides again").await;
    inspection.look("the password shown").await;
    window.press("?").await;
    window.sees("Show these keys").await;
    inspection.look("the keys").await;
    window.press(Key::Escape).await;
    window.fill("Avatar URL", "ftp://example.com/me.png").await;
    window
        .run("document.querySelectorAll('form').forEach((form) => { form.noValidate = true; })")
        .await;
    window.click("Fetch picture").await;
    window.sees("without a user name or password").await;
    inspection.look("a refused form").await;
    window.fill("Avatar URL", "https://example.com/me.png").await;
    window.click("Fetch picture").await;
    // In this test there is no network.
    window.sees("failed. Nothing could be fetched").await;
    inspection.look("a fetch that failed").await;
}

/// Changing the handle: while it is typed, before it happens, and after it.
async fn renaming(inspection: &mut Inspection<'_>) {
    let window = inspection.window;
    window.visit("/settings/advanced").await;
    window.fill("New handle", "admin").await;
    window.sees("This handle is reserved.").await;
    inspection.look("a handle that cannot be").await;
    window.fill("New handle", "bea").await;
    window.sees("bea is free.").await;
    inspection.look("a free handle").await;
    window.click("Preview change").await;
    window.sees("Change handle from ana to bea").await;
    inspection.look("the preview of a handle").await;
    window.fill("Type ana, your handle now, to confirm", "ana").await;
    window.click("Change handle").await;
    window.sees("ana is now bea").await;
    inspection.look("the changed handle").await;
    inspection.visit("/settings/advanced").await;
    inspection.visit("/settings/advanced/handle/changed").await;
}

/// Adding an address, its card, and removing it.
async fn addresses(app: &mut TestApp, inspection: &mut Inspection<'_>) {
    let window = inspection.window;
    window.visit("/settings/profile").await;
    window.click("Add address").await;
    inspection.look("the address dialog").await;
    window.fill("E-mail address", "ana@work.example").await;
    window.click("Send the mail").await;
    window.sees("We sent a mail there.").await;
    inspection.look("verify an address").await;
    let code = app.mailbox.next("ana@work.example").await.code();
    window.visit("/settings/profile").await;
    inspection.look("a pending address").await;
    window.click("Verify ana@work.example").await;
    window.fill("6-digit code", &code).await;
    window.click("Verify address").await;
    window.sees("It can sign in now.").await;
    window.click("Options for ana@work.example").await;
    inspection.look("an address's menu").await;
    window.click("Remove").await;
    inspection.look("the dialog that removes an address").await;
    window.press(Key::Escape).await;
}

/// Letting a command line in: who asks, the code, and the end.
async fn command_line(app: &TestApp, inspection: &mut Inspection<'_>) {
    let window = inspection.window;
    let asked = app.anonymous().post_nothing("/api/latest/login/token").await;
    let page = format!("/login/token?r={}", asked.json()["id"].as_str().unwrap());
    inspection.visit(&page).await;
    window.click("Verify").await;
    window.sees("Type this code at the terminal").await;
    inspection.look("the code for a command line").await;
    inspection.visit(&page).await;
    window.click("Deny").await;
    window.sees("The login is denied").await;
    inspection.look("a denied command line").await;
    inspection.visit(&page).await;
}

/// Confirming that it is still the same person: in a dialog, and as a page.
async fn confirmation(app: &TestApp, inspection: &mut Inspection<'_>) {
    let window = inspection.window;
    app.clock.advance(Duration::from_secs(13 * 60 * 60));
    window.visit("/settings/profile").await;
    window.click("Show the password").await;
    window.sees("Confirm that it is you.").await;
    inspection.look("the confirmation dialog").await;
    window.press(Key::Escape).await;
    window.click("Rotate password").await;
    window.click("Rotate password").await;
    window.sees("This needs a fresh proof").await;
    inspection.look("the confirmation page").await;
    window.fill("6-digit code", "12").await;
    window
        .run("document.querySelectorAll('form').forEach((form) => { form.noValidate = true; })")
        .await;
    window.click("Confirm and go on").await;
    window.sees("tries are left").await;
    inspection.look("a refused code").await;
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

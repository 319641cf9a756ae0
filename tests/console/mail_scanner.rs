//! What becomes of a sign-in link: a scanner that opens, follows and clicks gets nothing and spoils nothing.

use std::time::Duration;

use reqwest::Method;
use testkit::{Browser, Engine, Mail, Person, TestApp};

use super::{
    raw::{Raw, send},
    window::Window,
};

const LIFETIME: Duration = Duration::from_secs(15 * 60);
const MOMENT: Duration = Duration::from_secs(20);

/// A browser that asked for a link, and the mail that came.
async fn asked(app: &mut TestApp) -> (Browser, Mail, Person) {
    let ana = app.create_user("ana").await;
    let browser = app.browser();
    browser
        .post("/login", &[("email", &ana.email)])
        .await
        .with_status(303);
    let mail = app.mailbox.next(&ana.email).await;
    (browser, mail, ana)
}

fn path_of(mail: &Mail) -> String {
    let link = mail.link();
    link[link.find("/login/").unwrap()..].to_owned()
}

async fn is_in(browser: &Browser) -> bool {
    browser.get("/settings/profile").await.status == 200
}

fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn a_scanner_gets_nothing_and_spoils_nothing() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let (browser, mail, _) = asked(&mut app).await;
    let raw = Raw::http(&app);
    for _ in 0..20 {
        for method in [Method::HEAD, Method::GET] {
            let answer = send(raw.request(method, &path_of(&mail))).await.with_status(200);
            assert!(answer.headers.get("set-cookie").is_none());
        }
    }
    if let Some(robot) = Window::open(&app).await {
        robot.visit(&mail.link()).await;
        robot.sees("Type the code from the mail").await;
        let count = robot
            .run("return document.querySelectorAll('button, a').length")
            .await
            .as_u64()
            .unwrap();
        assert!(count > 0);
        for at in 0..count {
            robot.visit(&mail.link()).await;
            robot
                .run(&format!("document.querySelectorAll('button, a')[{at}].click()"))
                .await;
        }
        // Past the browser's own checks, too.
        robot.visit(&mail.link()).await;
        robot.run("document.querySelector('form').submit()").await;
        robot.sees("Type the 6-digit code from the mail.").await;
        assert!(robot.get_all_cookies().await.unwrap().is_empty());
        robot.visit("/settings/profile").await;
        robot.is_at("/login").await;
        robot.close().await;
    }
    let done = browser.follow(&mail.link()).await.with_status(303);
    assert_eq!(done.header("location"), "/");
    assert!(is_in(&browser).await);
}

#[tokio::test]
async fn a_link_works_once() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let (browser, mail, _) = asked(&mut app).await;
    let secret = browser
        .get(&path_of(&mail))
        .await
        .with_status(200)
        .hidden("secret");
    browser
        .post("/login/confirm", &[("secret", &secret)])
        .await
        .with_status(303);
    for again in [browser, app.browser()] {
        let dead = again.get(&path_of(&mail)).await.with_status(410);
        assert!(dead.body.contains("This link does not work any more"));
        again
            .post("/login/confirm", &[("secret", &secret)])
            .await
            .with_status(410);
        again
            .post("/login/confirm", &[("secret", &secret), ("code", &mail.code())])
            .await
            .with_status(410);
    }
}

#[tokio::test]
async fn a_link_works_for_15_minutes() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let (browser, mail, ana) = asked(&mut app).await;
    app.clock.advance(LIFETIME - MOMENT);
    browser.follow(&mail.link()).await.with_status(303);

    let late = app.browser();
    late.post("/login", &[("email", &ana.email)])
        .await
        .with_status(303);
    let mail = app.mailbox.next(&ana.email).await;
    let secret = late.get(&path_of(&mail)).await.hidden("secret");
    app.clock.advance(LIFETIME);
    late.get(&path_of(&mail)).await.with_status(410);
    late.post("/login/confirm", &[("secret", &secret)])
        .await
        .with_status(410);
    late.post("/login/confirm", &[("code", &mail.code())])
        .await
        .with_status(410);
    assert!(!is_in(&late).await);
}

#[tokio::test]
async fn in_another_browser_the_typed_code_works() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let (asking, mail, _) = asked(&mut app).await;
    let other = app.browser();
    let page = other.get(&path_of(&mail)).await.with_status(200);
    assert!(page.body.contains("Type the code from the mail"));
    let secret = page.hidden("secret");
    other
        .post("/login/confirm", &[("secret", &secret)])
        .await
        .with_status(422);
    other
        .post("/login/confirm", &[("code", &mail.code())])
        .await
        .with_status(410);
    assert!(!is_in(&other).await);
    let code = mail.code();
    let typed = format!("{} {}", &code[..3], &code[3..]);
    other
        .post("/login/confirm", &[("secret", &secret), ("code", &typed)])
        .await
        .with_status(303);
    assert!(is_in(&other).await);
    assert!(
        !is_in(&asking).await,
        "the session is only where the code was typed"
    );
}

#[tokio::test]
async fn the_code_is_enough_in_the_browser_that_asked() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    window.visit("/login").await;
    window.fill("E-mail address", &ana.email).await;
    window.click("Send sign-in link").await;
    let mail = app.mailbox.next(&ana.email).await;
    window.fill("6-digit code", wrong(&mail.code())).await;
    window.click("Continue with the code").await;
    window.sees("This is not the code from the mail.").await;
    window.fill("6-digit code", &mail.code()).await;
    window.click("Continue with the code").await;
    window.is_at("/").await;
    window.close().await;
}

#[tokio::test]
async fn five_wrong_codes_burn_it() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let (browser, mail, _) = asked(&mut app).await;
    let bad = wrong(&mail.code());
    let secret = browser
        .get(&path_of(&mail))
        .await
        .with_status(200)
        .hidden("secret");
    for _ in 0..5 {
        browser
            .post("/login/confirm", &[("code", bad)])
            .await
            .with_status(422);
    }
    browser
        .post("/login/confirm", &[("code", &mail.code())])
        .await
        .with_status(410);
    // The link is burned with the code, also in the browser that asked.
    browser.get(&path_of(&mail)).await.with_status(410);
    browser
        .post("/login/confirm", &[("secret", &secret)])
        .await
        .with_status(410);
    let other = app.browser();
    other
        .post("/login/confirm", &[("secret", &secret), ("code", &mail.code())])
        .await
        .with_status(410);
    assert!(!is_in(&browser).await && !is_in(&other).await);
}

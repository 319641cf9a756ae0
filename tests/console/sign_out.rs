//! Signing out ends the session everywhere it could be seen.

use testkit::{Engine, TestApp};

use super::{raw::Raw, window::Window};

#[tokio::test]
async fn the_back_button_shows_nothing() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    window.sign_in(&mut app, &ana).await;
    window.visit("/settings/tokens").await;
    window.visit("/settings/profile").await;
    let cookies = window.get_all_cookies().await.unwrap();
    let session = cookies
        .iter()
        .find(|cookie| cookie.name == "standpipe_session_http")
        .unwrap();
    let kept = format!("{}={}", session.name, session.value);
    window.has_no_complaints().await;

    window.click("Your account").await;
    window.click("Sign out").await;
    window.sees("You are signed out").await;
    window.back().await.unwrap();
    window.is_at("/login").await;
    assert!(!window.words().await.contains("Display name"));
    window.back().await.unwrap();
    window.is_at("/login").await;
    assert!(
        window
            .get_all_cookies()
            .await
            .unwrap()
            .iter()
            .all(|cookie| cookie.name != session.name)
    );

    // Whoever kept the cookie has nothing.
    let raw = Raw::http(&app);
    let request = raw
        .request(reqwest::Method::GET, "/settings/profile")
        .header("cookie", kept);
    let answer = super::raw::send(request).await.with_status(303);
    assert!(answer.header("location").starts_with("/login"));
    window.close().await;
}

#[tokio::test]
async fn other_browsers_stay_signed_in() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let (one, other) = (app.signed_in(&ana).await, app.signed_in(&ana).await);
    let out = one.submit("/", "/logout", &[]).await.with_status(200);
    assert_eq!(out.header("clear-site-data"), "\"cache\", \"storage\"");
    assert_eq!(out.header("cache-control"), "no-store");
    one.get("/").await.with_status(303);
    other.get("/").await.with_status(200);
    // Twice is as good as once.
    one.post("/logout", &[("csrf", "")]).await.with_status(200);
}

//! The shortest way into the console, without JavaScript and in a real browser.

use testkit::{Engine, TestApp};
use thirtyfour::By;

use super::window::Window;

testkit::both_engines! {
    async fn a_person_signs_up_and_in(builder) {
        let mut app = builder.start().await;
        let browser = app.browser();
        browser.sign_up("ana", "ana@example.com", &mut app.mailbox).await;
        let again = app.browser();
        again.sign_in("ana@example.com", &mut app.mailbox).await;
        let profile = again.get("/settings/profile").await.with_status(200);
        assert!(profile.body.contains("ana"));
        assert_eq!(app.browser().visit("/settings/profile").await.status, 200);
    }
}

#[tokio::test]
async fn chromium_shows_the_sign_in_page() {
    let app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    window.visit("/").await;
    window.is_at("/login").await;
    window.sees("Sign in").await;
    let heading = window.find(By::Css("h1")).await.unwrap();
    assert_eq!(heading.text().await.unwrap(), "Sign in");
    let field = window.find(By::Css("input[name=email]")).await.unwrap();
    assert!(field.is_displayed().await.unwrap());
    window.close().await;
}

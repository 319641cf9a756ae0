//! The shortest way into the console, without JavaScript and in a real browser.

use testkit::{Chromium, Engine, TestApp};
use thirtyfour::By;

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
    let Some(window) = Chromium::start(1280, 900, false).await else {
        return;
    };
    let app = TestApp::start(Engine::Sqlite).await;
    window
        .goto(format!("http://localhost:{}/", app.addresses().http.port()))
        .await
        .unwrap();
    assert_eq!(window.text("h1").await, "Sign in");
    assert!(
        window
            .find(By::Css("input[name=email]"))
            .await
            .unwrap()
            .is_displayed()
            .await
            .unwrap()
    );
    window.quit().await;
}

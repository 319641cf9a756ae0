//! How long sessions live, and how many there may be (security A.1).

use std::time::Duration;

use testkit::both_engines;

const PAGE: &str = "/settings/profile";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

both_engines! {
    async fn a_session_that_is_not_used_ends_to_the_second(builder) {
        let mut app = builder.configure(|config| {
            config.sessions.idle_days = 2;
            config.sessions.lifetime_days = 5;
        }).start().await;
        let ana = app.create_user("ana").await;
        let (used, unused) = (app.signed_in(&ana).await, app.signed_in(&ana).await);
        app.clock.advance(2 * DAY - SECOND);
        used.get(PAGE).await.with_status(200);
        app.app().flush_last_use().await.unwrap();
        app.clock.advance(SECOND);
        unused.get(PAGE).await.with_status(303);
        app.clock.advance(DAY);
        used.get(PAGE).await.with_status(200);
    }

    async fn a_session_that_is_used_ends_at_its_limit_too(builder) {
        let mut app = builder.configure(|config| {
            config.sessions.idle_days = 2;
            config.sessions.lifetime_days = 3;
        }).start().await;
        let ana = app.create_user("ana").await;
        let browser = app.signed_in(&ana).await;
        for _ in 0..2 {
            app.clock.advance(DAY);
            browser.get(PAGE).await.with_status(200);
            app.app().flush_last_use().await.unwrap();
        }
        app.clock.advance(DAY - SECOND);
        browser.get(PAGE).await.with_status(200);
        app.app().flush_last_use().await.unwrap();
        app.clock.advance(SECOND);
        browser.get(PAGE).await.with_status(303);
    }

    async fn one_session_too_many_ends_the_one_unused_for_longest(builder) {
        let mut app = builder.configure(|config| config.sessions.per_user = 3).start().await;
        let (ana, bob) = (app.create_user("ana").await, app.create_user("bob").await);
        let bobs = app.signed_in(&bob).await;
        let mut browsers = Vec::new();
        for _ in 0..3 {
            browsers.push(app.signed_in(&ana).await);
            app.clock.advance(Duration::from_secs(120));
        }
        // The first is used again, so that the second is the one.
        browsers[0].get(PAGE).await.with_status(200);
        app.app().flush_last_use().await.unwrap();
        assert_eq!(app.mailbox.count(&ana.email), 0);
        let fourth = app.signed_in(&ana).await;
        for (browser, status) in [(&browsers[0], 200), (&browsers[1], 303), (&browsers[2], 200), (&fourth, 200), (&bobs, 200)] {
            browser.get(PAGE).await.with_status(status);
        }
        let mail = app.mailbox.next(&ana.email).await;
        assert!(mail.head.contains("ended an older session") && mail.text.contains("/settings/sessions"), "{}", mail.raw);
        assert_eq!(app.mailbox.count(&ana.email), 0, "one mail");
        let log = app.bearer(&ana).await.get("/api/latest/user/ana/audit_log").await.json();
        let ended = log["items"].as_array().unwrap().iter().find(|r| r["action_type"] == "session.delete").unwrap();
        assert_eq!((&ended["data"]["reason"], &ended["data"]["ended"]), (&"sessions.per_user".into(), &1.into()));
    }
}

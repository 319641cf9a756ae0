//! What an account's owner is told, when, and how often.

use std::time::Duration;

use serde_json::json;
use testkit::{TestApp, both_engines};

use super::{delivery::all_is_done, everything::tidy};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const CHROME_LATER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.1.0.0 Safari/537.36";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const ANA: &str = "ana@example.com";

/// Ana signs in with this browser, from this address.
async fn sign_in(app: &mut TestApp, user_agent: &str, ip: &str) {
    let browser = app.browser_called(user_agent);
    let form = [("email", ANA)];
    browser.post_forwarded("/login", &form, ip).await.with_status(303);
    let link = app.mailbox.next(ANA).await.link();
    let secret = link.split_once("t=").unwrap().1;
    let form = [("secret", secret)];
    browser
        .post_forwarded("/login/confirm", &form, ip)
        .await
        .with_status(303);
}

fn told(app: &TestApp) -> usize {
    app.mailbox.count_of("new_sign_in", ANA)
}

both_engines! {
    async fn a_sign_in_from_elsewhere_is_told_once(builder) {
        let mut app = builder.configure(|config| config.http.trusted_proxies = vec!["127.0.0.1".to_owned()]).start().await;
        app.create_user("ana").await;
        sign_in(&mut app, CHROME, "192.0.2.7").await;
        let welcome = app.mailbox.next_of("welcome", ANA).await.text;
        assert!(welcome.contains("Your handle is ana.") && welcome.contains("From: 192.0.2.7") && welcome.contains("With: Chrome on Linux"), "{welcome}");
        // Nothing new: the same street, a newer version.
        sign_in(&mut app, CHROME_LATER, "192.0.2.200").await;
        assert_eq!(told(&app), 0);
        sign_in(&mut app, FIREFOX, "192.0.2.7").await;
        let mail = app.mailbox.next_of("new_sign_in", ANA).await;
        assert!(mail.text.contains("from a device that was not used") && mail.text.contains("With: Firefox on Linux"), "{}", mail.text);
        assert!(mail.text.contains("/not-me/sign-in"), "{}", mail.text);
        sign_in(&mut app, CHROME, "2001:db8:1:2::1").await;
        let mail = app.mailbox.next_of("new_sign_in", ANA).await.text;
        assert!(mail.contains("from a network that was not used") && mail.contains("From: 2001:db8:1:2::1"), "{mail}");
        // By now all of it is known, in each combination, and survives whatever is tidied.
        tidy(&app).await;
        for ip in ["192.0.2.1", "2001:db8:1:3::9"] {
            for user_agent in [CHROME, FIREFOX] {
                sign_in(&mut app, user_agent, ip).await;
            }
        }
        assert_eq!(told(&app), 0);
        assert!(app.dump_store().await.iter().all(|(table, row)| table != "known_places" || !row.contains("192.0.2") && !row.contains("Chrome")));
        // A year without them: they are news again, but nobody is welcomed twice.
        app.clock.advance(401 * DAY);
        tidy(&app).await;
        sign_in(&mut app, CHROME, "192.0.2.7").await;
        assert!(app.mailbox.next_of("new_sign_in", ANA).await.text.contains("a device and a network that were not used"));
        assert_eq!(app.mailbox.count_of("welcome", ANA), 0);
    }

    async fn after_a_reset_everybody_is_news(builder) {
        let mut app = builder.configure(|config| config.http.trusted_proxies = vec!["127.0.0.1".to_owned()]).start().await;
        let ana = app.create_user("ana").await;
        sign_in(&mut app, CHROME, "192.0.2.7").await;
        let bearer = app.bearer(&ana).await;
        let made = app.mailbox.next_of("token_created", ANA).await.text;
        assert!(made.contains("By: the operator of this server"), "{made}");
        bearer.patch("/api/v0/user/ana", json!({"token_min_issued_at": "2999-01-01T00:00:00Z"})).await.with_status(200);
        let reset = app.mailbox.next_of("auth_reset", ANA).await.text;
        assert!(reset.contains("The database password stayed as it is") && reset.contains("/not-me/reset"), "{reset}");
        sign_in(&mut app, CHROME, "192.0.2.7").await;
        app.mailbox.next_of("new_sign_in", ANA).await;
        assert_eq!(app.mailbox.count_of("welcome", ANA), 1);
    }

    async fn the_end_of_a_token_is_told_as_its_life_allows(builder) {
        let app = builder.token_cap(20).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        for days in [90_u32, 30, 7, 1] {
            let new = json!({"title": format!("{days} days"), "expiration": DAY.as_secs() * u64::from(days)});
            bearer.post("/api/v0/user/ana/token", new).await.with_status(201);
        }
        let off = json!({"title": "switched off", "expiration": DAY.as_secs() * 30});
        let off = bearer.post("/api/v0/user/ana/token", off).await.with_status(201).json();
        bearer.patch(&format!("/api/v0/user/ana/token/{}", off["id"].as_str().unwrap()), json!({"status": "inactive"})).await.with_status(200);
        // Bob is disabled: nobody writes to him.
        let bob = app.create_user("bob").await;
        app.bearer(&bob).await.post("/api/v0/user/bob/token", json!({"expiration": DAY.as_secs() * 30})).await.with_status(201);
        app.elsewhere(|app| async move { app.admin_set_user_active("bob", false).await.unwrap() }).await;
        // Twice a day, by two replicas at once.
        for _ in 0..184 {
            app.clock.advance(DAY / 2);
            let replica = app.elsewhere(|app| async move { app.remove_expired().await.unwrap() });
            tokio::join!(tidy(&app), replica);
            // No mail is on its way when half a day passes.
            all_is_done(&app).await;
        }
        all_is_done(&app).await;
        let subjects = |title: &str| {
            let mails = app.mailbox.all(ANA).into_iter().filter(|mail| mail.kind() == "token_expiring" || mail.kind() == "token_ended");
            let subject = |mail: testkit::Mail| mail.head.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap().to_owned();
            let mut found: Vec<_> = mails.map(subject).filter(|subject| subject.contains(title)).collect();
            found.sort();
            found
        };
        let expires = |title: &str, ends: &[&str]| {
            let mut all: Vec<_> = ends.iter().map(|end| format!("API token {title} {end}")).collect();
            all.sort();
            all
        };
        let (soon, over) = ("expires within a day", "has expired");
        assert_eq!(subjects("90 days"), expires("90 days", &["expires in 30 days", "expires in 14 days", "expires in 7 days", soon, over]));
        assert_eq!(subjects("30 days"), [expires("30 days", &["expires in 14 days", "expires in 7 days", soon, over]), vec!["API token 90 days expires in 30 days".to_owned()]].concat());
        assert_eq!(subjects("switched off"), Vec::<String>::new());
        assert_eq!(subjects("API token 1 days"), Vec::<String>::new());
        assert_eq!(subjects("API token 7 days"), expires("7 days", &[soon, over]));
        assert_eq!(app.mailbox.count_of("token_expiring", &bob.email), 0);
    }

    async fn a_server_that_was_off_tells_what_is_still_true(builder) {
        let app = builder.token_cap(20).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        bearer.post("/api/v0/user/ana/token", json!({"title": "CI", "expiration": DAY.as_secs() * 90})).await.with_status(201);
        app.clock.advance(85 * DAY);
        for _ in 0..3 {
            tidy(&app).await;
        }
        all_is_done(&app).await;
        assert_eq!(app.mailbox.count_of("token_expiring", ANA), 1, "not also that of 30 and of 14 days");
        // Long after its end it is no news.
        app.clock.advance(30 * DAY);
        tidy(&app).await;
        all_is_done(&app).await;
        assert_eq!(app.mailbox.count_of("token_ended", ANA), 0);
    }

    async fn an_overlap_that_is_over_is_told_also_where_the_slot_is_taken_first(builder) {
        let mut app = builder.token_cap(2).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let made = bearer.post("/api/v0/user/ana/token", json!({"title": "CI"})).await.with_status(201).json();
        let rotate = format!("/api/v0/user/ana/token/{}/rotate", made["id"].as_str().unwrap());
        let rotated = bearer.post(&rotate, json!({"overlap": 60})).await.with_status(201).json();
        let told = app.mailbox.next_of("token_rotated", ANA).await.text;
        assert!(told.contains("The old token goes on until") && told.contains("/not-me/token?token="), "{told}");
        tidy(&app).await;
        app.clock.advance(Duration::from_secs(61));
        let again = format!("/api/v0/user/ana/token/{}/rotate", rotated["id"].as_str().unwrap());
        bearer.post(&again, json!({"overlap": 0})).await.with_status(201);
        let told = app.mailbox.next_of("token_ended", ANA).await;
        assert!(told.head.contains("API token CI has retired"), "{}", told.head);
        assert!(app.mailbox.next_of("token_rotated", ANA).await.text.contains("The old token ended at once."));
        tidy(&app).await;
        all_is_done(&app).await;
        assert_eq!(app.mailbox.count_of("token_ended", ANA), 0, "once");
    }
}

//! Nobody's mailbox is filled by strangers: each way to have a mail sent to an address is limited, by the address.

use std::time::Duration;

use serde_json::json;
use testkit::{Builder, TestApp, both_engines};

use super::delivery::all_is_done;

const VICTIM: &str = "victim@example.com";
/// Mails an hour to one address that one network may ask for.
const PER_NETWORK: u32 = 2;
/// The same for all networks together.
const EVERYWHERE: usize = 10;
const NETWORKS: usize = 30;
const HOUR: Duration = Duration::from_secs(60 * 60);

fn limited(builder: Builder) -> Builder {
    builder.configure(|config| {
        config.limits.sign_ins_per_email_per_hour = PER_NETWORK;
        config.limits.codes_per_user_per_hour = 3;
        config.http.trusted_proxies = vec!["127.0.0.1".to_owned()];
    })
}

/// Asks for a mail to the victim in every way of writing its address, from many networks; how many were refused.
async fn ask_from_everywhere(app: &TestApp, page: &str) -> usize {
    let browser = app.browser();
    let mut refused = 0;
    for n in 0..NETWORKS {
        for email in [VICTIM, "Victim@Example.COM", " victim@example.com "] {
            let form = [("email", email)];
            let answer = browser
                .post_forwarded(page, &form, &format!("198.51.{n}.7"))
                .await;
            assert!(matches!(answer.status, 303 | 429), "{}", answer.status);
            refused += usize::from(answer.status == 429);
        }
    }
    refused
}

async fn mails(app: &TestApp) -> usize {
    all_is_done(app).await;
    app.mailbox.all(VICTIM).len() + app.mailbox.all("Victim@example.com").len()
}

both_engines! {
    async fn by_signing_in(builder) {
        let app = limited(builder).start().await;
        app.create_user("victim").await;
        let refused = ask_from_everywhere(&app, "/login").await;
        assert_eq!((refused, mails(&app).await), (3 * NETWORKS - EVERYWHERE, EVERYWHERE));
        // Signing up is no other way to the same mailbox.
        assert_eq!(ask_from_everywhere(&app, "/signup").await, 3 * NETWORKS);
        assert_eq!(mails(&app).await, EVERYWHERE);
    }

    async fn by_signing_up(builder) {
        let app = limited(builder).start().await;
        let refused = ask_from_everywhere(&app, "/signup").await;
        assert_eq!((refused, mails(&app).await), (3 * NETWORKS - EVERYWHERE, EVERYWHERE));
    }

    async fn by_adding_the_address(builder) {
        let app = limited(builder).start().await;
        let mut statuses = Vec::new();
        for n in 0..15 {
            let handle = format!("eve{n}");
            let eve = app.create_user(&handle).await;
            let bearer = app.bearer(&eve).await.forwarded_for(&format!("203.0.{n}.7"));
            let path = format!("/api/v0/user/{handle}/email");
            let added = bearer.post(&path, json!({"email": VICTIM})).await;
            statuses.push(added.status);
            if added.status == 201 {
                // Sending it again is the same mail to the same address.
                let again = format!("{path}/{}/resend", added.json()["id"].as_str().unwrap());
                for _ in 0..5 {
                    let status = bearer.post_nothing(&again).await.status;
                    assert!(matches!(status, 200..=204 | 404 | 429), "{status}");
                }
            }
        }
        assert!(statuses.contains(&201) && statuses.contains(&429), "{statuses:?}");
        assert!(mails(&app).await <= EVERYWHERE, "{}", mails(&app).await);
    }

    async fn by_asking_for_codes(builder) {
        let mut app = limited(builder).start().await;
        let victim = app.create_user("victim").await;
        let browser = app.browser();
        browser.sign_in(&victim.email, &mut app.mailbox).await;
        let before = mails(&app).await;
        app.clock.advance(13 * HOUR);
        for _ in 0..20 {
            let rotate = "/settings/profile/password/rotate";
            let page = browser.submit(rotate, rotate, &[]).await;
            assert!(matches!(page.status, 403 | 429), "{}", page.status);
            if page.status == 403 {
                let (csrf, request) = (page.hidden("csrf"), page.hidden("request"));
                browser.post("/settings/confirm/code", &[("csrf", &csrf), ("request", &request)]).await;
            }
        }
        let sent = mails(&app).await - before;
        assert!((1..=3).contains(&sent), "{sent}");
    }

    async fn by_logins_of_command_lines(builder) {
        let app = limited(builder).start().await;
        app.create_user("victim").await;
        for _ in 0..50 {
            app.anonymous_over_tls().post_nothing("/api/v0/login/token").await;
        }
        assert_eq!(mails(&app).await, 0, "a request tells nobody; a login that somebody verified does");
    }

    async fn by_reporting_what_is_no_credential(builder) {
        let app = limited(builder).start().await;
        let victim = app.create_user("victim").await;
        let leaked = app.bearer(&victim).await.token;
        let before = mails(&app).await;
        for _ in 0..5 {
            let report = json!({"credentials": [leaked, leaked, leaked]});
            app.anonymous().post("/api/latest/credentials/revoke", report).await.with_status(202);
        }
        assert_eq!(mails(&app).await - before, 1, "a credential ends once");
    }
}

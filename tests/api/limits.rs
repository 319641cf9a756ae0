//! How often anyone may ask (security A.5): told with `Retry-After`, and no stranger's doing for anyone else.

use serde_json::json;
use testkit::{Answer, both_engines};

#[track_caller]
fn must_wait(answer: Answer) -> Answer {
    let answer = answer.with_status(429);
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=3600).contains(&wait), "{wait}");
    answer
}

both_engines! {
    async fn one_network_asks_so_often_and_another_goes_on(builder) {
        let app = builder.configure(|config| {
            config.limits.requests_per_ip = 40;
            config.http.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
        }).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await.forwarded_for("198.51.100.7");
        let mut statuses = Vec::new();
        for _ in 0..60 {
            statuses.push(bearer.get("/api/latest/actor").await.status);
        }
        assert!(statuses[..40].iter().all(|status| *status == 200) && statuses.contains(&429), "{statuses:?}");
        let refused = must_wait(bearer.get("/api/latest/actor").await).json();
        assert_eq!(refused["type"], "rate_limited");
        // The console of the same network waits too, with a page.
        let page = must_wait(bearer.get("/login").await);
        assert!(page.body.contains("<h1>Too many requests</h1>"), "{}", page.body);
        // Health is asked for by machines, and the same token elsewhere goes on.
        bearer.get("/healthz").await.with_status(200);
        bearer.forwarded_for("198.51.100.8").get("/api/latest/actor").await.with_status(200);
        // What the client writes itself stands left of what the proxy adds.
        must_wait(bearer.forwarded_for("192.0.2.1, 198.51.100.7").get("/api/latest/actor").await);
    }

    async fn one_account_asks_so_often_and_later_pages_go_on(builder) {
        let app = builder.token_cap(10).configure(|config| config.limits.requests_per_account = 20).start().await;
        let (ana, bob) = (app.create_user("ana").await, app.create_user("bob").await);
        let (as_ana, as_bob) = (app.bearer(&ana).await, app.bearer(&bob).await);
        as_ana.post_nothing("/api/latest/user/ana/token").await.with_status(201);
        let first = as_ana.get("/api/latest/user/ana/token?limit=1").await.with_status(200).json();
        let mut answer = as_ana.get("/api/latest/actor").await;
        for _ in 0..40 {
            answer = as_ana.get("/api/latest/actor").await;
        }
        must_wait(answer);
        // A client that is told to wait in the middle of a list breaks (contract §0.9).
        let next = format!("/api/latest/user/ana/token?limit=1&next_token={}", first["next_token"].as_str().unwrap());
        for _ in 0..30 {
            as_ana.get(&next).await.with_status(200);
        }
        must_wait(as_ana.patch("/api/latest/user/ana?next_token=x", json!({})).await);
        as_bob.get("/api/latest/actor").await.with_status(200);
    }

    async fn large_and_deep_bodies_are_refused(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let large = json!({"display_name": "x".repeat(70_000)});
        assert_eq!(bearer.patch("/api/latest/user/ana", large).await.with_status(413).json()["type"], "too_large");
        for deep in ["[", "{\"display_name\":"] {
            let body = deep.repeat(60_000 / deep.len());
            bearer.patch_text("/api/latest/user/ana", &body).await.with_status(400);
            bearer.patch_text("/api/latest/user/ana", &format!("{{\"unknown\":{body}")).await.with_status(400);
        }
        bearer.patch_text("/api/latest/user/ana", "{\"display_name\":\"a\",\"display_name\":\"b\"}").await.with_status(400);
        bearer.get("/api/latest/actor").await.with_status(200);
    }

    async fn a_header_of_the_client_changes_neither_limits_nor_records(builder) {
        let app = builder.configure(|config| config.limits.sign_ins_per_ip = 3).start().await;
        let ana = app.create_user("ana").await;
        let stranger = app.browser();
        let mut last = None;
        for n in 0..5 {
            last = Some(stranger.post_forwarded("/login", &[("email", &format!("x{n}@example.com"))], &format!("192.0.2.{n}")).await);
        }
        must_wait(last.unwrap());
        let bearer = app.bearer(&ana).await.forwarded_for("192.0.2.200");
        bearer.patch("/api/latest/user/ana", json!({"display_name": "Ana"})).await.with_status(200);
        let log = bearer.get("/api/latest/user/ana/audit_log").await.json();
        assert_eq!(log["items"][0]["actor_ip"], "127.0.0.1");
    }

    async fn behind_a_proxy_the_record_names_the_client(builder) {
        let app = builder.configure(|config| config.http.trusted_proxies = vec!["127.0.0.1".to_owned()]).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await.forwarded_for("8.8.8.8, 2001:db8::7");
        bearer.patch("/api/latest/user/ana", json!({"display_name": "Ana"})).await.with_status(200);
        let log = bearer.get("/api/latest/user/ana/audit_log").await.json();
        assert_eq!(log["items"][0]["actor_ip"], "2001:db8::7");
    }

    async fn a_stranger_who_asks_in_a_persons_name_does_not_keep_them_out(builder) {
        let mut app = builder.configure(|config| {
            config.limits.sign_ins_per_email_per_hour = 2;
            config.http.trusted_proxies = vec!["127.0.0.1".to_owned()];
        }).start().await;
        let ana = app.create_user("ana").await;
        let form = [("email", ana.email.as_str())];
        let stranger = app.browser();
        for _ in 0..2 {
            stranger.post_forwarded("/login", &form, "192.0.2.66").await.with_status(303);
            app.mailbox.next(&ana.email).await;
        }
        must_wait(stranger.post_forwarded("/login", &form, "192.0.2.66").await);
        let own = app.browser();
        own.post_forwarded("/login", &form, "198.51.100.1").await.with_status(303);
        let link = app.mailbox.next(&ana.email).await.link();
        own.follow(&link).await.with_status(303);
        own.get("/settings/profile").await.with_status(200);
    }
}

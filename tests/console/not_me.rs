//! "This was not me": to whom it belongs it offers what helps, and to nobody else anything.

use model::alarm::Alarm;
use serde_json::json;
use testkit::both_engines;

both_engines! {
    async fn the_page_offers_what_helps(builder) {
        let mut app = builder.start().await;
        let (ana, bob) = (app.create_user("ana").await, app.create_user("bob").await);
        let (bearer, bobs) = (app.bearer(&ana).await, app.bearer(&bob).await);
        let made = bearer.post("/api/v0/user/ana/token", json!({"title": "CI <b>"})).await.with_status(201).json();
        let id = made["id"].as_str().unwrap();
        let browser = app.signed_in(&ana).await;
        let other = app.signed_in(&ana).await;
        let before = app.dump_store().await.len();
        for alarm in Alarm::ALL {
            let page = browser.get(&format!("/not-me/{}", alarm.as_str())).await.with_status(200);
            assert!(page.body.contains(alarm.title()) && page.body.contains("Open audit log"), "{}", page.body);
        }
        assert_eq!(app.dump_store().await.len(), before, "it changes nothing");
        for nothing in ["/not-me/x", "/not-me/"] {
            browser.get(nothing).await.with_status(404);
        }

        // The token of the mail is deactivated by one button; others' tokens are not mentioned.
        let page = format!("/not-me/token?token={id}");
        let shown = browser.get(&page).await.with_status(200);
        assert!(shown.body.contains("Deactivate the token CI &#60;b&#62;"), "{}", shown.body);
        browser.submit(&page, &format!("/settings/tokens/{id}/status"), &[("status", "inactive")]).await.with_status(303);
        let token = bearer.get(&format!("/api/v0/user/ana/token/{id}")).await.json();
        assert_eq!(token["status"], "inactive");
        assert!(!browser.get(&page).await.body.contains("Deactivate the token"), "it is off");
        let foreign = format!("/not-me/token?token=t_{}", &bobs.token[4..24]);
        for page in [foreign.as_str(), "/not-me/token?token=x", "/not-me/sign-in"] {
            assert!(!browser.get(page).await.with_status(200).body.contains("Deactivate the token"), "{page}");
        }

        // The other session ends by one button.
        browser.submit("/not-me/sign-in", "/settings/sessions/end-others", &[]).await.with_status(303);
        other.get("/settings/profile").await.with_status(303);
        let password = app.password(&bearer, &ana).await;
        browser.submit("/not-me/password", "/settings/profile/password/rotate", &[]).await.with_status(303);
        assert_ne!(app.password(&bearer, &ana).await, password);
    }

    async fn who_is_not_signed_in_signs_in_first(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let page = format!("/not-me/token?token=t_{}", &bearer.token[4..24]);
        let stranger = app.browser();
        let shown = stranger.get(&page).await.with_status(200);
        assert!(!shown.body.contains("<form") && !shown.body.contains("Deactivate"), "{}", shown.body);
        let login = shown.body.split("href=\"").find(|part| part.starts_with("/login?next=")).unwrap();
        let login = login.split('"').next().unwrap();
        let next = stranger.get(login).await.with_status(200).hidden("next");
        assert_eq!(next, page);
        stranger.post("/login", &[("email", &ana.email), ("next", &next)]).await.with_status(303);
        let link = app.mailbox.next(&ana.email).await.link();
        let done = stranger.follow(&link).await.with_status(303);
        assert_eq!(done.header("location"), page);
        assert!(stranger.get(&page).await.with_status(200).body.contains("Deactivate the token"));
    }
}

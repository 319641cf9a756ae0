//! Deleting an account.

use std::time::Duration;

use serde_json::json;
use testkit::{Bearer, Person, TestApp, both_engines};

const ME: &str = "/api/v0/user/ana";

/// Somebody who can do things, and their credentials.
async fn ana(builder: testkit::Builder) -> (TestApp, Person, Bearer) {
    let app = builder.start().await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    (app, ana, bearer)
}

both_engines! {
    async fn nothing_of_a_deleted_account_is_let_in(builder) {
        let (mut app, ana, bearer) = ana(builder).await;
        let other = app.bearer(&ana).await;
        let browser = app.signed_in(&ana).await;
        let link = app.with_app(|app| async move { app.admin_sign_in_link("ana").await.unwrap() }).await;
        let bob = app.create_user("bob").await;
        let bob = app.bearer(&bob).await;

        let was = bearer.delete(ME).await.with_status(200).json();
        assert_eq!(was["handle"], "ana");
        for token in [&bearer, &other] {
            token.get("/api/v0/actor").await.with_status(401);
            token.get(ME).await.with_status(401);
            token.delete(ME).await.with_status(401);
        }
        browser.get("/settings/profile").await.with_status(303);
        let path = format!("/login/confirm?{}", link.split_once('?').unwrap().1);
        app.browser().get(&path).await.with_status(410);
        // To everybody else it is as if it had never been.
        bob.get(ME).await.with_status(404);
        bob.get(&format!("/api/v0/user/{}", was["id"].as_str().unwrap())).await.with_status(404);
        bob.delete(ME).await.with_status(404);
        bob.get("/api/v0/actor").await.with_status(200);
        assert!(app.mailbox.next(&ana.email).await.head.contains("deleted"));
    }

    async fn the_handle_is_held_and_the_address_is_free(builder) {
        let (mut app, ana, bearer) = ana(builder).await;
        bearer.delete(ME).await.with_status(200);
        app.mailbox.next(&ana.email).await;
        let browser = app.browser();
        browser.post("/signup", &[("email", &ana.email)]).await.with_status(303);
        let link = app.mailbox.next(&ana.email).await.link();
        browser.follow(&link).await.with_status(303);
        let form = [("handle", "ana"), ("display_name", "")];
        let refused = browser.post("/signup/handle", &form).await.with_status(422);
        assert!(refused.body.contains("is held"), "{}", refused.body);
        browser.post("/signup/handle", &[("handle", "ana2"), ("display_name", "")]).await.with_status(303);
        browser.get("/settings/profile").await.with_status(200);
    }

    async fn of_many_deletions_at_once_one_deletes(builder) {
        let (app, _, bearer) = ana(builder).await;
        let deletions: Vec<_> = (0..16).map(|_| {
            let bearer = bearer.clone();
            tokio::spawn(async move { bearer.delete(ME).await.status })
        }).collect();
        let mut statuses = Vec::new();
        for deletion in deletions {
            statuses.push(deletion.await.unwrap());
        }
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 204, 401].contains(status)), "{statuses:?}");
        drop(app);
    }

    async fn the_operator_deletes_from_outside(builder) {
        let (app, _, bearer) = ana(builder).await;
        app.elsewhere(|app| async move { app.admin_delete_user("ana").await.unwrap() }).await;
        bearer.get("/api/v0/actor").await.with_status(401);
        let again = app.elsewhere(|app| async move { app.admin_delete_user("ana").await.is_err() }).await;
        assert!(again, "there is nobody of that name");
    }

    async fn a_disabled_account_and_a_reset_credential_delete_nothing(builder) {
        let (app, ana, bearer) = ana(builder).await;
        app.with_app(|app| async move { app.admin_set_user_active("ana", false).await.unwrap() }).await;
        bearer.delete(ME).await.with_status(401);
        app.with_app(|app| async move { app.admin_set_user_active("ana", true).await.unwrap() }).await;
        bearer.patch(ME, json!({"token_min_issued_at": "2999-01-01T00:00:00Z"})).await.with_status(200);
        bearer.delete(ME).await.with_status(401);
        app.bearer(&ana).await.get(ME).await.with_status(200);
    }

    async fn a_browser_needs_a_sign_in_of_just_now(builder) {
        let (mut app, ana, _) = ana(builder).await;
        let browser = app.signed_in(&ana).await;
        let page = "/settings/advanced/delete-account";
        let csrf = browser.get(page).await.with_status(200).hidden("csrf");
        app.clock.advance(Duration::from_secs(11 * 60));
        let answer = browser.post(page, &[("csrf", &csrf), ("account", "ana")]).await;
        assert_eq!(answer.status, 403);
        app.bearer(&ana).await.get(ME).await.with_status(200);
        // The code from the mail is a proof of just now, and the deletion goes on with what was typed.
        let code = app.mailbox.next(&ana.email).await.code();
        let (csrf, request) = (answer.hidden("csrf"), answer.hidden("request"));
        let form = [("csrf", csrf.as_str()), ("request", &request), ("code", &code)];
        let done = browser.post("/settings/confirm", &form).await.with_status(303);
        assert_eq!(done.header("location"), "/login?deleted");
        app.with_app(|app| async move { assert!(app.admin_list_users().await.unwrap().is_empty()) }).await;
    }
}

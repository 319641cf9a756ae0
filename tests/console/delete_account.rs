//! Deleting an account on its page.

use testkit::both_engines;

const PAGE: &str = "/settings/advanced/delete-account";

both_engines! {
    async fn the_handle_is_checked_on_the_server(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let browser = app.signed_in(&ana).await;
        let advanced = browser.get("/settings/advanced").await.with_status(200);
        assert!(advanced.body.contains("Delete developer account") && advanced.body.contains("Export my data"));
        let page = browser.get(PAGE).await.with_status(200);
        assert!(page.body.contains("ana@example.com is forgotten"), "{}", page.body);
        for typed in ["", "an", "Ana", "ana2", "bob"] {
            let refused = browser.submit(PAGE, PAGE, &[("account", typed)]).await.with_status(422);
            assert!(refused.body.contains("Type ana to delete the account."));
            assert!(refused.body.contains(&format!("value=\"{typed}\"")), "the input is kept");
        }
        let done = browser.submit(PAGE, PAGE, &[("account", " ana ")]).await.with_status(303);
        assert_eq!(done.header("location"), "/login?deleted");
        assert!(done.header("clear-site-data").contains("storage"));
        assert!(browser.visit("/login?deleted").await.body.contains("Your account is deleted"));
        browser.get("/settings/profile").await.with_status(303);
    }

    async fn the_preview_names_what_goes(builder) {
        if !testkit::has("postgres") { return }
        let mut app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        app.create_workspace(&bearer, &ana, "dev").await;
        let browser = app.signed_in(&ana).await;
        let page = browser.get(PAGE).await.with_status(200).body;
        assert!(page.contains("Workspace dev is dropped with all that is in it (") && page.contains("MB)"), "{page}");
        assert!(page.contains("1 token and 1 session stop working now"), "{page}");
    }
}

//! Changing the handle in the console: seen before it happens, confirmed by hand, and told afterwards.

use std::time::Duration;

use testkit::{Engine, TestApp, both_engines, has};

use super::window::Window;

const PAGE: &str = "/settings/advanced";
const HANDLE: &str = "/settings/advanced/handle";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

both_engines! {
    async fn every_name_is_seen_before_and_after(builder) {
        if !has("postgres") || !has("psql") { return }
        let mut app = builder.with_workspaces().start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let workspace = app.create_workspace(&bearer, &ana, "dev").await;
        let browser = app.signed_in(&ana).await;
        let password = app.password(&bearer, &ana).await;
        let card = browser.get(PAGE).await.with_status(200);
        assert!(card.body.contains("action=\"/settings/advanced/handle\"") && card.body.contains("-dev.db.localhost"));

        let preview = browser.get(&format!("{HANDLE}?handle=bea")).await.with_status(200);
        let (port, database) = (app.addresses().gateway.port(), workspace["database_name"].as_str().unwrap());
        for (user, host) in [("ana", "ana-dev"), ("bea", "bea-dev")] {
            for string in [
                format!("{host}.db.localhost"),
                format!("postgresql://{user}:••••••••@{host}.db.localhost:{port}/{database}?sslmode=require"),
                format!("postgresql://{user}:••••••••@localhost:{port}/{database}<"),
            ] {
                assert!(preview.body.contains(&string), "{string} in {}", preview.body);
            }
        }
        assert!(!preview.body.contains(&password));
        assert_eq!(bearer.get("/api/v0/actor").await.json()["handle"], "ana", "a preview changes nothing");

        // The server checks what is typed.
        let from = format!("{HANDLE}?handle=bea");
        let refused = browser.submit(&from, HANDLE, &[("handle", "bea"), ("confirm", "bea")]).await.with_status(422);
        assert!(refused.body.contains("Type ana to change your handle.") && refused.body.contains("value=\"bea\""));
        let done = browser.submit(&from, HANDLE, &[("handle", "bea"), ("confirm", "ana")]).await.with_status(303);
        let told = browser.get(done.header("location")).await.with_status(200);
        assert!(told.body.contains("Your handle is bea now.") && told.body.contains("<bdi>ana</bdi> is now <bdi>bea</bdi>"));
        for string in ["<del><span class=\"unseen\">Until then: </span>ana-dev.db.localhost", "bea-dev.db.localhost", "postgresql://bea:"] {
            assert!(told.body.contains(string), "{string} in {}", told.body);
        }
        // The console goes on: the top bar, the workspace's page, its new strings.
        let connect = browser.get("/workspace/dev").await.with_status(200);
        assert!(connect.body.contains("bea-dev.db.localhost") && !connect.body.contains("ana-dev.db.localhost"));
        let renamed = testkit::Person { handle: "bea".to_owned(), ..ana };
        assert_eq!(app.psql_by_host(&renamed, &workspace, &password).run("SELECT 1").await.rows(), "1");

        // Once a day; afterwards the old one can be taken back with one click.
        let card = browser.get(PAGE).await.body;
        assert!(card.contains("Yours can change again") && !card.contains("Take ana back"));
        let soon = browser.get(&format!("{HANDLE}?handle=cleo")).await.with_status(409);
        assert!(soon.body.contains("at most once a day"));
        app.clock.advance(DAY);
        assert!(browser.get(PAGE).await.body.contains("Take ana back"));
        browser.get(&format!("{HANDLE}?handle=ana")).await.with_status(200);
    }

    async fn a_name_that_cannot_be_is_said_beside_the_field(builder) {
        let mut app = builder.start().await;
        app.create_user("bob").await;
        let ana = app.create_user("ana").await;
        let browser = app.signed_in(&ana).await;
        for (typed, status, said) in [
            ("bob", 409, "The handle bob is taken."),
            ("admin", 422, "This handle is reserved."),
            ("a--b", 422, "hyphens stand alone and inside"),
            ("ana", 422, "This is your handle already."),
            ("%3Cb%3E", 422, "hyphens stand alone and inside"),
        ] {
            let page = browser.get(&format!("{HANDLE}?handle={typed}")).await.with_status(status);
            assert!(page.body.contains(said) && page.body.contains("f-handle-error"), "{typed}: {}", page.body);
            assert!(!page.body.contains("<b>\""));
        }
        browser.get(HANDLE).await.with_status(303);
        browser.get(&format!("{HANDLE}/changed")).await.with_status(303);
        // Taken between preview and confirmation.
        let from = format!("{HANDLE}?handle=bea");
        browser.get(&from).await.with_status(200);
        let csrf = browser.get(&from).await.hidden("csrf");
        app.create_user("bea").await;
        let refused = browser.post(HANDLE, &[("csrf", &csrf), ("handle", "bea"), ("confirm", "ana")]).await.with_status(409);
        assert!(refused.body.contains("The handle bea is taken."));
    }

    async fn asking_is_for_signed_in_people_and_limited(builder) {
        let mut app = builder.configure(|config| config.limits.handles_per_ip = 10).start().await;
        app.create_user("bob").await;
        let ana = app.create_user("ana").await;
        let check = format!("{HANDLE}/check?handle=");
        app.browser().get(&format!("{check}bob")).await.with_status(303);
        let browser = app.signed_in(&ana).await;
        let answer = browser.get(&format!("{check}bob")).await.with_status(200).json();
        assert_eq!((answer["free"].as_bool(), answer["sentence"].as_str()), (Some(false), Some("The handle bob is taken. Choose another.")));
        let answer = browser.get(&format!("{check}bea")).await.with_status(200).json();
        assert_eq!((answer["free"].as_bool(), answer["sentence"].as_str()), (Some(true), Some("bea is free.")));
        for _ in 0..8 {
            browser.get(&format!("{check}bob")).await.with_status(200);
        }
        let limited = browser.get(&format!("{check}bob")).await.with_status(429);
        assert!(limited.header("retry-after").parse::<u64>().unwrap() <= 7);
        // The form says so too, and keeps what was typed.
        let page = browser.get(&format!("{HANDLE}?handle=bea")).await.with_status(429);
        assert!(page.body.contains("Too many names were tried.") && page.body.contains("value=\"bea\""));
    }
}

#[tokio::test]
async fn in_a_browser_it_is_said_while_one_types() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    app.create_user("bob").await;
    let ana = app.create_user("ana").await;
    window.sign_in(&mut app, &ana).await;
    window.visit(PAGE).await;
    window.fill("New handle", "bob").await;
    window.sees("The handle bob is taken.").await;
    window.fill("New handle", "bea").await;
    window.sees("bea is free.").await;
    window.sees("bea-dev.db.localhost").await;
    window.click("Preview change").await;
    window.sees("Change handle from ana to bea").await;
    window.fill("Type ana, your handle now, to confirm", "ana").await;
    window.click("Change handle").await;
    window.sees("ana is now bea").await;
    window.is_at("/settings/advanced/handle/changed").await;
    window.has_no_complaints().await;
    window.quit().await;
}

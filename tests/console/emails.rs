//! E-mail addresses on the profile page, with and without a script.

use testkit::{Engine, Mail, TestApp, both_engines};

use super::{raw::Raw, window::Window};

const PAGE: &str = "/settings/profile";
const ADD: &str = "/settings/profile/emails";
const NEW: &str = "ana@work.example";

fn link(mail: &Mail) -> String {
    let word = mail
        .text
        .split_whitespace()
        .find(|word| word.contains("/verify?t="));
    let word = word.unwrap_or_else(|| panic!("no link in {}", mail.text));
    word[word.find("/settings/").unwrap()..].to_owned()
}

both_engines! {
    async fn the_link_asks_the_same_person_and_acts_on_a_button_alone(builder) {
        let mut app = builder.start().await;
        let (ana, bo) = (app.create_user("ana").await, app.create_user("bo").await);
        let (browser, bos) = (app.signed_in(&ana).await, app.signed_in(&bo).await);
        let added = browser.submit(PAGE, ADD, &[("email", NEW)]).await.with_status(303);
        let here = added.header("location").to_owned();
        assert!(browser.get(&here).await.with_status(200).body.contains("6-digit code"));
        let mail = app.mailbox.next(NEW).await;
        let link = link(&mail);

        // A scanner, however often; another person; and somebody who must sign in first, who comes back without the secret.
        let raw = Raw::http(&app);
        for _ in 0..5 {
            let answer = raw.get(&link).await.with_status(303);
            let location = answer.header("location");
            assert!(location.starts_with("/login?next=") && !location.contains("t%3D"), "{location}");
        }
        bos.get(&link).await.with_status(404);
        let csrf = bos.get(PAGE).await.hidden("csrf");
        let secret = link.split("t=").nth(1).unwrap();
        bos.post(&here, &[("csrf", &csrf), ("secret", secret)]).await.with_status(404);
        for _ in 0..3 {
            assert!(browser.get(&link).await.with_status(200).body.contains("One more step"));
        }
        assert!(browser.get(PAGE).await.body.contains(">Pending<"), "looking changes nothing");

        let secret = browser.get(&link).await.hidden("secret");
        browser.submit(&link, &here, &[("secret", &secret)]).await.with_status(303);
        let page = browser.get(PAGE).await.with_status(200);
        assert!(page.body.contains("ana@work.example is verified.") && !page.body.contains(">Pending<"));
        browser.get(&link).await.with_status(303);
        app.browser().sign_in(NEW, &mut {
            let mut mailbox = app.mailbox.clone();
            mailbox.next(NEW).await;
            mailbox
        }).await;
    }

    async fn without_a_script_everything_is_a_page(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let browser = app.signed_in(&ana).await;
        let page = browser.get(PAGE).await.with_status(200);
        assert!(page.body.contains("E-mail addresses") && page.body.contains("/settings/profile/emails/new") && page.body.contains(">Primary<"));
        let new = "/settings/profile/emails/new";
        let refused = browser.submit(new, ADD, &[("email", "ana@")]).await.with_status(422);
        assert!(refused.body.contains("f-email-error") && refused.body.contains("value=\"ana@\""));
        let here = browser.submit(new, ADD, &[("email", NEW)]).await.with_status(303).header("location").to_owned();
        let first = app.mailbox.next(NEW).await.code();
        let resend = here.replace("/verify", "/resend");
        browser.submit(&here, &resend, &[]).await.with_status(303);
        let code = app.mailbox.next(NEW).await.code();
        if first != code {
            let wrong = browser.submit(&here, &here, &[("code", &first)]).await.with_status(422);
            assert!(wrong.body.contains("This is not the code from the mail."));
        }
        browser.submit(&here, &here, &[("code", &code)]).await.with_status(303);

        let primary = here.replace("/verify", "/primary");
        browser.submit(PAGE, &primary, &[]).await.with_status(303);
        assert!(browser.get(PAGE).await.body.contains("ana@work.example is your primary address."));
        let remove = here.replace("/verify", "/remove");
        browser.submit(&remove, &remove, &[]).await.with_status(303);
        assert!(browser.get(PAGE).await.body.contains("This is your primary address. Make another one primary first"));

        // Stale: the form waits for a code, which goes to the new primary address, and goes on with what was typed.
        app.clock.advance(std::time::Duration::from_secs(11 * 60));
        for _ in 0..2 {
            app.mailbox.next(NEW).await;
        }
        let asked = browser.submit(new, ADD, &[("email", "ana@third.example")]).await.with_status(403);
        assert!(asked.body.contains("Add an e-mail address: <bdi>ana@third.example</bdi>") && asked.body.contains(NEW));
        let code = app.mailbox.next(NEW).await.code();
        let (csrf, request) = (asked.hidden("csrf"), asked.hidden("request"));
        let done = browser.post("/settings/confirm", &[("csrf", &csrf), ("request", &request), ("code", &code)]).await.with_status(303);
        assert!(done.header("location").ends_with("/verify"));
        app.mailbox.next("ana@third.example").await.code();
    }
}

#[tokio::test]
async fn in_a_browser_with_dialogs_and_a_menu() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    window.sign_in(&mut app, &ana).await;
    window.visit(PAGE).await;
    window.click("Add address").await;
    window.fill("E-mail address", NEW).await;
    window.click("Send the mail").await;
    window.sees("We sent a mail there.").await;
    let mail = app.mailbox.next(NEW).await;
    window.visit(&link(&mail)).await;
    window.click("Verify address").await;
    window.sees("is verified. It can sign in now.").await;
    window.click(&format!("Options for {NEW}")).await;
    window.click("Make primary").await;
    window.sees("is your primary address.").await;
    window.click(&format!("Options for {}", ana.email)).await;
    window.click("Remove").await;
    window.sees("It cannot be used to sign in any more.").await;
    window.click("Remove address").await;
    window.sees("is removed.").await;
    window.close().await;
}

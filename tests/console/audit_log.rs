//! Settings, Audit Log: searching, records in full, files, pages of records.

use testkit::{Browser, Engine, TestApp, both_engines};

use thirtyfour::Key;

use super::window::Window;

const HERE: &str = "/settings/audit-log";

/// What the link `text` of a page leads to.
#[track_caller]
fn link(body: &str, text: &str) -> String {
    let end = format!(">{text}</a>");
    let (before, _) = body
        .split_once(&end)
        .unwrap_or_else(|| panic!("no link {text:?}"));
    let (_, href) = before.rsplit_once("href=\"").unwrap();
    href.split('"').next().unwrap().replace("&#38;", "&")
}

fn sentences(body: &str) -> usize {
    body.matches("<p class=\"log-what\">").count()
}

async fn rename(browser: &Browser, name: &str) {
    let page = "/settings/profile";
    browser
        .submit(page, page, &[("display_name", name)])
        .await
        .with_status(303);
}

both_engines! {
    async fn the_log_is_searched_paged_and_read_without_a_script(builder) {
        let mut app = builder.start().await;
        let ana = app.create_user("ana").await;
        let browser = app.signed_in(&ana).await;
        for n in 0..30 {
            rename(&browser, &format!("Ana <{n}>")).await;
        }
        let first = browser.get(HERE).await.with_status(200).body;
        assert_eq!(sentences(&first), 25);
        assert!(first.contains("34 records in the last 30 days"), "the chart says what it shows");
        let older = link(&first, "Older");
        let second = browser.get(&older).await.with_status(200).body;
        assert_eq!(sentences(&second), 9);
        assert_eq!(link(&second, "Newest"), HERE);

        let found = browser.get(&format!("{HERE}?action=user.update&limit=10")).await.with_status(200).body;
        assert_eq!(sentences(&found), 10);
        assert!(found.contains("<option value=\"user.update\" selected>"), "what was asked stays in the form");
        let older = link(&found, "Older");
        assert!(older.contains("action=user.update"), "{older}");
        assert_eq!(sentences(&browser.get(&older).await.body), 20, "the rest of 30");

        let none = browser.get(&format!("{HERE}?actor=operator&from=2001-01-01T00:00&to=2001-02-01T00:00")).await.with_status(200).body;
        assert!(none.contains("No record is like that"));
        let operator = browser.get(&format!("{HERE}?actor=operator&where=action_type%20like%20%27user.%25%27")).await.body;
        assert_eq!(sentences(&operator), 2);

        let refused = browser.get(&format!("{HERE}?where=colour%3D1&from=soon")).await.with_status(422).body;
        assert!(refused.contains("value=\"colour=1\"") && refused.contains("value=\"soon\""), "the input is kept");
        assert!(refused.contains("At character 1: There is no such column here.") && refused.contains("2 fields need a change"));
        assert!(!refused.contains("No record is like that"));

        let record = first.split("<p class=\"log-what\"><a href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let shown = browser.get(&record).await.with_status(200).body;
        assert!(shown.contains("Ana &#60;28&#62;") && shown.contains("Ana &#60;29&#62;"), "before and after, as text");
        assert!(shown.contains("number 34 of your log") && shown.contains(" UTC</time>"));
        let same = link(&shown, "All with this credential");
        assert_eq!(sentences(&browser.get(&format!("{same}&limit=100")).await.with_status(200).body), 31);
        browser.get(&format!("{HERE}/a_00000000000000000000")).await.with_status(404);
        browser.get(&format!("{HERE}/nothing")).await.with_status(404);

        let bob = app.create_user("bob").await;
        let stranger = app.signed_in(&bob).await;
        stranger.get(&record).await.with_status(404);

        let file = browser.get(&link(&found, "CSV")).await.with_status(200);
        assert!(file.header("content-disposition").ends_with(".csv\""));
        assert_eq!(file.body.lines().count(), 31, "headings and what the search finds");
        let file = browser.get(&link(&first, "JSONL")).await.with_status(200);
        assert_eq!(file.body.lines().count(), 34);
        assert!(!file.body.contains("$password"));
    }
}

#[tokio::test]
async fn slash_goes_to_the_search_and_records_open_by_keys() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    window.sign_in(&mut app, &ana).await;
    window.visit(HERE).await;
    window.sees("Export").await;
    window.press("/").await;
    window.press("action_type = 'session.create'").await;
    window.press(Key::Enter).await;
    window.sees("signed in").await;
    window.no_longer_sees("created the account").await;
    window.has_no_complaints().await;
    window.close().await;
}

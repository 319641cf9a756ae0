//! The query page, as a browser without a script sees it.

use testkit::{Browser, Engine, Person, TestApp, has};
use thirtyfour::Key;

use super::window::Window;

const PAGE: &str = "/workspace/dev/query";

async fn world() -> Option<(TestApp, Person, Browser)> {
    if !has("postgres") || !has("psql") {
        return None;
    }
    let mut app = TestApp::builder(Engine::Sqlite).with_workspaces().start().await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    app.create_workspace(&bearer, &ana, "dev").await;
    let browser = app.signed_in(&ana).await;
    Some((app, ana, browser))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_is_run_and_stays_in_the_form() {
    let Some((app, _, browser)) = world().await else {
        return;
    };
    let ask = async |sql: &str| browser.submit(PAGE, PAGE, &[("sql", sql)]).await;
    let page =
        ask("select n as number, null as nothing, '<b>&' as markup from generate_series(1, 3) n").await;
    let page = page.with_status(200).body;
    assert!(page.contains("SELECT, 3 rows, "), "{page}");
    assert!(
        page.contains("<th scope=\"col\" class=\"num\">number<span>int4</span></th>"),
        "{page}"
    );
    assert!(
        page.contains("<span class=\"null\">NULL</span>") && !page.contains("<b>&"),
        "{page}"
    );
    assert!(
        page.contains("select n as number, null as nothing"),
        "the statement is kept"
    );
    assert!(page.contains("Download CSV"));

    let changed = ask("create table t as select 1 as n").await.with_status(200).body;
    assert!(changed.contains("The statement gives no rows."), "{changed}");
    let inserted = ask("insert into t values (2) returning n")
        .await
        .with_status(200)
        .body;
    assert!(!inserted.contains("Download CSV"), "that would insert again");
    let many = ask("select generate_series(1, 300)").await.with_status(200).body;
    assert!(many.contains("The first 200 rows are shown") && many.matches("<tr>").count() == 201);
    let part = ask("select generate_series(1, 5001)").await.with_status(200).body;
    assert!(part.contains("There are more than 5000 rows"));
    let log = browser.get("/settings/audit-log").await.body;
    assert!(!log.contains("generate_series"), "no statement is recorded");
    drop(app);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_shows_where_it_is() {
    let Some((_app, _, browser)) = world().await else {
        return;
    };
    let ask = async |sql: &str| browser.submit(PAGE, PAGE, &[("sql", sql)]).await;
    // Browsers send line breaks as two characters.
    let page = ask("select 1,\r\n  nothing\r\nfrom pg_class")
        .await
        .with_status(422)
        .body;
    assert!(page.contains("column &#34;nothing&#34; does not exist"), "{page}");
    assert!(
        page.contains("Line 2") && page.contains("  <mark>nothing</mark>"),
        "{page}"
    );
    assert!(page.contains("42703"));
    for (sql, word) in [
        ("", "There is no statement"),
        ("select 1; select 2", "one statement at a time"),
        ("begin", "psql"),
    ] {
        let page = ask(sql).await.with_status(422).body;
        assert!(page.contains(word), "{sql}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_is_downloaded_whole() {
    let Some((app, _, browser)) = world().await else {
        return;
    };
    let download = "/workspace/dev/query/download";
    let ask = async |format: &str, sql: &str| {
        browser
            .submit(PAGE, download, &[("sql", sql), ("format", format)])
            .await
    };
    let csv = ask("csv", "select generate_series(1, 300) as n")
        .await
        .with_status(200);
    assert!(
        csv.header("content-disposition")
            .starts_with("attachment; filename=\"ana-dev-")
    );
    assert_eq!(csv.body.lines().count(), 301);
    let json = ask("json", "select 1 as n").await.with_status(200).json();
    assert_eq!(json["items"][0]["n"], 1);
    ask("csv", "select nothing").await.with_status(422);
    ask("exe", "select 1").await.with_status(422);
    // Who is not signed in, and who is somebody else.
    assert_eq!(app.browser().get(PAGE).await.status, 303);
    let mut app = app;
    let bob = app.create_user("bob").await;
    let bobs = app.signed_in(&bob).await;
    bobs.get(PAGE).await.with_status(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_keys_run_a_statement() {
    let Some((mut app, ana, _)) = world().await else {
        return;
    };
    let Some(window) = Window::open(&app).await else {
        return;
    };
    window.sign_in(&mut app, &ana).await;
    window.visit(PAGE).await;
    window.fill("SQL statement", "select 6 * 7 as answer").await;
    let field = window.field("SQL statement").await;
    field.send_keys(Key::Control + Key::Enter).await.unwrap();
    window.sees("SELECT, 1 row, ").await;
    window.sees("42").await;
    window.fill("SQL statement", "select nothing").await;
    window.click("Run query").await;
    window.sees("column \"nothing\" does not exist").await;
    window.close().await;
}

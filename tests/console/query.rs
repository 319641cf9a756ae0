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
    assert!(!inserted.contains("/query/download"), "that would insert again");
    assert!(
        inserted.contains("data-csv=\"ana-dev-"),
        "what is shown can be saved all the same"
    );
    let many = ask("select generate_series(1, 300)").await.with_status(200).body;
    assert!(!many.contains("data-csv"), "the page has not all");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_shown_and_nothing_is_run() {
    let Some((_app, _, browser)) = world().await else {
        return;
    };
    let explain = async |sql: &str| {
        browser
            .submit(PAGE, PAGE, &[("sql", sql), ("explain", "1")])
            .await
    };
    let page = explain("create table made as select 1 as n")
        .await
        .with_status(200)
        .body;
    assert!(
        page.contains("<h2 id=\"plan-title\">Plan</h2>") && page.contains("Result  (cost="),
        "{page}"
    );
    assert!(page.contains("The statement was not run."), "{page}");
    assert!(
        page.contains("create table made as select 1 as n</textarea>"),
        "the statement is kept as it was"
    );
    let missing = browser.submit(PAGE, PAGE, &[("sql", "select * from made")]).await;
    assert!(
        missing
            .with_status(422)
            .body
            .contains("relation &#34;made&#34; does not exist")
    );
    // A place in the statement is one in what was typed.
    let wrong = explain("select 1,\r\n  größe").await.with_status(422).body;
    assert!(
        wrong.contains("Line 2") && wrong.contains("  <mark>größe</mark>"),
        "{wrong}"
    );
    assert!(
        wrong.contains("data-wrong-at=\"13\" data-wrong-length=\"5\""),
        "{wrong}"
    );
    // Who asks for a plan in words gets it, and what it says of the run.
    for how in ["", "1"] {
        let fields = [("sql", "Explain (analyze, costs off) select 1"), ("explain", how)];
        let page = browser.submit(PAGE, PAGE, &fields).await.with_status(200).body;
        assert!(page.contains("Result (actual time="), "{page}");
        assert!(!page.contains("The statement was not run."), "{page}");
    }
    explain("").await.with_status(422);
}

/// The text of the file that a click on "Download CSV" makes.
async fn made_file(window: &Window) -> String {
    window
        .run("window.made = null; URL.createObjectURL = (blob) => { blob.text().then((text) => { window.made = text; }); return '#'; }")
        .await;
    window.click("Download CSV").await;
    let made = testkit::until(
        "the file is made",
        std::time::Duration::from_secs(20),
        async || window.run("return window.made").await.as_str().map(str::to_owned),
    );
    made.await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_is_saved_without_running_it_again() {
    let Some((mut app, ana, browser)) = world().await else {
        return;
    };
    let Some(window) = Window::open(&app).await else {
        return;
    };
    window.sign_in(&mut app, &ana).await;
    window.visit(PAGE).await;
    let sql = "select n, null as nothing, '' as empty, e'a \"b\",\n<c>' as \"a, \"\"title\"\"\" from generate_series(1, 2) n";
    window.fill("SQL statement", sql).await;
    window.click("Run query").await;
    window.sees("SELECT, 2 rows, ").await;
    let fields = [("sql", sql), ("format", "csv")];
    let whole = browser
        .submit(PAGE, "/workspace/dev/query/download", &fields)
        .await;
    assert_eq!(
        made_file(&window).await,
        whole.with_status(200).body,
        "as the server writes it"
    );

    window
        .fill("SQL statement", "create table t as select 1 as n")
        .await;
    window.click("Run query").await;
    window.sees("The statement gives no rows.").await;
    window
        .fill("SQL statement", "insert into t values (2) returning n")
        .await;
    window.click("Run query").await;
    window.sees("INSERT, 1 row, ").await;
    assert_eq!(made_file(&window).await, "n\r\n2\r\n");
    window
        .fill("SQL statement", "select count(*)::text || ' in all' from t")
        .await;
    window.click("Run query").await;
    window.sees("2 in all").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_are_kept_in_the_browser_until_they_are_cleared() {
    let Some((mut app, ana, _)) = world().await else {
        return;
    };
    let Some(window) = Window::open(&app).await else {
        return;
    };
    window.sign_in(&mut app, &ana).await;
    window.visit(PAGE).await;
    let shown = async || {
        window
            .run("return [...document.querySelectorAll('.kept')].map((kept) => kept.textContent).join('; ')")
            .await
    };
    assert_eq!(shown().await, "");
    for (sql, seen) in [
        ("select 'one'", "one"),
        ("select 'two'", "two"),
        ("select 'one'", "one"),
    ] {
        window.fill("SQL statement", sql).await;
        window.click("Run query").await;
        window.sees(seen).await;
    }
    // A plan is asked for a statement, and that is kept.
    window.click("Explain").await;
    window.sees("The statement was not run.").await;
    assert_eq!(shown().await, "select 'one'; select 'two'");
    window
        .run("document.querySelector('[data-history]').open = true")
        .await;
    window.click("select 'two'").await;
    let value = window.run("return document.getElementById('f-sql').value").await;
    assert_eq!(value, "select 'two'");
    window.click("Clear history").await;
    assert_eq!(shown().await, "");
    window.visit(PAGE).await;
    assert_eq!(shown().await, "");
    let kept = window
        .run("return Object.keys(localStorage).filter((name) => name.startsWith('queries')).length")
        .await;
    assert_eq!(kept, 0);
    window.close().await;
}

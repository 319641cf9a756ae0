//! Settings, Tokens, without a script: scope and networks of a new one, editing, rotation, and the end of the old one.

use testkit::{Browser, Engine, TestApp};

const LIST: &str = "/settings/tokens";
const NEW: &str = "/settings/tokens/new";
const ACTOR: &str = "/api/latest/actor";

fn token_in(page: &str) -> String {
    let start = page.find("tpt_").expect("a token in the page");
    page[start..].split('<').next().unwrap().to_owned()
}

fn path_of(token: &str) -> String {
    format!("{LIST}/t_{}", &token[4..24])
}

/// Makes a token by the form, with its own fields beside those that every token has.
async fn make(browser: &Browser, fields: &[(&str, &str)]) -> String {
    let mut form = vec![("expires", "never"), ("expires_on", "")];
    form.extend_from_slice(fields);
    token_in(&browser.submit(NEW, LIST, &form).await.with_status(201).body)
}

#[tokio::test]
async fn a_new_token_has_what_the_form_says() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    assert!(
        browser
            .get(NEW)
            .await
            .body
            .contains("You are at <code>127.0.0.1</code> now.")
    );
    let wrong = [
        ("title", "CI"),
        ("description", "nightly builds"),
        ("scope", "everything"),
        ("expires", "never"),
        ("networks", "10.0.0.1/8"),
    ];
    let refused = browser.submit(NEW, LIST, &wrong).await.with_status(422).body;
    assert!(refused.contains("f-scope-error") && refused.contains("f-networks-error"));
    assert!(refused.contains("2 fields need a change"));
    assert!(refused.contains("value=\"nightly builds\"") && refused.contains(">10.0.0.1/8</textarea>"));

    let form = [
        ("title", "CI"),
        ("description", "nightly builds"),
        ("scope", "read"),
        ("networks", "127.0.0.0/8\r\n2001:db8::/32, ::1"),
    ];
    let token = make(&browser, &form).await;
    let caller = app.anonymous().with_token(&token);
    caller.get(ACTOR).await.with_status(200);
    caller
        .post_nothing("/api/latest/user/ana/token")
        .await
        .with_status(403);
    let listed = browser.get(LIST).await.with_status(200).body;
    for shown in [
        "nightly builds",
        ">Read<",
        "<code>127.0.0.0/8</code>",
        "<code>2001:db8::/32</code>",
        "<code class=\"sub\">127.0.0.1</code>",
    ] {
        assert!(listed.contains(shown), "{shown} in {listed}");
    }
}

#[tokio::test]
async fn a_token_is_edited() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    let token = make(
        &browser,
        &[("title", "CI"), ("scope", "query"), ("networks", "203.0.113.7")],
    )
    .await;
    let caller = app.anonymous().with_token(&token);
    assert_eq!(
        caller.get(ACTOR).await.with_status(401).json()["type"],
        "token_network"
    );
    let edit = format!("{}/edit", path_of(&token));
    let page = browser.get(&edit).await.with_status(200).body;
    assert!(
        page.contains("value=\"CI\"")
            && page.contains(">203.0.113.7/32</textarea>")
            && page.contains(">Query<")
    );
    let refused = browser
        .submit(&edit, &edit, &[("title", "Nightly"), ("networks", "here")])
        .await
        .with_status(422)
        .body;
    assert!(refused.contains("value=\"Nightly\"") && refused.contains(">here</textarea>"));
    browser
        .submit(&edit, &edit, &[("title", "Nightly"), ("networks", "")])
        .await
        .with_status(303);
    assert!(browser.get(LIST).await.body.contains("Token Nightly is saved."));
    assert_eq!(caller.get(ACTOR).await.with_status(200).json()["handle"], "ana");

    // It is hers alone.
    let bo = app.create_user("bo").await;
    let other = app.signed_in(&bo).await;
    let csrf = other.get(NEW).await.hidden("csrf");
    for what in ["edit", "rotate", "end"] {
        let path = format!("{}/{what}", path_of(&token));
        let form = [("csrf", csrf.as_str()), ("title", "Mine"), ("overlap", "0")];
        other.post(&path, &form).await.with_status(404);
    }
    caller.get(ACTOR).await.with_status(200);
}

#[tokio::test]
async fn a_token_is_rotated_and_the_old_one_ended_by_one_click() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    let token = make(&browser, &[("title", "CI")]).await;
    let (path, caller) = (path_of(&token), app.anonymous().with_token(&token));
    let (rotate, end) = (format!("{path}/rotate"), format!("{path}/end"));
    let page = browser.get(&rotate).await.with_status(200).body;
    assert!(page.contains("The old one was never used.") && page.contains("value=\"86400\" selected"));
    assert!(page.contains("It never expires, as the old one."));
    for wrong in ["", "soon", "604801"] {
        let refused = browser
            .submit(&rotate, &rotate, &[("overlap", wrong)])
            .await
            .with_status(422)
            .body;
        assert!(refused.contains("f-overlap-error"), "{wrong}");
    }
    // What does not retire is not ended by that click.
    browser.submit(LIST, &end, &[]).await.with_status(303);
    assert!(
        browser
            .get(LIST)
            .await
            .body
            .contains("This token does not retire.")
    );

    let made = browser
        .submit(&rotate, &rotate, &[("overlap", "3600")])
        .await
        .with_status(201);
    assert_eq!(made.header("cache-control"), "no-store");
    assert!(made.body.contains("keeps working until"));
    let new = app.anonymous().with_token(token_in(&made.body));
    for both in [&caller, &new] {
        both.get(ACTOR).await.with_status(200);
    }
    let listed = browser.get(LIST).await.body;
    assert!(listed.contains(">Retiring<") && listed.contains("1 of 2 tokens."));
    assert!(listed.contains(&format!("action=\"{end}\"")) && !listed.contains(&format!("href=\"{rotate}\"")));
    browser
        .submit(&rotate, &rotate, &[("overlap", "0")])
        .await
        .with_status(303);
    assert!(
        browser
            .get(LIST)
            .await
            .body
            .contains("it has a successor already")
    );

    browser.submit(LIST, &end, &[]).await.with_status(303);
    let told = browser.get(LIST).await.body;
    assert!(told.contains("is ended.") && !told.contains(">Retiring<"));
    caller.get(ACTOR).await.with_status(401);
    new.get(ACTOR).await.with_status(200);
    let rotate = format!("{}/rotate", path_of(&new.token));
    let made = browser
        .submit(&rotate, &rotate, &[("overlap", "0")])
        .await
        .with_status(201);
    assert!(
        made.body
            .contains("is ended: calls with it are refused from now on")
    );
    new.get(ACTOR).await.with_status(401);
}

//! Forms that are not ours, places that are not ours, and questions that strangers must not get answered.

use reqwest::{Method, Url, header};
use testkit::{Engine, TestApp};

use super::raw::{Raw, send};

/// Every form of somebody who is signed in.
const FORMS: &[&str] = &[
    "/settings/profile",
    "/settings/profile/avatar",
    "/settings/profile/avatar/upload",
    "/settings/profile/avatar/reset",
    "/settings/profile/password/reveal",
    "/settings/profile/password/rotate",
    "/settings/tokens",
    "/settings/tokens/t_00000000000000000000/status",
    "/settings/tokens/t_00000000000000000000/delete",
    "/settings/notifications",
    "/settings/profile/emails",
    "/settings/profile/emails/up_00000000000000000000/verify",
    "/settings/profile/emails/up_00000000000000000000/resend",
    "/settings/profile/emails/up_00000000000000000000/primary",
    "/settings/profile/emails/up_00000000000000000000/remove",
    "/settings/confirm",
    "/settings/confirm/code",
    "/settings/sessions/end-others",
    "/settings/sessions/end-all",
    "/settings/sessions/s_00000000000000000000/end",
    "/settings/advanced/handle",
    "/settings/advanced/reset-authentication",
    "/settings/advanced/export",
    "/settings/advanced/delete-account",
    "/workspaces",
    "/workspaces/attach",
    "/workspaces/connections/end-all",
    "/workspaces/connections/c_00000000000000000000/end",
    "/workspace/dev/limits",
    "/workspace/dev/access",
    "/workspace/dev/access/bob/role",
    "/workspace/dev/access/bob/end",
    "/workspace/dev/connections/end-all",
    "/workspace/dev/connections/c_00000000000000000000/end",
    "/workspace/dev/delete",
    "/workspace/dev/query",
    "/workspace/dev/query/download",
];

#[tokio::test]
async fn forms_of_other_sites_change_nothing() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    let csrf = browser.get("/settings/profile").await.hidden("csrf");
    let cookie = format!("standpipe_session_http={}", browser.cookie_values().join(""));
    let raw = Raw::http(&app);
    let origin = raw.origin.clone();
    let other_port = format!("http://localhost:{}", app.addresses().gateway.port());
    let strangers: &[&[(&str, &str)]] = &[
        &[],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", &other_port)],
        &[("origin", &origin), ("sec-fetch-site", "cross-site")],
        &[("origin", &origin), ("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("referer", &origin)],
    ];
    for path in FORMS
        .iter()
        .chain(&["/login", "/signup", "/signup/handle", "/login/confirm"])
    {
        for headers in strangers {
            let form = [
                ("csrf", csrf.as_str()),
                ("display_name", "Mallory"),
                ("email", "ana@example.com"),
            ];
            let mut request = raw
                .request(Method::POST, path)
                .header(header::COOKIE, &cookie)
                .form(&form);
            for (name, value) in *headers {
                request = request.header(*name, *value);
            }
            assert_eq!(send(request).await.status, 403, "{path} {headers:?}");
        }
    }
    for path in FORMS {
        for wrong in ["", "x", &csrf[1..], &csrf.to_uppercase()] {
            let form = [("csrf", wrong), ("display_name", "Mallory")];
            let answer = browser.post(path, &form).await;
            assert_eq!(answer.status, 403, "{path} {wrong:?}");
            assert!(answer.body.contains("<h1>"));
        }
    }
    // A token of another session is none.
    let other = app.signed_in(&ana).await;
    let foreign = other.get("/settings/profile").await.hidden("csrf");
    browser
        .post(
            "/settings/profile",
            &[("csrf", &foreign), ("display_name", "Mallory")],
        )
        .await
        .with_status(403);
    // JSON in disguise is no form of ours, and opens no API: that knows no cookies.
    for (method, path) in [
        (Method::POST, "/settings/profile"),
        (Method::PATCH, "/api/latest/user/ana"),
    ] {
        let request = raw
            .request(method, path)
            .header(header::COOKIE, &cookie)
            .header(header::CONTENT_TYPE, "text/plain")
            .header(header::ORIGIN, "https://evil.example")
            .body(r#"{"display_name":"Mallory"}"#);
        let status = send(request).await.status;
        assert!(matches!(status, 401 | 403), "{path}: {status}");
    }
    let page = browser.get("/settings/profile").await.with_status(200);
    assert!(!page.body.contains("Mallory"));
    assert_eq!(app.mailbox.count(&ana.email), 0, "nobody was sent a mail");
}

#[tokio::test]
async fn a_stranger_signs_nobody_out_and_nobody_in() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    let cookie = format!("standpipe_session_http={}", browser.cookie_values().join(""));
    let csrf = browser.get("/settings/profile").await.hidden("csrf");
    let raw = Raw::http(&app);
    // A browser sends such a form without the cookie, but would take the answer's.
    for (cookies, origin) in [
        ("", "https://evil.example"),
        (cookie.as_str(), "https://evil.example"),
        (&cookie, "null"),
    ] {
        let request = raw
            .request(Method::POST, "/logout")
            .header(header::COOKIE, cookies)
            .header(header::ORIGIN, origin)
            .form(&[("csrf", &csrf)]);
        let answer = send(request).await.with_status(403);
        assert!(
            answer.headers.get(header::SET_COOKIE).is_none() && answer.header("clear-site-data").is_empty()
        );
    }
    raw.submit("/logout", &cookie, &[("csrf", "x")])
        .await
        .with_status(403);
    browser.get("/settings/profile").await.with_status(200);

    // Nor can the link of a stranger's own mail sign a person in to the stranger's account.
    let eve = app.create_user("eve").await;
    app.browser()
        .post("/login", &[("email", &eve.email)])
        .await
        .with_status(303);
    let link = app.mailbox.next(&eve.email).await.link();
    let secret = link.split("t=").nth(1).unwrap();
    let victim = app.browser();
    let asked = raw
        .request(Method::POST, "/login/confirm")
        .header(header::ORIGIN, "https://evil.example")
        .form(&[("secret", secret)]);
    let answer = send(asked).await.with_status(403);
    assert!(answer.headers.get(header::SET_COOKIE).is_none());
    let followed = victim.post("/login/confirm", &[("secret", secret)]).await;
    assert_eq!(followed.status, 422, "another browser asked: it takes the code");
    victim.get("/settings/profile").await.with_status(303);
}

const EVIL: &[&str] = &[
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "https://evil.example",
    "https:evil.example",
    "HTTP:///evil.example",
    "//evil.example\\@localhost",
    "//localhost@evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/a/..//evil.example",
    "/x\r\nSet-Cookie: a=b",
    "/\u{2028}/evil.example",
    "/\u{ff0f}evil.example",
    "evil.example",
    "?//evil.example",
    "",
];

#[tokio::test]
async fn after_signing_in_one_is_on_this_server() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let signed_in = app.signed_in(&ana).await;
    let base = Url::parse(&Raw::http(&app).origin).unwrap();
    let stays = |location: &str| {
        let target = base.join(location).unwrap();
        target.origin() == base.origin() && location.starts_with('/') && !location.starts_with("//")
    };
    for evil in EVIL {
        let query = Url::parse_with_params("http://x/login", [("next", evil)]).unwrap();
        let path = format!("/login?{}", query.query().unwrap());
        let moved = signed_in.get(&path).await.with_status(303);
        assert!(
            stays(moved.header("location")),
            "{evil:?}: {}",
            moved.header("location")
        );

        let browser = app.browser();
        browser
            .post("/login", &[("email", &ana.email), ("next", evil)])
            .await
            .with_status(303);
        let link = app.mailbox.next(&ana.email).await.link();
        let moved = browser.follow(&link).await.with_status(303);
        assert!(
            stays(moved.header("location")),
            "{evil:?}: {}",
            moved.header("location")
        );
        assert!(moved.headers.get_all("set-cookie").iter().count() == 2);
    }
    // A good one is kept through the whole way.
    let browser = app.browser();
    let first = browser.get("/settings/tokens?a=b").await.with_status(303);
    let page = browser.get(first.header("location")).await.with_status(200);
    let next = page.hidden("next");
    browser
        .post("/login", &[("email", &ana.email), ("next", &next)])
        .await
        .with_status(303);
    let link = app.mailbox.next(&ana.email).await.link();
    let moved = browser.follow(&link).await.with_status(303);
    assert_eq!(moved.header("location"), "/settings/tokens?a=b");
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let app = TestApp::builder(Engine::Sqlite).start().await;
    let ana = app.create_user("ana").await;
    let raw = Raw::http(&app);
    for path in ["/login", "/signup"] {
        let mut seen = Vec::new();
        for email in [ana.email.as_str(), "bob@example.com"] {
            let answer = raw.submit(path, "", &[("email", email)]).await;
            let mut headers: Vec<(String, String)> = Vec::new();
            for (name, value) in &answer.headers {
                let value = value.to_str().unwrap();
                // What differs between any two answers, reduced to its form.
                let value = match name.as_str() {
                    "date" | "x-request-id" => value.len().to_string(),
                    "set-cookie" => {
                        let (cookie, rest) = value.split_once("; ").unwrap();
                        format!("{} {} {rest}", cookie.split('=').next().unwrap(), cookie.len())
                    }
                    _ => value.to_owned(),
                };
                headers.push((name.to_string(), value));
            }
            seen.push((answer.status, headers, answer.body));
        }
        assert_eq!(seen[0], seen[1], "{path}");
        assert_eq!(seen[0].0, 303);
    }
    // The page after it names no address.
    let browser = app.browser();
    browser
        .post("/login", &[("email", "carl@example.com")])
        .await
        .with_status(303);
    assert!(
        !browser
            .get("/login/check-mail")
            .await
            .with_status(200)
            .body
            .contains("carl")
    );
}

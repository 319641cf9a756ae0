//! What every answer carries, whichever it is, and the cookies.

use std::process::Command;

use reqwest::{Method, header};
use testkit::{Answer, Engine, TestApp, has};

use super::raw::{Raw, send, set_cookies, status_of};

const POLICY: &[&str] = &[
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
];

#[track_caller]
fn is_protected(what: &str, answer: &Answer) {
    let policy: Vec<&str> = answer
        .header("content-security-policy")
        .split("; ")
        .map(str::trim)
        .collect();
    for directive in POLICY {
        assert!(policy.contains(directive), "{what}: {directive} in {policy:?}");
    }
    assert!(
        !policy.iter().any(|directive| directive.contains("unsafe")),
        "{what}: {policy:?}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
    assert!(
        answer.header("permissions-policy").contains("camera=()"),
        "{what}"
    );
    assert!(
        answer.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_none(),
        "{what}"
    );
    assert!(answer.headers.get(header::SERVER).is_none(), "{what}");
    let kept = if what.contains("/assets/") && answer.status == 200 {
        "immutable"
    } else if what.contains("/docs") && answer.status == 200 {
        // The same for everybody.
        "public"
    } else {
        "no-store"
    };
    assert!(
        answer.header("cache-control").contains(kept),
        "{what}: {:?}",
        answer.header("cache-control")
    );
}

// With a thread of its own the client closes its HTTP/2 connections while the server stops, and is not waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_page_and_every_error_is_protected() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    let home = browser.get("/").await;
    let asset = |end: &str| {
        let at = home
            .body
            .split('"')
            .find(|text| text.starts_with("/assets/") && text.ends_with(end));
        at.unwrap().to_owned()
    };
    let mut pages: Vec<String> = routes();
    pages.extend(
        [
            "/healthz",
            "/readyz",
            // What is not there, or not right.
            "/nowhere",
            "/assets/nothing.js",
            "/workspace/none",
            "/activity/none",
            "/settings/tokens/x/delete",
            "/settings/audit-log?next_token=x",
            "/api",
            "/api/latest/actor",
            "/api/latest/nowhere",
            "/api/v9/actor",
            "/settings/profile/avatar",
            "/login/confirm?t=x&t=y",
            "/%ff",
            "/..%2f",
        ]
        .map(str::to_owned),
    );
    pages.extend([".css", ".js", ".svg"].map(asset));
    let (http, https) = (Raw::http(&app), Raw::https(&app));
    for page in &pages {
        is_protected(page, &browser.get(page).await);
        for raw in [&http, &https] {
            is_protected(page, &raw.get(page).await);
            for method in [Method::HEAD, Method::OPTIONS, Method::DELETE, Method::POST] {
                let what = format!("{method} {page}");
                is_protected(&what, &send(raw.request(method, page)).await);
            }
        }
    }
    let large = "x".repeat(100_000);
    is_protected("too large", &browser.post("/login", &[("email", &large)]).await);
    is_protected(
        "no form",
        &send(
            http.request(Method::POST, "/login")
                .header("origin", &http.origin),
        )
        .await,
    );
    let stranger = http
        .request(Method::GET, "/login")
        .header(header::HOST, "evil.example");
    is_protected("another host", &send(stranger).await.with_status(421));
}

/// Every route there is, with something in the place of each parameter.
fn routes() -> Vec<String> {
    let paths = web::paths();
    for known in [
        "/",
        "/settings/tokens/{token}/delete",
        "/api/latest/actor",
        "/assets/{name}",
        "/logout",
    ] {
        assert!(paths.iter().any(|path| path == known), "{known} in {paths:?}");
    }
    assert!(paths.len() > 45, "{paths:?}");
    let fill = |part: &str| {
        let filled = match part {
            "{user}" => "ana",
            "{token}" => "t_00000000000000000000",
            part if part.starts_with('{') => "x",
            part => part,
        };
        filled.to_owned()
    };
    let filled = |path: &String| path.split('/').map(fill).collect::<Vec<_>>().join("/");
    paths.iter().map(filled).collect()
}

/// An answer that no page of ours gives on purpose: the account store is broken.
#[tokio::test]
async fn an_answer_of_a_broken_server_is_protected_too() {
    if !has("python") {
        return;
    }
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    let bearer = app.bearer(&ana).await;
    let store = app.data_dir().join("standpipe.db");
    let rename = |from: &str, to: &str| {
        let script = format!(
            "import sqlite3; sqlite3.connect({store:?}, timeout=30).execute('ALTER TABLE {from} RENAME TO {to}')"
        );
        assert!(
            Command::new("python3")
                .args(["-c", &script])
                .status()
                .unwrap()
                .success()
        );
    };
    rename("users", "hidden");
    for answer in [
        browser.get("/settings/profile").await,
        bearer.get("/api/latest/actor").await,
    ] {
        is_protected("a broken store", &answer.clone().with_status(503));
        assert!(!answer.body.contains("users"), "{}", answer.body);
    }
    rename("hidden", "users");
    browser.get("/settings/profile").await.with_status(200);
}

#[tokio::test]
async fn errors_are_pages_with_words() {
    let app = TestApp::start(Engine::Sqlite).await;
    let browser = app.browser();
    let missing = browser.get("/nowhere").await.with_status(404);
    assert!(
        missing.body.contains("<!doctype html>") && missing.header("content-type").starts_with("text/html")
    );
    let large = browser.post("/login", &[("email", &"x".repeat(100_000))]).await;
    assert!(
        (400..500).contains(&large.status) && large.body.contains("<h1>"),
        "{large:?}"
    );
    for path in ["/login/confirm?t=x&t=y", "/settings/profile/avatar", "/%ff"] {
        let answer = browser.get(path).await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
        assert!(
            answer.body.contains("<h1>"),
            "{path}: {} {:?}",
            answer.status,
            answer.body
        );
    }
}

#[tokio::test]
async fn only_our_hosts_are_served() {
    let app = TestApp::start(Engine::Sqlite).await;
    let raw = Raw::http(&app);
    for host in [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8080",
        "169.254.169.254",
        "localhost@evil",
    ] {
        let request = raw.request(Method::GET, "/login").header(header::HOST, host);
        assert_eq!(send(request).await.status, 421, "{host}");
    }
    let forwarded = raw
        .request(Method::GET, "/login")
        .header("x-forwarded-host", "evil.example");
    let answer = send(forwarded).await.with_status(200);
    assert!(!answer.body.contains("evil.example"));
    for (request, status) in [
        (
            "GET /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            200,
        ),
        (
            "GET /login HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
            421,
        ),
        ("GET /login HTTP/1.1\r\nConnection: close\r\n\r\n", 421),
        (
            "GET http://evil.example/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            421,
        ),
        ("GET /login HTTP/1.0\r\n\r\n", 421),
    ] {
        assert_eq!(status_of(&app, request).await, status, "{request:?}");
    }
}

/// The session's cookie of a sign-in over this listener, as name, value and attributes.
async fn sign_in(app: &mut TestApp, raw: &Raw, email: &str) -> Vec<(String, String, String)> {
    let asked = raw
        .submit("/login", "", &[("email", email)])
        .await
        .with_status(303);
    let mut cookies = set_cookies(&asked);
    let sign_in = format!("{}={}", cookies[0].0, cookies[0].1);
    let link = app.mailbox.next(email).await.link();
    let path = &link[link.find("/login/").unwrap()..];
    let page = send(raw.request(Method::GET, path).header(header::COOKIE, &sign_in)).await;
    let secret = page.hidden("secret");
    let done = raw
        .submit("/login/confirm", &sign_in, &[("secret", &secret)])
        .await
        .with_status(303);
    cookies.extend(set_cookies(&done));
    cookies
}

// With a thread of its own the client closes its HTTP/2 connections while the server stops, and is not waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn cookies_are_bound_to_the_host_and_hidden_from_scripts() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let (http, https) = (Raw::http(&app), Raw::https(&app));
    let mut sessions = Vec::new();
    for (raw, prefix) in [(&http, "standpipe_"), (&https, "__Host-standpipe_")] {
        let cookies = sign_in(&mut app, raw, &ana.email).await;
        assert_eq!(
            cookies.len(),
            3,
            "asked, signed in, and the proof is removed: {cookies:?}"
        );
        for (name, value, attributes) in &cookies {
            assert!(name.starts_with(prefix), "{name}");
            assert!(value.len() < 4096);
            let has = |wanted: &str| attributes.split("; ").any(|attribute| attribute == wanted);
            assert!(
                has("HttpOnly") && has("SameSite=Lax") && has("Path=/"),
                "{name}: {attributes}"
            );
            assert_eq!(
                has("Secure"),
                prefix.starts_with("__Host-"),
                "{name}: {attributes}"
            );
            assert!(!attributes.contains("Domain"), "{name}: {attributes}");
        }
        let (name, value, _) = cookies
            .into_iter()
            .find(|(name, ..)| name.contains("session"))
            .unwrap();
        assert!(value.starts_with("tptt_"));
        let cookie = format!("{name}={value}");
        let own = raw
            .request(Method::GET, "/settings/profile")
            .header(header::COOKIE, &cookie);
        send(own).await.with_status(200);
        sessions.push(cookie);
    }
    // One never stands for the other.
    for (raw, cookie) in [(&http, &sessions[1]), (&https, &sessions[0])] {
        let request = raw
            .request(Method::GET, "/settings/profile")
            .header(header::COOKIE, cookie);
        send(request).await.with_status(303);
    }
    // With a bearer token beside it, the cookie opens nothing.
    let both = http
        .request(Method::GET, "/settings/profile")
        .header(header::COOKIE, &sessions[0])
        .bearer_auth("tpt_x");
    send(both).await.with_status(303);
    // And the API knows no cookies.
    let api = http
        .request(Method::GET, "/api/latest/actor")
        .header(header::COOKIE, &sessions[0]);
    send(api).await.with_status(401);
}

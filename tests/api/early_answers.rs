//! Whoever is refused before their body was read reads why, with curl as people have it: over HTTP/2, which it takes
//! for HTTPS, and over HTTP/1.1.

use std::{path::Path, process::Stdio};

use testkit::{Engine, TestApp, both_engines, has};
use tokio::{io::AsyncWriteExt as _, process::Command};

/// How often each is asked: what hangs on who is faster shows in some of them only.
const TIMES: usize = 5;

/// What curl is told to send where, and the statuses that it reads.
struct Curl<'a> {
    app: &'a TestApp,
    arguments: Vec<&'a str>,
}

impl Curl<'_> {
    /// The status of an answer, its body's last byte, and how many bytes were sent.
    async fn post(&self, path: &str, body: &[u8]) -> (u16, String, u64) {
        let https = self.app.addresses().https.expect("https is on");
        let mut curl = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--noproxy",
                "*",
                "--data-binary",
                "@-",
            ])
            .args([
                "--connect-to",
                &format!("::{https}"),
                "--write-out",
                " %{http_code} %{size_upload}",
            ])
            .arg("--cacert")
            .arg::<&Path>(&self.app.ca())
            .args(&self.arguments)
            .arg(format!("https://localhost:{}{path}", https.port()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("curl starts");
        let mut stdin = curl.stdin.take().expect("its input");
        stdin.write_all(body).await.expect("curl reads");
        drop(stdin);
        let output = curl.wait_with_output().await.expect("curl ends");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{path}, {} bytes: {output:?}",
            body.len()
        );
        let mut words = said.rsplitn(3, ' ');
        let (sent, status) = (words.next().expect("a size"), words.next().expect("a status"));
        let text = words.next().expect("a body").to_owned();
        (
            status.parse().expect("a status"),
            text,
            sent.parse().expect("a size"),
        )
    }

    async fn is_told(&self, path: &str, body: &[u8], status: u16, what: &str) {
        for _ in 0..TIMES {
            let (was, text, _) = self.post(path, body).await;
            assert_eq!(was, status, "{path}, {} bytes: {text}", body.len());
            assert!(text.contains(what), "{path}: {text}");
        }
    }
}

both_engines! {
    async fn a_refused_body_is_told_why(builder) {
        if !has("curl") {
            return;
        }
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let token = app.bearer(&ana).await.token;
        let (good, form) = (format!("Authorization: Bearer {token}"), "sql=select+1".as_bytes());
        let query = "/api/latest/user/ana/workspace/dev/query";
        let large = vec![b'x'; 300_000];
        let picture = vec![b'x'; 5_000_000];
        for version in ["--http2", "--http1.1"] {
            let with = |header| Curl { app: &app, arguments: vec![version, "--header", header] };
            let wrong = with("Authorization: Bearer wrong");
            for body in [form, &large, &picture] {
                wrong.is_told(query, body, 401, "\"type\":").await;
            }
            let signed = with(&good);
            for body in [form, &large] {
                signed.is_told("/api/latest/nothing", body, 404, "\"type\":").await;
                signed.is_told("/api/latest/actor", body, 405, "\"type\":").await;
                signed.is_told("/nothing", body, 404, "<html").await;
                // A form from elsewhere, refused for its origin.
                with("Origin: https://elsewhere.example").is_told("/login", body, 403, "<html").await;
                with("Host: elsewhere.example").is_told(query, body, 421, "").await;
            }
            // Read in part.
            signed.is_told("/api/latest/user/ana/token", &large, 413, "\"too_large\"").await;
        }
    }

    async fn a_network_that_asks_too_often_is_told_so_whatever_it_sends(builder) {
        if !has("curl") {
            return;
        }
        let app = builder.configure(|config| config.limits.requests_per_ip = 1).start().await;
        let curl = Curl { app: &app, arguments: vec!["--http2"] };
        curl.post("/api/latest/actor", b"").await;
        curl.is_told("/api/latest/actor", b"sql=select+1", 429, "\"rate_limited\"").await;
        curl.is_told("/login", b"email=ana", 429, "<html").await;
    }
}

#[tokio::test]
async fn who_asks_before_sending_sends_nothing_in_vain() {
    if !has("curl") {
        return;
    }
    let app = TestApp::builder(Engine::Sqlite).start().await;
    let ask = vec![
        "--http1.1",
        "--header",
        "Expect: 100-continue",
        "--expect100-timeout",
        "60",
    ];
    let (status, _, sent) = Curl {
        app: &app,
        arguments: ask,
    }
    .post("/api/latest/user/ana/token", &[b'x'; 5000])
    .await;
    assert_eq!((status, sent), (401, 0));
}

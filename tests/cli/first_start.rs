//! From an empty data directory to a served console, and back.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command, time::Duration};

use testkit::{Binary, has, until};

use super::binary;

const PATIENCE: Duration = Duration::from_secs(15);

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// What a person compares the authority with.
fn fingerprint(pem: &Path) -> String {
    let openssl = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(pem)
        .output()
        .expect("openssl");
    let text = String::from_utf8(openssl.stdout).unwrap();
    text.trim().rsplit_once('=').unwrap().1.to_owned()
}

#[tokio::test]
async fn it_says_that_it_is_ready_and_how_to_begin() {
    let binary = binary();
    let running = binary.serve();
    let link = until("the link on the terminal", PATIENCE, async || {
        running
            .out()
            .lines()
            .find_map(|line| line.strip_prefix("Create the first account: ").map(str::to_owned))
    })
    .await;
    assert_eq!(
        running
            .out()
            .lines()
            .filter(|line| *line == "standpipe is ready")
            .count(),
        1
    );
    let base = format!("http://localhost:{}/", running.addresses.http.port());
    assert!(link.starts_with(&base), "{link}");
    running.anonymous().get("/healthz").await.with_status(200);
    running.anonymous().get("/readyz").await.with_status(200);

    let printed = running.out();
    let printed = printed
        .lines()
        .find_map(|line| line.strip_prefix("Its SHA-256 fingerprint: "))
        .unwrap();
    assert_eq!(printed, fingerprint(&binary.data_dir().join("tls/ca.pem")));

    // The link alone is enough: it never left this terminal.
    let browser = running.browser();
    let chosen = browser.follow(&link).await.with_status(303);
    assert_eq!(chosen.header("location"), "/signup/handle");
    let form = [
        ("handle", "ana"),
        ("display_name", ""),
        ("email", "ana@example.com"),
    ];
    browser.post("/signup/handle", &form).await.with_status(303);
    browser.get("/").await.with_status(200);
    assert!(binary.ok(&["admin", "user", "list"]).starts_with("ana "));

    let ended = running.stop();
    assert_eq!(ended.status.code(), Some(0));
    let out = String::from_utf8(binary.serve().stop().stdout).unwrap();
    assert!(
        out.contains("Gateway for") && !out.contains("first account"),
        "there is one: {out}"
    );
}

#[tokio::test]
async fn a_sign_in_link_is_printed_while_there_is_no_mail_server() {
    let binary = binary();
    binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);
    let running = binary.serve();
    let browser = running.browser();
    browser
        .post("/login", &[("email", "ana@example.com")])
        .await
        .with_status(303);
    let mail = running.mailbox().next("ana@example.com").await;
    until("the link on the terminal", PATIENCE, async || {
        running
            .out()
            .contains(&format!("Sign-in link: {}\n", mail.link()))
            .then_some(())
    })
    .await;
}

#[test]
fn what_it_keeps_is_closed_to_others() {
    let binary = binary();
    let running = binary.serve();
    let data_dir = binary.data_dir();
    assert_eq!(mode(&data_dir), 0o700);
    assert_eq!(mode(&data_dir.join("tls")), 0o700);
    for file in [
        "master.key",
        "tls/ca.key",
        "standpipe.db",
        "standpipe.db-wal",
        "addresses.json",
    ] {
        assert_eq!(mode(&data_dir.join(file)), 0o600, "{file}");
    }
    running.stop();
    assert!(
        !data_dir.join("addresses.json").exists(),
        "nobody is reached there any more"
    );
}

#[test]
fn the_master_key_and_the_authority_are_kept() {
    let binary = binary();
    let kept = |binary: &Binary| {
        ["master.key", "tls/ca.key", "tls/ca.pem"].map(|file| fs::read(binary.data_dir().join(file)).unwrap())
    };
    binary.serve().stop();
    let before = kept(&binary);
    binary.serve().kill();
    binary.serve().stop();
    assert_eq!(kept(&binary), before);

    fs::remove_file(binary.data_dir().join("master.key")).unwrap();
    let said = binary.fails(1, &["serve"]);
    assert!(
        said.contains("master.key is missing") && said.contains("backup"),
        "{said}"
    );
}

#[test]
fn a_second_server_is_kept_out_of_the_directory() {
    let binary = binary();
    let running = binary.serve();
    let said = binary.fails(1, &["serve"]);
    assert!(said.contains("another Standpipe runs on"), "{said}");
    running.kill();
    binary.serve();
}

#[test]
fn a_taken_port_is_named() {
    let (first, second) = (binary(), binary());
    let running = first.serve();
    let second = second.env("STANDPIPE_HTTP_LISTEN", running.addresses.http.to_string());
    let said = second.fails(1, &["serve"]);
    assert!(
        said.contains("cannot listen on 127.0.0.1:") && said.contains("http.listen"),
        "{said}"
    );
}

#[test]
fn curl_trusts_the_authority_and_nothing_less() {
    if !has("curl") {
        return;
    }
    let binary = binary();
    let running = binary.serve();
    let curl = |trust: &[&str], host: &str| {
        let port = running.addresses.https.unwrap().port();
        let output = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--noproxy",
                "*",
                "--write-out",
                " %{http_version}",
            ])
            .args(["--connect-to", &format!("::127.0.0.1:{port}")])
            .args(trust)
            .arg(format!("https://{host}:{port}/healthz"))
            .output()
            .unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let ca = binary.data_dir().join("tls/ca.pem");
    let trust = ["--cacert", ca.to_str().unwrap()];
    for host in ["localhost", "127.0.0.1", "[::1]", "ana-dev.db.localhost"] {
        assert_eq!(curl(&trust, host), (true, "ok\n 2".to_owned()), "{host}");
    }
    assert!(!curl(&trust, "elsewhere.example").0, "another host");
    assert!(!curl(&[], "localhost").0, "no trust");
    assert!(
        curl(&["--http1.1", trust[0], trust[1]], "localhost")
            .1
            .ends_with(" 1.1")
    );
}

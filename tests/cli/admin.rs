//! `standpipe admin`, with and without a running server.

use serde_json::Value;

use super::binary;

#[tokio::test]
async fn accounts_and_tokens_are_made_beside_a_running_server() {
    let binary = binary();
    let running = binary.serve();
    let made = binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);
    assert!(made.starts_with("Created ana (u_"), "{made}");

    let token = binary.ok(&[
        "admin",
        "token",
        "create",
        "ana",
        "--title",
        "CI",
        "--expires-in-days",
        "30",
    ]);
    assert!(
        token.starts_with("tpt_") && token.lines().count() == 1,
        "the token alone"
    );
    let ana = running.anonymous().with_token(token);
    assert_eq!(
        ana.get("/api/latest/actor").await.with_status(200).json()["handle"],
        "ana"
    );

    binary.ok(&["admin", "user", "disable", "ana"]);
    ana.get("/api/latest/actor").await.with_status(401);
    binary.ok(&["admin", "user", "enable", "ana"]);
    ana.get("/api/latest/actor").await.with_status(200);

    let link = binary.ok(&["admin", "user", "sign-in-link", "ana"]);
    let browser = running.browser();
    browser.follow(&link).await.with_status(303);
    browser.get("/").await.with_status(200);
    let path = format!("/login/confirm?{}", link.split_once('?').unwrap().1);
    running.browser().get(&path).await.with_status(410);
}

#[tokio::test]
async fn the_last_use_of_a_token_is_written_when_the_server_stops() {
    let binary = binary();
    let running = binary.serve();
    binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);
    let [ci, looker] =
        ["CI", "looker"].map(|title| binary.ok(&["admin", "token", "create", "ana", "--title", title]));
    running
        .anonymous()
        .with_token(&ci)
        .get("/api/latest/actor")
        .await
        .with_status(200);
    running.stop();
    let running = binary.serve();
    let path = format!("/api/latest/user/ana/token/t_{}", &ci[4..24]);
    let token = running
        .anonymous()
        .with_token(looker)
        .get(&path)
        .await
        .with_status(200)
        .json();
    assert_eq!(token["last_used_ip"], "127.0.0.1");
    assert!(token["last_used_at"].is_string());
}

#[test]
fn accounts_are_listed_for_people_and_for_scripts() {
    let binary = binary();
    assert_eq!(binary.ok(&["admin", "user", "list", "--json"]), "[]");
    for handle in ["ana", "bernadette"] {
        let email = format!("{handle}@example.com");
        binary.ok(&["admin", "user", "create", handle, "--email", &email]);
    }
    binary.ok(&["admin", "user", "disable", "ana"]);
    let text = binary.ok(&["admin", "user", "list"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("ana         disabled  20"), "{text}");
    assert!(lines[1].starts_with("bernadette  active    20"), "{text}");

    let json: Value = serde_json::from_str(&binary.ok(&["admin", "user", "list", "--json"])).unwrap();
    assert_eq!(
        (&json[0]["handle"], &json[0]["status"]),
        (&"ana".into(), &"disabled".into())
    );
    assert!(json[1]["id"].as_str().unwrap().starts_with("u_"));
}

#[test]
fn what_is_refused_says_why() {
    let binary = binary().env("STANDPIPE_PUBLIC_URL", "https://standpipe.example.com");
    let create =
        |handle: &str, email: &str| ["admin", "user", "create", handle, "--email", email].map(str::to_owned);
    let fails = |arguments: [String; 6]| binary.fails(1, &arguments.each_ref().map(String::as_str));
    binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);

    assert!(fails(create("ana", "other@example.com")).contains("The handle ana is taken."));
    assert!(fails(create("other", "ana@example.com")).contains("email: "));
    assert!(fails(create("Not A Handle", "other@example.com")).starts_with("standpipe: handle: "));
    assert!(
        binary
            .fails(1, &["admin", "user", "disable", "nobody"])
            .contains("no such user")
    );
    assert!(
        binary
            .fails(1, &["admin", "token", "create", "nobody"])
            .contains("no such user")
    );
    binary.ok(&["admin", "token", "create", "ana"]);
    binary.ok(&["admin", "token", "create", "ana"]);
    assert!(
        binary
            .fails(1, &["admin", "token", "create", "ana"])
            .contains("2 of 2 tokens")
    );
}

#[test]
fn wrong_usage_ends_with_2() {
    let binary = binary();
    for arguments in [
        &["admin", "user", "create", "ana"][..],
        &["admin", "nonsense"],
        &["serve", "--nonsense"],
        &["admin", "token", "create", "ana", "--expires-in-days", "0"],
    ] {
        assert!(binary.fails(2, arguments).contains("Usage:") || arguments.contains(&"0"));
    }
    let version = binary.ok(&["--version"]);
    assert_eq!(version, format!("standpipe {}", env!("CARGO_PKG_VERSION")));
    assert!(binary.ok(&["--help"]).contains("serve"));
    assert!(!binary.data_dir().exists(), "nothing was made");
}

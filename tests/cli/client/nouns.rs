//! The commands of profile, password, notifications, tokens and sessions, for people and for scripts.

use super::World;

#[test]
fn the_profile_is_shown_and_changed() {
    let world = World::new().with_token();
    assert_eq!(
        world.ok(&[
            "profile",
            "set",
            "--display-name",
            "Ana Lindqvist",
            "--url",
            "https://ana.example"
        ]),
        "The profile is changed."
    );
    let shown = world.ok(&["profile", "show"]);
    assert!(
        shown.contains("Handle        ana\n") && shown.contains("Display name  Ana Lindqvist\n"),
        "{shown}"
    );
    assert!(shown.contains("https://ana.example"));
    assert_eq!(
        world.json(&["profile", "show", "--json"])["display_name"],
        "Ana Lindqvist"
    );
    assert!(world.ok(&["whoami"]).starts_with("ana (Ana Lindqvist) at "));
    let cleared = world.json(&["profile", "set", "--display-name", "", "--json"]);
    assert!(cleared.get("display_name").is_none_or(serde_json::Value::is_null));
    assert!(world.fails(&["profile", "set"]).contains("--display-name"));
    assert!(
        world
            .fails(&["profile", "set", "--url", "nonsense"])
            .contains("url: ")
    );
}

#[test]
fn the_password_is_shown_alone_and_rotated() {
    let world = World::new().with_token();
    let before = world.ok(&["password", "show"]);
    assert!(before.len() > 20 && before.lines().count() == 1);
    assert_eq!(
        world.json(&["password", "show", "--json"])["$password"],
        before.as_str()
    );
    let said = world.ok(&["password", "rotate"]);
    let after = world.ok(&["password", "show"]);
    assert!(
        before != after && !said.contains(&after),
        "it is told that it changed, not to what"
    );
    assert!(world.json(&["password", "rotate", "--json"])["$password"].is_string());
}

#[test]
fn notifications_are_shown_and_chosen() {
    let world = World::new().with_token();
    assert!(
        world
            .ok(&["notifications", "show"])
            .contains("Product updates    on")
    );
    world.ok(&["notifications", "set", "--product-updates", "off"]);
    let shown = world.ok(&["notifications", "show"]);
    assert!(
        shown.contains("Product updates    off") && shown.contains("Tips and tricks    on"),
        "{shown}"
    );
    assert_eq!(
        world.json(&["notifications", "show", "--json"])["communication_product_updates"],
        "disabled"
    );
    assert_eq!(
        world.json(&["notifications", "set", "--product-updates", "on", "--json"])["communication_product_updates"],
        "enabled"
    );
    assert!(
        world
            .fails(&["notifications", "set"])
            .contains("--tips-and-tricks")
    );
    world
        .binary
        .fails(2, &["notifications", "set", "--product-updates", "maybe"]);
}

#[tokio::test]
async fn a_token_is_made_used_rotated_switched_and_deleted() {
    let world = World::new().with_token();
    let made = world.binary.run(&[
        "token",
        "create",
        "--title",
        "ci",
        "--scope",
        "read",
        "--expires-in-days",
        "7",
    ]);
    let token = String::from_utf8(made.stdout).unwrap().trim_end().to_owned();
    assert!(
        token.starts_with("tpt_") && token.lines().count() == 1,
        "the token alone"
    );
    assert!(made.stderr.is_empty(), "nobody is told where nobody looks");
    let ci = world.running.anonymous().with_token(&token);
    ci.get("/api/v0/actor").await.with_status(200);

    let listed = world.ok(&["token", "list"]);
    let lines: Vec<_> = listed.lines().collect();
    assert!(
        lines[0].starts_with("ID") && lines[0].contains("SCOPE") && lines.len() == 3,
        "{listed}"
    );
    assert!(
        lines[2].contains("  ci  ") && lines[2].contains("  read  ") && lines[2].contains("  active  "),
        "{listed}"
    );
    let json = world.json(&["token", "list", "--json"]);
    assert_eq!(json[1]["title"], "ci");
    assert!(json[1].get("token").is_none());

    world.ok(&["token", "deactivate", "ci"]);
    ci.get("/api/v0/actor").await.with_status(401);
    world.ok(&["token", "activate", json[1]["id"].as_str().unwrap()]);
    ci.get("/api/v0/actor").await.with_status(200);

    let next = world.ok(&["token", "rotate", "ci", "--overlap-hours", "0", "--quiet"]);
    ci.get("/api/v0/actor").await.with_status(401);
    let next = world.running.anonymous().with_token(&next);
    next.get("/api/v0/actor").await.with_status(200);

    let refused = world.fails(&["token", "delete", "ci"]);
    assert!(refused.contains("--confirm ci"), "{refused}");
    assert!(
        world
            .fails(&["token", "delete", "ci", "--confirm", "other"])
            .contains("nothing was done")
    );
    next.get("/api/v0/actor").await.with_status(200);
    assert_eq!(
        world.ok(&["token", "delete", "ci", "--confirm", "ci"]),
        "The token ci is deleted."
    );
    next.get("/api/v0/actor").await.with_status(401);

    let made = world.json(&["token", "create", "--network", "203.0.113.0/24", "--json"]);
    assert!(made["token"].is_string() && made["networks"][0] == "203.0.113.0/24");
    assert!(world.fails(&["token", "create"]).contains("2 of 2 tokens"));
    assert!(
        world
            .fails(&["token", "rotate", "nothing"])
            .contains("there is no token nothing")
    );
    world.ok(&["token", "delete", made["id"].as_str().unwrap(), "--yes"]);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let world = World::new().with_token();
    assert_eq!(
        world.ok(&["session", "list"]),
        "",
        "none, which is told on stderr"
    );
    let mut browsers = Vec::new();
    for _ in 0..3 {
        let link = world.binary.ok(&["admin", "user", "sign-in-link", "ana"]);
        let browser = world.running.browser();
        browser.follow(&link).await.with_status(303);
        browsers.push(browser);
    }
    let listed = world.json(&["session", "list", "--json"]);
    let text = world.ok(&["session", "list"]);
    assert!(
        text.lines().count() == 4 && text.contains("console") && text.contains("127.0.0.1"),
        "{text}"
    );
    let newest = listed[0]["id"].as_str().unwrap();
    assert_eq!(world.ok(&["session", "end", newest]), "The session is ended.");
    browsers[2].get("/settings/profile").await.with_status(303);
    browsers[0].get("/settings/profile").await.with_status(200);
    assert!(
        world
            .fails(&["session", "end", newest])
            .contains("no such session")
    );
    assert_eq!(world.ok(&["session", "end", "--others"]), "2 sessions ended.");
    assert_eq!(world.ok(&["session", "end", "--all"]), "0 sessions ended.");
    world.binary.fails(2, &["session", "end"]);
}

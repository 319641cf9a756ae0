//! `standpipe login`, `logout`, `whoami`.

use std::{
    fs,
    io::{BufReader, Read, Write},
    os::unix::fs::PermissionsExt,
    process::Child,
};

use testkit::Browser;

use super::{World, line_with, piped};

/// A login that waits for its code: the process, what it says, and the page that it names.
fn begin(world: &World, options: &[&str]) -> (Child, BufReader<std::process::ChildStderr>, String) {
    let arguments = [&["login", "--no-browser"], options].concat();
    let mut child = piped(world.binary.command(&arguments));
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let line = line_with(&mut err, "Verify this login at ");
    let page = line.split_once("/login/token").unwrap().1;
    (child, err, format!("/login/token{page}"))
}

async fn ana(world: &World) -> Browser {
    let link = world.binary.ok(&["admin", "user", "sign-in-link", "ana"]);
    let browser = world.running.browser();
    browser.follow(&link).await.with_status(303);
    browser
}

/// Presses Verify on `page`; the code that it shows.
async fn verify(browser: &Browser, page: &str) -> String {
    let request = page.split_once("r=").unwrap().1;
    let shown = browser
        .submit(page, "/login/token", &[("r", request)])
        .await
        .with_status(200);
    let (_, rest) = shown.body.split_once("<code id=\"code\">").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

fn saved(world: &World) -> Vec<std::path::PathBuf> {
    let folder = world.binary.directory().join("home/.config/standpipe/tokens");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_logs_in_and_out() {
    let world = World::new();
    assert!(
        world
            .fails(&["whoami"])
            .contains("run `standpipe login --host http://localhost:")
    );
    let browser = ana(&world).await;

    let (mut child, mut err, page) = begin(&world, &[]);
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"123456\n").unwrap();
    line_with(&mut err, "Nobody has verified the login yet");
    let code = verify(&browser, &page).await;
    let wrong = format!("{:06}\n", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    input.write_all(wrong.as_bytes()).unwrap();
    line_with(&mut err, "4 tries are left");
    input
        .write_all(format!("{} {}\n", &code[..3], &code[3..]).as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with("Logged in to http://localhost:") && said.ends_with(" as ana.\n"),
        "{said}"
    );

    let [file] = &saved(&world)[..] else {
        panic!("one file")
    };
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    let token = fs::read_to_string(file).unwrap();
    assert!(token.starts_with("tptt_") && !said.contains(&token));
    assert!(world.ok(&["whoami"]).starts_with("ana at http://localhost:"));
    let who = world.json(&["whoami", "--json"]);
    assert_eq!(who["handle"], "ana");
    assert!(who["host"].is_string());

    let sessions = world.json(&["session", "list", "--json"]);
    let kinds: Vec<_> = sessions
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["cli", "console"]);
    let agent = sessions[0]["user_agent"].as_str().unwrap();
    assert!(agent.starts_with("standpipe/") && agent.contains('('), "{agent}");
    let shown = browser.get("/settings/sessions").await.with_status(200).body;
    assert!(shown.contains("standpipe on "), "{shown}");

    assert!(world.ok(&["logout"]).starts_with("Logged out of "));
    assert!(saved(&world).is_empty());
    assert_eq!(
        world
            .running
            .anonymous()
            .with_token(token)
            .get("/api/v0/actor")
            .await
            .status,
        401
    );
    assert!(world.ok(&["logout"]).contains("You are not logged in"));
    world.fails(&["session", "list"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_ended_elsewhere_is_forgotten() {
    let world = World::new();
    let browser = ana(&world).await;
    let (mut child, _err, page) = begin(&world, &[]);
    let code = verify(&browser, &page).await;
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{code}\n").as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    browser
        .submit("/settings/sessions", "/settings/sessions/end-others", &[])
        .await
        .with_status(303);
    assert!(
        world
            .fails(&["whoami"])
            .contains("Sign in with `standpipe login`")
    );
    world.ok(&["logout"]);
    assert!(saved(&world).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_with_the_authority_of_the_server() {
    let world = World::new();
    let browser = ana(&world).await;
    let host = format!("localhost:{}", world.running.addresses.https.unwrap().port());
    let ca = world.binary.data_dir().join("tls/ca.pem");
    let options = ["--host", &host, "--ca", ca.to_str().unwrap()];
    let (mut child, _err, page) = begin(&world, &options);
    let code = verify(&browser, &page).await;
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{code}\n").as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    let whoami = [&["whoami"], &options[..]].concat();
    assert_eq!(world.ok(&whoami), format!("ana at https://{host}"));
    // The other door is another server to the command line.
    world.fails(&["whoami"]);
    assert!(
        world
            .ok(&["logout", "--local", "--host", &host])
            .contains("Forgot the login")
    );
    world.fails(&whoami);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_does_not_come_about_saves_nothing() {
    let world = World::new();
    let browser = ana(&world).await;
    // Nothing is typed.
    let nothing = world.fed(&["login", "--no-browser"], "");
    assert_eq!(nothing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("no code was typed"));
    // Three tries, of which two are empty.
    let tries = world.fed(&["login", "--no-browser"], "\n\n123456\n");
    assert!(String::from_utf8_lossy(&tries.stderr).contains("three tries are used up"));
    // Denied.
    let (mut child, mut err, page) = begin(&world, &[]);
    let request = page.split_once("r=").unwrap().1;
    browser
        .submit(&page, "/login/token/deny", &[("r", request)])
        .await
        .with_status(200);
    child.stdin.take().unwrap().write_all(b"123456\n").unwrap();
    let mut said = String::new();
    err.read_to_string(&mut said).unwrap();
    assert!(said.contains("was denied"), "{said}");
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(saved(&world).is_empty());
}

//! `standpipe workspace …`.

use std::{fs, os::unix::fs::PermissionsExt};

use testkit::{Cluster, has};

use super::{World, binary};

fn world() -> World {
    World::of(binary().with_workspaces()).with_token()
}

#[test]
fn a_workspace_is_made_opened_and_deleted() {
    if !has("postgres") || !has("psql") {
        return;
    }
    let world = world();
    assert_eq!(world.ok(&["workspace", "list"]), "");
    let made = world.ok(&["workspace", "create", "dev"]);
    assert!(
        made.starts_with("The workspace dev is ready at ana-dev.db.localhost."),
        "{made}"
    );
    let listed = world.ok(&["workspace", "list"]);
    assert!(
        listed.contains("dev     owner  enabled  local") && listed.contains("ana-dev.db.localhost"),
        "{listed}"
    );
    let json = world.json(&["workspace", "list", "--json"]);
    assert_eq!(
        (&json[0]["handle"], &json[0]["role"], &json[0]["owner_handle"]),
        (&"dev".into(), &"owner".into(), &"ana".into())
    );
    assert!(
        world
            .fails(&["workspace", "create", "dev"])
            .contains("workspace of this name")
    );
    assert!(
        world
            .fails(&["workspace", "create", "Not-One"])
            .contains("handle: ")
    );

    // As oneself, over TLS that is checked, though no resolver need know the name.

    let id = world.json(&["whoami", "--json"])["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let row = world.ok(&[
        "workspace",
        "connect",
        "dev",
        "--",
        "-X",
        "-A",
        "-t",
        "-c",
        "select current_user",
    ]);
    assert_eq!(row, id);
    let info = world.ok(&["workspace", "connect", "dev", "--", "-X", "-c", "\\conninfo"]);
    assert!(info.contains("SSL connection"), "{info}");
    let failed = world
        .binary
        .run(&["workspace", "connect", "dev", "--", "-X", "-c", "select nonsense"]);
    assert_eq!(failed.status.code(), Some(1), "psql's own end");
    assert!(
        world
            .fails(&["workspace", "connect", "nothing"])
            .contains("no such workspace")
    );

    assert!(
        world
            .fails(&["workspace", "delete", "dev"])
            .contains("--confirm dev")
    );
    assert!(
        world
            .ok(&["workspace", "delete", "dev", "--confirm", "dev"])
            .starts_with("The workspace dev is deleted.")
    );
    assert_eq!(
        world
            .json(&["workspace", "list", "--json"])
            .as_array()
            .unwrap()
            .len(),
        0
    );
    assert!(
        world
            .ok(&["workspace", "create", "two", "--no-wait"])
            .contains("is being made")
    );
}

#[test]
fn the_password_is_in_no_list_of_processes() {
    if !has("postgres") {
        return;
    }
    let world = world();
    world.ok(&["workspace", "create", "dev"]);
    let password = world.ok(&["password", "show"]);
    // A psql that says how it was started.
    let folder = world.binary.directory().join("bin");
    fs::create_dir(&folder).unwrap();
    let psql = folder.join("psql");
    fs::write(&psql, "#!/bin/sh\necho \"$PGPASSWORD\"\necho \"$@\"\n").unwrap();
    fs::set_permissions(&psql, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let output = world
        .binary
        .command(&["workspace", "connect", "dev", "--", "-c", "select 1"])
        .env("PATH", path)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (first, rest) = said.split_once('\n').unwrap();
    assert_eq!(first, password);
    assert!(
        !rest.contains(&password)
            && rest.contains("sslmode='verify-full'")
            && rest.trim_end().ends_with("-c select 1"),
        "{rest}"
    );
    let missing = world
        .binary
        .command(&["workspace", "connect", "dev"])
        .env("PATH", "/nowhere")
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(1));
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(
        said.contains("psql is not installed") && said.contains("postgresql-client"),
        "{said}"
    );
}

#[test]
fn a_query_is_printed_as_a_table_csv_and_json() {
    if !has("postgres") {
        return;
    }
    let world = world();
    world.ok(&["workspace", "create", "dev"]);
    let sql = "select 12345678901234567890.10::numeric as n, 'a,b' as n, null as nothing";
    let table = world.ok(&["workspace", "query", "dev", sql]);
    let lines: Vec<_> = table.lines().collect();
    assert!(
        lines.len() == 3 && lines[0].contains("| n ") && lines[0].ends_with("| nothing |"),
        "{table}"
    );
    assert!(
        lines[2].contains("12345678901234567890.10") && lines[2].contains("a,b") && lines[2].contains("NULL"),
        "{table}"
    );
    let csv = world.ok(&["workspace", "query", "dev", sql, "--output", "csv"]);
    assert!(
        csv.lines()
            .nth(1)
            .unwrap()
            .starts_with("12345678901234567890.10,\"a,b\","),
        "{csv}"
    );
    let json = world.ok(&["workspace", "query", "dev", sql, "--json"]);
    assert!(json.contains("12345678901234567890.10"), "{json}");

    let file = world.binary.directory().join("q.sql");
    fs::write(&file, "select 1 as one").unwrap();
    assert!(
        world
            .ok(&["workspace", "query", "dev", "--file", file.to_str().unwrap()])
            .contains("| one |")
    );
    let fed = world.fed(&["workspace", "query", "dev"], "select 2 as two");
    assert!(String::from_utf8_lossy(&fed.stdout).contains("| two |"));
    assert_eq!(
        world.ok(&["workspace", "query", "dev", "create table t as select 7 as seven"]),
        "SELECT 1"
    );
    let wrong = world.fails(&["workspace", "query", "dev", "select nonsense"]);
    assert!(wrong.contains("column \"nonsense\" does not exist"), "{wrong}");
    assert!(
        world
            .fails(&["workspace", "query", "dev", "  "])
            .contains("there is no SQL")
    );
    assert!(
        world
            .fails(&["workspace", "query", "nothing", "select 1"])
            .contains("no such workspace")
    );

    let many = world.binary.run(&[
        "workspace",
        "query",
        "dev",
        "select generate_series(1, 6000) as n",
        "--output",
        "csv",
    ]);
    assert!(many.status.success());
    assert_eq!(String::from_utf8_lossy(&many.stdout).lines().count(), 5001);
    let told = String::from_utf8_lossy(&many.stderr).into_owned();
    assert!(
        told.contains("5000 rows") && told.contains("standpipe workspace connect"),
        "{told}"
    );
}

#[test]
fn a_workspace_is_shared_and_its_connections_are_listed() {
    if !has("postgres") || !has("psql") {
        return;
    }
    let world = world();
    world
        .binary
        .ok(&["admin", "user", "create", "bob", "--email", "bob@example.com"]);
    world.ok(&["workspace", "create", "dev"]);
    assert_eq!(
        world.json(&["workspace", "member", "list", "dev", "--json"]),
        serde_json::json!([])
    );
    let said = world.ok(&["workspace", "member", "add", "dev", "bob", "--role", "operator"]);
    assert!(said.starts_with("bob has access to dev as operator"), "{said}");
    assert!(
        world
            .ok(&["workspace", "member", "list", "dev"])
            .contains("bob     operator")
    );
    assert!(
        world
            .fails(&["workspace", "member", "add", "dev", "nobody"])
            .contains("no account of this handle")
    );
    assert_eq!(
        world.ok(&["workspace", "member", "update", "dev", "bob", "--role", "reader"]),
        "bob is reader of dev."
    );

    // The same commands for the one who was let in.
    let token = world.binary.ok(&["admin", "token", "create", "bob"]);
    let as_bob = |arguments: &[&str]| {
        let mut command = world.binary.command(arguments);
        let output = command.env("STANDPIPE_TOKEN", &token).output().unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        );
        (output.status.success(), format!("{out}{err}"))
    };
    let asked = std::time::Instant::now();
    while !as_bob(&["workspace", "query", "ana/dev", "select 1"]).0 {
        assert!(asked.elapsed().as_secs() < 60, "the access cannot be used");
    }
    let (good, listed) = as_bob(&["workspace", "list"]);
    assert!(
        good && listed.contains("ana/dev  reader  enabled  local") && listed.contains("ana-dev.db.localhost"),
        "{listed}"
    );
    let (good, row) = as_bob(&[
        "workspace",
        "connect",
        "ana/dev",
        "--",
        "-X",
        "-A",
        "-t",
        "-c",
        "select 7",
    ]);
    assert!(good && row.trim() == "7", "{row}");

    assert_eq!(
        world.json(&["workspace", "connections", "list", "--json"]),
        serde_json::json!([])
    );
    assert_eq!(
        world.ok(&["workspace", "connections", "end", "--all", "--workspace", "dev"]),
        "0 connections end."
    );
    assert!(
        world
            .fails(&["workspace", "connections", "end", "c_00000000000000000000"])
            .contains("no such connection")
    );
    assert!(
        world
            .fails(&["workspace", "member", "remove", "dev", "bob"])
            .contains("--confirm bob")
    );
    let said = world.ok(&["workspace", "member", "remove", "dev", "bob", "--yes"]);
    assert_eq!(said, "bob has no access to dev any more.");
    assert!(!as_bob(&["workspace", "query", "ana/dev", "select 1"]).0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_attached_without_its_password_on_the_command_line() {
    if !has("postgres") || !has("psql") {
        return;
    }
    let cluster = Cluster::start().await;
    cluster
        .run(
            "postgres",
            "CREATE ROLE reporting LOGIN PASSWORD 'reporting-secret'",
        )
        .await;
    let world = World::new().with_token();
    let url = format!("postgres://reporting@localhost:{}/postgres", cluster.port);
    let ca = cluster.authority();
    let attach = ["workspace", "attach", "sales", "--url"];
    let arguments = |rest: &[&'static str], url: &str| {
        let all = attach.iter().copied().chain([url]).chain(rest.iter().copied());
        all.map(str::to_owned).collect::<Vec<_>>()
    };
    let fed = |arguments: &[String], input: &str| {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        world.fed(&arguments, input)
    };
    let wrong = fed(&arguments(&[], &url), "wrong\n");
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(said.contains("does not take this user and password"), "{said}");
    let nothing = fed(&arguments(&[], &url), "");
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("PGPASSWORD"));

    let verified = format!("{url}?sslmode=verify-full&sslrootcert={}", ca.display());
    let made = fed(&arguments(&[], &verified), "reporting-secret\n");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(said.contains("ana-sales.db.localhost"), "{said}");
    let listed = world.ok(&["workspace", "list"]);
    assert!(listed.contains("attached") && listed.contains("15."), "{listed}");
    let row = ["workspace", "query", "sales", "select current_user", "--json"];
    assert!(world.ok(&row).contains("reporting"));

    cluster
        .run("postgres", "ALTER ROLE reporting PASSWORD 'other-secret'")
        .await;
    let whole = format!(
        "postgres://reporting:other-secret@localhost:{}/postgres\n",
        cluster.port
    );
    let again = fed(&arguments(&["--again"], "-"), &whole);
    assert!(
        again.status.success(),
        "{}",
        String::from_utf8_lossy(&again.stderr)
    );
    assert!(world.ok(&row).contains("reporting"));

    let limits = [
        "workspace",
        "limits",
        "sales",
        "--connections",
        "3",
        "--statement-timeout",
        "5000",
    ];
    assert_eq!(
        world.ok(&limits),
        "sales allows 3 connections, statements of 5000 ms and waiting transactions of any time."
    );
    assert!(
        world
            .fails(&["workspace", "limits", "sales"])
            .contains("--connections")
    );
    assert!(
        world
            .fails(&["workspace", "limits", "sales", "--connections", "0"])
            .contains("connection_limit")
    );
    let deleted = world.ok(&["workspace", "delete", "sales", "--yes"]);
    assert!(deleted.contains("Its server stays as it is."), "{deleted}");
}

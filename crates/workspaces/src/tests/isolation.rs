//! What a person can do in a workspace, and what nobody can (gateway.md §4.7).

use std::process::Command;

use super::harness::{Home, Login, Person, log_in, socket_directory, sqlstate, superuser};
use crate::{LocalServer, binaries::Binaries};

/// Each with the SQLSTATE that refuses it.
const REFUSED: [(&str, &str); 35] = [
    ("CREATE ROLE mallory", "42501"),
    ("CREATE USER mallory SUPERUSER", "42501"),
    ("CREATE DATABASE mallory", "42501"),
    ("ALTER ROLE CURRENT_USER SUPERUSER", "42501"),
    ("ALTER ROLE CURRENT_USER CREATEROLE", "42501"),
    ("ALTER ROLE CURRENT_USER CONNECTION LIMIT 1000", "42501"),
    ("ALTER ROLE standpipe PASSWORD 'x'", "42501"),
    ("ALTER ROLE CURRENT_USER SET temp_file_limit = -1", "42501"),
    ("SET temp_file_limit = -1", "42501"),
    ("SET ROLE standpipe", "42501"),
    ("SET ROLE standpipe_owner", "42501"),
    ("SET ROLE pg_read_all_data", "42501"),
    ("SET SESSION AUTHORIZATION standpipe", "42501"),
    ("SET session_replication_role = replica", "42501"),
    ("SET log_min_error_statement = error", "42501"),
    ("GRANT pg_read_server_files TO CURRENT_USER", "42501"),
    ("GRANT standpipe TO CURRENT_USER", "42501"),
    ("ALTER SYSTEM SET work_mem = '1GB'", "42501"),
    ("SELECT pg_reload_conf()", "42501"),
    ("SELECT rolpassword FROM pg_authid", "42501"),
    ("SELECT * FROM pg_shadow", "42501"),
    ("SELECT * FROM pg_hba_file_rules", "42501"),
    ("SELECT pg_read_file('postgresql.conf')", "42501"),
    ("SELECT pg_read_binary_file('/etc/passwd')", "42501"),
    ("SELECT pg_ls_dir('.')", "42501"),
    ("SELECT lo_import('/etc/passwd')", "42501"),
    ("COPY (SELECT 1) TO PROGRAM 'true'", "42501"),
    ("COPY (SELECT 1) TO '/tmp/standpipe-isolation'", "42501"),
    (
        "CREATE TABLE leak (l text); COPY leak FROM '/etc/passwd'",
        "42501",
    ),
    ("CREATE EXTENSION dblink", "42501|58P01|0A000"),
    ("CREATE EXTENSION file_fdw", "42501|58P01|0A000"),
    (
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'getpid'",
        "42501",
    ),
    ("LOAD 'auto_explain'", "42501|58P01"),
    ("CREATE SCHEMA other", "42501"),
    (
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=postgres' PUBLICATION p",
        "42501",
    ),
];

async fn two_people() -> (Home, LocalServer, Person, Person) {
    let home = Home::new();
    let server = home.ready().await;
    let (ana, bob) = (Person::new(1), Person::new(2));
    server.managed().provision(&ana.plan).await.unwrap();
    server.managed().provision(&bob.plan).await.unwrap();
    (home, server, ana, bob)
}

#[tokio::test]
async fn nobody_gets_out_of_their_workspace() {
    let (_home, server, ana, bob) = two_people().await;
    for closed in [bob.database(), "postgres", "template1"] {
        let refused = ana.log_in_to(&server, closed).await.err().unwrap();
        assert_eq!(sqlstate(&refused), "42501", "{closed}");
    }
    let template0 = ana.log_in_to(&server, "template0").await.err().unwrap();
    assert_eq!(sqlstate(&template0), "55000");

    let login = ana.log_in(&server).await.unwrap();
    for (sql, states) in REFUSED {
        let got = login.ask(sql).await.expect_err(sql);
        assert!(states.contains(&got), "{sql}: {got}");
    }
    let (bobs, own) = (bob.database(), ana.database());
    let (bobs_role, bobs_space) = (bob.plan.owner, bob.plan.workspace);
    for sql in [
        format!("GRANT CONNECT ON DATABASE {own} TO PUBLIC"),
        format!("ALTER DATABASE {own} SET work_mem = '1GB'"),
        format!("ALTER DATABASE {own} CONNECTION LIMIT 1000"),
        format!("ALTER DATABASE {bobs} SET work_mem = '1GB'"),
        format!("DROP DATABASE {bobs}"),
        format!("DROP ROLE {bobs_role}"),
        format!("ALTER ROLE {bobs_role} PASSWORD 'x'"),
        format!("SET ROLE {bobs_role}"),
        format!("SET ROLE \"{bobs_space}_owner\""),
        format!("GRANT \"{bobs_space}_reader\" TO CURRENT_USER"),
        format!("GRANT {bobs_role} TO CURRENT_USER"),
        format!("ALTER ROLE {} RENAME TO mallory", ana.plan.owner),
    ] {
        // A grant without the right to grant is a warning and does nothing.
        match login.ask(&sql).await {
            Err(state) => assert!(["42501", "0A000"].contains(&state.as_str()), "{sql}: {state}"),
            Ok(_) => assert!(sql.starts_with("GRANT CONNECT"), "{sql}"),
        }
    }
    let still_closed = bob.log_in_to(&server, own).await.err().unwrap();
    assert_eq!(sqlstate(&still_closed), "42501");
    server.stop().await;
}

#[tokio::test]
async fn nobody_sees_or_ends_the_sessions_of_others() {
    let (_home, server, ana, bob) = two_people().await;
    let victim = bob.log_in(&server).await.unwrap();
    victim.ask("SELECT 'bobs secret'").await.unwrap();
    let pid = victim.ask("SELECT pg_backend_pid()").await.unwrap().remove(0);
    let login = ana.log_in(&server).await.unwrap();
    for function in ["pg_terminate_backend", "pg_cancel_backend"] {
        let got = login.ask(&format!("SELECT {function}({pid})")).await;
        assert_eq!(got.unwrap_err(), "42501");
    }
    let seen = login
        .ask(&format!("SELECT query FROM pg_stat_activity WHERE pid = {pid}"))
        .await
        .unwrap();
    assert_eq!(seen, ["<insufficient privilege>"]);
    victim.ask("SELECT 1").await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn an_owner_works_as_they_are_used_to() {
    let (home, server, ana, _) = two_people().await;
    let login = ana.log_in(&server).await.unwrap();
    for sql in [
        "CREATE TABLE people (id serial PRIMARY KEY, name text)",
        "INSERT INTO people (name) VALUES ('Ana'), ('Bo')",
        "CREATE VIEW names AS SELECT name FROM people",
        "CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
        "CREATE TEMP TABLE scratch AS SELECT * FROM people",
        "SET statement_timeout = 0",
        "ALTER TABLE people ADD COLUMN born date",
        "ANALYZE people",
        "DROP VIEW names",
    ] {
        login.ask(sql).await.expect(sql);
    }
    for (sql, answer) in [
        ("SELECT current_user", ana.plan.owner.to_string().as_str()),
        ("SHOW search_path", "\"$user\", public"),
        ("SHOW temp_file_limit", "1GB"),
        ("SELECT count(*) FROM people", "2"),
    ] {
        assert_eq!(login.ask(sql).await.unwrap(), [answer], "{sql}");
    }
    let fresh = ana.log_in(&server).await.unwrap();
    assert_eq!(fresh.ask("SHOW statement_timeout").await.unwrap(), ["10min"]);
    assert_eq!(
        fresh
            .ask("SHOW idle_in_transaction_session_timeout")
            .await
            .unwrap(),
        ["5min"]
    );
    describes_with_psql(&home, &server, &ana);
    server.stop().await;
}

fn describes_with_psql(home: &Home, server: &LocalServer, person: &Person) {
    let directory = Binaries::find(&home.settings, None).remove(0).directory;
    let psql = directory.join("psql");
    if !psql.exists() {
        eprintln!("no psql in {}: not tried", directory.display());
        return;
    }
    let output = Command::new(psql)
        .args(["-X", "-At", "-c", "\\d", "-c", "\\d people", "-c", "\\l"])
        .arg("-h")
        .arg(socket_directory(server))
        .args(["-U", &person.plan.owner.to_string(), "-d", person.database()])
        .env("PGPASSWORD", &person.password)
        .output()
        .unwrap();
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success() && complained.is_empty(), "{complained}");
    assert!(
        said.contains("public|people|table") && said.contains("born|date"),
        "{said}"
    );
}

/// Someone in a group of Ana's workspace.
async fn member(server: &LocalServer, ana: &Person, group: &str) -> Login {
    let control = superuser(server, "postgres").await;
    control
        .run(&format!(
            "CREATE ROLE {group} LOGIN PASSWORD 'pw'; GRANT \"{}_{group}\" TO {group}",
            ana.plan.workspace
        ))
        .await
        .unwrap();
    log_in(server, group, "pw", ana.database()).await.unwrap()
}

#[tokio::test]
async fn groups_read_and_write_what_the_owner_makes() {
    let (_home, server, ana, bob) = two_people().await;
    let owner = ana.log_in(&server).await.unwrap();
    owner
        .ask("CREATE TABLE before (id serial, v text)")
        .await
        .unwrap();
    let reader = member(&server, &ana, "reader").await;
    let operator = member(&server, &ana, "operator").await;
    owner.ask("CREATE TABLE after (id serial, v text)").await.unwrap();
    for table in ["before", "after"] {
        let insert = format!("INSERT INTO {table} (v) VALUES ('x')");
        let select = format!("SELECT v FROM {table}");
        operator.ask(&insert).await.unwrap();
        operator
            .ask(&format!("UPDATE {table} SET v = 'y'"))
            .await
            .unwrap();
        assert_eq!(reader.ask(&select).await.unwrap(), ["y"]);
        assert_eq!(reader.ask(&insert).await.unwrap_err(), "42501");
        operator.ask(&format!("DELETE FROM {table}")).await.unwrap();
        for not_owner in [&reader, &operator] {
            assert_eq!(
                not_owner.ask(&format!("DROP TABLE {table}")).await.unwrap_err(),
                "42501"
            );
        }
    }
    for not_owner in [&reader, &operator] {
        assert_eq!(
            not_owner.ask("CREATE TABLE mine (i int)").await.unwrap_err(),
            "42501"
        );
        not_owner.ask("CREATE TEMP TABLE mine (i int)").await.unwrap();
    }
    let refused = log_in(&server, "reader", "pw", bob.database())
        .await
        .err()
        .unwrap();
    assert_eq!(sqlstate(&refused), "42501");
    server.stop().await;
}

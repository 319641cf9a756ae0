//! Every statement and the schema itself, on both engines.

mod handles;

use std::collections::BTreeMap;

use sqlx::{Either, Executor, Row as _, SqlSafeStr, Statement as _};

use crate::{
    Db, Engine,
    db::{POSTGRES_CONNECTIONS, Pools},
    sql::Sql,
};

const MODULES: &[(&str, &str, &[Sql])] = &[
    (
        "accesses",
        include_str!("accesses.rs"),
        crate::accesses::STATEMENTS,
    ),
    (
        "announcements",
        include_str!("announcements.rs"),
        crate::announcements::STATEMENTS,
    ),
    (
        "attachments",
        include_str!("attachments.rs"),
        crate::attachments::STATEMENTS,
    ),
    (
        "audit_chain",
        include_str!("audit_chain.rs"),
        crate::audit_chain::STATEMENTS,
    ),
    (
        "audit_erasure",
        include_str!("audit_erasure.rs"),
        crate::audit_erasure::STATEMENTS,
    ),
    (
        "audit_log",
        include_str!("audit_log.rs"),
        crate::audit_log::STATEMENTS,
    ),
    ("avatars", include_str!("avatars.rs"), crate::avatars::STATEMENTS),
    (
        "cli_logins",
        include_str!("cli_logins.rs"),
        crate::cli_logins::STATEMENTS,
    ),
    (
        "connections",
        include_str!("connections.rs"),
        crate::connections::STATEMENTS,
    ),
    (
        "database_passwords",
        include_str!("database_passwords.rs"),
        crate::database_passwords::STATEMENTS,
    ),
    ("db_log", include_str!("db_log.rs"), crate::db_log::STATEMENTS),
    (
        "deleted_users",
        include_str!("deleted_users.rs"),
        crate::deleted_users::STATEMENTS,
    ),
    ("handles", include_str!("handles.rs"), crate::handles::STATEMENTS),
    (
        "identities",
        include_str!("identities.rs"),
        crate::identities::STATEMENTS,
    ),
    (
        "known_places",
        include_str!("known_places.rs"),
        crate::known_places::STATEMENTS,
    ),
    (
        "email_proofs",
        include_str!("email_proofs.rs"),
        crate::email_proofs::STATEMENTS,
    ),
    ("members", include_str!("members.rs"), crate::members::STATEMENTS),
    (
        "open_connections",
        include_str!("open_connections.rs"),
        crate::open_connections::STATEMENTS,
    ),
    ("outbox", include_str!("outbox.rs"), crate::outbox::STATEMENTS),
    (
        "preferences",
        include_str!("preferences.rs"),
        crate::preferences::STATEMENTS,
    ),
    (
        "processes",
        include_str!("processes.rs"),
        crate::processes::STATEMENTS,
    ),
    (
        "server_roles",
        include_str!("server_roles.rs"),
        crate::server_roles::STATEMENTS,
    ),
    (
        "sessions",
        include_str!("sessions.rs"),
        crate::sessions::STATEMENTS,
    ),
    (
        "sign_ins",
        include_str!("sign_ins.rs"),
        crate::sign_ins::STATEMENTS,
    ),
    (
        "step_ups",
        include_str!("step_ups.rs"),
        crate::step_ups::STATEMENTS,
    ),
    ("tokens", include_str!("tokens.rs"), crate::tokens::STATEMENTS),
    (
        "user_emails",
        include_str!("user_emails.rs"),
        crate::user_emails::STATEMENTS,
    ),
    ("users", include_str!("users.rs"), crate::users::STATEMENTS),
    (
        "workspace_names",
        include_str!("workspace_names.rs"),
        crate::workspace_names::STATEMENTS,
    ),
    (
        "workspaces",
        include_str!("workspaces.rs"),
        crate::workspaces::STATEMENTS,
    ),
];

#[expect(
    clippy::disallowed_methods,
    reason = "a test reads the environment of its run"
)]
fn server() -> String {
    std::env::var("STANDPIPE_TEST_POSTGRES_URL")
        .expect("run the tests by `make test` or `scripts/with-postgres cargo nextest run`")
}

/// A throwaway database on each engine; PostgreSQL is the one that `scripts/with-postgres` started.
async fn both() -> (Db, Db, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Db::open_sqlite(&folder.path().join("standpipe.db"))
        .await
        .unwrap();
    let server = server();
    let name = format!(
        "store_{}",
        folder
            .path()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .replace('.', "")
            .to_lowercase()
    );
    let admin = sqlx::PgPool::connect(&server).await.unwrap();
    admin
        .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .unwrap();
    let url = server.replace("/postgres?", &format!("/{name}?"));
    (sqlite, Db::open_postgres(&url).await.unwrap(), folder)
}

#[test]
fn every_statement_is_listed() {
    for (module, source, statements) in MODULES {
        let written = source.matches("= sql(").count() + source.matches("=\n    sql(").count();
        assert_eq!(
            written,
            statements.len(),
            "{module}: STATEMENTS must list each statement of the file"
        );
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap();
    let with_statements = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| std::fs::read_to_string(path).unwrap())
        .filter(|source| source.contains("const STATEMENTS: &[Sql] ="))
        .count();
    assert_eq!(
        with_statements,
        MODULES.len() + 1, // this file names it too
        "a module with STATEMENTS is missing from MODULES"
    );
}

#[tokio::test]
async fn every_statement_is_prepared_on_both_engines() {
    let (sqlite, postgres, _folder) = both().await;
    let (Pools::Sqlite { writer, .. }, Pools::Postgres { writers, .. }) = (&sqlite.pools, &postgres.pools)
    else {
        unreachable!()
    };
    let count = |parameters: Option<Either<usize, usize>>| match parameters {
        Some(Either::Left(n) | Either::Right(n)) => n,
        None => 0,
    };
    for sql in MODULES.iter().flat_map(|(_, _, statements)| *statements) {
        let on_sqlite = writer
            .prepare(sql.text.into_sql_str())
            .await
            .unwrap_or_else(|e| panic!("{}: {e}", sql.text));
        let on_postgres = writers
            .prepare(sql.text.into_sql_str())
            .await
            .unwrap_or_else(|e| panic!("{}: {e}", sql.text));
        let sqlite_count = count(on_sqlite.parameters().map(|p| p.map_left(|list| list.len())));
        let postgres_count = count(on_postgres.parameters().map(|p| p.map_left(|list| list.len())));
        assert_eq!(
            (sqlite_count, postgres_count),
            (sql.parameters, sql.parameters),
            "{}",
            sql.text
        );
    }
}

#[tokio::test]
async fn a_statement_with_a_missing_value_is_refused() {
    let (sqlite, postgres, _folder) = both().await;
    for db in [sqlite, postgres] {
        let error = db
            .all(
                crate::sql::sql("SELECT $1 AS a, $2 AS b"),
                crate::sql::params![1_i64],
            )
            .await
            .err();
        assert!(matches!(
            error,
            Some(crate::Error::Parameters {
                expected: 2,
                given: 1
            })
        ));
    }
}

/// Per table, each column's kind and whether it may be null; then the columns of each unique index.
type Schema = BTreeMap<String, Vec<String>>;

async fn sqlite_schema(pool: &sqlx::SqlitePool) -> Schema {
    let columns = "SELECT m.name AS t, c.name || ' ' || CASE c.type WHEN 'INTEGER' THEN 'int' WHEN 'BLOB' THEN 'bytes' \
        ELSE lower(c.type) END || CASE WHEN c.\"notnull\" = 1 THEN ' not null' ELSE '' END AS c \
        FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE '%sqlx%'";
    let unique = "SELECT m.name AS t, (SELECT 'unique ' || group_concat(name, ',') FROM \
        (SELECT name FROM pragma_index_info(i.name) ORDER BY name)) AS c \
        FROM sqlite_master m JOIN pragma_index_list(m.name) i \
        WHERE m.type = 'table' AND i.\"unique\" = 1 AND m.name NOT LIKE '%sqlx%'";
    let mut schema = Schema::new();
    for query in [columns, unique] {
        for row in sqlx::query(query).fetch_all(pool).await.unwrap() {
            schema.entry(row.get("t")).or_default().push(row.get("c"));
        }
    }
    schema.values_mut().for_each(|lines| lines.sort());
    schema
}

async fn postgres_schema(pool: &sqlx::PgPool) -> Schema {
    let columns = "SELECT table_name::text AS t, column_name || ' ' || CASE data_type WHEN 'bigint' THEN 'int' \
        WHEN 'bytea' THEN 'bytes' ELSE data_type END || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END AS c \
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '%sqlx%'";
    let unique = "SELECT c.relname::text AS t, 'unique ' || (SELECT string_agg(a.attname, ',' ORDER BY a.attname) \
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)) AS c \
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = 'public' AND i.indisunique AND c.relname NOT LIKE '%sqlx%'";
    let mut schema = Schema::new();
    for query in [columns, unique] {
        for row in sqlx::query(query).fetch_all(pool).await.unwrap() {
            schema.entry(row.get("t")).or_default().push(row.get("c"));
        }
    }
    schema.values_mut().for_each(|lines| lines.sort());
    schema
}

#[tokio::test]
async fn nobody_waits_with_a_read_for_those_who_write() {
    let (sqlite, postgres, _folder) = both().await;
    for db in [sqlite, postgres] {
        let most = match db.engine() {
            Engine::Sqlite => 1,
            Engine::Postgres => POSTGRES_CONNECTIONS,
        };
        let mut writing = Vec::new();
        for _ in 0..most {
            writing.push(db.begin().await.unwrap());
        }
        db.ping().await.unwrap();
    }
}

#[tokio::test]
async fn sqlite_writes_nothing_outside_of_its_directory() {
    const TEMP_STORE: Sql = crate::sql::sql("PRAGMA temp_store");
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open_sqlite(&folder.path().join("store.db")).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    for row in [tx.one(TEMP_STORE, vec![]).await, db.one(TEMP_STORE, vec![]).await] {
        let in_memory = 2;
        assert_eq!(row.unwrap().unwrap().int("temp_store").unwrap(), in_memory);
    }
}

#[tokio::test]
async fn both_schemas_are_the_same() {
    let (sqlite, postgres, _folder) = both().await;
    let (Pools::Sqlite { writer, .. }, Pools::Postgres { writers, .. }) = (&sqlite.pools, &postgres.pools)
    else {
        unreachable!()
    };
    let (left, right) = (sqlite_schema(writer).await, postgres_schema(writers).await);
    assert!(left.len() > 10);
    for table in left.keys().chain(right.keys()) {
        assert_eq!(left.get(table), right.get(table), "table {table}");
    }
}

//! Changing and reading the account store behind Standpipe's back.

use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};

/// Runs statements in the database at `url`.
pub(crate) async fn tamper(url: &str, statements: &str) {
    let statements = AssertSqlSafe(statements.to_owned());
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.expect("the file");
        connection
            .execute(sqlx::raw_sql(statements))
            .await
            .expect("the statements");
        connection.close().await.expect("the end");
    } else {
        let mut connection = PgConnection::connect(url).await.expect("the server");
        connection
            .execute(sqlx::raw_sql(statements))
            .await
            .expect("the statements");
        connection.close().await.expect("the end");
    }
}

/// The first column, a text, of each row that `query` finds in the SQLite database at `url`.
pub(crate) async fn ask(url: &str, query: &str) -> Vec<String> {
    let mut connection = SqliteConnection::connect(url).await.expect("the file");
    let rows = sqlx::query(AssertSqlSafe(query.to_owned()))
        .fetch_all(&mut connection)
        .await
        .expect(query);
    connection.close().await.expect("the end");
    rows.iter().map(|row| row.get(0)).collect()
}

/// Where the account store in a data directory is.
pub(crate) fn sqlite_url(data_dir: &Path) -> String {
    format!("sqlite://{}", data_dir.join("standpipe.db").display())
}

/// Every row of every table in the database at `url`: the table's name, and the row as text.
pub(crate) async fn dump(url: &str) -> Vec<(String, String)> {
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.expect("the file");
        let rows = dump_sqlite(&mut connection).await;
        connection.close().await.expect("the end");
        rows
    } else {
        let mut connection = PgConnection::connect(url).await.expect("the server");
        let rows = dump_postgres(&mut connection).await;
        connection.close().await.expect("the end");
        rows
    }
}

const SQLITE_TABLES: &str = "SELECT m.name, group_concat('quote(\"' || c.name || '\")', '||'' ''||') \
     FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' GROUP BY m.name";

async fn dump_sqlite(connection: &mut SqliteConnection) -> Vec<(String, String)> {
    let tables = sqlx::query(SQLITE_TABLES).fetch_all(&mut *connection).await;
    let mut dumped = Vec::new();
    for table in tables.expect("tables") {
        let (name, columns): (String, String) = (table.get(0), table.get(1));
        let query = AssertSqlSafe(format!("SELECT {columns} FROM \"{name}\""));
        let rows = sqlx::query(query)
            .fetch_all(&mut *connection)
            .await
            .expect("rows");
        dumped.extend(rows.iter().map(|row| (name.clone(), row.get(0))));
    }
    dumped
}

const POSTGRES_TABLES: &str =
    "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";

async fn dump_postgres(connection: &mut PgConnection) -> Vec<(String, String)> {
    let tables = sqlx::query(POSTGRES_TABLES).fetch_all(&mut *connection).await;
    let mut dumped = Vec::new();
    for table in tables.expect("tables") {
        let name: String = table.get(0);
        let query = AssertSqlSafe(format!("SELECT t::text FROM \"{name}\" t"));
        let rows = sqlx::query(query)
            .fetch_all(&mut *connection)
            .await
            .expect("rows");
        dumped.extend(rows.iter().map(|row| (name.clone(), row.get(0))));
    }
    dumped
}

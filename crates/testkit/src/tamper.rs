//! Changing the account store behind Standpipe's back.

use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

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

/// Where the account store in a data directory is.
pub(crate) fn sqlite_url(data_dir: &Path) -> String {
    format!("sqlite://{}", data_dir.join("standpipe.db").display())
}

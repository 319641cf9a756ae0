//! Bringing a schema up to date. Two folders with the same numbers; migrations only go forward.

use std::borrow::Cow;

use sqlx::{
    PgPool, SqlSafeStr, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
};

use crate::Result;

macro_rules! migrations {
    ($($version:literal $name:literal;)*) => {
        const SQLITE: &[(i64, &str, &str)] =
            &[$(($version, $name, include_str!(concat!("../migrations/sqlite/", $name, ".sql")))),*];
        const POSTGRES: &[(i64, &str, &str)] =
            &[$(($version, $name, include_str!(concat!("../migrations/postgres/", $name, ".sql")))),*];
    };
}

migrations! {
    1 "0001_accounts";
    2 "0002_preferences";
    3 "0003_audit_chain";
    4 "0004_step_ups_and_emails";
    5 "0005_handles";
    6 "0006_endings";
    7 "0007_token_scopes";
    8 "0008_avatars";
    9 "0009_contract";
    10 "0010_db_log";
    11 "0011_cli_logins";
    13 "0013_mail";
    14 "0014_announcements";
    15 "0015_notices";
    16 "0016_outbox";
    17 "0017_backends";
    18 "0018_workspace_limits";
    19 "0019_members";
    20 "0020_open_connections";
}

fn migrator(list: &'static [(i64, &'static str, &'static str)]) -> Migrator {
    let migrations = list
        .iter()
        .map(|(version, name, text)| {
            Migration::new(
                *version,
                Cow::Borrowed(*name),
                MigrationType::Simple,
                text.into_sql_str(),
                false,
            )
        })
        .collect();
    Migrator::with_migrations(migrations)
}

pub(crate) async fn sqlite(pool: &SqlitePool) -> Result<()> {
    Ok(migrator(SQLITE).run(pool).await?)
}

pub(crate) async fn postgres(pool: &PgPool) -> Result<()> {
    Ok(migrator(POSTGRES).run(pool).await?)
}

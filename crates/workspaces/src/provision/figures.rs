//! What a server says of itself and of the databases in it.

use model::workspace::DatabaseName;

use super::ProvisionError;
use crate::{Figures, control::Control};

const SIZES: &str = "SELECT datname || ' ' || pg_database_size(oid) FROM pg_database \
     WHERE datname = ANY (string_to_array($1, ','))";
const VERSION: &str = "SELECT current_setting($1)";

pub(crate) async fn figures(
    control: &Control,
    databases: &[DatabaseName],
) -> Result<Figures, ProvisionError> {
    let names: Vec<&str> = databases.iter().map(DatabaseName::as_str).collect();
    let session = control.open().await?;
    let version: Option<String> = session.look_up(VERSION, "server_version").await?;
    let rows = session.list(SIZES, &names.join(",")).await?;
    let parse = |row: String| {
        let (name, size) = row.split_once(' ')?;
        Some((name.to_owned(), size.parse().ok()?))
    };
    Ok(Figures {
        version: short(&version.unwrap_or_default()),
        sizes: rows.into_iter().filter_map(parse).collect(),
    })
}

/// The number alone: distributions write more behind it.
pub(crate) fn short(version: &str) -> String {
    version
        .split(' ')
        .next()
        .unwrap_or_default()
        .chars()
        .take(40)
        .collect()
}

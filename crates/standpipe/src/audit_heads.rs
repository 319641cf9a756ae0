//! Signed heads of the audit log in a file: what the account store cannot take back.
//!
//! The server writes them every hour into its data directory (security A.6), from where backups and log shippers take
//! them elsewhere. One JSON object a line, in the order of the chains' names.

use std::path::Path;

use app::App;
use data_encoding::HEXLOWER;
use model::audit::Head;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, data_dir::DataDir};

/// The file in the data directory.
pub(crate) const FILE: &str = "audit-heads.jsonl";

/// A head as it is kept in a file.
#[derive(Serialize, Deserialize)]
struct HeadLine {
    chain: String,
    sequence: i64,
    hash: String,
    mac: String,
}

/// Gives each page of heads, as lines, to `page`.
pub(crate) async fn each_page(app: &App, mut page: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let mut after = String::new();
    loop {
        let heads = app.list_audit_heads(&after).await?;
        let Some(last) = heads.last() else {
            return Ok(());
        };
        after.clone_from(&last.chain);
        let mut text = String::new();
        for head in &heads {
            text.push_str(&line(head)?);
            text.push('\n');
        }
        page(&text)?;
    }
}

/// Writes the heads of now into the data directory, whole or not at all.
pub(crate) async fn write(app: &App, data_dir: &DataDir) -> Result<()> {
    let mut file = data_dir.replace(FILE)?;
    each_page(app, |page| file.write(page.as_bytes())).await?;
    file.finish()
}

/// The heads in a file.
pub(crate) fn read(path: &Path) -> Result<Vec<Head>> {
    let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(n, line)| {
            parse(line)
                .ok_or_else(|| Error::Refused(format!("{}, line {}: this is no head", path.display(), n + 1)))
        })
        .collect()
}

fn line(head: &Head) -> Result<String> {
    let line = HeadLine {
        chain: head.chain.clone(),
        sequence: head.sequence,
        hash: HEXLOWER.encode(&head.hash),
        mac: HEXLOWER.encode(&head.mac),
    };
    serde_json::to_string(&line).map_err(|error| Error::file("write", FILE)(std::io::Error::other(error)))
}

fn parse(line: &str) -> Option<Head> {
    let line: HeadLine = serde_json::from_str(line).ok()?;
    Some(Head {
        chain: line.chain,
        sequence: line.sequence,
        hash: HEXLOWER.decode(line.hash.as_bytes()).ok()?,
        mac: HEXLOWER.decode(line.mac.as_bytes()).ok()?,
    })
}

//! `standpipe admin audit …`: whether the audit log is what was written.

use std::path::{Path, PathBuf};

use app::{App, AuditVerdict};
use clap::Subcommand;
use data_encoding::HEXLOWER;
use model::audit::Head;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::print;
use crate::{Error, Result};

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Find records that were changed, deleted, inserted or moved since they were written. Ends with 1 if there are
    /// any.
    Verify {
        /// One account, by its handle, or by its id after it was deleted; without it all.
        account: Option<String>,
        /// Heads that were kept elsewhere, as `standpipe admin audit heads` printed them.
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
        #[arg(long, help = super::admin::JSON_HELP)]
        json: bool,
    },
    /// Print the signed head of every chain, one JSON object a line. Keep them elsewhere: whoever puts an older copy
    /// of the account store in the place of this one is found out by them.
    Heads,
}

/// A head as it is kept in a file.
#[derive(Serialize, Deserialize)]
struct HeadLine {
    chain: String,
    sequence: i64,
    hash: String,
    mac: String,
}

impl Audit {
    pub(super) async fn run(self, app: &App) -> Result<()> {
        match self {
            Self::Heads => print_heads(app).await,
            Self::Verify { account, heads, json } => {
                let kept = heads.as_deref().map(read_heads).transpose()?.unwrap_or_default();
                let verdict = app.verify_audit_log(account.as_deref(), &kept).await?;
                match json {
                    true => print(&as_json(&verdict).to_string())?,
                    false => in_words(&verdict)?,
                }
                match verdict.faults.len() {
                    0 => Ok(()),
                    1 => Err(Error::Refused("the audit log has one fault".to_owned())),
                    n => Err(Error::Refused(format!("the audit log has {n} faults"))),
                }
            }
        }
    }
}

async fn print_heads(app: &App) -> Result<()> {
    let mut after = String::new();
    loop {
        let heads = app.list_audit_heads(&after).await?;
        let Some(last) = heads.last() else {
            return Ok(());
        };
        after.clone_from(&last.chain);
        for head in &heads {
            let line = HeadLine {
                chain: head.chain.clone(),
                sequence: head.sequence,
                hash: HEXLOWER.encode(&head.hash),
                mac: HEXLOWER.encode(&head.mac),
            };
            print(&json!(line).to_string())?;
        }
    }
}

fn read_heads(path: &Path) -> Result<Vec<Head>> {
    let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(n, line)| {
            read_head(line)
                .ok_or_else(|| Error::Refused(format!("{}, line {}: this is no head", path.display(), n + 1)))
        })
        .collect()
}

fn read_head(line: &str) -> Option<Head> {
    let line: HeadLine = serde_json::from_str(line).ok()?;
    Some(Head {
        chain: line.chain,
        sequence: line.sequence,
        hash: HEXLOWER.decode(line.hash.as_bytes()).ok()?,
        mac: HEXLOWER.decode(line.mac.as_bytes()).ok()?,
    })
}

fn as_json(verdict: &AuditVerdict) -> serde_json::Value {
    let faults = verdict.faults.iter().map(|found| {
        json!({
            "chain": found.chain,
            "fault": found.fault.code(),
            "sequence": found.fault.sequence(),
            "record_id": found.fault.record(),
            "detail": found.fault.to_string(),
        })
    });
    json!({
        "chains": verdict.chains,
        "records": verdict.records,
        "faults": faults.collect::<Vec<_>>(),
    })
}

fn in_words(verdict: &AuditVerdict) -> Result<()> {
    for found in &verdict.faults {
        print(&format!("{}: {}", found.chain, found.fault))?;
    }
    match verdict.faults.is_empty() {
        true => print(&format!(
            "Verified {} records in {} chains: all are as they were written.",
            verdict.records, verdict.chains
        )),
        false => Ok(()),
    }
}

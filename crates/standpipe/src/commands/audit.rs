//! `standpipe admin audit …`: whether the audit log is what was written.

use std::path::{Path, PathBuf};

use app::{App, AuditVerdict};
use clap::Subcommand;
use serde_json::json;

use super::print;
use crate::{Error, Result, audit_heads};

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Find records that were changed, deleted, inserted or moved since they were written. Ends with 1 if there are
    /// any.
    Verify {
        /// One account, by its handle, or by its id after it was deleted; without it all.
        account: Option<String>,
        /// Heads that were kept elsewhere, as `standpipe admin audit heads` printed them; without it those that the
        /// server wrote into its data directory in the last hour.
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
        #[arg(long, help = super::admin::JSON_HELP)]
        json: bool,
    },
    /// Print the signed head of every chain, one JSON object a line. Keep them elsewhere: whoever puts an older copy
    /// of the account store in the place of this one is found out by them.
    Heads,
}

impl Audit {
    pub(super) async fn run(self, app: &App, data_dir: &Path) -> Result<()> {
        match self {
            Self::Heads => audit_heads::each_page(app, |page| print(page.trim_end())).await,
            Self::Verify { account, heads, json } => {
                let written = data_dir.join(audit_heads::FILE);
                let heads = heads.or_else(|| written.exists().then_some(written));
                let kept = heads
                    .as_deref()
                    .map(audit_heads::read)
                    .transpose()?
                    .unwrap_or_default();
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

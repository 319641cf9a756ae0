//! Whether the audit log is what was written.

use model::{
    UserId,
    audit::{Fault, Head, Verifier},
    handle::Handle,
};
use store::{audit_chain, users};

use crate::{App, Error, Result};

/// How many records are read at once.
const BATCH: i64 = 1000;

/// What verifying found.
#[derive(Debug, Default)]
pub struct AuditVerdict {
    /// How many chains were read.
    pub chains: u64,
    /// How many records they have.
    pub records: u64,
    /// What is wrong.
    pub faults: Vec<AuditFault>,
}

/// What is wrong with one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFault {
    /// The account's id, or a chain of records that belong to no account.
    pub chain: String,
    /// What is wrong, and where.
    pub fault: Fault,
}

impl App {
    /// Verifies every chain, or that of one account, by handle or, after its deletion, by id. Others may write
    /// meanwhile. `kept` are heads that were kept elsewhere: the chains must still hold what these know.
    pub async fn verify_audit_log(&self, account: Option<&str>, kept: &[Head]) -> Result<AuditVerdict> {
        let mut verdict = AuditVerdict::default();
        if let Some(account) = account {
            let chain = self.chain_of(account).await?;
            self.verify_chain(&chain, kept, &mut verdict).await?;
            return Ok(verdict);
        }
        let mut chain = String::new();
        while let Some(next) = audit_chain::next_chain(self.db(), &chain).await? {
            self.verify_chain(&next, kept, &mut verdict).await?;
            chain = next;
        }
        Ok(verdict)
    }

    /// Up to 1000 signed heads whose chains come after `after`, to be kept elsewhere.
    pub async fn list_audit_heads(&self, after: &str) -> Result<Vec<Head>> {
        Ok(audit_chain::list_heads(self.db(), after, BATCH).await?)
    }

    async fn chain_of(&self, account: &str) -> Result<String> {
        if let Ok(id) = account.parse::<UserId>() {
            return Ok(id.to_string());
        }
        let handle: Handle = account.parse()?;
        let user = users::find_user_by_handle(self.db(), &handle).await?;
        user.map(|user| user.id.to_string())
            .ok_or(Error::NotFound("user"))
    }

    async fn verify_chain(&self, chain: &str, kept: &[Head], verdict: &mut AuditVerdict) -> Result<()> {
        let mut verifier = Verifier::new(self.keys().audit());
        let mut head = audit_chain::find_head(self.db(), chain).await?;
        let mut after = i64::MIN;
        loop {
            let records = audit_chain::list_chain(self.db(), chain, after, BATCH).await?;
            let end = records.last().map(|record| record.link.sequence);
            // A record and its head commit together: a head that is read after a record knows it.
            let known = head.as_ref().map_or(0, |head| head.sequence);
            if end.is_none_or(|end| end > known) {
                let again = audit_chain::find_head(self.db(), chain).await?;
                if records.is_empty() && again == head {
                    break;
                }
                head = again;
            }
            after = end.unwrap_or(after);
            verdict.records += records.len() as u64;
            for record in records {
                verifier.take(record, head.as_ref().map_or(0, |head| head.sequence));
            }
        }
        verdict.chains += 1;
        let mut faults = verifier.finish(head.as_ref());
        faults.extend(self.compare(chain, kept).await?);
        let chain = || chain.to_owned();
        let faults = faults.into_iter().map(|fault| AuditFault {
            chain: chain(),
            fault,
        });
        verdict.faults.extend(faults);
        Ok(())
    }

    /// Whether the chain holds what the kept heads know.
    async fn compare(&self, chain: &str, kept: &[Head]) -> Result<Vec<Fault>> {
        let mut faults = Vec::new();
        for head in kept.iter().filter(|head| head.chain == chain) {
            let sequence = head.sequence;
            let hash = audit_chain::find_hash(self.db(), chain, sequence).await?;
            if hash.as_ref() != Some(&head.hash) || !head.is_genuine(self.keys().audit()) {
                faults.push(Fault::Cut { sequence });
            }
        }
        Ok(faults)
    }
}

//! What is done after an account is gone, by a process that is run until it succeeds.

use model::{email::EmailAddress, workspace::BackendKind};
use serde::{Deserialize, Serialize};
use store::{PSEUDONYM, processes::ProcessRow};

use crate::{App, processes::Failure};

/// What the process needs to know of an account that is gone.
#[derive(Serialize, Deserialize)]
pub(super) struct Work {
    /// Whether it had a login role in the private PostgreSQL: what earlier versions wrote.
    #[serde(default)]
    has_role: bool,
    /// The servers in which it had a login role.
    #[serde(default)]
    servers: Vec<BackendKind>,
}

impl Work {
    pub(super) fn new(servers: Vec<BackendKind>) -> Self {
        Self {
            has_role: false,
            servers,
        }
    }
}

impl App {
    /// Erases the person from the audit log and drops their login role. May be repeated.
    pub(crate) async fn clear_away(&self, row: &ProcessRow) -> std::result::Result<(), Failure> {
        let work: Work = serde_json::from_str(&row.input)
            .map_err(|_| Failure::Never("the input is malformed".to_owned()))?;
        self.pseudonymise_audit_log(row.user_id, PSEUDONYM).await?;
        self.settle().await;
        let earlier = work.has_role.then_some(BackendKind::Local);
        for kind in work.servers.into_iter().chain(earlier) {
            let server = self.ready_server(kind).await?;
            server.drop_person(row.user_id).await?;
        }
        Ok(())
    }

    /// Removes from the mail folder what was written to `addresses`. What fails is logged: the account is gone already.
    pub(super) async fn forget_mails(&self, addresses: &[EmailAddress]) {
        if let Err(error) = self.0.mailer.forget(addresses).await {
            tracing::error!(%error, "a deleted person's mails are left in the mail folder");
        }
    }

    /// Makes what was deleted be gone from the store's files. The process of the deletion does it again.
    pub(super) async fn settle(&self) {
        match self.db().settle().await {
            Ok(true) => {}
            Ok(false) => tracing::info!("the write-ahead log is in use and is emptied later"),
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "write-ahead log"),
        }
    }
}

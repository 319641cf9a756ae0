//! What the audit log has of database connections: each that was opened, and refused ones as far as guessing fills no disk.

use model::{
    UserId,
    audit::{Action, AuditEntry, Credential, Origin},
};
use store::users::UserRow;
use tokio_util::sync::CancellationToken;

use super::{Admission, ConnectionRequest, DatabaseLogin, Refusal};
use crate::{App, Peer, Result};

impl App {
    /// Records that a connection was opened.
    pub fn record_connection_open(&self, admission: &Admission, request: &ConnectionRequest) -> Result<()> {
        let origin = connection_origin(Some(&admission.user), request, Credential::DatabasePassword);
        let entry = |whose: UserId| {
            AuditEntry::new(Some(whose), Action::WorkspaceConnectionOpen)
                .on(admission.workspace.id, &admission.workspace.handle)
                .with("tls", request.tls)
                .with("application_name", request.application_name.clone())
        };
        let owners = entry(admission.workspace.user_id);
        let members = admission.member.as_ref().map(|member| entry(member.user_id));
        self.append_connection(&origin, owners, members)
    }

    /// Records a connection in the log of the workspace's owner, and in that of the person who came if they are somebody
    /// else. It changes nothing of an account.
    pub(crate) fn append_connection(
        &self,
        origin: &Origin,
        owners: AuditEntry,
        members: Option<AuditEntry>,
    ) -> Result<()> {
        let entries = [Some(owners), members].into_iter().flatten();
        let records = entries.map(|entry| self.record(origin.clone(), entry));
        Ok(self.0.events.append(records)?)
    }

    /// Takes up the events that the last server on this data directory left. For the server itself, before its first.
    pub fn recover_events(&self) -> Result<()> {
        Ok(self.0.events.recover()?)
    }

    /// Has events in the audit log a moment after they happened, until `end`.
    pub async fn write_events(&self, end: CancellationToken) {
        end.run_until_cancelled(self.0.events.run()).await;
    }

    /// Has in the audit log what happened until now.
    pub async fn flush_events(&self) -> Result<()> {
        Ok(self.0.events.flush().await?)
    }

    /// Records that a connection was refused, with the true reason, in the log of the account whose name was used. A
    /// name that nobody has belongs to no account's log. So many a minute are kept of one account, and of names that
    /// nobody has from one network and from all; the rest is in the server's log alone, so that guessing fills no disk.
    pub fn record_connection_refusal(
        &self,
        login: Option<&DatabaseLogin>,
        request: &ConnectionRequest,
        reason: &Refusal,
    ) -> Result<()> {
        if *reason == Refusal::WrongPassword {
            self.0.limits.connection_failed(request.peer.ip(), &request.user);
        }
        let user = login.and_then(|login| login.user.as_ref());
        let is_recorded = match user {
            Some(user) => self.0.limits.refusal_record(user.id),
            None => self.0.limits.unknown_name_record(request.peer.ip()),
        };
        if !is_recorded {
            return Ok(());
        }
        let proven = !matches!(
            reason,
            Refusal::WrongPassword | Refusal::Malformed | Refusal::ChannelBinding | Refusal::TooManyAttempts
        );
        let credential = if proven {
            Credential::DatabasePassword
        } else {
            Credential::None
        };
        let origin = connection_origin(user.filter(|_| proven), request, credential);
        let mut entry = AuditEntry::new(user.map(|user| user.id), Action::WorkspaceConnectionRefuse)
            .with("reason", reason.as_str())
            .with("database", request.database.clone())
            .with("host", request.server_name.clone())
            .with("tls", request.tls);
        if let Some(user) = user {
            entry = entry.on(user.id, &user.handle);
        }
        Ok(self.0.events.append([self.record(origin, entry)])?)
    }
}

fn connection_origin(user: Option<&UserRow>, request: &ConnectionRequest, credential: Credential) -> Origin {
    let peer = Peer {
        ip: request.peer.ip().to_canonical(),
        user_agent: request.application_name.clone().unwrap_or_default(),
        request_id: request.connection_id.clone(),
    };
    match user {
        Some(user) => peer.origin_of(user, credential),
        None => peer.origin(credential),
    }
}

//! Attaching a server that is there already: a person gives its URL, and it becomes a workspace of theirs.
//!
//! Standpipe stands where they may not: so the operator says to which networks servers may be attached, and some
//! addresses are never connected to (`workspaces::Network`). A server is entered once before anything is stored. One
//! that asks for no password is refused, because it would let everybody in who comes by way of us.

use std::{collections::HashMap, io, sync::Mutex, sync::PoisonError, time::Duration};

use ::workspaces::{
    BackendAddress, Found, Network, PolicyError, encryption, probe,
    session::{OpenError, prepare_password},
};
use jiff::Timestamp;
use model::{
    Secret, WorkspaceId,
    postgres_url::PostgresUrl,
    scram::{Credential, Password, nonce},
};
use store::{attachments, attachments::AttachmentRow, workspaces::WorkspaceRow};
use tokio::time::timeout;

use crate::{
    Actor, App, Error, Result,
    connections::{Backend, Refusal},
    keys::Purpose,
};

/// How long a server gets to let us in and to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Authorities are a few certificates. A request has room for twice as much.
const LONGEST_ROOTS: usize = 32 * 1024;
const FIELD: &str = "attach.url";
const ROOTS: &str = "attach.ca_certificate";

/// The server that a person attaches.
#[derive(Debug, Clone)]
pub struct NewAttachment {
    /// Its URL.
    pub url: Secret<String>,
    /// The password, where the URL has none.
    pub password: Option<Secret<String>>,
    /// The authorities that may sign its certificate, or its own certificate, in PEM.
    pub roots: Option<String>,
}

/// A server that was entered and answered.
pub(crate) struct Proven {
    url: PostgresUrl,
    password: Secret<String>,
    roots: Option<String>,
    pub(crate) found: Found,
}

/// The servers that were entered lately, so that a password's keys are derived once.
#[derive(Default)]
pub(crate) struct Attached(Mutex<HashMap<WorkspaceId, (Timestamp, Backend)>>);

/// Beyond it all are forgotten and derived anew.
const MOST_KNOWN: usize = 10_000;

impl App {
    /// Enters the server of `new`, and has it answer.
    pub(crate) async fn prove_attachment(&self, actor: &Actor, new: NewAttachment) -> Result<Proven> {
        self.0.limits.attachment(actor.id())?;
        let mut url = PostgresUrl::parse(FIELD, new.url.expose())?;
        let given = new.password.filter(|text| !text.expose().is_empty());
        url.password = url.password.or(given);
        let roots = new.roots.filter(|text| !text.trim().is_empty());
        let Some(password) = url.password.clone() else {
            return Err(Error::invalid(
                "attach.password",
                "Give the password: a server that asks for none would let everybody in.",
            ));
        };
        self.check_attachment(&url, roots.as_deref())?;
        let password = prepare_password(password.expose());
        let encryption = encryption(url.ssl_mode, roots.as_deref()).map_err(unreadable)?;
        let backend = Backend {
            address: BackendAddress::Tcp {
                host: url.host.clone(),
                port: url.port,
                encryption,
                network: self.attachable(),
            },
            database: url.database.clone(),
            role: url.user.clone(),
            credential: Credential::Password(Password::new(password.clone())),
            defaults: Vec::new(),
        };
        let found = self.look_at(&backend, PATIENCE).await.map_err(wrong)?;
        Ok(Proven {
            url,
            password,
            roots,
            found,
        })
    }

    fn check_attachment(&self, url: &PostgresUrl, roots: Option<&str>) -> Result<()> {
        if self.settings().attach.is_empty() {
            return Err(Error::Forbidden {
                code: "attach_disabled",
                message: "The operator of this server does not let servers be attached.",
            });
        }
        if url.root_file.is_some() {
            return Err(wrong(
                "sslrootcert names a file that is not here. Send the certificates as ca_certificate instead.",
            ));
        }
        if roots.is_some_and(|text| text.len() > LONGEST_ROOTS) {
            return Err(Error::invalid(
                ROOTS,
                "It is too long: send the certificates of the authority alone.",
            ));
        }
        let domain = &self.settings().gateway_domain;
        let host = url.host.trim_end_matches('.').to_ascii_lowercase();
        if host == *domain
            || host
                .strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.ends_with('.'))
        {
            return Err(wrong(
                "It is a workspace of this server: a workspace cannot be attached to another.",
            ));
        }
        Ok(())
    }

    /// The networks that attached servers may be in.
    fn attachable(&self) -> Network {
        Network::only(self.settings().attach.clone(), self.settings().own_doors.clone())
    }

    /// What a server says, or why it says nothing, in a sentence for whoever attached it.
    pub(crate) async fn look_at(
        &self,
        backend: &Backend,
        patience: Duration,
    ) -> std::result::Result<Found, String> {
        match timeout(patience, probe(backend, || nonce(self.random()))).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(told(&error)),
            Err(_) => Err(format!(
                "The server did not answer within {} seconds: check host name, port and firewall.",
                patience.as_secs()
            )),
        }
    }

    /// The row of an attachment, with its credential sealed.
    pub(crate) fn seal_attachment(&self, workspace: WorkspaceId, proven: Proven) -> Result<AttachmentRow> {
        let url = proven.url;
        let sealed = self.keys().seal(
            self.random(),
            Purpose::Attachment,
            &owner(workspace, &url.host, url.port, &url.user),
            proven.password.expose().as_bytes(),
        )?;
        let now = self.now();
        Ok(AttachmentRow {
            workspace_id: workspace,
            host: url.host,
            port: url.port,
            database: url.database,
            role: url.user,
            ssl_mode: url.ssl_mode,
            roots: proven.roots,
            sealed,
            created_at: now,
            updated_at: now,
        })
    }

    /// Where one of the actor's workspaces is attached to; nothing for one that Standpipe made.
    pub async fn find_attachment(&self, workspace: &WorkspaceRow) -> Result<Option<AttachmentRow>> {
        match workspace.backend {
            model::workspace::BackendKind::Attached => {
                Ok(attachments::find_attachment(self.db(), workspace.id).await?)
            }
            _ => Ok(None),
        }
    }

    /// How the server that is attached to `workspace` is entered.
    pub(crate) async fn attached_backend(
        &self,
        workspace: &WorkspaceRow,
    ) -> std::result::Result<Backend, Refusal> {
        let row = attachments::find_attachment(self.db(), workspace.id)
            .await?
            .ok_or(Refusal::WorkspaceNotReady)?;
        if let Some(known) = self.0.attached.find(&row) {
            return Ok(known);
        }
        let backend = self.unseal_attachment(&row)?;
        self.0.attached.insert(&row, &backend);
        Ok(backend)
    }

    fn unseal_attachment(&self, row: &AttachmentRow) -> Result<Backend> {
        let owner = owner(row.workspace_id, &row.host, row.port, &row.role);
        let plain = self.keys().open(Purpose::Attachment, &owner, &row.sealed)?;
        let password = String::from_utf8(plain.expose().clone())
            .map_err(|_| Error::Internal("a password is not text"))?;
        let encryption = encryption(row.ssl_mode, row.roots.as_deref())
            .map_err(|_| Error::Internal("an attached server's certificates cannot be read"))?;
        Ok(Backend {
            address: BackendAddress::Tcp {
                host: row.host.clone(),
                port: row.port,
                encryption,
                network: self.attachable(),
            },
            database: row.database.clone(),
            role: row.role.clone(),
            credential: Credential::Password(Password::new(Secret::new(password))),
            defaults: Vec::new(),
        })
    }
}

impl Attached {
    fn find(&self, row: &AttachmentRow) -> Option<Backend> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, backend) = known.get(&row.workspace_id)?;
        (*since == row.updated_at).then(|| backend.clone())
    }

    fn insert(&self, row: &AttachmentRow, backend: &Backend) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(row.workspace_id, (row.updated_at, backend.clone()));
    }
}

/// A credential opens only with the place that it is for, so that one cannot be led to another server.
fn owner(workspace: WorkspaceId, host: &str, port: u16, role: &str) -> String {
    format!("{workspace} {port} {host} {role}")
}

fn wrong(message: impl Into<String>) -> Error {
    Error::invalid(FIELD, message)
}

fn unreadable(error: PolicyError) -> Error {
    Error::invalid(
        ROOTS,
        format!("Send certificates in PEM, which begin with -----BEGIN CERTIFICATE-----: {error}."),
    )
}

fn told(error: &OpenError) -> String {
    match error {
        OpenError::Credential => "The server does not take this user and password.".to_owned(),
        OpenError::Full => "The server has no connection left. Try again later.".to_owned(),
        OpenError::Refused(error) => format!("The server refuses: {}.", error.message),
        OpenError::Untrue(what) => format!("The server cannot be used: {what}."),
        OpenError::Io(error) => unreachable(error),
    }
}

/// The words of rustls are for those who know certificates, and they are who can mend one.
fn unreachable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "Nothing listens there: check host name and port, and that the server takes connections by TCP.".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "The operator of Standpipe does not allow servers at this address.".to_owned()
        }
        io::ErrorKind::Unsupported => {
            "The server does not speak TLS: switch it on there, or say sslmode=disable where the network is safe."
                .to_owned()
        }
        io::ErrorKind::InvalidData => format!(
            "The server's certificate is not trusted ({error}). Send its authority, or the certificate itself, as \
             ca_certificate."
        ),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            "The server ended the connection before it let us in: is it a PostgreSQL?".to_owned()
        }
        _ if error.get_ref().is_none() && error.raw_os_error().is_none() => {
            "The host name is not known.".to_owned()
        }
        _ => format!("The server cannot be reached: {error}."),
    }
}

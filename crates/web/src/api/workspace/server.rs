//! The server that a workspace is in: how it is doing, and where it is if it was there already.

use app::{AttachmentRow, attach::NewAttachment, health::Measure};
use model::{Secret, time::rfc3339_seconds};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::docs::kinds;

/// Where an attached server is. Its password is never shown.
#[derive(Serialize, ToSchema)]
#[schema(as = AttachedServer)]
pub(super) struct AttachedView {
    #[schema(example = "db.example.com")]
    host: String,
    #[schema(example = 5432)]
    port: u16,
    #[schema(example = "sales")]
    database: String,
    #[schema(example = "reporting")]
    user: String,
    #[schema(value_type = kinds::SslMode)]
    sslmode: &'static str,
    /// Whether its certificate is checked against certificates that were sent along.
    has_ca_certificate: bool,
}

impl From<AttachmentRow> for AttachedView {
    fn from(row: AttachmentRow) -> Self {
        Self {
            host: row.host,
            port: row.port,
            database: row.database,
            user: row.role,
            sslmode: row.ssl_mode.as_str(),
            has_ca_certificate: row.roots.is_some(),
        }
    }
}

/// How a workspace's server was doing when it was last asked, which is every minute.
#[derive(Serialize, ToSchema)]
#[schema(as = WorkspaceHealth)]
pub(super) struct HealthView {
    /// Whether it answered.
    available: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// PostgreSQL's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "15.18")]
    version: Option<String>,
    /// Bytes of the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
    #[schema(value_type = kinds::Time)]
    checked_at: String,
}

impl From<Measure> for HealthView {
    fn from(measure: Measure) -> Self {
        Self {
            available: measure.trouble.is_none(),
            reason: measure.trouble,
            version: measure.version,
            size_bytes: measure.bytes,
            checked_at: rfc3339_seconds(measure.at),
        }
    }
}

/// The server that a workspace is, where it is one that is there already.
#[derive(Deserialize, ToSchema)]
pub(super) struct AttachRequest {
    /// `postgres://user:password@host:port/database`, with `?sslmode=` of `disable`, `require`, `verify-ca` or
    /// `verify-full`, which is what a server has to prove unless it is on this machine.
    #[serde(default)]
    #[schema(
        required,
        format = "password",
        max_length = 4096,
        example = "postgres://reporting:secret@db.example.com:5432/sales"
    )]
    url: String,
    /// The password, where the URL has none.
    #[schema(format = "password", max_length = 1024)]
    password: Option<String>,
    /// The authority that signed the server's certificate, or that certificate itself, in PEM.
    #[schema(max_length = 32768)]
    ca_certificate: Option<String>,
}

impl std::fmt::Debug for AttachRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AttachRequest(…)")
    }
}

impl From<AttachRequest> for NewAttachment {
    fn from(input: AttachRequest) -> Self {
        Self {
            url: Secret::new(input.url),
            password: input.password.map(Secret::new),
            roots: input.ca_certificate,
        }
    }
}

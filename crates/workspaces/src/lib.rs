//! Where workspaces live. A workspace is a PostgreSQL database; this crate runs the PostgreSQL of the backend `local`
//! and makes and drops databases and roles in it.
//!
//! [`LocalServer`] is the whole of it for a caller: [`LocalServer::start`] finds the machine's PostgreSQL binaries
//! (`binaries`), decides where the private cluster goes and as whom it runs (`place`, `account`), makes it once
//! (`cluster`), sees to it that no other Standpipe has it (`lock`), ends what an earlier run
//! left behind (`residents`), and keeps one postmaster alive (`supervisor`,
//! `postmaster`). [`LocalStatus`] says how that goes, in words for a page. [`WorkspacePlan`] is what a job wants to be
//! true inside (`provision`), through a superuser's session over the Unix socket (`control`).
//!
//! [`Session`] is a person's own way in, to run one statement (`session`).

mod account;
mod address;
mod backend;
mod binaries;
mod cluster;
mod control;
mod local;
mod local_stream;
mod lock;
mod managed;
mod network;
mod place;
mod postmaster;
mod probe;
mod provision;
mod remote;
mod residents;
pub mod session;
mod status;
mod supervisor;
mod tls;

#[cfg(test)]
mod tests;

pub use address::{BackendAddress, BackendStream, adopt, tune};
pub use backend::Backend;
pub use local::{LocalServer, LocalSettings};
pub use local_stream::LocalStream;
pub use managed::{Figures, ManagedServer};
pub use network::Network;
pub use probe::{Found, end_session, probe};
pub use provision::{MemberPlan, ProvisionError, WorkspacePlan};
pub use remote::{RemoteServer, encryption};
pub use session::Session;
pub use status::LocalStatus;
pub use tls::{Encryption, PolicyError, TlsPolicy, Verification};

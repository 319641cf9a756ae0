//! The account store: the only crate that knows SQL.
//!
//! [`Db`] is SQLite (a file, the default) or PostgreSQL (to grow); one SQL text serves both. Reads take `&Db`, writes
//! take `&mut Tx`, and a [`Tx`] can only be committed with the audit records of what it changed, or with a named
//! reason why there are none. One file per table group; each statement stands above the function that runs it.

mod changes;
mod db;
mod error;
pub mod events;
mod migrate;
mod readers;
mod row;
mod search;
mod sql;
mod tx;

pub mod accesses;
pub mod announcements;
pub mod attachments;
pub mod audit_chain;
pub mod audit_erasure;
pub mod audit_log;
pub mod avatars;
pub mod cli_logins;
pub mod connections;
pub mod database_passwords;
pub mod db_log;
pub mod deleted_users;
pub mod email_proofs;
pub mod handles;
pub mod identities;
pub mod known_places;
pub mod members;
pub mod open_connections;
pub mod outbox;
pub mod preferences;
pub mod processes;
pub mod server_roles;
pub mod sessions;
pub mod sign_ins;
pub mod step_ups;
pub mod tokens;
pub mod user_emails;
pub mod users;
pub mod workspace_names;
pub mod workspaces;

mod page;

#[cfg(test)]
mod tests;

pub use audit_chain::NewAuditRecord;
pub use changes::{Changes, Reading, Seen};
pub use db::{Db, Engine};
pub use deleted_users::PSEUDONYM;
pub use error::{Error, Result};
pub use page::{Cursor, Page};
pub use search::Found;
pub use tx::{Tx, Unrecorded};

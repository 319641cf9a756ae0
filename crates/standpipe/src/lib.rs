//! Standpipe itself: what `standpipe …` on the command line does.
//!
//! [`commands`] understands the command line. [`config`] puts the configuration together from the sample that is
//! compiled in, a file, the environment and flags. [`Server`] (`serve`) opens the account store with the master key,
//! starts the private PostgreSQL, and lets people in at the console, the API and the gateway until it is told to stop.
//! `ambient` is the only place of the project that reads the wall clock, the system's generator and the environment.

pub mod ambient;
pub mod commands;
pub mod config;

mod audit_heads;
mod data_dir;
mod error;
mod housekeeping;
mod listeners;
mod logs;
mod master_key;
mod open;
mod secret_file;
mod serve;
mod tls;
mod transport;

pub use config::Config;
pub use data_dir::Addresses;
pub use error::{Error, Result};
pub use open::{admin as admin_app, replica as replica_app};
pub use serve::{Environment, Server};

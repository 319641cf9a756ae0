//! The command line, with the built program.

mod admin;
mod audit;
mod client;
mod configuration;
mod first_start;
mod workspaces;

use testkit::Binary;

/// The built program, with a data directory of its own.
fn binary() -> Binary {
    Binary::new(env!("CARGO_BIN_EXE_standpipe"))
}

//! The crate against real PostgreSQL binaries: each test makes its own cluster. They run as root and as an ordinary
//! user; what only root can see says so by its name.

mod harness;
mod isolation;
mod lifecycle;
mod places;
mod provisioning;

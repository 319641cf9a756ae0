//! The console, as browsers see it.

mod acceptance;
mod accessibility;
mod attach;
mod audit_log;
mod delete_account;
mod emails;
mod foreign_forms;
mod handle;
mod headers;
mod keyboard;
mod mail_scanner;
mod members;
mod not_me;
mod query;
pub(crate) mod raw;
mod screenshots;
mod sign_out;
mod smoke;
mod step_up;
mod tokens;
mod walk;
pub(crate) mod window;
mod without_script;

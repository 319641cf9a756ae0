//! The API, as its clients see it (`pipes-contract.md`).

mod access;
mod audit_log;
mod limits;
mod pages;
mod password;
mod preferences;
mod sessions;
mod tokens;
mod user;
mod workspaces;

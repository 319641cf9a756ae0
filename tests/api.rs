//! The API, as its clients see it (`pipes-contract.md`).

mod access;
mod audit_export;
mod audit_log;
mod authorisation;
mod avatar;
mod avatar_fetch;
mod credential_cache;
mod deletion;
mod emails;
mod export;
mod handles;
mod identities;
mod leaked_credentials;
mod limits;
mod pages;
mod password;
mod preferences;
mod session_limits;
mod sessions;
mod timing;
mod token_limits;
mod token_rotation;
mod tokens;
mod user;
mod where_filter;
mod workspaces;

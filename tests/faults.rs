//! What survives when things break.

mod audit_chain;
mod canary;
mod deletion;
mod kill;
mod query_memory;
mod renames;
mod reset_history;

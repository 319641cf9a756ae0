//! What survives when things break.

mod audit_chain;
mod canary;
mod deletion;
mod kill;
mod mail;
mod mail_journal;
mod mass_mail;
mod query_memory;
mod renames;
mod reset_history;

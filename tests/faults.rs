//! What survives when things break.

mod audit_chain;
mod canary;
mod kill;

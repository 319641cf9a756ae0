//! What survives when things break.

mod canary;
mod kill;

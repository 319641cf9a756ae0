//! Mail, as a mail server sees it.

mod delivery;
mod sink;

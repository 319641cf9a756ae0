//! Mail, as a mail server sees it.

mod announcements;
mod delivery;
mod sender;
pub(crate) mod sink;

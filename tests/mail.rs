//! Mail, as a mail server sees it.

mod announcements;
mod bombing;
mod delivery;
pub(crate) mod everything;
mod hostile;
mod messages;
mod notices;
mod pictures;
mod sender;
pub(crate) mod sink;

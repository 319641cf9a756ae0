//! Mail, as a mail server sees it.

mod announcements;
mod bombing;
pub(crate) mod certificates;
mod delivery;
pub(crate) mod everything;
mod hostile;
mod messages;
pub(crate) mod mta;
mod notices;
mod pictures;
mod sender;
pub(crate) mod sink;

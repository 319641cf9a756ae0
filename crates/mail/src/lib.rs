//! Mail: the messages in words ([`Message`]) and the ways out ([`Transport`]): a directory of `.eml` files until the
//! operator gives an SMTP server.

mod announcement;
mod error;
mod message;
mod transport;

pub use announcement::{Announcement, Unfit, check_markdown};
pub use error::{Error, Fate};
pub use message::{EmailChange, HandleChange, Link, Message, Notice, Proof, Rendered, StepUp};
pub use transport::{Outgoing, Transport};

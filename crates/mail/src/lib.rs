//! Mail: the messages in words ([`Message`]) and the ways out ([`Transport`]): a directory of `.eml` files until the
//! operator gives an SMTP server. [`dkim`] signs them.

mod announcement;
mod compose;
pub mod dkim;
mod error;
mod message;
mod transport;

pub use announcement::{Announcement, Unfit, check_markdown};
pub use compose::{Outgoing, Sender};
pub use error::{Error, Fate};
pub use message::{AccessGiven, EmailChange, HandleChange, Link, Message, Notice, Proof, Rendered, StepUp};
pub use transport::{Smtp, Transport};

//! Mail: the messages in words ([`Message`]) and the ways out ([`Transport`]): a directory of `.eml` files until the
//! operator gives an SMTP server. [`dkim`] signs them.

mod announcement;
mod compose;
pub mod dkim;
mod error;
mod kind;
mod message;
mod transport;

pub use announcement::{Announcement, Unfit, check_markdown};
pub use compose::{Outgoing, Sender};
pub use error::{Error, Fate};
pub use kind::Kind;
pub use message::{
    AccessGiven, By, EmailChange, Event, HandleChange, Link, Message, Notice, Proof, Rendered, StepUp, Token,
};
pub use transport::{Smtp, Transport};

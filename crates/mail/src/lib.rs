//! Mail: the messages in words ([`Message`]) and the ways out ([`Transport`]): a directory of `.eml` files until the
//! operator gives an SMTP server.

mod message;
mod transport;

pub use message::{Link, Message, Rendered};
pub use transport::{Error, Outgoing, Transport};

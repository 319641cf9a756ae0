//! The name server, as `dig`, a resolver and strangers see it.

mod answers;
mod dig;
mod limits;
mod packets;
mod resolver;

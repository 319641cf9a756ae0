//! Pure types and rules of Standpipe: what an id, a handle, a token, a password or an audit record *is*,
//! and which values are allowed. No I/O, no clock, no generator of its own: time and randomness are passed in
//! through [`Clock`] and [`Random`]. Every other crate uses these nouns.

pub mod alarm;
pub mod audit;
pub mod cli_login;
pub mod csv;
pub mod device;
pub mod email;
pub mod filter;
pub mod handle;
pub mod id;
pub mod member;
pub mod networks;
pub mod password;
pub mod postgres_url;
pub mod preferences;
pub mod prefix;
pub mod process;
pub mod profile;
pub mod random;
pub mod retry;
pub mod scope;
pub mod scram;
pub mod secret;
pub mod session;
pub mod sign_in;
pub mod size;
pub mod step_up;
pub mod time;
pub mod token;
pub mod version;
pub mod workspace;

mod error;
mod one_line;

pub use error::Invalid;
pub use id::{
    AnnouncementId, AuditId, CliLoginId, EmailId, MailId, MemberId, PasswordId, ProcessId, SessionId,
    SignInId, TokenId, UserId, WorkspaceId,
};
pub use one_line::one_line;
pub use random::Random;
pub use secret::Secret;
pub use time::Clock;

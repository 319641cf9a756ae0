//! Why a mail could not leave, and whether to try again.

use std::{error::Error as _, io};

use lettre::transport::smtp::{self, response::Severity};

/// Why a mail could not leave.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The mail server's URL cannot be used.
    #[error("mail.smtp_url cannot be used")]
    Url,
    /// The operator's authorities are no certificates.
    #[error("mail.ca_file holds no certificates in PEM")]
    Authorities,
    /// The mail server refused it or cannot be reached.
    #[error("the mail server did not take the mail")]
    Smtp(#[source] smtp::Error),
    /// The mail server takes longer than a mail is worth waiting for.
    #[error("the mail server takes too long")]
    Timeout,
    /// The directory cannot be written.
    #[error("the mail directory cannot be written")]
    Directory(#[source] io::Error),
    /// A header or address cannot be expressed.
    #[error("the mail cannot be composed")]
    Compose,
}

/// What becomes of a mail that did not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is tried again.
    Later,
    /// It would fail for ever.
    Never,
}

/// Replies that speak of the session and not of the mail (RFC 5321 §4.2.3, RFC 4954 §6, RFC 7504): a server that wants
/// TLS, does not know our password, or takes no mail at all may be set right.
const OF_THE_SESSION: [u16; 7] = [500, 521, 530, 534, 535, 538, 554];

impl Error {
    /// What becomes of the mail. Replies of 4xx and everything that is no reply may pass; 5xx stays (RFC 5321 §4.2.1).
    pub fn fate(&self) -> Fate {
        match self {
            Self::Compose => Fate::Never,
            Self::Smtp(error) => error.status().map_or(Fate::Later, |code| {
                let number = u16::from(code);
                match code.severity {
                    Severity::PermanentNegativeCompletion if !OF_THE_SESSION.contains(&number) => Fate::Never,
                    _ => Fate::Later,
                }
            }),
            Self::Url | Self::Authorities | Self::Timeout | Self::Directory(_) => Fate::Later,
        }
    }

    /// In a few words, for the operator. It has no address in it, as a server's own words may have.
    pub fn reason(&self) -> String {
        match self {
            Self::Smtp(error) => match error.status() {
                Some(code) => format!("the mail server answered {code}"),
                None if error.is_client() => "the mail server offers no TLS, or no way to log in".to_owned(),
                None if is_of_tls(error) => "no TLS with the mail server".to_owned(),
                None => "the mail server cannot be reached".to_owned(),
            },
            other => other.to_string(),
        }
    }
}

/// Whether TLS is why: it is deep inside when certificates are not trusted, or what came is no TLS.
fn is_of_tls(error: &smtp::Error) -> bool {
    let mut cause = error.source();
    while let Some(this) = cause {
        let inner = this.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if this.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        cause = this.source();
    }
    false
}

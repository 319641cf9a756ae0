//! The ways out: SMTP, or a directory.

use std::{io, path::PathBuf};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message as Email, Tokio1Executor,
    message::{Mailbox, MultiPart, header},
};
use model::{MailId, email::EmailAddress};
use tokio::io::AsyncWriteExt;

use crate::Rendered;

/// How mail leaves.
#[derive(Clone, Debug)]
pub enum Transport {
    /// `.eml` files in a directory, for a first run without a mail server.
    Directory(PathBuf),
    /// A mail server.
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

/// A mail to one recipient.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Its id; the `Message-ID` is made of it, so that a mail sent twice is shown once.
    pub id: MailId,
    /// The sender, as configured.
    pub from: Mailbox,
    /// The recipient.
    pub to: EmailAddress,
    /// What it says.
    pub message: Rendered,
}

/// Why a mail could not leave.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The mail server's URL cannot be used.
    #[error("mail.smtp_url cannot be used")]
    Url(#[source] lettre::transport::smtp::Error),
    /// The mail server refused it or cannot be reached.
    #[error("the mail server did not take the mail")]
    Smtp(#[source] lettre::transport::smtp::Error),
    /// The directory cannot be written.
    #[error("the mail directory cannot be written")]
    Directory(#[source] io::Error),
    /// A header or address cannot be expressed.
    #[error("the mail cannot be composed")]
    Compose,
}

impl Transport {
    /// Mail through the server at `url`: `smtp://`, `smtps://`, with `?tls=required` for STARTTLS.
    pub fn smtp(url: &str) -> Result<Self, Error> {
        Ok(Self::Smtp(
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
                .map_err(Error::Url)?
                .build(),
        ))
    }

    /// Sends one mail. Returns when the server has it, or when the file is on disk.
    pub async fn send(&self, mail: &Outgoing) -> Result<(), Error> {
        let email = compose(mail)?;
        match self {
            Self::Smtp(server) => server.send(email).await.map(drop).map_err(Error::Smtp),
            Self::Directory(directory) => {
                let path = directory.join(format!("{}.eml", mail.id));
                write_private(&path, &email.formatted())
                    .await
                    .map_err(Error::Directory)
            }
        }
    }
}

fn compose(mail: &Outgoing) -> Result<Email, Error> {
    let to: Address = mail.to.as_str().parse().map_err(|_| Error::Compose)?;
    let id = format!("<{}@{}>", mail.id, mail.from.email.domain());
    Email::builder()
        .message_id(Some(id))
        .from(mail.from.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.message.subject.as_str())
        .header(header::MIME_VERSION_1_0)
        .multipart(MultiPart::alternative_plain_html(
            mail.message.text.clone(),
            mail.message.html.clone(),
        ))
        .map_err(|_| Error::Compose)
}

/// Writes beside the path and renames, so that nobody reads half a mail; only the owner can read it.
async fn write_private(path: &std::path::Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    tokio::fs::create_dir_all(directory).await?;
    let partial = path.with_extension("part");
    let mut options = tokio::fs::OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(&partial).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    tokio::fs::rename(&partial, path).await
}

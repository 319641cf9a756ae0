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

    /// Removes mails to `addresses` that lie in the directory; what a server took is beyond reach.
    pub async fn forget(&self, addresses: &[EmailAddress]) -> Result<(), Error> {
        let Self::Directory(directory) = self else {
            return Ok(());
        };
        let mut entries = match tokio::fs::read_dir(directory).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::Directory(error)),
        };
        while let Some(entry) = entries.next_entry().await.map_err(Error::Directory)? {
            let path = entry.path();
            if path.extension().is_some_and(|end| end == "eml") && is_to(&path, addresses).await {
                remove(&path).await.map_err(Error::Directory)?;
            }
        }
        Ok(())
    }

    /// Removes a mail that lies in the directory.
    pub async fn withdraw(&self, id: MailId) {
        if let Self::Directory(directory) = self {
            // It may be gone already.
            let _ = remove(&directory.join(format!("{id}.eml"))).await;
        }
    }
}

/// Whether the mail at `path` goes to one of `addresses`. One that cannot be read is nobody's.
async fn is_to(path: &std::path::Path, addresses: &[EmailAddress]) -> bool {
    let mail = tokio::fs::read(path).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&mail);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let to = head.lines().find_map(|line| line.strip_prefix("To: "));
    let to = to.map(|to| to.trim_matches(['<', '>', ' ']).to_ascii_lowercase());
    to.is_some_and(|to| addresses.iter().any(|address| address.key() == to))
}

async fn remove(path: &std::path::Path) -> io::Result<()> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
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

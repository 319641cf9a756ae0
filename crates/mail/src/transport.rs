//! The ways out: SMTP, or a directory.

mod server;
mod smtp;

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use model::{MailId, email::EmailAddress};
use tokio::io::AsyncWriteExt;

pub use smtp::Smtp;

use self::server::Server;
use crate::{Error, Outgoing, Sender};

/// How long a disk may take.
const DISK: Duration = Duration::from_secs(60);

/// How mail leaves, and whom it is from.
#[derive(Clone, Debug)]
pub struct Transport {
    way: Way,
    sender: Sender,
}

#[derive(Clone, Debug)]
enum Way {
    /// `.eml` files in a directory, for a first run without a mail server.
    Directory(PathBuf),
    /// A mail server.
    Server(Arc<Server>),
}

impl Transport {
    /// Mail as `.eml` files in `directory`.
    pub fn directory(directory: impl Into<PathBuf>, sender: Sender) -> Self {
        Self {
            way: Way::Directory(directory.into()),
            sender,
        }
    }

    /// Mail through a server. No connection is made yet.
    pub fn smtp(server: Smtp<'_>, sender: Sender) -> Result<Self, Error> {
        Ok(Self {
            way: Way::Server(Arc::new(Server::new(server)?)),
            sender,
        })
    }

    /// Whether mails are files in a directory.
    pub fn is_directory(&self) -> bool {
        matches!(self.way, Way::Directory(_))
    }

    /// The longest that sending a mail takes.
    pub fn longest(&self) -> Duration {
        match &self.way {
            Way::Server(server) => server.longest(),
            Way::Directory(_) => DISK,
        }
    }

    /// Sends one mail. Returns when the server has it, or when the file is on disk.
    pub async fn send(&self, mail: &Outgoing) -> Result<(), Error> {
        let composed = self.sender.compose(mail)?;
        match &self.way {
            Way::Server(server) => server.send(&composed.envelope, &composed.bytes).await,
            Way::Directory(directory) => {
                let path = directory.join(format!("{}.eml", mail.id));
                let written = tokio::time::timeout(DISK, write_private(&path, &composed.bytes)).await;
                written.map_err(|_| Error::Timeout)?.map_err(Error::Directory)
            }
        }
    }

    /// Removes mails to `addresses` that lie in the directory; what a server took is beyond reach.
    pub async fn forget(&self, addresses: &[EmailAddress]) -> Result<(), Error> {
        let Way::Directory(directory) = &self.way else {
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
        if let Way::Directory(directory) = &self.way {
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

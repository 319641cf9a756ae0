//! The ways out: SMTP, or a directory.

use std::{io, path::PathBuf, time::Duration};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message as Email, Tokio1Executor,
    message::{Mailbox, MultiPart, header},
};
use model::{MailId, email::EmailAddress};
use tokio::io::AsyncWriteExt;
use url::Url;

use crate::{Error, Rendered};

/// How long each answer of a mail server may take.
const TIMEOUT: Duration = Duration::from_secs(20);

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
    /// Where one POST ends mails of its kind (RFC 8058); mails that everybody gets have none.
    pub unsubscribe: Option<Url>,
}

impl Transport {
    /// Mail through the server at `url`: `smtps://` for TLS from the first byte, `smtp://` for STARTTLS, which the server
    /// must know unless it is this machine or `?tls=` says otherwise (`opportunistic`, `none`).
    pub fn smtp(url: &str) -> Result<Self, Error> {
        let url = with_tls(url);
        Ok(Self::Smtp(
            AsyncSmtpTransport::<Tokio1Executor>::from_url(&url)
                .map_err(Error::Url)?
                .timeout(Some(TIMEOUT))
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

/// The URL with what it leaves open about TLS: passwords and sign-in links do not travel in clear over a network.
fn with_tls(url: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    let said = pairs.iter().any(|pair| pair.starts_with("tls="));
    pairs.retain(|pair| *pair != "tls=none");
    if !said && base.starts_with("smtp://") && !is_this_machine(base) {
        pairs.push("tls=required");
    }
    match pairs.as_slice() {
        [] => base.to_owned(),
        pairs => format!("{base}?{}", pairs.join("&")),
    }
}

fn is_this_machine(url: &str) -> bool {
    let host = url.rsplit(['@', '/']).find(|part| !part.is_empty());
    let host = host.unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let ip = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
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
    let mut email = Email::builder()
        .message_id(Some(id))
        .from(mail.from.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.message.subject.as_str())
        .header(header::MIME_VERSION_1_0)
        .multipart(MultiPart::alternative_plain_html(
            mail.message.text.clone(),
            mail.message.html.clone(),
        ))
        .map_err(|_| Error::Compose)?;
    if let Some(url) = &mail.unsubscribe {
        for (name, value) in [
            ("List-Unsubscribe", format!("<{url}>")),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        ] {
            let name = header::HeaderName::new_from_ascii_str(name);
            email
                .headers_mut()
                .insert_raw(header::HeaderValue::new(name, value));
        }
    }
    Ok(email)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_required_unless_the_url_says_otherwise() {
        for (url, with) in [
            ("smtp://mail.example.com", "smtp://mail.example.com?tls=required"),
            (
                "smtp://u:p%40x@mail.example.com:587/",
                "smtp://u:p%40x@mail.example.com:587/?tls=required",
            ),
            ("smtp://mail.example.com?tls=none", "smtp://mail.example.com"),
            (
                "smtp://mail.example.com?tls=opportunistic",
                "smtp://mail.example.com?tls=opportunistic",
            ),
            ("smtps://mail.example.com", "smtps://mail.example.com"),
            ("smtp://localhost:25", "smtp://localhost:25"),
            ("smtp://u:p@127.0.0.1:25", "smtp://u:p@127.0.0.1:25"),
            ("smtp://[::1]:25", "smtp://[::1]:25"),
            (
                "smtp://localhost.example.com",
                "smtp://localhost.example.com?tls=required",
            ),
        ] {
            assert_eq!(with_tls(url), with);
        }
    }
}

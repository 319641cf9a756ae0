//! A mail as it travels: head, two parts, the operator's signature, and the envelope around it.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use lettre::{
    Address, Message as Email,
    address::Envelope,
    message::{Mailbox, MultiPart, header},
};
use model::{MailId, email::EmailAddress, one_line};
use url::Url;

use crate::{Error, Rendered, dkim::Signer};

/// Whom our mails are from.
#[derive(Debug, Clone)]
pub struct Sender {
    /// What recipients see.
    pub from: Mailbox,
    /// Where their answers go, if it is elsewhere.
    pub reply_to: Option<Mailbox>,
    /// Where servers send what they could not deliver, if it is elsewhere.
    pub envelope_from: Option<Address>,
    /// The operator's signature.
    pub signer: Option<Arc<Signer>>,
}

/// A mail to one recipient.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Its id; the `Message-ID` is made of it, so that a mail sent twice is shown once.
    pub id: MailId,
    /// The recipient.
    pub to: EmailAddress,
    /// Which kind of mail it is, as [`crate::Kind`] calls it.
    pub kind: String,
    /// What it says.
    pub message: Rendered,
    /// Where one POST ends mails of its kind (RFC 8058); mails that everybody gets have none.
    pub unsubscribe: Option<Url>,
}

/// A mail ready for a server.
pub(crate) struct Composed {
    pub(crate) envelope: Envelope,
    pub(crate) bytes: Vec<u8>,
}

impl Sender {
    /// One that signs nothing, and gets answers and returned mails itself.
    pub fn plain(from: Mailbox) -> Self {
        Self {
            from,
            reply_to: None,
            envelope_from: None,
            signer: None,
        }
    }

    pub(crate) fn compose(&self, mail: &Outgoing) -> Result<Composed, Error> {
        let to: Address = mail.to.as_str().parse().map_err(|_| Error::Compose)?;
        let from = self.envelope_from.as_ref().unwrap_or(&self.from.email);
        let envelope = Envelope::new(Some(from.clone()), vec![to.clone()]).map_err(|_| Error::Compose)?;
        let bytes = self.email(mail, to)?.formatted();
        let bytes = match &self.signer {
            Some(signer) => signer.sign(&bytes).ok_or(Error::Compose)?,
            None => bytes,
        };
        Ok(Composed { envelope, bytes })
    }

    fn email(&self, mail: &Outgoing, to: Address) -> Result<Email, Error> {
        let id = format!("<{}@{}>", mail.id, self.from.email.domain());
        let mut builder = Email::builder()
            .message_id(Some(id))
            .from(plain(&self.from))
            .to(Mailbox::new(None, to))
            .subject(header_text(&mail.message.subject))
            .header(header::MIME_VERSION_1_0);
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(plain(reply_to));
        }
        let mut email = builder
            .multipart(MultiPart::alternative_plain_html(
                mail.message.text.clone(),
                mail.message.html.clone(),
            ))
            .map_err(|_| Error::Compose)?;
        insert(&mut email, "X-Standpipe-Kind", mail.kind.clone());
        // RFC 3834: no answer that a mailbox gives by itself is of use.
        insert(&mut email, "Auto-Submitted", "auto-generated".to_owned());
        if let Some(url) = &mail.unsubscribe {
            insert(&mut email, "List-Unsubscribe", format!("<{url}>"));
            insert(
                &mut email,
                "List-Unsubscribe-Post",
                "List-Unsubscribe=One-Click".to_owned(),
            );
        }
        Ok(email)
    }
}

/// The longest text in a header, in characters.
const LONGEST_TEXT: usize = 200;

/// A text in a header is one line, and is what it says: what looks like an encoded word (RFC 2047) would be read as
/// another text.
fn header_text(text: &str) -> String {
    one_line(text, LONGEST_TEXT).replace("=?", "= ?")
}

/// The mailbox with a name that a header can hold.
fn plain(mailbox: &Mailbox) -> Mailbox {
    let name = mailbox.name.as_deref().map(header_text);
    Mailbox::new(name.filter(|name| !name.is_empty()), mailbox.email.clone())
}

fn insert(email: &mut Email, name: &'static str, value: String) {
    let name = header::HeaderName::new_from_ascii_str(name);
    email
        .headers_mut()
        .insert_raw(header::HeaderValue::new(name, value));
}

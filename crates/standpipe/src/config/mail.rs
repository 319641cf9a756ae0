//! Whom mail is from: the values, and what must hold between them. The files that they name are read by
//! [`crate::transport`].

use std::{path::PathBuf, time::Duration};

use mail::{Sender, Smtp, Transport};
use model::Secret;
use serde::Deserialize;

use super::{Config, rules::is_domain, secret};
use crate::{Error, Result};

/// How mail leaves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The mail server; without it mails are files.
    #[serde(default, deserialize_with = "secret")]
    pub smtp_url: Option<Secret<String>>,
    /// Authorities that vouch for the mail server beside the public ones, PEM.
    pub ca_file: Option<PathBuf>,
    /// How long the mail server may take to let us in, and then for each mail.
    pub timeout_seconds: u16,
    /// The sender.
    pub from: String,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// Where mail servers send what they could not deliver.
    pub envelope_from: Option<String>,
    /// The signature.
    #[serde(default)]
    pub dkim: Dkim,
}

/// How mails are signed: with selector and key, or not at all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dkim {
    /// The name under which the public key is published.
    pub selector: Option<String>,
    /// The private key, PEM.
    pub key_file: Option<PathBuf>,
    /// The domain that signs, where it is not the sender's.
    pub domain: Option<String>,
}

impl Mail {
    /// The sender, without the signature.
    pub(crate) fn sender(&self) -> Result<Sender> {
        let wrong = |line: &'static str| move |_| Error::config(line);
        let from = self.from.parse().map_err(wrong(
            "mail.from: it must be an address such as Standpipe <standpipe@example.com>",
        ))?;
        let reply_to = self.reply_to.as_deref().map(str::parse).transpose();
        let envelope_from = self.envelope_from.as_deref().map(str::parse).transpose();
        Ok(Sender {
            reply_to: reply_to.map_err(wrong(
                "mail.reply_to: it must be an address such as Help <help@example.com>",
            ))?,
            envelope_from: envelope_from.map_err(wrong(
                "mail.envelope_from: it must be a bare address such as bounces@example.com",
            ))?,
            ..Sender::plain(from)
        })
    }

    /// How long the mail server may take to let us in, and then for each mail.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }

    /// The domain that signs, and the name of its key.
    pub(crate) fn signature(&self) -> Result<Option<(String, String)>> {
        let Some(selector) = &self.dkim.selector else {
            return Ok(None);
        };
        let from = self.sender()?.from.email.domain().to_ascii_lowercase();
        let domain = self.dkim.domain.clone().unwrap_or(from);
        Ok(Some((domain, selector.clone())))
    }
}

impl Config {
    /// The broken rules of mail.
    pub(super) fn check_mail(&self) -> Vec<String> {
        let mail = &self.mail;
        let mut broken = Vec::new();
        let mut rule = |holds: bool, line: &str| {
            if !holds {
                broken.push(line.to_owned());
            }
        };
        match mail.sender() {
            Err(error) => rule(false, &error.to_string()),
            Ok(sender) => {
                let signs = mail.dkim.domain.as_deref();
                rule(
                    signs.is_none_or(|domain| is_at_or_below(sender.from.email.domain(), domain)),
                    "mail.dkim.domain: it must be the domain of mail.from or one above it, else the signature says \
                     nothing about the sender",
                );
            }
        }
        if let Some(url) = &mail.smtp_url {
            let server = Smtp {
                url: url.expose(),
                timeout: mail.timeout(),
                authorities: None,
            };
            let from = "standpipe@localhost".parse().map(Sender::plain);
            rule(
                from.is_ok_and(|from| Transport::smtp(server, from).is_ok()),
                "mail.smtp_url: it must be such as smtp://user:password@mail.example.com:587?tls=required",
            );
        }
        rule(
            (1..=300).contains(&mail.timeout_seconds),
            "mail.timeout_seconds: it must be from 1 to 300",
        );
        rule(
            mail.dkim.selector.is_some() == mail.dkim.key_file.is_some(),
            "mail.dkim.selector and mail.dkim.key_file: give both or neither",
        );
        let names = [&mail.dkim.selector, &mail.dkim.domain];
        rule(
            names.into_iter().flatten().all(|name| is_domain(name)),
            "mail.dkim.selector and mail.dkim.domain: they must be names in DNS, in lower case and without a dot at \
             their ends",
        );
        broken
    }
}

fn is_at_or_below(name: &str, domain: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_signs_for_itself_and_what_is_below() {
        for (name, domain, may) in [
            ("example.com", "example.com", true),
            ("Mail.Example.com", "example.com", true),
            ("example.com", "mail.example.com", false),
            ("myexample.com", "example.com", false),
        ] {
            assert_eq!(is_at_or_below(name, domain), may, "{name} {domain}");
        }
    }
}

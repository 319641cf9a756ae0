//! The mails of a test: read from the directory that they are written to, each once.

use std::{collections::HashSet, fs, path::PathBuf, time::Duration};

use crate::until;

const PATIENCE: Duration = Duration::from_secs(15);

/// Kinds of mail that come beside what a test does: they are found by asking for them ([`Mailbox::next_of`]).
pub const BESIDE: [&str; 9] = [
    "welcome",
    "new_sign_in",
    "token_created",
    "token_rotated",
    "token_expiring",
    "token_ended",
    "password_rotated",
    "auth_reset",
    "export_made",
];

/// The mail directory of a server.
#[derive(Debug, Clone)]
pub struct Mailbox {
    directory: PathBuf,
    read: HashSet<PathBuf>,
}

/// A mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The header lines.
    pub head: String,
    /// The plain text.
    pub text: String,
    /// The whole file.
    pub raw: String,
}

impl Mailbox {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            read: HashSet::new(),
        }
    }

    /// The next mail to `address` that was not read yet, but for those that come beside ([`BESIDE`]).
    pub async fn next(&mut self, address: &str) -> Mail {
        self.first(&format!("a mail to {address}"), |mail| {
            mail.is_to(address) && !mail.is_beside()
        })
        .await
    }

    /// The next mail of `kind` to `address` that was not read yet.
    pub async fn next_of(&mut self, kind: &str, address: &str) -> Mail {
        self.first(&format!("a mail {kind} to {address}"), |mail| {
            mail.is_to(address) && mail.kind() == kind
        })
        .await
    }

    /// How many mails to `address` were not read yet, but for those that come beside.
    pub fn count(&self, address: &str) -> usize {
        self.count_by(|mail| mail.is_to(address) && !mail.is_beside())
    }

    /// How many mails of `kind` to `address` were not read yet.
    pub fn count_of(&self, kind: &str, address: &str) -> usize {
        self.count_by(|mail| mail.is_to(address) && mail.kind() == kind)
    }

    /// All mails to `address` that were not read yet.
    pub fn all(&self, address: &str) -> Vec<Mail> {
        let mails = self.files().into_iter().map(|(_, mail)| mail);
        mails.filter(|mail| mail.is_to(address)).collect()
    }

    fn count_by(&self, is_it: impl Fn(&Mail) -> bool) -> usize {
        self.files().iter().filter(|(_, mail)| is_it(mail)).count()
    }

    async fn first(&mut self, what: &str, is_it: impl Fn(&Mail) -> bool) -> Mail {
        let find = || self.files().into_iter().find(|(_, mail)| is_it(mail));
        let (path, mail) = until(what, PATIENCE, async || find()).await;
        self.read.insert(path);
        mail
    }

    fn files(&self) -> Vec<(PathBuf, Mail)> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "eml") && !self.read.contains(path))
            .collect();
        // The names begin with the time.
        paths.sort();
        paths
            .into_iter()
            .filter_map(|path| Some((path.clone(), Mail::parse(&fs::read_to_string(&path).ok()?))))
            .collect()
    }
}

impl Mail {
    fn parse(raw: &str) -> Self {
        let (head, rest) = raw.split_once("\r\n\r\n").expect("a mail with a body");
        let (_, part) = rest
            .split_once("Content-Type: text/plain")
            .expect("a part of plain text");
        let (part_head, text) = part.split_once("\r\n\r\n").expect("a part with a body");
        let text = text.split("\r\n--").next().unwrap_or_default();
        let text = if part_head.to_ascii_lowercase().contains("quoted-printable") {
            quoted_printable(text)
        } else {
            text.to_owned()
        };
        Self {
            head: head.to_owned(),
            text,
            raw: raw.to_owned(),
        }
    }

    fn is_to(&self, address: &str) -> bool {
        self.head
            .lines()
            .any(|line| line.starts_with("To:") && line.contains(address))
    }

    /// Which kind of mail it is.
    pub fn kind(&self) -> &str {
        let line = |line| str::strip_prefix(line, "X-Standpipe-Kind: ");
        self.head.lines().find_map(line).unwrap_or_default().trim()
    }

    fn is_beside(&self) -> bool {
        BESIDE.contains(&self.kind())
    }

    /// The sign-in link.
    #[track_caller]
    pub fn link(&self) -> String {
        let link = self
            .text
            .split_whitespace()
            .find(|word| word.contains("/login/confirm?t="));
        link.unwrap_or_else(|| panic!("no link in {}", self.raw))
            .to_owned()
    }

    /// The 6-digit code.
    #[track_caller]
    pub fn code(&self) -> String {
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        let code = self.text.split_whitespace().find(is_code);
        code.unwrap_or_else(|| panic!("no code in {}", self.raw))
            .to_owned()
    }
}

/// RFC 2045 §6.7.
fn quoted_printable(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let mut parts = joined.split('=');
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.expect("two hexadecimal digits"));
        out.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
    }
    String::from_utf8(out).expect("text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_is_read() {
        assert_eq!(quoted_printable("a=3Db=\r\nc=C3=A9"), "a=bcé");
    }
}

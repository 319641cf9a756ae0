//! The mails of a test: read from the directory that they are written to, each once.

use std::{collections::HashSet, fs, path::PathBuf, time::Duration};

use crate::until;

const PATIENCE: Duration = Duration::from_secs(15);

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

    /// The next mail to `address` that was not read yet.
    pub async fn next(&mut self, address: &str) -> Mail {
        let what = format!("a mail to {address}");
        let (path, mail) = until(&what, PATIENCE, async || self.unread(address)).await;
        self.read.insert(path);
        mail
    }

    /// How many mails to `address` were not read yet.
    pub fn count(&self, address: &str) -> usize {
        self.files()
            .iter()
            .filter(|(_, mail)| mail.is_to(address))
            .count()
    }

    fn unread(&self, address: &str) -> Option<(PathBuf, Mail)> {
        self.files().into_iter().find(|(_, mail)| mail.is_to(address))
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

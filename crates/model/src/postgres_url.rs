//! The URL of a PostgreSQL server, as libpq writes it: where it is, as whom to enter, and what it must prove.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::{Invalid, Secret};

/// The port of PostgreSQL.
const USUAL_PORT: u16 = 5432;
/// The longest name of a role or database in PostgreSQL.
const LONGEST_NAME: usize = 63;
const LONGEST_PASSWORD: usize = 1024;

/// What `sslmode` may be. `allow` and `prefer` are not among them: whoever sits between could choose for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// Nothing is encrypted.
    Disable,
    /// It is encrypted, but who is at the other end is not known.
    Require,
    /// The certificate must be signed by an authority that is trusted.
    VerifyCa,
    /// And it must be of the name in the URL.
    VerifyFull,
}

/// A server, and how to enter it.
#[derive(Debug, Clone)]
pub struct PostgresUrl {
    /// Name or address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// Its password.
    pub password: Option<Secret<String>>,
    /// What the server must prove.
    pub ssl_mode: SslMode,
    /// The file of the authorities that may sign its certificate, where `sslrootcert` names one.
    pub root_file: Option<String>,
}

impl SslMode {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Disable, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// As libpq writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// The one of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

impl PostgresUrl {
    /// Reads `text`, which came as `field`. What is wrong is told without repeating any of it.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Invalid> {
        let wrong = |message: &str| Invalid::new(field, message);
        let url = Url::parse(text.trim())
            .map_err(|_| wrong("Write it such as postgres://user:password@db.example.com:5432/database."))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(wrong("It must begin with postgres://."));
        }
        let host = match url.host_str() {
            Some(host) if !host.is_empty() => host.trim_matches(['[', ']']).to_owned(),
            _ => {
                return Err(wrong(
                    "It names no server: write its host name or address behind the @.",
                ));
            }
        };
        let decode = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8().ok()?.into_owned();
            (!decoded.contains('\0')).then_some(decoded)
        };
        let name = |text: &str, message| {
            decode(text)
                .filter(|name| (1..=LONGEST_NAME).contains(&name.len()))
                .ok_or_else(|| wrong(message))
        };
        let user = name(
            url.username(),
            "It names no user: write user:password@ before the host name.",
        )?;
        let database = url.path().trim_start_matches('/');
        let database = name(
            database,
            "It names no database: write /database behind the host name.",
        )?;
        let password = match url.password() {
            None | Some("") => None,
            Some(text) => Some(
                decode(text)
                    .filter(|text| text.len() <= LONGEST_PASSWORD)
                    .map(Secret::new)
                    .ok_or_else(|| {
                        wrong("Its password cannot be read: encode special characters, such as @ as %40.")
                    })?,
            ),
        };
        if url.fragment().is_some() {
            return Err(wrong("It must not have a #: encode one in the password as %23."));
        }
        let mut parsed = Self {
            ssl_mode: usual_mode(&host),
            host,
            port: url.port().unwrap_or(USUAL_PORT),
            database,
            user,
            password,
            root_file: None,
        };
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "sslmode" => {
                    parsed.ssl_mode = SslMode::parse(&value).ok_or_else(|| {
                        wrong("sslmode is one of disable, require, verify-ca and verify-full.")
                    })?;
                }
                "sslrootcert" => parsed.root_file = Some(value.into_owned()),
                _ => return Err(wrong("Of parameters it takes sslmode and sslrootcert alone.")),
            }
        }
        Ok(parsed)
    }
}

/// `verify-full`, and nothing on this machine itself, where nobody is between.
fn usual_mode(host: &str) -> SslMode {
    let is_loopback = match host.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback(),
        Err(_) => matches!(Host::parse(host), Ok(Host::Domain(name)) if name == "localhost"),
    };
    if is_loopback {
        SslMode::Disable
    } else {
        SslMode::VerifyFull
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PostgresUrl, Invalid> {
        PostgresUrl::parse("url", text)
    }

    #[test]
    fn parts_are_decoded() {
        let url = parse("postgresql://a%40b:p%23%C3%A9@db.example.com/my%20data").unwrap();
        assert_eq!((url.host.as_str(), url.port), ("db.example.com", 5432));
        assert_eq!((url.user.as_str(), url.database.as_str()), ("a@b", "my data"));
        assert_eq!(url.password.unwrap().expose(), "p#\u{e9}");
        assert_eq!(url.ssl_mode, SslMode::VerifyFull);
    }

    #[test]
    fn what_must_be_proved_follows_the_host() {
        for (host, mode) in [
            ("localhost", SslMode::Disable),
            ("127.0.0.1:6543", SslMode::Disable),
            ("[::1]", SslMode::Disable),
            ("10.0.0.5", SslMode::VerifyFull),
            ("localhost.example.com", SslMode::VerifyFull),
        ] {
            assert_eq!(
                parse(&format!("postgres://u:p@{host}/d")).unwrap().ssl_mode,
                mode,
                "{host}"
            );
        }
        let asked = parse("postgres://u:p@localhost/d?sslmode=verify-ca&sslrootcert=/etc/ca.pem").unwrap();
        assert_eq!(
            (asked.ssl_mode, asked.root_file.as_deref()),
            (SslMode::VerifyCa, Some("/etc/ca.pem"))
        );
        assert_eq!(parse("postgres://u@[::1]/d").unwrap().host, "::1");
    }

    #[test]
    fn what_is_wrong_is_told_without_the_password() {
        for text in [
            "",
            "db.example.com",
            "http://u:hunter2@h/d",
            "postgres:///d",
            "postgres://h/d",
            "postgres://u:hunter2@h",
            "postgres://u:hunter2@h/d?sslmode=prefer",
            "postgres://u:hunter2@h/d?host=/tmp",
            "postgres://u:hunter2@h/d#x",
            "postgres://u:%00@h/d",
            "postgres://u:hunter2@h:99999/d",
        ] {
            let invalid = parse(text).expect_err(text);
            assert!(!invalid.message.contains("hunter2"), "{text}");
        }
    }
}

//! What the operator says of the mail server: TLS unless they say otherwise.

use std::time::Duration;

use lettre::transport::smtp::{
    authentication::Credentials,
    client::{Certificate, TlsParameters},
    extension::ClientId,
};
use percent_encoding::percent_decode_str;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use url::{Host, Url};

use crate::Error;

const PORT: u16 = 25;
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;

/// A mail server and how it is spoken to.
#[derive(Debug, Clone, Copy)]
pub struct Smtp<'a> {
    /// `smtps://` for TLS from the first byte, `smtp://` for STARTTLS, which the server must know unless it is this
    /// machine or `?tls=` says otherwise (`required`, `opportunistic`, `none`). A path is the name to greet it with.
    pub url: &'a str,
    /// How long it may take to let us in, and then for each mail.
    pub timeout: Duration,
    /// Authorities that may vouch for it beside the public ones, PEM.
    pub authorities: Option<&'a [u8]>,
}

/// The same, understood.
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) credentials: Option<Credentials>,
    pub(super) hello_name: ClientId,
}

pub(super) enum Tls {
    None,
    /// Where the server offers it.
    Opportunistic(TlsParameters),
    Required(TlsParameters),
    FromTheFirstByte(TlsParameters),
}

impl Smtp<'_> {
    pub(super) fn address(self) -> Result<Address, Error> {
        let url = Url::parse(self.url).map_err(|_| Error::Url)?;
        let host = url.host().ok_or(Error::Url)?.to_owned();
        let name = match &host {
            Host::Ipv6(ip) => ip.to_string(),
            other => other.to_string(),
        };
        let query = url.query_pairs().find(|(key, _)| key == "tls");
        let (tls, port) = match (url.scheme(), query.as_ref().map(|(_, value)| &**value)) {
            ("smtps", _) => (Tls::FromTheFirstByte(self.parameters(&name)?), SUBMISSIONS_PORT),
            ("smtp", Some("none")) => (Tls::None, PORT),
            ("smtp", None) if is_this_machine(&host) => (Tls::None, PORT),
            ("smtp", Some("opportunistic")) => (Tls::Opportunistic(self.parameters(&name)?), SUBMISSION_PORT),
            ("smtp", None | Some("required")) => (Tls::Required(self.parameters(&name)?), SUBMISSION_PORT),
            _ => return Err(Error::Url),
        };
        Ok(Address {
            port: url.port().unwrap_or(port),
            tls,
            credentials: credentials(&url)?,
            hello_name: match url.path().trim_matches('/') {
                "" => ClientId::default(),
                name => ClientId::Domain(name.to_owned()),
            },
            host: name,
        })
    }

    fn parameters(&self, host: &str) -> Result<TlsParameters, Error> {
        let mut builder = TlsParameters::builder(host.to_owned());
        if let Some(pem) = self.authorities {
            if CertificateDer::from_pem_slice(pem).is_err() {
                return Err(Error::Authorities);
            }
            builder =
                builder.add_root_certificate(Certificate::from_pem(pem).map_err(|_| Error::Authorities)?);
        }
        builder.build().map_err(|_| Error::Authorities)
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, Error> {
    let Some(password) = url.password() else {
        return Ok(None);
    };
    let clear = |text| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_| Error::Url)
    };
    Ok(Some(Credentials::new(clear(url.username())?, clear(password)?)))
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        // The scheme is none of those whose hosts `url` puts into small letters, and reads addresses in.
        Host::Domain(name) => {
            let ip = name.parse::<std::net::IpAddr>();
            name.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
        }
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Result<Address, Error> {
        let timeout = Duration::from_secs(1);
        let authorities = None;
        Smtp {
            url,
            timeout,
            authorities,
        }
        .address()
    }

    #[test]
    fn tls_is_required_unless_the_url_says_otherwise() {
        for (url, tls, port) in [
            ("smtp://mail.example.com", "Required", 587),
            ("smtp://u:p%40x@mail.example.com:2525/", "Required", 2525),
            ("smtp://mail.example.com?tls=none", "None", 25),
            ("smtp://mail.example.com?tls=opportunistic", "Opportunistic", 587),
            ("smtps://mail.example.com", "FromTheFirstByte", 465),
            ("smtp://LocalHost", "None", 25),
            ("smtp://u:p@127.0.0.1:26", "None", 26),
            ("smtp://[::1]", "None", 25),
            ("smtp://127.0.0.1?tls=required", "Required", 587),
            ("smtp://localhost.example.com", "Required", 587),
            ("smtp://192.0.2.1", "Required", 587),
        ] {
            let address = address(url).unwrap();
            let said = match address.tls {
                Tls::None => "None",
                Tls::Opportunistic(_) => "Opportunistic",
                Tls::Required(_) => "Required",
                Tls::FromTheFirstByte(_) => "FromTheFirstByte",
            };
            assert_eq!((said, address.port), (tls, port), "{url}");
        }
    }

    #[test]
    fn the_rest_of_the_url() {
        let address = address("smtp://u%40x:p%3A@[::1]:26/me.example.com").unwrap();
        assert_eq!(address.host, "::1");
        assert_eq!(
            address.credentials,
            Some(Credentials::new("u@x".to_owned(), "p:".to_owned()))
        );
        assert_eq!(address.hello_name, ClientId::Domain("me.example.com".to_owned()));
    }

    #[test]
    fn what_is_no_mail_server_is_refused() {
        for url in [
            "mail.example.com",
            "http://mail.example.com",
            "smtp:",
            "smtp://h?tls=perhaps",
            "smtp://u:%ff@h",
        ] {
            assert!(matches!(address(url), Err(Error::Url)), "{url}");
        }
    }
}

//! Where the server is: what a person writes after `--host`.

use url::{Host, Url};

use crate::{Error, Result};

/// The origin that `text` names: a bare host with or without a port is reached over https, and http is for this machine
/// alone, because tokens would travel in clear.
pub(super) fn origin(text: &str) -> Result<Url> {
    let written = match text.contains("://") {
        true => text.to_owned(),
        false => format!("https://{text}"),
    };
    let wrong = || {
        Error::Refused(format!(
            "--host {text}: write HOST[:PORT] or a URL, such as standpipe.example.com or http://localhost:8080"
        ))
    };
    let url = Url::parse(&written).map_err(|_| wrong())?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https")
        || url.host().is_none()
        || !is_bare
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(wrong());
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(Error::Refused(format!(
            "--host {text}: http:// is for this machine alone, because your token would travel in clear; use https://"
        )));
    }
    Ok(url)
}

/// Whether it is this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The host and port as a file's name.
pub(super) fn file_name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let safe = |c: char| match c {
        'a'..='z' | '0'..='9' | '.' | '-' => c,
        _ => '_',
    };
    format!("{}_{port}", host.chars().map(safe).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_host_is_reached_over_https() {
        for (text, url) in [
            ("standpipe.example.com", "https://standpipe.example.com/"),
            ("localhost:8443", "https://localhost:8443/"),
            ("[::1]:8443", "https://[::1]:8443/"),
            ("https://standpipe.example.com/", "https://standpipe.example.com/"),
            ("http://localhost:8080", "http://localhost:8080/"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ] {
            assert_eq!(origin(text).unwrap().as_str(), url);
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            "http://example.com",
            "ftp://localhost",
            "https://a/b",
            "https://me:pw@a",
            "a b",
            "https://a?x",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_has_no_slash_in_its_name() {
        assert_eq!(file_name(&origin("localhost:8443").unwrap()), "localhost_8443");
        assert_eq!(file_name(&origin("[::1]").unwrap()), "___1__443");
        assert_eq!(file_name(&origin("a.example").unwrap()), "a.example_443");
    }
}

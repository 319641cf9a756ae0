//! What every answer carries, and which requests are refused before anything looks at them (security A.5).

use app::App;
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header, uri::Authority},
    response::{IntoResponse, Response},
};

use crate::{Scheme, Web};

/// Nothing from elsewhere, nothing inline, no frames.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'";

const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // Not "no-referrer": with it browsers send `Origin: null` with our own forms, and over plain HTTP, where there is no
    // `Sec-Fetch-Site`, nothing would tell them from a stranger's.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// The answer to a request for a host that is not ours. Probes may come by any name.
pub(crate) fn refuse_other_host(app: &App, request: &Request) -> Option<Response> {
    let is_probe = matches!(request.uri().path(), "/healthz" | "/readyz");
    if is_probe || is_our_host(app, request.uri(), request.headers()) {
        return None;
    }
    let refused = (
        StatusCode::MISDIRECTED_REQUEST,
        "this is not the host that you asked for; check public_url\n",
    );
    Some(refused.into_response())
}

/// Adds what every answer carries, errors included.
pub(crate) fn protect(web: &Web, headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
    // What a person sees is theirs: no cache keeps it, and the back button shows nothing after signing out.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if is_https(web) {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}

/// Whether browsers can be told to come by HTTPS alone: they came so, by our TLS or by a proxy's, and `public_url` is
/// no name of this machine, which other programs serve too.
fn is_https(web: &Web) -> bool {
    let url = &web.app.settings().public_url;
    let by_tls = web.scheme == Scheme::Https || url.scheme() == "https";
    by_tls && !is_loopback_name(url.host_str().unwrap_or_default())
}

/// Whether the request names a host of ours: that of `public_url` or `https_url`, or this machine itself where
/// `public_url` is this machine. Links never come from here, but a page must not be served under a stranger's name.
fn is_our_host(app: &App, uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let named = match (uri.authority(), hosts.next(), hosts.next()) {
        (_, Some(_), Some(_)) => None,
        (Some(authority), _, _) => Some(authority.clone()),
        (None, Some(host), None) => host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()),
        (None, None, _) => None,
    };
    let Some(named) = named else { return false };
    let settings = app.settings();
    let name = named.host().to_ascii_lowercase();
    let ours = [Some(&settings.public_url), settings.https_url.as_ref()];
    let is_named = ours
        .into_iter()
        .flatten()
        .any(|url| url.host_str() == Some(name.as_str()));
    is_named || (is_loopback_name(&name) && settings.public_url.host_str().is_some_and(is_loopback_name))
}

/// Whether `name` can only mean this machine.
fn is_loopback_name(name: &str) -> bool {
    let address = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|ip| ip.is_loopback())
}

/// Whether a request that changes something comes from our own page: browsers say so in `Sec-Fetch-Site` and
/// `Origin`; one that says neither is no browser form of ours. HTTP/2 has the host in `uri`, and no `Host`.
pub(crate) fn is_same_origin(uri: &Uri, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            let host = uri.authority().map(Authority::as_str).or_else(|| text("host"));
            authority.is_some() && authority == host
        }
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter()
            .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(v).unwrap()))
            .collect()
    }

    #[test]
    fn only_our_own_pages_may_post() {
        let path = Uri::from_static("/login");
        let ours = [("origin", "http://localhost:8080"), ("host", "localhost:8080")];
        assert!(is_same_origin(
            &path,
            &headers(&[("sec-fetch-site", "same-origin")])
        ));
        assert!(is_same_origin(&path, &headers(&ours)));
        let http2 = Uri::from_static("https://localhost:8443/login");
        assert!(is_same_origin(
            &http2,
            &headers(&[("origin", "https://localhost:8443")])
        ));
        assert!(!is_same_origin(
            &http2,
            &headers(&[("origin", "https://evil.example")])
        ));
        for foreign in [
            headers(&[]),
            headers(&[
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://h"),
                ("host", "h"),
            ]),
            headers(&[("sec-fetch-site", "same-site")]),
            headers(&[("sec-fetch-site", "none")]),
            headers(&[("origin", "null"), ("host", "localhost:8080")]),
            headers(&[("origin", "http://evil.example"), ("host", "localhost:8080")]),
        ] {
            assert!(!is_same_origin(&path, &foreign), "{foreign:?}");
        }
    }
}

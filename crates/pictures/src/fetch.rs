//! Fetching a picture from a web address that a person typed, without becoming their way into the inside (SSRF,
//! security A.5): https on port 443 only, every address checked that is connected to, nothing followed unchecked, and
//! bounds on time and bytes.

use std::{error::Error as StdError, time::Duration};

use reqwest::{
    Client, Response, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header, redirect,
};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use crate::Network;

/// The most bytes that are fetched.
pub const FETCH_MAX_BYTES: usize = 1024 * 1024;
/// How often an address may lead on to another.
const MOST_REDIRECTS: usize = 3;
const ACCEPT: &str = "image/webp, image/png, image/jpeg, image/gif";

/// Why a fetch brought nothing, in words for the person. An address that is refused and one that does not answer read
/// the same, so that nobody learns from here what is inside; the log knows the difference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The address is refused, or nobody answers there.
    #[error(
        "Nothing could be fetched from this address. It must be an https address that anyone on the internet can open \
         without signing in."
    )]
    Unreached,
    /// Somebody answered, but not with a picture.
    #[error("The server at this address answered {0} instead of a picture.")]
    Status(u16),
    /// It leads on and on.
    #[error("This address leads on to others too often. Use the one where it ends.")]
    Redirects,
    /// It is larger than [`FETCH_MAX_BYTES`].
    #[error("The picture at this address is larger than 1 MB. Use a smaller one, or upload it.")]
    TooManyBytes,
    /// It began to arrive and did not end in time.
    #[error("The picture did not arrive within {} seconds. Use another address, or upload it.", .0.as_secs())]
    TooSlow(Duration),
}

/// Why an address is not even tried. For the log alone.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the address is not https on port 443 without credentials")]
    Url,
    #[error("the address is not on the public internet")]
    Inside,
    #[error("the name has no address")]
    Nameless,
}

impl Network {
    /// The bytes at `url`, whatever they are.
    pub async fn fetch(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        let deadline = Instant::now() + self.patience;
        let response = timeout_at(deadline, self.reach(url.clone()))
            .await
            .unwrap_or_else(|_| Err(unreached(&"no answer in time")))?;
        timeout_at(deadline, read(response))
            .await
            .unwrap_or(Err(FetchError::TooSlow(self.patience)))
    }

    /// The answer at `url`, or at the address that it leads to.
    async fn reach(&self, mut url: Url) -> Result<Response, FetchError> {
        let client = self.client()?;
        for _ in 0..=MOST_REDIRECTS {
            self.check(&url).map_err(|refusal| unreached(&refusal))?;
            let sent = client.get(url.clone()).header(header::ACCEPT, ACCEPT).send();
            let response = sent
                .await
                .map_err(|error| unreached(&chain(&error.without_url())))?;
            // The resolver has seen to it already; a second look costs nothing.
            if !response.remote_addr().is_some_and(|at| (self.allows)(at.ip())) {
                return Err(unreached(&Refusal::Inside));
            }
            match next(&url, &response) {
                Some(onward) => url = onward,
                None if response.status() == StatusCode::OK => return Ok(response),
                None => return Err(FetchError::Status(response.status().as_u16())),
            }
        }
        Err(FetchError::Redirects)
    }

    /// A client for one fetch: no proxy, no cookies, no connection kept.
    fn client(&self) -> Result<Client, FetchError> {
        let tls = self.tls.as_deref().ok_or_else(|| unreached(&"there is no TLS"))?;
        Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .dns_resolver(Checked(self.clone()))
            .https_only(true)
            .http1_only()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .pool_max_idle_per_host(0)
            .user_agent("Standpipe")
            .build()
            .map_err(|error| unreached(&chain(&error)))
    }

    /// Whether `url` may be fetched as far as it says itself; names are checked when they are resolved.
    fn check(&self, url: &Url) -> Result<(), Refusal> {
        let plain = url.scheme() == "https"
            && url.port_or_known_default() == Some(443)
            && url.username().is_empty()
            && url.password().is_none();
        let allowed = match url.host() {
            Some(Host::Ipv4(ip)) => (self.allows)(ip.into()),
            Some(Host::Ipv6(ip)) => (self.allows)(ip.into()),
            Some(Host::Domain(_)) => true,
            None => false,
        };
        match (plain, allowed) {
            (false, _) => Err(Refusal::Url),
            (true, false) => Err(Refusal::Inside),
            (true, true) => Ok(()),
        }
    }
}

/// Where `response` leads on to from `url`, if it does.
fn next(url: &Url, response: &Response) -> Option<Url> {
    let follows = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    follows.then(|| url.join(location).ok()).flatten()
}

/// The body, counted while it comes: what its sender says of its length is no promise.
async fn read(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > FETCH_MAX_BYTES => {
                return Err(FetchError::TooManyBytes);
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Ok(bytes),
            Err(error) => return Err(unreached(&chain(&error.without_url()))),
        }
    }
}

/// The one place that connects: it is given the addresses of a name once, checks every one, and hands on exactly
/// these. A name that changes its mind between two look-ups gains nothing.
struct Checked(Network);

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let network = self.0.clone();
        Box::pin(async move {
            let found = (network.resolve)(name.as_str().to_owned()).await?;
            if found.is_empty() {
                return Err(Refusal::Nameless.into());
            }
            if !found.iter().all(|at| (network.allows)(at.ip())) {
                return Err(Refusal::Inside.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn unreached(why: &dyn std::fmt::Display) -> FetchError {
    tracing::warn!(reason = %why, "a picture is not fetched");
    FetchError::Unreached
}

/// An error with what caused it, in one line.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;

//! The client of the HTTP API: asks, and turns refusals into sentences that say what to do.

use std::{path::Path, time::Duration};

use model::Secret;
use reqwest::{Certificate, Client, ClientBuilder, Method, Response, StatusCode, header, redirect};
use serde_json::Value;
use url::Url;

use super::{Target, host, saved};
use crate::{Error, Result, ambient};

const CONNECT: Duration = Duration::from_secs(10);
/// Between two bytes of an answer; a query may take 30 seconds.
const READ: Duration = Duration::from_secs(60);
/// The most items that are asked for at once.
const PAGE: usize = 100;
/// How long a short "wait" of the server is waited for instead of giving up.
const PATIENCE_SECONDS: u64 = 5;

/// A server, and the token that it is asked with.
#[derive(Debug, Clone)]
pub(super) struct Api {
    client: Client,
    origin: Url,
    token: Option<Secret<String>>,
}

/// What a query adds to a path.
pub(super) type Query<'a> = &'a [(&'a str, &'a str)];

impl Api {
    /// The server, asked without a token.
    pub(super) fn anonymous(target: &Target) -> Result<Self> {
        let origin = host::origin(&target.host)?;
        let mut builder = builder();
        if host::is_loopback(&origin) {
            builder = builder.no_proxy();
        }
        let own = ca_of_this_machine(&origin);
        if let Some(ca) = target.ca.as_deref().or(own.as_deref()) {
            builder = builder.tls_certs_merge(certificates(ca)?);
        }
        let client = builder
            .build()
            .map_err(|error| Error::Refused(format!("no TLS to be had: {}", chain(&error))))?;
        Ok(Self {
            client,
            origin,
            token: None,
        })
    }

    /// The server, asked with the token of the environment, else that of the login.
    pub(super) fn signed_in(target: &Target) -> Result<Self> {
        let api = Self::anonymous(target)?;
        let token = match ambient::variable("STANDPIPE_TOKEN") {
            Some(token) => Some(Secret::new(token.trim().to_owned())),
            None => saved::token(&api.origin)?,
        };
        match token {
            Some(token) => Ok(api.with_token(token)),
            None => Err(Error::Refused(format!(
                "you are not signed in to {}; run `standpipe login{}`, or set STANDPIPE_TOKEN",
                api.name(),
                login_option(&target.host)
            ))),
        }
    }

    /// The same, asked with `token`.
    pub(super) fn with_token(self, token: Secret<String>) -> Self {
        Self {
            token: Some(token),
            ..self
        }
    }

    /// Where it is.
    pub(super) fn origin(&self) -> &Url {
        &self.origin
    }

    /// Where it is, as people write it.
    pub(super) fn name(&self) -> &str {
        self.origin.as_str().trim_end_matches('/')
    }

    /// `GET`, and the answer's body.
    pub(super) async fn get(&self, path: &[&str], query: Query<'_>) -> Result<Value> {
        json(self.send(Method::GET, path, query, None).await?).await
    }

    /// `POST`, and the answer's body.
    pub(super) async fn post(&self, path: &[&str], body: Value) -> Result<Value> {
        json(self.send(Method::POST, path, &[], Some(body)).await?).await
    }

    /// `PATCH`, and the answer's body.
    pub(super) async fn patch(&self, path: &[&str], body: Value) -> Result<Value> {
        json(self.send(Method::PATCH, path, &[], Some(body)).await?).await
    }

    /// `DELETE`, and the answer's body, which may be none.
    pub(super) async fn delete(&self, path: &[&str], query: Query<'_>) -> Result<Value> {
        json(self.send(Method::DELETE, path, query, None).await?).await
    }

    /// All items of a list, or the first `most`.
    pub(super) async fn list(&self, path: &[&str], query: Query<'_>, most: usize) -> Result<Vec<Value>> {
        let limit = most.clamp(1, PAGE).to_string();
        let mut items = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let mut query: Vec<(&str, &str)> = query.to_vec();
            query.push(("limit", &limit));
            if let Some(next) = &next {
                query.push(("next_token", next));
            }
            let mut page = self.get(path, &query).await?;
            if let Some(Value::Array(more)) = page.get_mut("items").map(Value::take) {
                items.extend(more);
            }
            next = page.get("next_token").and_then(Value::as_str).map(str::to_owned);
            if next.is_none() || items.len() >= most {
                items.truncate(most);
                return Ok(items);
            }
        }
    }

    /// Any call; an answer of refusal is an error.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: Query<'_>,
        body: Option<Value>,
    ) -> Result<Response> {
        let url = self.url(path)?;
        for patience in [true, true, false] {
            let mut request = self.client.request(method.clone(), url.clone()).query(query);
            if let Some(token) = &self.token {
                request = request.bearer_auth(token.expose());
            }
            if let Some(body) = &body {
                request = request.json(body);
            }
            let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
            match short_wait(&answer).filter(|_| patience && method == Method::GET) {
                Some(wait) => tokio::time::sleep(wait).await,
                None if answer.status().is_success() => return Ok(answer),
                None => return Err(refusal(answer).await),
            }
        }
        Err(Error::Refused(
            "the server asks to wait; try again later".to_owned(),
        ))
    }

    /// A file of the console, which needs no token; nothing where there is none.
    pub(super) async fn public_file(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let mut url = self.origin.clone();
        url.set_path(path);
        let answer = self
            .client
            .get(url)
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        if !answer.status().is_success() {
            return Ok(None);
        }
        let bytes = answer.bytes().await.map_err(|error| cut_off(&error))?;
        Ok(Some(bytes.to_vec()))
    }

    fn url(&self, path: &[&str]) -> Result<Url> {
        let mut url = self.origin.clone();
        url.path_segments_mut()
            .map_err(|()| Error::Refused("--host: it has no path to ask at".to_owned()))?
            .extend(["api", "latest"])
            .extend(path);
        Ok(url)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        let why = chain(error);
        let advice = match why.to_lowercase() {
            text if text.contains("certificate") => {
                "Its certificate is not trusted: give the authority that signed it with --ca FILE (Standpipe's own is \
                 tls/ca.pem in its data directory)."
            }
            _ if error.is_timeout() => "It does not answer in time. Try again.",
            _ => "Is it running, and is that its address? Say where it is with --host or STANDPIPE_HOST.",
        };
        Error::Refused(format!("cannot reach {}: {why}\n{advice}", self.name()))
    }
}

fn builder() -> ClientBuilder {
    // An error is that there is one already, which is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .redirect(redirect::Policy::none())
        .user_agent(ambient::user_agent())
}

/// The authority of a Standpipe that serves on this machine, from its data directory.
fn ca_of_this_machine(origin: &Url) -> Option<std::path::PathBuf> {
    if origin.scheme() != "https" || !host::is_loopback(origin) {
        return None;
    }
    let data_dir = ambient::variable("STANDPIPE_DATA_DIR").unwrap_or_else(|| "standpipe-data".to_owned());
    Some(crate::tls::ca_path(Path::new(&data_dir))).filter(|path| path.is_file())
}

fn certificates(path: &Path) -> Result<Vec<Certificate>> {
    let pem = std::fs::read(path).map_err(Error::file("read", path))?;
    let found = Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if found.is_empty() {
        return Err(Error::Refused(format!(
            "--ca {}: there is no PEM certificate in it",
            path.display()
        )));
    }
    Ok(found)
}

/// ` --host HOST` where it is not the usual one.
fn login_option(host: &str) -> String {
    match host {
        "http://localhost:8080" => String::new(),
        other => format!(" --host {other}"),
    }
}

fn short_wait(answer: &Response) -> Option<Duration> {
    let after = answer
        .headers()
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()?;
    (answer.status() == StatusCode::TOO_MANY_REQUESTS && after <= PATIENCE_SECONDS)
        .then(|| Duration::from_secs(after))
}

/// What the server says, in its words.
async fn refusal(answer: Response) -> Error {
    let status = answer.status();
    let body = answer.bytes().await.unwrap_or_default();
    let model: Value = serde_json::from_slice(&body).unwrap_or_default();
    let detail = model
        .get("detail")
        .and_then(Value::as_str)
        .map(super::output::clean);
    let mut sentence = detail.unwrap_or_else(|| format!("the server answered {status}; is it a Standpipe?"));
    if status == StatusCode::UNAUTHORIZED {
        sentence.push_str("\nSign in with `standpipe login`, or set STANDPIPE_TOKEN to a token that works.");
    }
    if status.is_server_error()
        && let Some(instance) = model.get("instance").and_then(Value::as_str)
    {
        sentence.push_str(&format!("\nRequest {}", super::output::clean(instance)));
    }
    Error::Answer {
        status: status.as_u16(),
        sentence,
    }
}

async fn json(answer: Response) -> Result<Value> {
    let body = answer.bytes().await.map_err(|error| cut_off(&error))?;
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&body)
        .map_err(|_| Error::Refused("the server answered no JSON; is it a Standpipe?".to_owned()))
}

pub(super) fn cut_off(error: &reqwest::Error) -> Error {
    Error::Refused(format!("the answer was cut off: {}", chain(error)))
}

/// An error with all that caused it; the URL in the first part is said elsewhere.
fn chain(error: &reqwest::Error) -> String {
    let mut cause = std::error::Error::source(error);
    let mut words = Vec::new();
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    words.dedup();
    match words.is_empty() {
        true => "it failed".to_owned(),
        false => words.join(": "),
    }
}

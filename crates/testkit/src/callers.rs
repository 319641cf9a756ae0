//! Callers of the API, by type: whoever has no credential, and whoever has a token.

use std::{net::SocketAddr, ops::Deref, path::Path, sync::Once};

use reqwest::{Certificate, Client, ClientBuilder, Method, RequestBuilder, header, redirect};
use serde_json::Value;

use crate::{Answer, FormData};

/// Somebody without a credential.
#[derive(Debug, Clone)]
pub struct Anonymous(Caller);

/// Somebody with a bearer token.
#[derive(Debug, Clone)]
pub struct Bearer {
    caller: Caller,
    /// The token.
    pub token: String,
}

/// Sends requests to one server.
#[derive(Debug, Clone)]
pub struct Caller {
    client: Client,
    base: String,
    token: Option<String>,
    forwarded_for: Option<String>,
}

impl Anonymous {
    /// A caller of the server at `http`.
    pub fn at(http: SocketAddr) -> Self {
        Self::new(http)
    }

    pub(crate) fn new(http: SocketAddr) -> Self {
        Self(Caller {
            client: client(http).build().expect("a client"),
            base: format!("http://localhost:{}", http.port()),
            token: None,
            forwarded_for: None,
        })
    }

    /// Over TLS, trusting the authority in `ca` alone.
    pub(crate) fn over_tls(https: SocketAddr, ca: &Path) -> Self {
        let ca = Certificate::from_pem(&std::fs::read(ca).expect("ca.pem")).expect("a certificate");
        Self(Caller {
            client: client(https).tls_certs_only([ca]).build().expect("a client"),
            base: format!("https://localhost:{}", https.port()),
            token: None,
            forwarded_for: None,
        })
    }

    /// The same, with a token.
    pub fn with_token(&self, token: impl Into<String>) -> Bearer {
        let token = token.into();
        Bearer {
            caller: Caller {
                token: Some(token.clone()),
                ..self.0.clone()
            },
            token,
        }
    }
}

impl Bearer {
    /// The same, asking through a proxy that names `client` in `X-Forwarded-For`.
    pub fn forwarded_for(&self, client: &str) -> Self {
        let mut other = self.clone();
        other.caller.forwarded_for = Some(client.to_owned());
        other
    }
}

impl Deref for Anonymous {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl Deref for Bearer {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Caller {
    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// `POST` with JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// `POST` without any body, as Pipes' SDK does.
    pub async fn post_nothing(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None).await
    }

    /// `PATCH` with JSON.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// `PATCH` with a body that may be no JSON.
    pub async fn patch_text(&self, path: &str, body: &str) -> Answer {
        let request = self.request(Method::PATCH, path, None).body(body.to_owned());
        Answer::read(request.send().await.expect("an answer")).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// `GET` with one more header.
    pub async fn get_with(&self, path: &str, name: &str, value: &str) -> Answer {
        let request = self.request(Method::GET, path, None).header(name, value);
        Answer::read(request.send().await.expect("an answer")).await
    }

    /// `POST` with files.
    pub async fn upload(&self, path: &str, form: &FormData) -> Answer {
        self.post_as(path, &FormData::content_type(), form.body()).await
    }

    /// `POST` with any body, which is called what the test likes.
    pub async fn post_as(&self, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let request = self
            .request(Method::POST, path, None)
            .header(header::CONTENT_TYPE, content_type);
        Answer::read(request.body(body).send().await.expect("an answer")).await
    }

    /// Any method, with headers of the test's own and a body as it is.
    pub async fn send_raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = self.request(method.parse().expect("a method"), path, None);
        for (name, value) in headers {
            let value = header::HeaderValue::from_bytes(value.as_bytes()).expect("a value");
            request = request.header(*name, value);
        }
        Answer::read(request.body(body).send().await.expect("an answer")).await
    }

    /// Any method, to a server that may be gone: nothing when no whole answer came.
    pub async fn try_send(&self, method: &str, path: &str, body: Option<Value>) -> Option<Answer> {
        let method = method.parse().expect("a method");
        let response = self.request(method, path, body).send().await.ok()?;
        Answer::try_read(response).await
    }

    /// Any method, with JSON or without a body.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        Answer::read(self.request(method, path, body).send().await.expect("an answer")).await
    }

    fn request(&self, method: Method, path: &str, body: Option<Value>) -> RequestBuilder {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(client) = &self.forwarded_for {
            request = request.header("x-forwarded-for", client);
        }
        match body {
            Some(body) => request.json(&body),
            None => request,
        }
    }
}

/// A client that goes to `address` for `localhost`, follows nothing, and asks no proxy. It trusts nobody before it is told
/// whom; to read those whom the system trusts takes longer than most tests.
pub fn client(address: SocketAddr) -> ClientBuilder {
    install_tls();
    Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .resolve("localhost", address)
        .redirect(redirect::Policy::none())
}

/// reqwest takes the process's TLS; here it is the same as everywhere.
pub(crate) fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The error is that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

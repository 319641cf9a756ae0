//! Requests as nobody's browser makes them: with any method, headers and host.

use reqwest::{Certificate, Client, Method, RequestBuilder, header};
use testkit::{Answer, TestApp, client};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One listener of a server.
pub(crate) struct Raw {
    client: Client,
    pub(crate) origin: String,
}

impl Raw {
    pub(crate) fn http(app: &TestApp) -> Self {
        let http = app.addresses().http;
        Self {
            client: client(http).build().unwrap(),
            origin: format!("http://localhost:{}", http.port()),
        }
    }

    pub(crate) fn https(app: &TestApp) -> Self {
        let https = app.addresses().https.unwrap();
        let ca = Certificate::from_pem(&std::fs::read(app.ca()).unwrap()).unwrap();
        Self {
            client: client(https).tls_certs_only([ca]).build().unwrap(),
            origin: format!("https://localhost:{}", https.port()),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.origin))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// A form from a page of the same origin, with these cookies.
    pub(crate) async fn submit(&self, path: &str, cookies: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header(header::ORIGIN, &self.origin);
        send(request.header(header::COOKIE, cookies).form(fields)).await
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    Answer::read(request.send().await.unwrap()).await
}

/// The status of a request that is written byte by byte.
pub(crate) async fn status_of(app: &TestApp, request: &str) -> u16 {
    let mut stream = TcpStream::connect(app.addresses().http).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let head = String::from_utf8_lossy(&answer).into_owned();
    head.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("{head:?}"))
}

/// The `Set-Cookie` lines of an answer, as name, value and attributes.
pub(crate) fn set_cookies(answer: &Answer) -> Vec<(String, String, String)> {
    let lines = answer.headers.get_all(header::SET_COOKIE).iter();
    lines
        .map(|line| {
            let (pair, attributes) = line.to_str().unwrap().split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), value.to_owned(), attributes.to_owned())
        })
        .collect()
}

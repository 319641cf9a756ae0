//! Sends what Pipes' SDK sends (contract §0.2): its headers in their order, bodies that end with a line feed, `POST` without
//! a body. Reads an answer as HTTP/1.1 writes it, the reason phrase included, because clients compare it (§0.9).

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::Value;
use testkit::TestApp;

use super::decode;

/// A client of the SDK.
#[derive(Clone)]
pub(super) struct Client {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    /// What it sends as its token, whatever it is worth.
    token: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    /// `404 Not Found`
    pub(super) status: String,
    pub(super) content_type: Option<String>,
    pub(super) body: String,
}

impl Client {
    /// Without a token, trusting our authority alone.
    pub(super) fn new(app: &TestApp) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(app.ca()).unwrap())
            .unwrap();
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            address: app.addresses().https.expect("https is on"),
            tls: Arc::new(tls),
            token: None,
        }
    }

    /// The same, with a token.
    pub(super) fn with(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    pub(super) async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None).await
    }

    /// Without a body and without a type, as the SDK does where a body is optional.
    pub(super) async fn post_nothing(&self, path: &str) -> Reply {
        self.send("POST", path, None).await
    }

    /// With JSON as Go's encoder writes it: a line feed at the end.
    pub(super) async fn send_json(&self, method: &str, path: &str, json: &str) -> Reply {
        self.send(method, path, Some(("application/json", &format!("{json}\n"))))
            .await
    }

    /// With a body of any type.
    pub(super) async fn send(&self, method: &str, path: &str, body: Option<(&str, &str)>) -> Reply {
        let mut request = format!(
            "{method} /api/v0{path} HTTP/1.1\r\nHost: localhost:{}\r\n",
            self.address.port()
        );
        request += "User-Agent: OpenAPI-Generator/1.0.0/go\r\n";
        match body {
            Some((_, text)) => request += &format!("Content-Length: {}\r\n", text.len()),
            None if method == "POST" => request += "Content-Length: 0\r\n",
            None => {}
        }
        request += "Accept: application/json\r\n";
        if let Some(token) = &self.token {
            request += &format!("Authorization: Bearer {token}\r\n");
        }
        if let Some((kind, _)) = body {
            request += &format!("Content-Type: {kind}\r\n");
        }
        request += "Accept-Encoding: gzip\r\n\r\n";
        request += body.map_or("", |(_, text)| text);
        self.exchange(request).await
    }

    /// Sends these octets and reads one answer.
    pub(super) async fn exchange(&self, request: String) -> Reply {
        let (address, tls) = (self.address, Arc::clone(&self.tls));
        let answer = tokio::task::spawn_blocking(move || {
            let name = ServerName::try_from("localhost").unwrap();
            let connection = ClientConnection::new(tls, name).unwrap();
            let socket = TcpStream::connect(address).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            let mut stream = StreamOwned::new(connection, socket);
            stream.write_all(request.as_bytes()).unwrap();
            read(&mut stream)
        });
        answer.await.unwrap()
    }
}

fn read(stream: &mut impl Read) -> Reply {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet).expect("a whole head");
        head.push(octet[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let status = lines
        .next()
        .unwrap()
        .strip_prefix("HTTP/1.1 ")
        .unwrap()
        .to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let header = |name: &str| {
        headers
            .iter()
            .find(|(is, _)| is == name)
            .map(|(_, value)| value.clone())
    };
    assert_eq!(
        header("content-encoding"),
        None,
        "gzip may be answered, but is not here"
    );
    let body = match header("content-length") {
        Some(length) => exactly(stream, length.parse().unwrap()),
        None if header("transfer-encoding").as_deref() == Some("chunked") => chunks(stream),
        None => Vec::new(),
    };
    Reply {
        status,
        content_type: header("content-type"),
        body: String::from_utf8(body).unwrap(),
    }
}

fn exactly(stream: &mut impl Read, length: usize) -> Vec<u8> {
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("a whole body");
    body
}

fn chunks(stream: &mut impl Read) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut size = Vec::new();
        while !size.ends_with(b"\r\n") {
            size.extend(exactly(stream, 1));
        }
        let size = usize::from_str_radix(std::str::from_utf8(&size).unwrap().trim(), 16).unwrap();
        body.extend(exactly(stream, size));
        exactly(stream, 2);
        if size == 0 {
            return body;
        }
    }
}

impl Reply {
    /// The JSON of a success: a declared status, and the one type that the SDK decodes.
    #[track_caller]
    pub(super) fn json(&self, status: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.content_type.as_deref(), Some("application/json"));
        serde_json::from_str(&self.body).unwrap()
    }

    /// A success without a body.
    #[track_caller]
    pub(super) fn nothing(&self, status: &str) {
        assert_eq!((self.status.as_str(), self.body.as_str()), (status, ""));
    }

    /// An error as clients read it: the status line is its text, if the body decodes.
    #[track_caller]
    pub(super) fn error(&self, status: &str) -> Value {
        let error = self.json(status);
        decode::error(&error, status);
        error
    }
}

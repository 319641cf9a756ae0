//! A web server over TLS on loopback, as there are many on the internet: good ones, slow ones, wicked ones.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rcgen::generate_simple_self_signed;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// What a server answers at a path.
#[derive(Debug, Clone)]
pub enum WebPage {
    /// A whole answer: status line and headers without the last empty line, then the body.
    Whole(String, Vec<u8>),
    /// A byte from time to time, for ever.
    Drip,
    /// More and more, as fast as it goes.
    Endless,
    /// Headers that promise much more than comes.
    CutOff,
}

impl WebPage {
    /// A picture, as a good server gives it.
    pub fn picture(content_type: &str, bytes: &[u8]) -> Self {
        let head = format!(
            "200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {}",
            bytes.len()
        );
        Self::Whole(head, bytes.to_vec())
    }

    /// An answer without a body.
    pub fn bare(head: &str) -> Self {
        Self::Whole(format!("{head}\r\nContent-Length: 0"), Vec::new())
    }
}

/// A running server.
#[derive(Debug)]
pub struct WebHost {
    /// Where it is.
    pub address: SocketAddr,
    certificate: CertificateDer<'static>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl WebHost {
    /// A server at `ip`, on a port of its own, with a certificate for `names`.
    pub async fn start(
        ip: IpAddr,
        names: &[&str],
        page: impl Fn(&str) -> WebPage + Send + Sync + 'static,
    ) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = generate_simple_self_signed(names).expect("a certificate");
        let certificate = made.cert.der().clone();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config
                    .with_no_client_auth()
                    .with_single_cert(vec![certificate.clone()], key.into())
            })
            .expect("a TLS server");
        let listener = TcpListener::bind((ip, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let (counted, page) = (connections.clone(), Arc::new(page));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(acceptor.clone(), stream, page.clone()));
            }
        });
        Self {
            address,
            certificate,
            connections,
            task,
        }
    }

    /// How many connections came in, whatever became of them.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Trust in `hosts` and nobody else.
    pub fn roots(hosts: &[&Self]) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        for host in hosts {
            roots.add(host.certificate.clone()).expect("a root");
        }
        roots
    }
}

impl Drop for WebHost {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request, one answer; what goes wrong is the other side's affair.
async fn serve(acceptor: TlsAcceptor, stream: TcpStream, page: Arc<dyn Fn(&str) -> WebPage + Send + Sync>) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => request.extend(buffer.iter().take(read)),
            _ => return,
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let _ = answer(&mut stream, page(path)).await;
    let _ = stream.shutdown().await;
}

async fn answer(stream: &mut TlsStream<TcpStream>, page: WebPage) -> std::io::Result<()> {
    const PICTURE: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nConnection: close\r\n\r\n\x89PNG\r\n\x1a\n";
    match page {
        WebPage::Whole(head, body) => {
            let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await
        }
        WebPage::Drip => {
            stream.write_all(PICTURE).await?;
            loop {
                stream.write_all(b"\0").await?;
                stream.flush().await?;
                sleep(Duration::from_millis(20)).await;
            }
        }
        WebPage::Endless => {
            stream.write_all(PICTURE).await?;
            loop {
                stream.write_all(&[0; 64 * 1024]).await?;
            }
        }
        WebPage::CutOff => {
            stream
                .write_all(
                    b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 9999\r\n\r\n\x89PNG",
                )
                .await
        }
    }
}

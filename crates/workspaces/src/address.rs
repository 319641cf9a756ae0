//! Where a backend listens, how it is reached, and whether it may be.

use std::{io, net::SocketAddr, os::fd::AsFd, path::PathBuf, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use crate::{local_stream::LocalStream, network::Network, tls::Encryption};

/// `SSLRequest`: its length, and the code that stands where a startup packet has its version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Where a backend listens.
#[derive(Debug, Clone)]
pub enum BackendAddress {
    /// A Unix socket: the file itself.
    Unix(PathBuf),
    /// A TCP address.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
        /// Whether the connection is encrypted, and what the server must prove then.
        encryption: Encryption,
        /// Where connections may go. It is asked of each address that the name has, each time.
        network: Network,
    },
}

/// A connection to a backend: a Unix socket, TCP, or TLS over TCP.
pub type BackendStream = Either<LocalStream, Either<TcpStream, Box<TlsStream<TcpStream>>>>;

/// A connection, of whatever kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl BackendAddress {
    /// A server that is trusted to be where it is, such as one on this machine.
    pub fn plain(host: impl Into<String>, port: u16) -> Self {
        Self::Tcp {
            host: host.into(),
            port,
            encryption: Encryption::Off,
            network: Network::anywhere(),
        }
    }

    /// Opens a connection. Takes as long as the network lets it: callers set a limit.
    pub async fn connect(&self) -> io::Result<BackendStream> {
        match self {
            Self::Unix(path) => Ok(Either::Left(LocalStream::connect(path).await?)),
            Self::Tcp {
                host,
                port,
                encryption,
                network,
            } => {
                let stream = reach(host, *port, network).await?;
                tune(&stream);
                Ok(Either::Right(match encryption {
                    Encryption::Off => Either::Left(stream),
                    Encryption::Tls(policy) => {
                        let stream = ask_for_tls(stream).await?;
                        Either::Right(Box::new(policy.connect(host, stream).await?))
                    }
                }))
            }
        }
    }

    /// Whether a server here has proved by a certificate who it is, so that it may be told a password.
    pub(crate) fn is_proven(&self) -> bool {
        match self {
            Self::Unix(_) => false,
            Self::Tcp { encryption, .. } => encryption.is_verified(),
        }
    }
}

/// Has the runtime of this thread watch a connection that was opened on another one, so that what it says need not go
/// through there. Within TLS it stays as it is.
pub fn adopt(stream: BackendStream) -> io::Result<BackendStream> {
    Ok(match stream {
        Either::Left(local) => Either::Left(local.adopt()?),
        Either::Right(Either::Left(tcp)) => {
            Either::Right(Either::Left(TcpStream::from_std(tcp.into_std()?)?))
        }
        encrypted => encrypted,
    })
}

/// Connects to the first address of `host` that may be reached and answers.
async fn reach(host: &str, port: u16, network: &Network) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let found: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
    for address in found {
        if !network.allows(address) {
            last = io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the operator does not allow this address",
            );
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Small messages go at once, and a peer that is gone is noticed within a minute or two. What a socket does not take
/// of this it can live without. On Linux a listener hands it on to the connections that it accepts.
pub fn tune(socket: &impl AsFd) {
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(10))
        .with_retries(6);
    let socket = SockRef::from(socket);
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_keepalive(&keepalive);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(Duration::from_secs(60)));
}

/// One octet is read and no more, so that nothing sent in clear can pass for something sent within TLS.
async fn ask_for_tls(mut stream: TcpStream) -> io::Result<TcpStream> {
    stream.write_all(&SSL_REQUEST).await?;
    match stream.read_u8().await? {
        b'S' => Ok(stream),
        _ => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the server does not speak TLS",
        )),
    }
}

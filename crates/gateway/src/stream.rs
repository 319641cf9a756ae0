//! The two kinds of stream on each side, and how a connection to a client is closed properly.

use std::time::Duration;

use bytes::Bytes;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

/// A client: plain, or within TLS.
pub(crate) type Client<S> = Either<S, Box<TlsStream<S>>>;

/// How long a client gets to take its last message.
const LAST_WRITE: Duration = Duration::from_secs(5);
/// How long we listen for a client to close after we did, and how many octets we take meanwhile.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_OCTETS: u64 = 64 * 1024;

/// Small messages go at once, and a peer that is gone is noticed within a minute or two. What a socket does not take of
/// this it can live without.
pub(crate) fn tune(stream: &TcpStream) {
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(10))
        .with_retries(6);
    let socket = SockRef::from(stream);
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_keepalive(&keepalive);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(Duration::from_secs(60)));
}

/// Sends `last` and closes: `close_notify` where there is TLS (OpenSSL reports "unexpected eof" otherwise), then takes
/// what is still coming, because closing over unread octets resets the connection and can take `last` with it.
pub(crate) async fn close<S>(stream: &mut S, last: Option<Bytes>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let goodbye = async {
        if let Some(last) = &last {
            stream.write_all(last).await?;
        }
        stream.flush().await?;
        stream.shutdown().await
    };
    if matches!(timeout(LAST_WRITE, goodbye).await, Ok(Ok(()))) {
        let mut rest = stream.take(LINGER_OCTETS);
        // Neither a reset nor a silent client is news here.
        let _ = timeout(LINGER, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
    }
}

//! The two kinds of stream on each side, and how a connection to a client is closed properly.

use std::time::Duration;

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
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

/// Closes a connection whose client has left, so that nothing is on its way to either side.
pub(crate) async fn part<S>(client: Client<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match client {
        Either::Left(plain) => drop(plain),
        Either::Right(mut encrypted) => close(&mut encrypted, None).await,
    }
}

//! A connection to a Unix socket that is watched for what its server says, and not for whether the server takes more:
//! Linux tells whoever waits for the latter each time that something was read at the other end, so that for each
//! statement a thread would wake up for nothing.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::Shutdown,
    os::unix::net::UnixStream as StdStream,
    path::Path,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf, unix::AsyncFd},
    net::UnixStream,
};

/// A connection to a Unix socket.
#[derive(Debug)]
pub struct LocalStream {
    stream: AsyncFd<StdStream>,
    /// The same, watched for writing, once the server did not take what was written.
    full: Option<AsyncFd<StdStream>>,
}

impl LocalStream {
    /// Connects to the socket at `path`.
    pub(crate) async fn connect(path: &Path) -> io::Result<Self> {
        Self::new(UnixStream::connect(path).await?.into_std()?)
    }

    /// The same, watched by the runtime of this thread from now on.
    pub(crate) fn adopt(self) -> io::Result<Self> {
        Self::new(self.stream.into_inner())
    }

    /// `stream` must not block.
    fn new(stream: StdStream) -> io::Result<Self> {
        Ok(Self {
            stream: watch(stream, Interest::READABLE)?,
            full: None,
        })
    }
}

#[expect(
    deprecated,
    reason = "unsound only for a type that closes its descriptor or has another one later, which this one does not"
)]
fn watch(stream: StdStream, interest: Interest) -> io::Result<AsyncFd<StdStream>> {
    AsyncFd::with_interest(stream, interest)
}

impl AsyncRead for LocalStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.stream.poll_read_ready(cx))?;
            let room = buf.initialize_unfilled();
            let most = room.len();
            match ready.try_io(|stream| stream.get_ref().read(room)) {
                Ok(Ok(length)) => {
                    if 0 < length && length < most {
                        // There was no more: what comes is told anew.
                        ready.clear_ready();
                    }
                    buf.advance(length);
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }
}

impl AsyncWrite for LocalStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let Some(full) = &self.full else {
                match self.stream.get_ref().write(octets) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        let same = self.stream.get_ref().try_clone()?;
                        self.full = Some(watch(same, Interest::WRITABLE)?);
                    }
                    written => return Poll::Ready(written),
                }
                continue;
            };
            let mut ready = ready!(full.poll_write_ready(cx))?;
            match ready.try_io(|stream| stream.get_ref().write(octets)) {
                Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Ok(written) => return Poll::Ready(written),
                Err(_would_block) => {}
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.stream.get_ref().shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn pair() -> (LocalStream, UnixStream) {
        let (ours, theirs) = StdStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        (
            LocalStream::new(ours).unwrap(),
            UnixStream::from_std(theirs).unwrap(),
        )
    }

    #[tokio::test]
    async fn what_is_said_arrives_and_the_end_is_seen() {
        let (mut ours, mut theirs) = pair();
        let (mut heard, mut said) = ([0; 5], Vec::new());
        let talk = async {
            theirs.read_exact(&mut heard).await.unwrap();
            theirs.write_all(b"world").await.unwrap();
            drop(theirs);
        };
        let other = async {
            ours.write_all(b"hello").await.unwrap();
            ours.read_to_end(&mut said).await.unwrap();
        };
        tokio::join!(other, talk);
        assert_eq!((&heard, said.as_slice()), (b"hello", &b"world"[..]));
        assert!(ours.write_all(b"nobody listens").await.is_err());
    }

    #[tokio::test]
    async fn more_than_the_system_holds_goes_both_ways_at_once() {
        let (ours, theirs) = pair();
        let octets: Vec<u8> = (0..4_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let ((mut from, mut to), (mut back, mut forth)) = (tokio::io::split(ours), tokio::io::split(theirs));
        let send = async {
            to.write_all(&octets).await.unwrap();
            to.shutdown().await.unwrap();
        };
        let echo = async {
            tokio::io::copy(&mut back, &mut forth).await.unwrap();
            forth.shutdown().await.unwrap();
        };
        let mut came = Vec::new();
        let (_, (), ()) = tokio::join!(from.read_to_end(&mut came), send, echo);
        assert!(came == octets);
    }
}

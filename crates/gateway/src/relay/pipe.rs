//! One direction of a session. It owns no buffer while nothing is under way: it reads into one of the thread that polls
//! it and keeps only what the other side would not take.

use std::{
    cell::RefCell,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Read at once: small statements fit many times over, bulk data moves with few calls.
const CHUNK: usize = 64 * 1024;

thread_local! {
    /// Where sessions of this thread read, one after the other. Its octets are set, so that no read has to do it.
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into_boxed_slice());
}

/// Which end of a direction broke.
#[derive(Debug)]
pub(crate) enum Broken {
    Reading(io::Error),
    Writing,
}

#[derive(Default)]
pub(crate) struct Pipe {
    /// Read and not yet written, from `written` on.
    waiting: Vec<u8>,
    written: usize,
    unflushed: bool,
    ended: bool,
    /// Octets passed on.
    pub(crate) octets: u64,
}

impl Pipe {
    /// Whether everything read is passed on.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.unflushed
    }

    /// Moves what can be moved; ready when `from` has ended and everything is passed on. `seen` is shown each chunk as
    /// it is read, and says how much of it is passed on: where that is not all, it is the end.
    pub(crate) fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut R,
        to: &mut W,
        mut seen: impl FnMut(&[u8]) -> usize,
    ) -> Poll<Result<(), Broken>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        READ.with_borrow_mut(|chunk| self.poll_by(cx, from, to, &mut seen, chunk))
    }

    fn poll_by<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut R,
        to: &mut W,
        seen: &mut impl FnMut(&[u8]) -> usize,
        chunk: &mut [u8],
    ) -> Poll<Result<(), Broken>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            ready!(self.poll_waiting(cx, to)).map_err(|_| Broken::Writing)?;
            if self.ended {
                return self.poll_flush(cx, to).map_err(|_| Broken::Writing);
            }
            let mut chunk = ReadBuf::new(chunk);
            match Pin::new(&mut *from).poll_read(cx, &mut chunk) {
                Poll::Ready(result) => result.map_err(Broken::Reading)?,
                Poll::Pending => {
                    ready!(self.poll_flush(cx, to)).map_err(|_| Broken::Writing)?;
                    return Poll::Pending;
                }
            }
            let passed = seen(chunk.filled());
            self.ended = chunk.filled().is_empty() || passed < chunk.filled().len();
            self.pass_on(cx, to, chunk.filled().get(..passed).unwrap_or_default())
                .map_err(|_| Broken::Writing)?;
        }
    }

    /// Writes a fresh chunk, and keeps what is not taken.
    fn pass_on<W>(&mut self, cx: &mut Context<'_>, to: &mut W, mut chunk: &[u8]) -> io::Result<()>
    where
        W: AsyncWrite + Unpin,
    {
        while !chunk.is_empty() {
            let Poll::Ready(taken) = self.poll_write(cx, to, chunk)? else {
                self.waiting.extend_from_slice(chunk);
                break;
            };
            chunk = chunk.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    fn poll_waiting<W>(&mut self, cx: &mut Context<'_>, to: &mut W) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        while self.written < self.waiting.len() {
            let waiting = std::mem::take(&mut self.waiting);
            let taken = self.poll_write(cx, to, waiting.get(self.written..).unwrap_or_default());
            self.waiting = waiting;
            self.written += ready!(taken)?;
        }
        self.written = 0;
        self.waiting.clear();
        Poll::Ready(Ok(()))
    }

    fn poll_write<W>(&mut self, cx: &mut Context<'_>, to: &mut W, octets: &[u8]) -> Poll<io::Result<usize>>
    where
        W: AsyncWrite + Unpin,
    {
        let taken = ready!(Pin::new(to).poll_write(cx, octets))?;
        if taken == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.unflushed = true;
        self.octets = self.octets.saturating_add(taken as u64);
        Poll::Ready(Ok(taken))
    }

    /// Flushes, and gives back the memory of a slow spell.
    fn poll_flush<W>(&mut self, cx: &mut Context<'_>, to: &mut W) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        if self.unflushed {
            ready!(Pin::new(to).poll_flush(cx))?;
            self.unflushed = false;
        }
        self.waiting = Vec::new();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Sends `octets` through a pipe between streams with buffers of `narrow` octets.
    async fn through(octets: &[u8], narrow: usize) -> (Vec<u8>, Vec<u8>, u64) {
        let (mut source, mut from) = tokio::io::duplex(narrow);
        let (mut to, mut sink) = tokio::io::duplex(narrow);
        let (mut pipe, mut seen) = (Pipe::default(), Vec::new());
        let send = async {
            source.write_all(octets).await.unwrap();
            drop(source);
        };
        let relay = async {
            poll_fn(|cx| {
                pipe.poll(cx, &mut from, &mut to, |chunk| {
                    seen.extend_from_slice(chunk);
                    chunk.len()
                })
            })
            .await
            .unwrap();
            drop(to);
        };
        let mut received = Vec::new();
        let ((), (), length) = tokio::join!(send, relay, sink.read_to_end(&mut received));
        length.unwrap();
        assert!(pipe.is_empty());
        (received, seen, pipe.octets)
    }

    proptest! {
        #[test]
        fn everything_arrives_in_order(octets in prop::collection::vec(any::<u8>(), 0..3000), narrow in 1_usize..500) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (received, seen, count) = runtime.block_on(through(&octets, narrow));
            prop_assert_eq!(&received, &octets);
            prop_assert_eq!(count, received.len() as u64);
            prop_assert_eq!(seen, octets);
        }
    }

    #[tokio::test]
    async fn broken_ends_are_told_apart() {
        let (mut source, mut from) = tokio::io::duplex(64);
        let (mut to, sink) = tokio::io::duplex(64);
        source.write_all(b"lost").await.unwrap();
        drop(sink);
        let mut pipe = Pipe::default();
        let result = poll_fn(|cx| pipe.poll(cx, &mut from, &mut to, <[u8]>::len)).await;
        assert!(matches!(result, Err(Broken::Writing)));
    }
}

//! Messages of the PostgreSQL protocol: one is read at a time, and none that is longer than it may be.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use postgres_protocol::message::backend::{DATA_ROW_TAG, Header, Message};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::address::Stream;

const READ_AT_ONCE: usize = 32 * 1024;
/// Octets of a message's kind and length.
const HEADER: usize = 5;
/// The longest message that is no row: a description of 1664 columns fits.
const LONGEST_OTHER: usize = 1024 * 1024;
/// The longest row.
pub(super) const LONGEST_ROW: usize = 16 * 1024 * 1024;

pub(super) struct Wire {
    stream: Box<dyn Stream>,
    read: BytesMut,
    out: BytesMut,
}

/// What comes in.
pub(super) enum Incoming {
    /// The body of a row.
    Row(Bytes),
    /// A row that is longer than [`LONGEST_ROW`]; nothing can be read behind it.
    LongRow,
    /// Anything else.
    Message(Message),
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            read: BytesMut::new(),
            out: BytesMut::new(),
        }
    }

    /// Where messages are written, until they are sent.
    pub(super) fn out(&mut self) -> &mut BytesMut {
        &mut self.out
    }

    pub(super) async fn send(&mut self) -> io::Result<()> {
        let out = self.out.split();
        self.stream.write_all(&out).await?;
        self.stream.flush().await
    }

    /// The next message. Can be dropped and called again.
    pub(super) async fn next(&mut self) -> io::Result<Incoming> {
        self.fill(HEADER).await?;
        let header = Header::parse(&self.read)?.ok_or(io::ErrorKind::InvalidData)?;
        let length = usize::try_from(header.len()).map_err(|_| io::ErrorKind::InvalidData)? + 1;
        let is_row = header.tag() == DATA_ROW_TAG;
        if is_row && length > LONGEST_ROW {
            return Ok(Incoming::LongRow);
        }
        if !is_row && length > LONGEST_OTHER {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "message too long"));
        }
        self.fill(length).await?;
        if is_row {
            self.read.advance(HEADER);
            return Ok(Incoming::Row(self.read.split_to(length - HEADER).freeze()));
        }
        let message = Message::parse(&mut self.read)?.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Incoming::Message(message))
    }

    /// Reads until the other side closes, whatever it says.
    pub(super) async fn wait_for_end(&mut self) -> io::Result<()> {
        tokio::io::copy(&mut self.stream, &mut tokio::io::sink())
            .await
            .map(drop)
    }

    async fn fill(&mut self, length: usize) -> io::Result<()> {
        while self.read.len() < length {
            self.read.reserve(READ_AT_ONCE.max(length - self.read.len()));
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(octets: &[u8]) -> io::Result<Incoming> {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let octets = octets.to_vec();
        let feed = tokio::spawn(async move {
            let _ = theirs.write_all(&octets).await;
        });
        let read = Wire::new(Box::new(ours)).next().await;
        feed.abort();
        read
    }

    #[tokio::test]
    async fn rows_come_as_they_are() {
        let row = read(b"D\0\0\0\x0b\0\x01\0\0\0\x01x").await.unwrap();
        assert!(matches!(row, Incoming::Row(body) if body.as_ref() == b"\0\x01\0\0\0\x01x"));
    }

    #[tokio::test]
    async fn nothing_is_longer_than_it_may_be() {
        assert!(matches!(
            read(b"D\x7f\xff\xff\xff\0\x01").await,
            Ok(Incoming::LongRow)
        ));
        for bad in [
            &b"T\x7f\xff\xff\xff"[..],
            b"C\0\0\0\x03",
            b"?\0\0\0\x04",
            b"C\0\0",
        ] {
            assert!(read(bad).await.is_err(), "{bad:?}");
        }
    }
}

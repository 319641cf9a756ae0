//! A statement of ours to a backend, and its answer: the little of the protocol that keeping sessions needs.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::message::{HEADER, invalid, parse_header, put_message};

/// A backend may be somebody else's: its answer is bounded.
const LONGEST_ANSWER: usize = 256 * 1024;
const READ_AT_ONCE: usize = 4096;

/// What a backend answered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The rows, or the value of a function, as they came.
    pub(super) rows: Vec<Bytes>,
    /// The settings that it told anew (`ParameterStatus`), as they came.
    pub(super) statuses: Vec<Bytes>,
    /// Whether it went well, and no transaction is open.
    pub(super) is_well: bool,
}

/// A simple query.
pub(super) fn query(text: &str) -> Bytes {
    let mut out = BytesMut::new();
    put_message(&mut out, b'Q', &[text.as_bytes(), b"\0"].concat());
    out.freeze()
}

/// A call of the function of this number, without arguments. PostgreSQL has nothing to parse or to plan for it.
pub(super) fn call(function: u32) -> Bytes {
    let mut out = BytesMut::new();
    // No formats of arguments, no arguments, the result as text.
    put_message(&mut out, b'F', &[&function.to_be_bytes()[..], &[0; 6]].concat());
    out.freeze()
}

/// Sends `query` and reads to its `ReadyForQuery`, behind which nothing may come.
pub(super) async fn ask<S>(stream: &mut S, query: &[u8]) -> io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(query).await?;
    stream.flush().await?;
    let (mut read, mut answer, mut failed) = (BytesMut::new(), Answer::default(), false);
    let mut octets = 0;
    loop {
        let Some((kind, body)) = take_message(&mut read)? else {
            read.reserve(READ_AT_ONCE);
            let count = stream.read_buf(&mut read).await?;
            octets += count;
            match count {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ if octets > LONGEST_ANSWER => return Err(invalid("an answer that is too long")),
                _ => continue,
            }
        };
        match kind {
            b'D' | b'V' => answer.rows.push(body),
            b'S' => answer.statuses.push(body),
            b'E' => failed = true,
            // What it says of rows, ends, notices and notifications is nothing here.
            b'T' | b'C' | b'N' | b'A' => {}
            b'Z' if read.is_empty() => {
                answer.is_well = !failed && body == b"I".as_slice();
                return Ok(answer);
            }
            _ => return Err(invalid("an unexpected message")),
        }
    }
}

/// The first message, if all of it is there.
pub(super) fn take_message(read: &mut BytesMut) -> io::Result<Option<(u8, Bytes)>> {
    let Some(header) = read.first_chunk() else {
        return Ok(None);
    };
    let (kind, length) = parse_header(*header, LONGEST_ANSWER)?;
    if read.len() < HEADER + length {
        return Ok(None);
    }
    read.advance(HEADER);
    Ok(Some((kind, read.split_to(length).freeze())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn answered(messages: &[(u8, &[u8])]) -> io::Result<Answer> {
        let (mut ours, mut theirs) = tokio::io::duplex(7);
        let mut out = BytesMut::new();
        for (kind, body) in messages {
            put_message(&mut out, *kind, body);
        }
        let server = async {
            let mut asked = vec![0; query("SELECT 1").len()];
            theirs.read_exact(&mut asked).await?;
            theirs.write_all(&out).await?;
            drop(theirs);
            io::Result::Ok(())
        };
        let client = async {
            let answer = ask(&mut ours, &query("SELECT 1")).await;
            drop(ours);
            answer
        };
        let (answer, _) = tokio::join!(client, server);
        answer
    }

    #[tokio::test]
    async fn rows_are_kept_and_the_end_must_be_clean() {
        let good = answered(&[
            (b'N', b"x"),
            (b'T', b""),
            (b'S', b"TimeZone\0UTC\0"),
            (b'D', b"row"),
            (b'C', b"SELECT 1\0"),
            (b'Z', b"I"),
        ]);
        let expected = Answer {
            rows: vec![Bytes::from_static(b"row")],
            statuses: vec![Bytes::from_static(b"TimeZone\0UTC\0")],
            is_well: true,
        };
        assert_eq!(good.await.unwrap(), expected);
        for messages in [
            &[(b'E', &b"x"[..]), (b'Z', b"I")][..],
            &[(b'C', b"x"), (b'Z', b"T")],
            &[(b'Z', b"E")],
            &[(b'Z', b"")],
        ] {
            assert!(!answered(messages).await.unwrap().is_well);
        }
        assert!(answered(&[(b'C', b"x")]).await.is_err(), "it went");
        assert!(
            answered(&[(b'Z', b"I"), (b'A', b"x")]).await.is_err(),
            "more came"
        );
        assert!(answered(&[(b'G', b"x")]).await.is_err(), "a COPY");
        assert!(
            answered(&[(b'D', &[0; 2 * LONGEST_ANSWER])]).await.is_err(),
            "too much"
        );
    }

    proptest! {
        #[test]
        fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut read = BytesMut::from(octets.as_slice());
            while let Ok(Some(_)) = take_message(&mut read) {}
        }
    }
}

//! The first octets of a connection: encryption is settled, then the first packet is read, and not an octet more.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::either::Either;

use crate::{
    message::invalid,
    startup::{GSSENC_REQUEST, SSL_REQUEST},
    stream::{Client, close},
    tls::{Began, Tls, TlsFacts},
};

/// PostgreSQL's own cap on a startup packet.
const LONGEST_PACKET: usize = 10_000;
/// The first octet of a TLS record that carries a handshake.
const TLS_HANDSHAKE: u8 = 0x16;
/// Length and code.
const HEAD: usize = 8;

/// A client whose first packet is read.
pub(crate) struct Opening<S> {
    pub(crate) stream: Client<S>,
    /// `None`: plain text.
    pub(crate) tls: Option<TlsFacts>,
    /// The version, or the code of another request.
    pub(crate) code: u32,
    pub(crate) body: Bytes,
}

/// Reads up to the end of the first packet that is not about encryption. Each layer is offered once: a second request
/// for it comes back as a packet with its code, which is no version. Whatever fails here is closed without an answer.
pub(crate) async fn receive<S>(mut stream: S, tls: &Tls) -> io::Result<Opening<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let head = Head::read(&mut stream).await?;
    match head {
        _ if head.is_tls() => {
            let (stream, facts) = direct(stream, tls, &head).await?;
            encrypted(stream, facts).await
        }
        _ if head.asks(SSL_REQUEST) => {
            // Octets sent behind the request become part of the TLS handshake, and fail there.
            stream.write_all(b"S").await?;
            stream.flush().await?;
            let (stream, facts) = tls.accept(stream, Began::Asked).await?;
            encrypted(stream, facts).await
        }
        _ => {
            let (code, body) = head.read_body(&mut stream).await?;
            Ok(Opening {
                stream: Either::Left(stream),
                tls: None,
                code,
                body,
            })
        }
    }
}

async fn direct<S>(
    stream: S,
    tls: &Tls,
    head: &Head,
) -> io::Result<(tokio_rustls::server::TlsStream<S>, TlsFacts)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut stream, facts) = tls.accept(stream, Began::Direct(&head.0)).await?;
    if facts.has_alpn() {
        return Ok((stream, facts));
    }
    // As PostgreSQL: without ALPN a client of another protocol could be led here (ALPACA).
    close(&mut stream, None).await;
    Err(invalid("direct TLS without ALPN"))
}

async fn encrypted<S>(stream: tokio_rustls::server::TlsStream<S>, facts: TlsFacts) -> io::Result<Opening<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = Box::new(stream);
    let (code, body) = Head::read(&mut stream).await?.read_body(&mut stream).await?;
    Ok(Opening {
        stream: Either::Right(stream),
        tls: Some(facts),
        code,
        body,
    })
}

/// The first eight octets: length and code, or the beginning of something else.
struct Head([u8; HEAD]);

impl Head {
    /// Reads a head; a request for GSSAPI encryption is declined once on the way, and the next head is read.
    async fn read<S>(stream: &mut S) -> io::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut head = Self([0; HEAD]);
        stream.read_exact(&mut head.0).await?;
        if head.asks(GSSENC_REQUEST) {
            stream.write_all(b"N").await?;
            stream.flush().await?;
            stream.read_exact(&mut head.0).await?;
        }
        Ok(head)
    }

    fn is_tls(&self) -> bool {
        self.0.first() == Some(&TLS_HANDSHAKE)
    }

    fn asks(&self, request: u32) -> bool {
        self.length() == HEAD && self.code() == request
    }

    fn length(&self) -> usize {
        let [a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d]) as usize
    }

    fn code(&self) -> u32 {
        let [.., a, b, c, d] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }

    async fn read_body<S>(self, stream: &mut S) -> io::Result<(u32, Bytes)>
    where
        S: AsyncRead + Unpin,
    {
        if !(HEAD..=LONGEST_PACKET).contains(&self.length()) {
            return Err(invalid("not a startup packet"));
        }
        let mut body = BytesMut::zeroed(self.length() - HEAD);
        stream.read_exact(&mut body).await?;
        Ok((self.code(), body.freeze()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::DuplexStream;

    use super::*;
    use crate::{
        startup::V3_0,
        tls::tests::{connect, tls},
    };

    fn packet(code: u32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(8 + body.len()).unwrap();
        [&length.to_be_bytes(), &code.to_be_bytes(), body].concat()
    }

    /// Sends `octets`, closes, and returns what `receive` made of it and what came back.
    async fn send(octets: &[u8]) -> (io::Result<Opening<DuplexStream>>, Vec<u8>) {
        let tls = tls();
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        theirs.write_all(octets).await.unwrap();
        theirs.shutdown().await.unwrap();
        let opening = receive(ours, &tls).await;
        let (opening, stream) = match opening {
            Ok(mut opening) => {
                opening.stream.shutdown().await.unwrap();
                (Ok(()), Some(opening))
            }
            Err(error) => (Err(error), None),
        };
        let mut back = Vec::new();
        theirs.read_to_end(&mut back).await.unwrap();
        (opening.map(|()| stream.unwrap()), back)
    }

    #[tokio::test]
    async fn a_plain_packet_and_what_follows_stays() {
        let (opening, back) = send(&[packet(V3_0, b"user\0ana\0\0"), b"more".to_vec()].concat()).await;
        let mut opening = opening.unwrap();
        assert_eq!(
            (opening.code, opening.body.as_ref()),
            (V3_0, &b"user\0ana\0\0"[..])
        );
        assert!(opening.tls.is_none() && back.is_empty());
        let mut rest = Vec::new();
        opening.stream.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"more");
    }

    #[tokio::test]
    async fn garbage_is_closed_without_a_word() {
        let cases: [&[u8]; 7] = [
            b"",
            b"\0\0\0",
            b"GET / HTTP/1.1\r\n\r\n",
            b"SSH-2.0-OpenSSH_9.6\r\n",
            &packet(V3_0, b"")[..7],
            b"\0\0\0\x07\0\x03\0\0",
            b"\x7f\xff\xff\xff\0\x03\0\0",
        ];
        for octets in cases {
            let (opening, back) = send(octets).await;
            assert!(opening.is_err() && back.is_empty(), "{octets:?}");
        }
    }

    #[tokio::test]
    async fn the_cap_is_postgresqls() {
        for (length, ok) in [(9_999, true), (10_000, true), (10_001, false)] {
            let (opening, _) = send(&packet(V3_0, &vec![0; length - 8])).await;
            assert_eq!(opening.is_ok(), ok, "{length}");
        }
    }

    #[tokio::test]
    async fn gssapi_is_declined_once() {
        let gss = packet(GSSENC_REQUEST, b"");
        let (opening, back) = send(&[gss.clone(), packet(V3_0, b"\0")].concat()).await;
        assert_eq!((opening.unwrap().code, back), (V3_0, b"N".to_vec()));
        let (opening, back) = send(&[gss.clone(), gss].concat()).await;
        assert_eq!((opening.unwrap().code, back), (GSSENC_REQUEST, b"N".to_vec()));
    }

    #[tokio::test]
    async fn a_request_for_tls_of_another_length_is_none() {
        let (opening, back) = send(&packet(SSL_REQUEST, b"\0")).await;
        assert_eq!((opening.unwrap().code, back), (SSL_REQUEST, vec![]));
    }

    #[tokio::test]
    async fn plain_text_behind_the_request_for_tls_never_counts() {
        let injected = [packet(SSL_REQUEST, b""), packet(V3_0, b"user\0eve\0\0")].concat();
        let (opening, back) = send(&injected).await;
        assert!(opening.is_err());
        assert_eq!(back.first(), Some(&b'S'));
    }

    #[tokio::test]
    async fn two_requests_for_tls() {
        let tls = tls();
        let (ours, mut theirs) = tokio::io::duplex(4096);
        let client = async {
            theirs.write_all(&packet(GSSENC_REQUEST, b"")).await?;
            let mut answer = [0; 1];
            theirs.read_exact(&mut answer).await?;
            assert_eq!(&answer, b"N");
            theirs.write_all(&packet(SSL_REQUEST, b"")).await?;
            theirs.read_exact(&mut answer).await?;
            assert_eq!(&answer, b"S");
            let mut stream = connect(&tls, theirs, "ana-notes.db.test", None).await?;
            stream.write_all(&packet(SSL_REQUEST, b"")).await?;
            stream.flush().await?;
            io::Result::Ok(stream)
        };
        let (opening, client) = tokio::join!(receive(ours, &tls), client);
        let opening = opening.unwrap();
        assert_eq!(opening.code, SSL_REQUEST);
        let facts = opening.tls.unwrap();
        assert_eq!(facts.server_name.as_deref(), Some("ana-notes.db.test"));
        client.unwrap();
    }

    #[tokio::test]
    async fn direct_tls_needs_alpn() {
        for (alpn, ok) in [
            (Some(&b"postgresql"[..]), true),
            (None, false),
            (Some(b"h2"), false),
        ] {
            let tls = tls();
            let (ours, theirs) = tokio::io::duplex(4096);
            let client = async {
                let mut stream = connect(&tls, theirs, "a.db.test", alpn).await?;
                stream.write_all(&packet(V3_0, b"user\0ana\0\0")).await?;
                stream.flush().await
            };
            let (opening, _) = tokio::join!(receive(ours, &tls), client);
            assert_eq!(opening.is_ok_and(|opening| opening.tls.is_some()), ok, "{alpn:?}");
        }
    }

    proptest! {
        #[test]
        fn no_input_panics_and_answers_are_one_octet(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let (_, back) = runtime.block_on(send(&octets));
            // TLS answers a broken record with an alert, which tells nothing of us.
            prop_assert!(back.len() <= 1 || octets.first() == Some(&TLS_HANDSHAKE));
        }
    }
}

//! Wire messages: how one is read without reading past it, and how ours are written.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// A typed message: one byte of kind, an `Int32` length that counts itself, and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: u8,
    pub(crate) body: Bytes,
}

/// Octets of kind and length.
pub(crate) const HEADER: usize = 5;

/// Reads one message whose length field is at most `longest`, and not a byte more: what follows belongs to whoever
/// reads next. A length out of bounds is `InvalidData`, before anything is allocated for it.
pub(crate) async fn read_message<S>(stream: &mut S, longest: usize) -> io::Result<Message>
where
    S: AsyncRead + Unpin,
{
    let mut header = [0; HEADER];
    stream.read_exact(&mut header).await?;
    let (kind, length) = parse_header(header, longest)?;
    let mut body = BytesMut::zeroed(length);
    stream.read_exact(&mut body).await?;
    Ok(Message {
        kind,
        body: body.freeze(),
    })
}

/// The kind and the length of the body, checked against the cap.
pub(crate) fn parse_header(header: [u8; HEADER], longest: usize) -> io::Result<(u8, usize)> {
    let [kind, a, b, c, d] = header;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if !(4..=longest).contains(&length) {
        return Err(invalid("message length out of bounds"));
    }
    Ok((kind, length - 4))
}

/// What a peer that does not speak the protocol makes of a read.
pub(crate) fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Appends a message of `kind`.
pub(crate) fn put_message(out: &mut BytesMut, kind: u8, body: &[u8]) {
    out.put_u8(kind);
    out.put_u32(length_field(body.len()));
    out.put_slice(body);
}

/// Appends an authentication message (`R`): its code, and what belongs to it.
pub(crate) fn put_authentication(out: &mut BytesMut, code: u32, data: &[u8]) {
    out.put_u8(b'R');
    out.put_u32(length_field(4 + data.len()));
    out.put_u32(code);
    out.put_slice(data);
}

/// Codes of authentication messages.
pub(crate) mod authentication {
    pub(crate) const OK: u32 = 0;
    pub(crate) const CLEARTEXT: u32 = 3;
    pub(crate) const MD5: u32 = 5;
    pub(crate) const SASL: u32 = 10;
    pub(crate) const SASL_CONTINUE: u32 = 11;
    pub(crate) const SASL_FINAL: u32 = 12;
}

/// The key by which a session is cancelled (`BackendKeyData`, `CancelRequest`).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CancelKey {
    pub(crate) pid: u32,
    pub(crate) secret: Bytes,
}

/// The code that stands where a startup packet has its version.
pub(crate) const CANCEL_REQUEST: u32 = 80_877_102;

impl CancelKey {
    /// A key from the body of `BackendKeyData` or behind the code of a `CancelRequest`: the process id and 4 to 256
    /// octets of secret (protocol 3.2; 3.0 has exactly 4).
    pub(crate) fn parse(body: &Bytes) -> Option<Self> {
        let (pid, secret) = body.split_first_chunk::<4>()?;
        (4..=256).contains(&secret.len()).then(|| Self {
            pid: u32::from_be_bytes(*pid),
            secret: body.slice_ref(secret),
        })
    }

    /// Appends it as `BackendKeyData`.
    pub(crate) fn put_backend_key_data(&self, out: &mut BytesMut) {
        put_message(
            out,
            b'K',
            &[&self.pid.to_be_bytes(), self.secret.as_ref()].concat(),
        );
    }

    /// The whole `CancelRequest`.
    pub(crate) fn to_cancel_request(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_u32(length_field(8 + self.secret.len()));
        out.put_u32(CANCEL_REQUEST);
        out.put_u32(self.pid);
        out.put_slice(&self.secret);
        out.freeze()
    }
}

impl std::fmt::Debug for CancelKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CancelKey(…)")
    }
}

/// The length field of a message with `length` octets behind it. Ours stay far below the limit of the type.
pub(crate) fn length_field(length: usize) -> u32 {
    u32::try_from(length + 4).unwrap_or(u32::MAX)
}

/// A zero-terminated string from the front of `body`, and the rest.
pub(crate) fn split_cstr(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = body.iter().position(|byte| *byte == 0)?;
    let (text, rest) = body.split_at_checked(end)?;
    Some((text, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_survives_the_wire_and_what_follows_stays() {
        let mut out = BytesMut::new();
        put_message(&mut out, b'p', b"hello");
        out.put_slice(b"next");
        let mut stream = out.as_ref();
        let message = read_message(&mut stream, 100).await.unwrap();
        assert_eq!((message.kind, message.body.as_ref()), (b'p', b"hello".as_slice()));
        assert_eq!(stream, b"next");
    }

    #[tokio::test]
    async fn lengths_out_of_bounds_are_refused_before_the_body() {
        for length in [0_u32, 3, 101, u32::MAX] {
            let mut wire = vec![b'p'];
            wire.extend(length.to_be_bytes());
            let error = read_message(&mut wire.as_slice(), 100).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{length}");
        }
    }

    #[test]
    fn cancel_keys_round_trip_and_have_bounds() {
        let key = CancelKey {
            pid: 7,
            secret: Bytes::from_static(&[9; 32]),
        };
        let wire = key.to_cancel_request();
        assert_eq!(wire.len(), 12 + 32);
        assert_eq!(CancelKey::parse(&wire.slice(8..)), Some(key));
        for length in [0, 3, 4, 7, 4 + 257] {
            assert_eq!(CancelKey::parse(&Bytes::from(vec![1; length])), None, "{length}");
        }
    }

    #[test]
    fn strings_end_at_their_zero() {
        assert_eq!(split_cstr(b"user\0ana\0"), Some((&b"user"[..], &b"ana\0"[..])));
        assert_eq!(split_cstr(b"endless"), None);
    }
}

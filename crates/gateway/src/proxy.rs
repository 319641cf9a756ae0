//! Who is behind the proxy? The header of the PROXY protocol, version 2, which a proxy that the operator has named
//! sends before the client's first octet. From nobody else is it believed, and from such a proxy it must come.

use std::{io, net::SocketAddr};

use ppp::v2::{Addresses, Command, Header};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::message::invalid;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and protocol, length.
const HEAD: usize = 16;
/// Addresses, and what a proxy may say besides.
const LONGEST: usize = 1024;

/// Reads the header and not an octet more. The client's address; `peer` where the proxy speaks for itself, as it does
/// to see whether we live.
pub(crate) async fn receive<S>(stream: &mut S, peer: SocketAddr) -> io::Result<SocketAddr>
where
    S: AsyncRead + Unpin,
{
    let mut head = [0; HEAD];
    stream.read_exact(&mut head).await?;
    let mut header = head.to_vec();
    header.resize(
        HEAD + length(&head).ok_or_else(|| invalid("not a PROXY header"))?,
        0,
    );
    stream
        .read_exact(header.get_mut(HEAD..).unwrap_or_default())
        .await?;
    client(&header, peer).ok_or_else(|| invalid("not a PROXY header that we take"))
}

/// How much follows the head, where it is one of version 2.
pub(crate) fn length(head: &[u8; HEAD]) -> Option<usize> {
    let rest = head.strip_prefix(SIGNATURE)?;
    let [version, _, a, b] = *rest else { return None };
    let length = usize::from(u16::from_be_bytes([a, b]));
    (version >> 4 == 2 && HEAD + length <= LONGEST).then_some(length)
}

/// Whom a whole header names.
pub(crate) fn client(header: &[u8], peer: SocketAddr) -> Option<SocketAddr> {
    let header = Header::try_from(header).ok()?;
    Some(match (header.command, header.addresses) {
        (Command::Proxy, Addresses::IPv4(ip)) => (ip.source_address, ip.source_port).into(),
        (Command::Proxy, Addresses::IPv6(ip)) => (ip.source_address, ip.source_port).into(),
        (Command::Local, _) | (Command::Proxy, Addresses::Unspecified | Addresses::Unix(_)) => peer,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family][..], &length, body].concat()
    }

    async fn read(octets: &[u8]) -> Option<(String, Vec<u8>)> {
        let mut stream = octets;
        let found = receive(&mut stream, ([10, 0, 0, 1], 7).into()).await.ok()?;
        Some((found.to_string(), stream.to_vec()))
    }

    #[tokio::test]
    async fn the_client_is_named_and_what_follows_stays() {
        let v4 = header(0x21, 0x11, &[192, 0, 2, 7, 10, 0, 0, 9, 0x13, 0x88, 0x23, 0xe9]);
        let with_more = [v4.clone(), b"more".to_vec()].concat();
        assert_eq!(
            read(&with_more).await,
            Some(("192.0.2.7:5000".to_owned(), b"more".to_vec()))
        );
        let mut v6 = [0; 36];
        (v6[1], v6[15], v6[33]) = (1, 7, 9);
        assert_eq!(read(&header(0x21, 0x21, &v6)).await.unwrap().0, "[1::7]:9");
        // With a word of the proxy's own behind the addresses.
        let tlv = [
            &[192, 0, 2, 7, 10, 0, 0, 9, 0x13, 0x88, 0x23, 0xe9][..],
            &[4, 0, 1, 0],
        ]
        .concat();
        assert_eq!(read(&header(0x21, 0x11, &tlv)).await.unwrap().0, "192.0.2.7:5000");
    }

    #[tokio::test]
    async fn a_proxy_may_speak_for_itself() {
        for (command, family) in [(0x20, 0x00), (0x20, 0x11), (0x21, 0x00)] {
            let body = if family == 0x11 { &[0; 12][..] } else { &[] };
            assert_eq!(
                read(&header(command, family, body)).await.unwrap().0,
                "10.0.0.1:7"
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_header_of_version_two_is_refused() {
        let good = header(0x21, 0x11, &[0; 12]);
        let cases = [
            b"PROXY TCP4 192.0.2.7 10.0.0.9 5000 9193\r\n".to_vec(),
            good[..27].to_vec(),
            header(0x11, 0x11, &[0; 12]),
            header(0x22, 0x11, &[0; 12]),
            header(0x21, 0x41, &[0; 12]),
            header(0x21, 0x11, &[0; 11]),
            header(0x21, 0x21, &[0; 12]),
            header(0x21, 0x11, &[0; 1009]),
            b"\0\0\0\x08\x04\xd2\x16\x2f........".to_vec(),
        ];
        for octets in cases {
            assert_eq!(read(&octets).await, None, "{octets:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(octets in prop::collection::vec(any::<u8>(), 0..200), command: u8, family: u8) {
            let peer = ([10, 0, 0, 1], 7).into();
            let _ = client(&octets, peer);
            let _ = client(&header(command, family, &octets), peer);
        }
    }
}

//! What the fuzzer calls: each parser that reads octets from outside, without I/O. Compiled with the feature `fuzzing`
//! alone; `fuzz/` has a target for each function.

use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use app::connections::{Backend, BackendAddress};
use bytes::{Bytes, BytesMut};
use model::scram::{ClientKeys, Verifier};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    login::{self, Credential, startup_packet},
    message::CancelKey,
    proxy, relay, sasl,
    scram::server::{ClientFirst, Offer},
    startup, warm,
};

/// The first packet behind its length: code and body.
pub fn first_packet(octets: &[u8]) {
    let Some((code, body)) = octets.split_first_chunk::<4>() else {
        return;
    };
    let body = Bytes::copy_from_slice(body);
    if let Ok(startup::FirstPacket::Startup(startup)) = startup::parse(u32::from_be_bytes(*code), &body) {
        // Nothing comes out that did not go in.
        assert!(startup.parameters.len() <= body.len() && startup.user.len() <= body.len());
        let mut out = BytesMut::new();
        startup.put_negotiation(&mut out);
        assert!(out.len() <= body.len() + 64);
    }
}

/// The body of a `CancelRequest`, and of a backend's key.
pub fn cancel(octets: &[u8]) {
    if let Some(key) = CancelKey::parse(&Bytes::copy_from_slice(octets)) {
        assert_eq!(key.to_cancel_request().get(8..), Some(octets));
    }
}

/// A header of the PROXY protocol.
pub fn proxy_header(octets: &[u8]) {
    let peer = ([127, 0, 0, 1], 1).into();
    let _ = proxy::client(octets, peer);
    if let Some(head) = octets.first_chunk()
        && let Some(length) = proxy::length(head)
    {
        assert!(length < 1024);
    }
}

/// A client's first SASL message: with a certificate to bind to, and without.
pub fn sasl_first(octets: &[u8]) {
    let bound = Offer {
        certificate_hash: Some(vec![7; 32]),
    };
    for offer in [Offer::default(), bound] {
        if let Some((mechanism, data)) = sasl::initial_response(octets)
            && let Ok(first) = ClientFirst::parse(mechanism, data, &offer)
        {
            let challenge = first.challenge(&Verifier::mock(b"key", "nobody"), "ours");
            assert!(challenge.server_first.len() <= octets.len() + 200);
        }
    }
}

/// A client's last SASL message, which never proves what nobody knows.
pub fn sasl_final(octets: &[u8]) {
    let verifier = Verifier::mock(b"key", "nobody");
    let first = ClientFirst::parse(b"SCRAM-SHA-256", b"n,,n=,r=theirs", &Offer::default());
    let Ok(first) = first else { return };
    assert!(
        first
            .challenge(&verifier, "ours")
            .verify(&verifier, octets)
            .is_err()
    );
}

/// A backend that says whatever it likes to our login. It never lets us in, because it cannot prove who it is.
pub fn upstream(octets: &[u8]) {
    let backend = Backend {
        address: BackendAddress::plain("localhost", 1),
        database: "a1b2c3".to_owned(),
        role: "u_1".to_owned(),
        credential: ClientKeys::derive("machine", b"salt", 1).into(),
        defaults: Vec::new(),
    };
    let credential = Credential {
        backend: &backend,
        nonce: "ours".to_owned(),
    };
    let packet = startup_packet(&backend, b"");
    let mut script = Script(octets);
    let refused = now(login::log_in(&mut script, credential, &packet));
    if let Some(result) = refused {
        assert!(result.is_err());
        let _ = result.map_err(login::Failure::into_stop);
    }
}

/// What a backend answers to a statement of ours while no client has it.
pub fn warm_answer(octets: &[u8]) {
    let _ = now(warm::Freshness::ask(&mut Script(octets), octets));
}

/// Both directions of an open session, in pieces of any size.
pub fn conversation(octets: &[u8]) {
    let Some((size, octets)) = octets.split_first() else {
        return;
    };
    let mut talk = relay::Conversation::new();
    for (number, chunk) in octets.chunks(usize::from(*size).max(1)).enumerate() {
        match number % 2 {
            0 => talk.client_sent(chunk),
            _ => talk.backend_sent(chunk),
        }
        assert!(!(talk.is_idle() && talk.is_busy()));
    }
}

/// The other side of a connection: it has said all that it will say, and takes whatever it is told.
struct Script<'s>(&'s [u8]);

impl AsyncRead for Script<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (now, later) = self.0.split_at(self.0.len().min(out.remaining()));
        out.put_slice(now);
        self.0 = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The outcome of what never waits.
fn now<T>(what: impl Future<Output = T>) -> Option<T> {
    match pin!(what).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

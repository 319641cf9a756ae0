//! The client's side of a login on the wire: offer mechanisms, take its two messages, and judge them.

use std::io;

use app::connections::Refusal;
use bytes::{Bytes, BytesMut};
use model::scram::Verifier;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::{
    message::{authentication, put_authentication, read_message, split_cstr},
    refusal::{Fatal, Stop},
    scram::server::{Challenge, ClientFirst, Failure, Offer},
    startup::Startup,
};

/// Nothing that a client sends before it is known is longer.
const LONGEST_MESSAGE: usize = 1024;

/// Offers the mechanisms and takes the client's first message. Nothing here depends on whose account it is.
pub(crate) async fn ask<S>(stream: &mut S, startup: &Startup, offer: &Offer) -> Result<ClientFirst, Stop>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut out = BytesMut::new();
    startup.put_negotiation(&mut out);
    put_authentication(&mut out, authentication::SASL, &offer.mechanisms());
    stream.write_all(&out).await?;
    stream.flush().await?;
    let body = read_password_message(stream).await?;
    let (mechanism, data) = initial_response(&body).ok_or_else(|| malformed("initial response"))?;
    ClientFirst::parse(mechanism, data, offer).map_err(stop)
}

/// A challenge that the client has answered.
pub(crate) struct Proof {
    challenge: Challenge,
    body: Bytes,
}

impl Proof {
    /// The server's final message, which is kept back until the backend is ready, if the proof is right.
    pub(crate) fn verify(self, verifier: &Verifier) -> Result<String, Stop> {
        self.challenge.verify(verifier, &self.body).map_err(stop)
    }
}

/// Sends the challenge and takes the proof. Of the verifier only salt and iterations count here.
pub(crate) async fn prove<S>(
    stream: &mut S,
    first: ClientFirst,
    verifier: &Verifier,
    nonce: &str,
) -> Result<Proof, Stop>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let challenge = first.challenge(verifier, nonce);
    let mut out = BytesMut::new();
    put_authentication(
        &mut out,
        authentication::SASL_CONTINUE,
        challenge.server_first.as_bytes(),
    );
    stream.write_all(&out).await?;
    stream.flush().await?;
    let body = read_password_message(stream).await?;
    Ok(Proof { challenge, body })
}

async fn read_password_message<S>(stream: &mut S) -> Result<Bytes, Stop>
where
    S: AsyncRead + Unpin,
{
    match read_message(stream, LONGEST_MESSAGE).await {
        Ok(message) if message.kind == b'p' => Ok(message.body),
        Ok(_) => Err(malformed("another message than SASL's")),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(malformed("message length")),
        Err(error) => Err(Stop::Gone(error)),
    }
}

/// `SASLInitialResponse`: a name with its zero, an `Int32` length, and so many octets to the end.
pub(crate) fn initial_response(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mechanism, rest) = split_cstr(body)?;
    let (length, data) = rest.split_first_chunk::<4>()?;
    (u32::from_be_bytes(*length) as usize == data.len()).then_some((mechanism, data))
}

fn malformed(detail: &'static str) -> Stop {
    Stop::refused(Refusal::Malformed, detail)
}

fn stop(failure: Failure) -> Stop {
    match failure {
        Failure::Mechanism => Stop::answered(Refusal::Malformed, Fatal::mechanism(), "mechanism not offered"),
        Failure::Malformed(detail) => malformed(detail),
        Failure::ChannelBinding => Stop::refused(Refusal::ChannelBinding, "channel binding does not match"),
        Failure::WrongProof => Stop::refused(Refusal::WrongPassword, "wrong password or unknown user"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use model::scram::ClientKeys;
    use postgres_protocol::{
        authentication::sasl::{ChannelBinding, ScramSha256},
        message::{backend, frontend},
    };
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, DuplexStream};

    use super::*;
    use crate::{
        message::put_message,
        startup::{FirstPacket, V3_0, parse},
    };

    fn startup() -> Startup {
        match parse(V3_0, &Bytes::from_static(b"user\0ana\0\0")) {
            Ok(FirstPacket::Startup(startup)) => startup,
            other => panic!("{other:?}"),
        }
    }

    fn verifier(password: &str) -> Verifier {
        ClientKeys::derive(password, b"salt", 4096).verifier(b"salt", 4096)
    }

    async fn server(mut stream: DuplexStream, verifier: Verifier) -> Result<String, Stop> {
        let first = ask(&mut stream, &startup(), &Offer::default()).await?;
        prove(&mut stream, first, &verifier, "server-nonce")
            .await?
            .verify(&verifier)
    }

    /// Reads one message as `postgres-protocol` understands it.
    pub(crate) async fn backend_message(stream: &mut DuplexStream) -> backend::Message {
        let mut buffer = BytesMut::new();
        loop {
            if let Some(message) = backend::Message::parse(&mut buffer).unwrap() {
                return message;
            }
            stream.read_buf(&mut buffer).await.unwrap();
        }
    }

    /// Logs in as `postgres-protocol` does, up to its proof. Also the challenge it was given.
    pub(crate) async fn log_in(stream: &mut DuplexStream, password: &str) -> (ScramSha256, String) {
        let mut scram = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
        assert!(matches!(
            backend_message(stream).await,
            backend::Message::AuthenticationSasl(_)
        ));
        let mut out = BytesMut::new();
        frontend::sasl_initial_response("SCRAM-SHA-256", scram.message(), &mut out).unwrap();
        stream.write_all(&out).await.unwrap();
        let backend::Message::AuthenticationSaslContinue(challenge) = backend_message(stream).await else {
            panic!("no challenge");
        };
        scram.update(challenge.data()).unwrap();
        out.clear();
        frontend::sasl_response(scram.message(), &mut out).unwrap();
        stream.write_all(&out).await.unwrap();
        (scram, String::from_utf8(challenge.data().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_right_password_earns_the_servers_proof() {
        let (ours, mut theirs) = tokio::io::duplex(4096);
        let (answer, (mut scram, _)) =
            tokio::join!(server(ours, verifier("right")), log_in(&mut theirs, "right"));
        scram.finish(answer.unwrap().as_bytes()).unwrap();
    }

    fn refusal(result: Result<String, Stop>) -> Refusal {
        match result {
            Err(Stop::Refused(refused)) => refused.refusal,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_wrong_password_and_a_mock_end_alike() {
        for verifier in [verifier("right"), Verifier::mock(b"key", "nobody")] {
            let (ours, mut theirs) = tokio::io::duplex(4096);
            let (answer, _) = tokio::join!(server(ours, verifier), log_in(&mut theirs, "wrong"));
            assert!(matches!(refusal(answer), Refusal::WrongPassword));
        }
    }

    async fn after(octets: Vec<u8>) -> Result<String, Stop> {
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        theirs.write_all(&octets).await.unwrap();
        theirs.shutdown().await.unwrap();
        server(ours, verifier("right")).await
    }

    #[tokio::test]
    async fn messages_that_are_not_sasl() {
        let message = |kind, body: &[u8]| {
            let mut out = BytesMut::new();
            put_message(&mut out, kind, body);
            out.to_vec()
        };
        let cases = [
            message(b'Q', b"select 1\0"),
            message(b'p', b""),
            message(b'p', b"secret\0"),
            message(b'p', b"SCRAM-SHA-256\0\xff\xff\xff\xff"),
            message(b'p', b"SCRAM-SHA-256\0\0\0\0\x05n,,n="),
            message(b'p', &[0; 1021]),
            b"p\0\0\0\0".to_vec(),
            b"p\0\0\0\x03".to_vec(),
            b"p\x7f\xff\xff\xff".to_vec(),
        ];
        for octets in cases {
            assert!(
                matches!(refusal(after(octets.clone()).await), Refusal::Malformed),
                "{octets:?}"
            );
        }
        let plus = after(message(b'p', b"SCRAM-SHA-256-PLUS\0\0\0\0\x03n,,")).await;
        let Err(Stop::Refused(refused)) = plus else {
            panic!("{plus:?}")
        };
        assert_eq!(refused.answer, Some(Fatal::mechanism()));
    }

    #[tokio::test]
    async fn a_client_that_leaves_to_ask_for_a_password_is_not_refused() {
        assert!(matches!(after(Vec::new()).await, Err(Stop::Gone(_))));
    }

    proptest! {
        #[test]
        fn no_initial_response_panics(body in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = initial_response(&body);
        }
    }
}

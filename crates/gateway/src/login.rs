//! The backend's side: log in with our own credential, and read up to `ReadyForQuery`. A backend may be
//! somebody else's server: everything it sends is capped, and nothing that it says of our credential reaches the client.

mod failure;

use std::io;

use app::connections::Backend;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{
    message::{CancelKey, HEADER, Message, authentication, length_field, parse_header, put_message},
    scram::{SCRAM, client},
    startup::V3_0,
};

pub(crate) use failure::Failure;
use failure::ServerError;

const LONGEST_MESSAGE: usize = 30_000;
const MOST_MESSAGES: usize = 256;
const MOST_OCTETS: usize = 256 * 1024;
const READ_AT_ONCE: usize = 4096;
const UNEXPECTED: Failure = Failure::Untrue("unexpected message before authentication");

/// Whom we log in as, and where to.
pub(crate) struct Credential<'a> {
    pub(crate) backend: &'a Backend,
    pub(crate) nonce: String,
}

/// What a backend said when it let us in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Welcome {
    /// Everything between `AuthenticationOk` and `ReadyForQuery`, as received, without `BackendKeyData`.
    pub(crate) notices: BytesMut,
    pub(crate) key: Option<CancelKey>,
    /// `ReadyForQuery` and what already came behind it.
    pub(crate) ready: Bytes,
}

/// Logs in with SCRAM, and with less only where [`Backend`] has a password for it: a backend that takes us without is
/// refused, as it would take anybody.
/// `packet` is that of [`startup_packet`].
pub(crate) async fn log_in<S>(
    stream: &mut S,
    credential: Credential<'_>,
    packet: &[u8],
) -> Result<Welcome, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(packet).await?;
    let mut server = Server::new(stream);
    server.authenticate(credential).await?;
    server.welcome().await
}

/// How a session begins: `parameters` are the client's, as it sent them. Ours come first: a repeated `user` or `database`
/// cannot be in the client's, the strict parser took them out.
pub(crate) fn startup_packet(backend: &Backend, parameters: &[u8]) -> Bytes {
    let mut body = BytesMut::new();
    let mut put = |texts: [&str; 2]| {
        for text in texts {
            body.put_slice(text.as_bytes());
            body.put_u8(0);
        }
    };
    put(["user", &backend.role]);
    put(["database", &backend.database]);
    for (name, value) in &backend.defaults {
        if !is_asked(name, parameters) {
            put([name, value]);
        }
    }
    body.put_slice(parameters);
    body.put_u8(0);
    let mut out = BytesMut::with_capacity(body.len() + 8);
    out.put_u32(length_field(4 + body.len()));
    out.put_u32(V3_0);
    out.put(body);
    out.freeze()
}

/// Whether a client names the setting, as a parameter of its own or inside of `options`.
fn is_asked(name: &str, parameters: &[u8]) -> bool {
    parameters
        .windows(name.len())
        .any(|part| part.eq_ignore_ascii_case(name.as_bytes()))
}

struct Server<'s, S> {
    stream: &'s mut S,
    read: BytesMut,
    messages: usize,
    octets: usize,
    authenticated: bool,
}

impl<'s, S> Server<'s, S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn new(stream: &'s mut S) -> Self {
        Self {
            stream,
            read: BytesMut::new(),
            messages: 0,
            octets: 0,
            authenticated: false,
        }
    }

    async fn authenticate(&mut self, credential: Credential<'_>) -> Result<(), Failure> {
        const TOO_WEAK: Failure = Failure::Untrue("asks for the password by a method that is too weak here");
        let backend = credential.backend;
        match self.request().await? {
            (authentication::SASL, mechanisms) => self.exchange(&mechanisms, credential).await?,
            (authentication::CLEARTEXT, _) => {
                let password = backend.clear_password().ok_or(TOO_WEAK)?;
                self.send_text(password.expose()).await?;
            }
            (authentication::MD5, salt) => {
                let salt = salt.first_chunk().ok_or(Failure::Untrue("MD5 without salt"))?;
                let answer = backend.md5_password(*salt).ok_or(TOO_WEAK)?;
                self.send_text(&answer).await?;
            }
            _ => return Err(UNEXPECTED),
        }
        self.authentication(authentication::OK).await?;
        self.authenticated = true;
        Ok(())
    }

    async fn exchange(&mut self, mechanisms: &Bytes, credential: Credential<'_>) -> Result<(), Failure> {
        if !mechanisms
            .split(|byte| *byte == 0)
            .any(|name| name == SCRAM.as_bytes())
        {
            return Err(Failure::Untrue("SCRAM-SHA-256 not offered"));
        }
        let login = client::Login::new(&credential.backend.credential, credential.nonce);
        self.send(&initial_response(&login.client_first())).await?;
        let challenge = self.authentication(authentication::SASL_CONTINUE).await?;
        let answer = login.answer(&challenge)?;
        self.send(answer.client_final.as_bytes()).await?;
        Ok(answer.check(&self.authentication(authentication::SASL_FINAL).await?)?)
    }

    async fn welcome(mut self) -> Result<Welcome, Failure> {
        let mut notices = BytesMut::new();
        let mut key = None;
        loop {
            let message = self.next().await?;
            match message.kind {
                b'S' | b'N' => put_message(&mut notices, message.kind, &message.body),
                b'K' => key = CancelKey::parse(&message.body),
                b'Z' => {
                    let mut ready = BytesMut::new();
                    put_message(&mut ready, b'Z', &message.body);
                    ready.unsplit(self.read);
                    let ready = ready.freeze();
                    return Ok(Welcome { notices, key, ready });
                }
                _ => return Err(Failure::Untrue("unexpected message after authentication")),
            }
        }
    }

    /// Code and data of the next message, which must be about authentication.
    async fn request(&mut self) -> Result<(u32, Bytes), Failure> {
        let mut message = self.next().await?;
        match (message.kind, message.body.try_get_u32()) {
            (b'R', Ok(code)) => Ok((code, message.body)),
            _ => Err(UNEXPECTED),
        }
    }

    /// The data of the next message, which must be an authentication message of `code`.
    async fn authentication(&mut self, code: u32) -> Result<Bytes, Failure> {
        match self.request().await? {
            (found, data) if found == code => Ok(data),
            _ => Err(UNEXPECTED),
        }
    }

    /// A password or what stands for it.
    async fn send_text(&mut self, text: &str) -> io::Result<()> {
        self.send(&[text.as_bytes(), b"\0"].concat()).await
    }

    async fn send(&mut self, body: &[u8]) -> io::Result<()> {
        let mut out = BytesMut::new();
        put_message(&mut out, b'p', body);
        self.stream.write_all(&out).await
    }

    /// The next message; an `ErrorResponse` is a failure.
    async fn next(&mut self) -> Result<Message, Failure> {
        self.messages += 1;
        if self.messages > MOST_MESSAGES {
            return Err(Failure::Untrue("too many messages"));
        }
        self.fill(HEADER).await?;
        let header = *self.read.first_chunk().ok_or(Failure::Untrue("no header"))?;
        let (kind, length) = parse_header(header, LONGEST_MESSAGE)?;
        self.octets += length;
        if self.octets > MOST_OCTETS {
            return Err(Failure::Untrue("too much before the session"));
        }
        self.fill(HEADER + length).await?;
        self.read.advance(HEADER);
        let body = self.read.split_to(length).freeze();
        if kind == b'E' {
            return Err(Failure::Refused {
                authenticated: self.authenticated,
                error: ServerError::parse(&body),
            });
        }
        Ok(Message { kind, body })
    }

    /// Reads until at least `length` octets are there.
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

fn initial_response(client_first: &str) -> Bytes {
    let mut body = BytesMut::new();
    body.put_slice(SCRAM.as_bytes());
    body.put_u8(0);
    body.put_u32(u32::try_from(client_first.len()).unwrap_or(u32::MAX));
    body.put_slice(client_first.as_bytes());
    body.freeze()
}

#[cfg(test)]
mod tests {
    use app::connections::{BackendAddress, Refusal};
    use model::scram::ClientKeys;
    use tokio::io::DuplexStream;

    use super::*;
    use crate::{
        message::{put_authentication, split_cstr},
        refusal::{Fatal, Stop},
        scram::server::{ClientFirst, Offer},
    };

    const SALT: &[u8] = b"0123456789abcdef";

    fn keys() -> ClientKeys {
        ClientKeys::derive("machine", SALT, 4096)
    }

    fn backend() -> Backend {
        Backend {
            address: BackendAddress::plain("localhost", 5432),
            database: "a1b2c3".to_owned(),
            role: "u_1".to_owned(),
            credential: keys().into(),
            defaults: Vec::new(),
        }
    }

    /// A PostgreSQL that knows one role; `script` is what it sends once the proof was right.
    async fn postgres(mut stream: DuplexStream, script: Vec<u8>) -> io::Result<Vec<u8>> {
        let length = stream.read_u32().await? as usize;
        let mut startup = vec![0; length - 4];
        stream.read_exact(&mut startup).await?;
        let verifier = keys().verifier(SALT, 4096);
        let mut out = BytesMut::new();
        put_authentication(&mut out, authentication::SASL, b"SCRAM-SHA-256\0\0");
        stream.write_all(&out.split()).await?;
        let first = crate::message::read_message(&mut stream, 1000).await?.body;
        let (mechanism, data) = split_cstr(&first).unwrap();
        let challenge = ClientFirst::parse(mechanism, data.get(4..).unwrap(), &Offer::default())
            .unwrap()
            .challenge(&verifier, "theirs");
        put_authentication(
            &mut out,
            authentication::SASL_CONTINUE,
            challenge.server_first.as_bytes(),
        );
        stream.write_all(&out.split()).await?;
        let proof = crate::message::read_message(&mut stream, 1000).await?.body;
        let server_final = challenge.verify(&verifier, &proof).unwrap();
        put_authentication(&mut out, authentication::SASL_FINAL, server_final.as_bytes());
        put_authentication(&mut out, authentication::OK, b"");
        out.put_slice(&script);
        stream.write_all(&out).await?;
        Ok(startup)
    }

    async fn log_in_to(script: Vec<u8>) -> (Result<Welcome, Failure>, Vec<u8>) {
        // A small buffer, so that messages arrive in pieces.
        let (mut ours, theirs) = tokio::io::duplex(7);
        let backend = backend();
        let credential = Credential {
            backend: &backend,
            nonce: "ours".to_owned(),
        };
        let client = async {
            let packet = startup_packet(&backend, b"TimeZone\0UTC\0");
            let result = log_in(&mut ours, credential, &packet).await;
            drop(ours);
            result
        };
        let (welcome, startup) = tokio::join!(client, postgres(theirs, script));
        (welcome, startup.unwrap_or_default())
    }

    fn messages(list: &[(u8, &[u8])]) -> Vec<u8> {
        let mut out = BytesMut::new();
        for (kind, body) in list {
            put_message(&mut out, *kind, body);
        }
        out.to_vec()
    }

    #[tokio::test]
    async fn the_welcome_is_passed_on_without_the_key() {
        let status = messages(&[(b'S', b"TimeZone\0UTC\0")]);
        let key = messages(&[(b'K', b"\0\0\0\x07abcd")]);
        let ready = messages(&[(b'Z', b"I")]);
        let (welcome, startup) = log_in_to([status.clone(), key, ready.clone()].concat()).await;
        let welcome = welcome.unwrap();
        assert_eq!(welcome.notices, status);
        assert_eq!(
            welcome.key,
            CancelKey::parse(&Bytes::from_static(b"\0\0\0\x07abcd"))
        );
        assert_eq!(welcome.ready, ready);
        assert_eq!(
            startup,
            b"\0\x03\0\0user\0u_1\0database\0a1b2c3\0TimeZone\0UTC\0\0"
        );
    }

    async fn stop(script: Vec<u8>) -> (Refusal, Option<Fatal>) {
        match log_in_to(script).await.0.unwrap_err().into_stop() {
            Stop::Refused(refused) => (refused.refusal, refused.answer),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn errors_of_the_backend_are_translated() {
        let error =
            |state: &str| messages(&[(b'E', format!("SFATAL\0C{state}\0Mrole u_1 is odd\0\0").as_bytes())]);
        assert!(matches!(
            stop(error("57P03")).await,
            (Refusal::WorkspaceNotReady, None)
        ));
        assert!(matches!(
            stop(error("3D000")).await,
            (Refusal::BackendLogin, None)
        ));
        assert!(matches!(
            stop(error("28000")).await,
            (Refusal::BackendLogin, None)
        ));
        let (_, answer) = stop(error("53300")).await;
        assert_eq!(answer, Some(Fatal::too_many_clients()));
        let (_, answer) = stop(error("22023")).await;
        assert_eq!(answer.unwrap().message, "role u_1 is odd");
    }

    #[tokio::test]
    async fn a_backend_that_breaks_the_protocol_is_refused() {
        let many = messages(&[(b'S', &b"a\0b\0"[..]); 300]);
        let long = [b"S".as_slice(), &40_000_u32.to_be_bytes(), &[0; 40_000]].concat();
        let short = b"S\0\0\0\x03".to_vec();
        let much = messages(&[(b'S', &[b'x'; 25_000][..]); 11]);
        for script in [many, long, short, much, messages(&[(b'T', b"")])] {
            assert!(matches!(stop(script).await, (Refusal::BackendLogin, None)));
        }
        assert!(matches!(
            stop(Vec::new()).await,
            (Refusal::BackendUnreachable, None)
        ));
    }

    async fn first_answer(octets: &[u8]) -> Failure {
        let (mut ours, mut theirs) = tokio::io::duplex(64 * 1024);
        theirs.write_all(octets).await.unwrap();
        let backend = backend();
        let credential = Credential {
            backend: &backend,
            nonce: "ours".to_owned(),
        };
        log_in(&mut ours, credential, &startup_packet(&backend, b""))
            .await
            .unwrap_err()
    }

    #[tokio::test]
    async fn nothing_less_than_scram_is_accepted() {
        let mut out = BytesMut::new();
        for (code, data) in [
            (0, &b""[..]),
            (3, b""),
            (5, b"salt"),
            (10, b"PLAIN\0\0"),
            (10, b""),
        ] {
            put_authentication(&mut out, code, data);
            let failure = first_answer(&out.split()).await;
            assert!(matches!(failure, Failure::Untrue(_)), "{code}: {failure:?}");
        }
    }

    #[tokio::test]
    async fn what_is_said_of_our_password_stays_here() {
        let failure = first_answer(&messages(&[(b'E', b"SFATAL\0C28P01\0Mpassword for u_1\0\0")])).await;
        let Stop::Refused(refused) = failure.into_stop() else {
            panic!()
        };
        assert!(matches!(refused.refusal, Refusal::BackendLogin));
        assert_eq!(refused.answer, None);
    }
}

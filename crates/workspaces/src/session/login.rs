//! Logging in: with SCRAM, and nothing less.

use std::time::Duration;

use model::scram::client;
use postgres_protocol::message::{
    backend::{BackendKeyDataBody, Message},
    frontend,
};
use tokio_postgres::fallible_iterator::FallibleIterator;

use super::{Canceller, Login, OpenError, Session, SqlError, wire::Incoming, wire::Wire};
use crate::BackendAddress;

const SCRAM: &str = "SCRAM-SHA-256";
/// Messages of a backend before it is ready: a few dozen are usual.
const MOST_MESSAGES: usize = 256;

/// What every session has, whatever its role or database says: the forms in which values are written are documented.
const SETTINGS: [(&str, &str); 6] = [
    ("application_name", "standpipe query"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
];

impl Session {
    /// Connects to `address` and logs in.
    pub async fn open(address: &BackendAddress, login: Login<'_>) -> Result<Self, OpenError> {
        let mut entry = Entry {
            wire: Wire::new(address.connect().await?),
            messages: 0,
        };
        entry.begin(&login).await?;
        entry.authenticate(&login).await?;
        let key = entry.welcome().await?;
        Ok(Self {
            wire: entry.wire,
            canceller: Canceller {
                address: address.clone(),
                pid: key.process_id(),
                secret: key.secret_key(),
            },
        })
    }
}

struct Entry {
    wire: Wire,
    messages: usize,
}

impl Entry {
    async fn begin(&mut self, login: &Login<'_>) -> Result<(), OpenError> {
        let timeout = milliseconds(login.statement_timeout);
        let own = [
            ("user", login.role),
            ("database", login.database),
            ("statement_timeout", timeout.as_str()),
        ];
        let search_path = login.search_path.map(|path| ("search_path", path));
        let parameters = own.into_iter().chain(search_path).chain(SETTINGS);
        frontend::startup_message(parameters, self.wire.out())?;
        Ok(self.wire.send().await?)
    }

    async fn authenticate(&mut self, login: &Login<'_>) -> Result<(), OpenError> {
        let Message::AuthenticationSasl(offer) = self.next().await? else {
            return Err(untrue("no SASL"));
        };
        if !offer.mechanisms().any(|name| Ok(name == SCRAM))? {
            return Err(untrue("SCRAM-SHA-256 not offered"));
        }
        let exchange = client::Login::new(login.keys, login.nonce.clone());
        frontend::sasl_initial_response(SCRAM, exchange.client_first().as_bytes(), self.wire.out())?;
        self.wire.send().await?;
        let Message::AuthenticationSaslContinue(challenge) = self.next().await? else {
            return Err(untrue("no challenge"));
        };
        let answer = exchange.answer(challenge.data())?;
        frontend::sasl_response(answer.client_final.as_bytes(), self.wire.out())?;
        self.wire.send().await?;
        let Message::AuthenticationSaslFinal(last) = self.next().await? else {
            return Err(untrue("no proof of the server"));
        };
        answer.check(last.data())?;
        match self.next().await? {
            Message::AuthenticationOk => Ok(()),
            _ => Err(untrue("unexpected message before authentication")),
        }
    }

    async fn welcome(&mut self) -> Result<BackendKeyDataBody, OpenError> {
        let mut key = None;
        loop {
            match self.next().await? {
                Message::ParameterStatus(_) | Message::NoticeResponse(_) => {}
                Message::BackendKeyData(data) => key = Some(data),
                Message::ReadyForQuery(_) => return key.ok_or(untrue("no key to cancel with")),
                _ => return Err(untrue("unexpected message after authentication")),
            }
        }
    }

    async fn next(&mut self) -> Result<Message, OpenError> {
        self.messages += 1;
        if self.messages > MOST_MESSAGES {
            return Err(untrue("too many messages"));
        }
        match self.wire.next().await? {
            Incoming::Message(Message::ErrorResponse(body)) => Err(refusal(&SqlError::parse(&body)?)),
            Incoming::Message(message) => Ok(message),
            Incoming::Row(_) | Incoming::LongRow => Err(untrue("a row before a statement")),
        }
    }
}

fn refusal(error: &SqlError) -> OpenError {
    match error.sqlstate.as_str() {
        "28P01" => OpenError::Credential,
        "53300" => OpenError::Full,
        _ => OpenError::Unreachable(error.to_string()),
    }
}

fn untrue(what: &'static str) -> OpenError {
    OpenError::Unreachable(format!("the backend breaks the protocol: {what}"))
}

impl From<client::Untrue> for OpenError {
    fn from(client::Untrue(what): client::Untrue) -> Self {
        untrue(what)
    }
}

fn milliseconds(duration: Duration) -> String {
    i32::try_from(duration.as_millis())
        .unwrap_or(i32::MAX)
        .to_string()
}

//! Logging in: with SCRAM, and with less only where [`crate::Backend`] has a password for it.

use std::time::Duration;

use model::scram::client;
use postgres_protocol::message::{
    backend::{BackendKeyDataBody, Message},
    frontend,
};
use tokio_postgres::fallible_iterator::FallibleIterator;

use super::{Canceller, Login, OpenError, Session, SqlError, wire::Incoming, wire::Wire};

const SCRAM: &str = "SCRAM-SHA-256";
const TOO_WEAK: &str = "it asks for the password by a method that is too weak here";
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
    /// Connects and logs in.
    pub async fn open(login: Login<'_>) -> Result<Self, OpenError> {
        let address = &login.backend.address;
        let mut entry = Entry {
            wire: Wire::new(Box::new(address.connect().await?)),
            messages: 0,
            version: String::new(),
        };
        entry.begin(&login).await?;
        entry.authenticate(&login).await?;
        let key = entry.welcome().await?;
        Ok(Self {
            wire: entry.wire,
            version: entry.version,
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
    version: String,
}

impl Entry {
    async fn begin(&mut self, login: &Login<'_>) -> Result<(), OpenError> {
        let timeout = milliseconds(login.statement_timeout);
        let own = [
            ("user", login.backend.role.as_str()),
            ("database", &login.backend.database),
            ("statement_timeout", timeout.as_str()),
        ];
        let defaults = login.backend.defaults.iter();
        let defaults = defaults
            .map(|(name, value)| (*name, value.as_str()))
            .filter(|(name, _)| own.iter().all(|(ours, _)| ours != name));
        let parameters = own.into_iter().chain(defaults).chain(SETTINGS);
        frontend::startup_message(parameters, self.wire.out())?;
        Ok(self.wire.send().await?)
    }

    async fn authenticate(&mut self, login: &Login<'_>) -> Result<(), OpenError> {
        match self.next().await? {
            Message::AuthenticationSasl(offer) => {
                if !offer.mechanisms().any(|name| Ok(name == SCRAM))? {
                    return Err(untrue("SCRAM-SHA-256 not offered"));
                }
                self.exchange(login).await?;
            }
            Message::AuthenticationCleartextPassword => {
                let password = login.backend.clear_password().ok_or(untrue(TOO_WEAK))?;
                self.send_password(password.expose()).await?;
            }
            Message::AuthenticationMd5Password(asked) => {
                let answer = login.backend.md5_password(asked.salt()).ok_or(untrue(TOO_WEAK))?;
                self.send_password(&answer).await?;
            }
            Message::AuthenticationOk => return Err(untrue("it lets everybody in")),
            _ => return Err(untrue("unexpected message before authentication")),
        }
        match self.next().await? {
            Message::AuthenticationOk => Ok(()),
            _ => Err(untrue("unexpected message before authentication")),
        }
    }

    async fn send_password(&mut self, password: &str) -> Result<(), OpenError> {
        frontend::password_message(password.as_bytes(), self.wire.out())?;
        Ok(self.wire.send().await?)
    }

    async fn exchange(&mut self, login: &Login<'_>) -> Result<(), OpenError> {
        let exchange = client::Login::new(&login.backend.credential, login.nonce.clone());
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
        Ok(answer.check(last.data())?)
    }

    async fn welcome(&mut self) -> Result<BackendKeyDataBody, OpenError> {
        let mut key = None;
        loop {
            match self.next().await? {
                Message::ParameterStatus(status) => {
                    if status.name()? == "server_version" {
                        self.version = status.value()?.to_owned();
                    }
                }
                Message::NoticeResponse(_) => {}
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
            Incoming::Message(Message::ErrorResponse(body)) => Err(refusal(SqlError::parse(&body)?)),
            Incoming::Message(message) => Ok(message),
            Incoming::Row(_) | Incoming::LongRow => Err(untrue("a row before a statement")),
        }
    }
}

fn refusal(error: SqlError) -> OpenError {
    match error.sqlstate.as_str() {
        "28P01" => OpenError::Credential,
        "53300" => OpenError::Full,
        _ => OpenError::Refused(Box::new(error)),
    }
}

fn untrue(what: &'static str) -> OpenError {
    OpenError::Untrue(what)
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

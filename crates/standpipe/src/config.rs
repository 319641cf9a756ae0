//! What can an operator set? The keys, their types, and the rules between them. How they are put together is `load`,
//! their names in the environment are `keys`.

mod keys;
mod load;
mod mail;
mod names;
mod rules;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use model::Secret;
use serde::{Deserialize, Deserializer};
use url::Url;

pub use self::mail::{Dkim, Mail};
pub use load::{Loaded, Sources};
pub use names::Dns;

/// The sample that is compiled in: the defaults, and the documentation of every key.
pub const SAMPLE: &str = include_str!("../standpipe.toml");

/// The configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The account store, if it is not SQLite in the data directory.
    #[serde(default, deserialize_with = "secret")]
    pub database_url: Option<Secret<String>>,
    /// Where people reach the console.
    pub public_url: Option<Url>,
    /// The operator's master key.
    pub master_key_file: Option<PathBuf>,
    /// Console and API without encryption.
    pub http: Http,
    /// Console and API over TLS.
    pub https: Https,
    /// The operator's certificate.
    #[serde(default)]
    pub tls: TlsFiles,
    /// The door for PostgreSQL clients.
    pub gateway: Gateway,
    /// The name server of the gateway's domain.
    pub dns: Dns,
    /// How mail leaves.
    pub mail: Mail,
    /// Where workspaces live.
    pub workspaces: Workspaces,
    /// Who may have an account.
    #[serde(default)]
    pub accounts: Accounts,
    /// API tokens.
    pub tokens: Tokens,
    /// Names that are given up.
    pub handles: Handles,
    /// How long people stay signed in.
    pub sessions: Sessions,
    /// How far a query goes.
    pub query: Query,
    /// What strangers can do.
    pub limits: Limits,
    /// What is logged, and how.
    pub log: Log,
}

/// Console and API without encryption.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The proxies whose `X-Forwarded-For` is believed: addresses or networks.
    pub trusted_proxies: Vec<String>,
}

/// Console and API over TLS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Https {
    /// Where to listen; `None` is written "off".
    #[serde(deserialize_with = "address_or_off")]
    pub listen: Option<SocketAddr>,
}

/// The operator's certificate: both files, or neither.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate with its chain, PEM.
    pub certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub key: Option<PathBuf>,
}

/// The door for PostgreSQL clients.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The domain of workspace host names.
    pub domain: String,
    /// The proxies that say by the PROXY protocol who is behind them: addresses or networks.
    pub proxies: Vec<String>,
    /// Connections that may be open at once: in all.
    pub connections: u32,
    /// Of one account.
    pub connections_per_account: u32,
    /// To one workspace.
    pub connections_per_workspace: u32,
    /// From one address of the network.
    pub connections_per_ip: u32,
    /// Seconds for which a backend session that its client left waits for it to come back; 0 is not at all.
    pub warm_seconds: u16,
    /// How many of one account.
    pub warm_per_account: u16,
    /// How many in all.
    pub warm_in_all: u16,
    /// Seconds from a client's first octet to its proof of the password.
    pub handshake_seconds: u16,
    /// Seconds for which readiness is denied before anything else stops.
    pub notice_seconds: u16,
    /// Seconds that sessions at work may go on when the server stops.
    pub drain_seconds: u16,
}

/// Where workspaces live.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workspaces {
    /// The PostgreSQL in which new workspaces are made.
    #[serde(default, deserialize_with = "secret")]
    pub postgres_url: Option<Secret<String>>,
    /// The networks in which people may attach servers.
    pub attach: Vec<String>,
    /// Whether a private PostgreSQL runs here.
    pub local: Option<bool>,
    /// The operator's choice of PostgreSQL binaries.
    pub binaries: Option<PathBuf>,
    /// Where the cluster goes when PostgreSQL's user cannot reach the data directory.
    pub system_dir: PathBuf,
    /// Settings of PostgreSQL.
    #[serde(default)]
    pub postgres: BTreeMap<String, String>,
}

/// Who may have an account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// Who may make one.
    pub sign_up: Option<SignUp>,
}

/// Who may make an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUp {
    /// Anyone.
    Open,
    /// Anyone with an address in one of these domains.
    Domains(Vec<String>),
    /// Whom the operator invites.
    Invited,
}

/// API tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// How many an account may have.
    pub per_user: u16,
    /// How many milliseconds what was read of a credential or a database login is used again.
    pub cache_ms: u16,
}

impl Tokens {
    /// The same as a time.
    pub(crate) fn linger(&self) -> Duration {
        Duration::from_millis(self.cache_ms.into())
    }
}

/// Names that are given up.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handles {
    /// The days in which nobody else can claim one.
    pub hold_days: u16,
}

/// How long people stay signed in, and for what that is fresh enough.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// The days of a session, whatever is done with it.
    pub lifetime_days: u16,
    /// The days of a session that is not used.
    pub idle_days: u16,
    /// The days of a command line's login.
    pub cli_lifetime_days: u16,
    /// How many an account may have.
    pub per_user: u16,
    /// The hours after a sign-in in which credentials can be shown and made.
    pub sensitive_hours: u16,
    /// The minutes after a sign-in in which an account can be renamed, reset and deleted.
    pub danger_minutes: u16,
}

/// How far a query of API or console goes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Seconds after which it is cancelled.
    pub seconds: u32,
    /// Rows after which its result ends.
    pub rows: u32,
    /// The largest result, in MiB.
    pub result_mb: u32,
    /// All results together that are not yet read, in MiB.
    pub spool_mb: u32,
    /// Queries that run at once, in all.
    pub at_once: u16,
    /// Queries of one account that run at once.
    pub per_user: u16,
}

/// What strangers can do; see [`app::LimitSettings`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the same names as app::LimitSettings")]
pub struct Limits {
    pub sign_ins_per_ip: u32,
    pub sign_ins_per_email_per_hour: u32,
    pub codes_per_user_per_hour: u32,
    pub failures_per_ip: u32,
    pub revocations_per_ip: u32,
    /// Public names looked up by strangers, and searches of anyone, from one address of the network, per minute.
    pub identities_per_ip: u32,
    pub cli_logins_per_ip: u32,
    pub cli_logins_pending: u32,
    pub handles_per_ip: u32,
    pub connections_per_ip: u32,
    pub connections_from_new_networks: u32,
    pub connection_failures_per_handle: u32,
    pub requests_per_ip: u32,
    pub requests_per_account: u32,
}

/// What is logged, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A level or directives.
    pub level: String,
    /// For whom.
    pub format: LogFormat,
}

/// For whom logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Human,
    /// For machines.
    Json,
}

impl Config {
    /// The defaults, alone: for tests, which then change what they need.
    pub fn defaults() -> crate::Result<Self> {
        Ok(Self::load(&Sources::default())?.config)
    }

    /// Whether this Standpipe runs a PostgreSQL of its own. Where the operator gave one, that is for the workspaces
    /// alone that are in it already: `has_local`.
    pub(crate) fn runs_postgres(&self, has_local: bool) -> bool {
        let usually = !self.shares_store() && (self.workspaces.postgres_url.is_none() || has_local);
        self.workspaces.local.unwrap_or(usually)
    }

    /// Whether other Standpipes may work on the same account store.
    pub(crate) fn shares_store(&self) -> bool {
        self.database_url
            .as_ref()
            .is_some_and(|url| !url.expose().starts_with("sqlite:"))
    }
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret<String>>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Secret::new))
}

fn address_or_off<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    if text == "off" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        serde::de::Error::custom("not an address and port such as 127.0.0.1:8443, and not \"off\"")
    })
}

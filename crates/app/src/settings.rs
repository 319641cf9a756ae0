//! The part of the configuration that use cases need.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use url::Url;

use crate::connections::ConnectionSettings;

/// The configuration of the application.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people reach the console; links are built from it and from nothing else.
    pub public_url: Url,
    /// Where HTTPS is reached, if it is another place than `public_url`.
    pub https_url: Option<Url>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The domain of workspace host names.
    pub gateway_domain: String,
    /// The port that clients of the gateway connect to.
    pub gateway_port: u16,
    /// The certificate of the authority that signed our own certificates, if we made one.
    pub ca_path: Option<PathBuf>,
    /// Who may make an account.
    pub sign_up: SignUp,
    /// How many API tokens an account may have.
    pub tokens_per_user: i64,
    /// How long what was read of a credential is used again. What others change in the same store, replicas and
    /// operator's commands, takes effect at the latest then; what this process changes, at once.
    pub credential_linger: Duration,
    /// What happens to names that are given up.
    pub handles: HandleSettings,
    /// How long sessions live, and for what they are fresh enough.
    pub sessions: SessionSettings,
    /// How mail is addressed.
    pub mail: MailSettings,
    /// Limits on what strangers can do.
    pub limits: LimitSettings,
    /// Limits on database connections that are open at once.
    pub connections: ConnectionSettings,
    /// How far a query may go.
    pub queries: QuerySettings,
    /// The networks in which servers may be attached; none where nobody may attach any.
    pub attach: Vec<IpNet>,
    /// Where our own doors listen, to which nothing is ever attached.
    pub own_doors: Vec<SocketAddr>,
}

/// Who may make an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignUp {
    /// Anyone with an e-mail address.
    Open,
    /// Anyone with an address in one of these domains.
    Domains(Vec<String>),
    /// Only whom the operator invites.
    Invited,
}

impl SignUp {
    /// Whether somebody with this address may make an account.
    pub fn allows(&self, email: &model::email::EmailAddress) -> bool {
        match self {
            Self::Open => true,
            Self::Domains(domains) => email.as_str().rsplit_once('@').is_some_and(|(_, domain)| {
                domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain))
            }),
            Self::Invited => false,
        }
    }
}

/// What happens to names that are given up.
#[derive(Debug, Clone)]
pub struct HandleSettings {
    /// For how many seconds nobody else can claim such a name.
    pub hold_seconds: i64,
}

impl Default for HandleSettings {
    fn default() -> Self {
        Self {
            hold_seconds: 90 * 24 * 60 * 60,
        }
    }
}

/// How long sessions live, and for what they are fresh enough (security A.1). All times are in seconds.
#[derive(Debug, Clone)]
pub struct SessionSettings {
    /// A console session, whatever is done with it.
    pub lifetime_seconds: i64,
    /// A console session that is not used.
    pub idle_seconds: i64,
    /// A command line's session, whatever is done with it.
    pub cli_lifetime_seconds: i64,
    /// How many sessions an account may have; the oldest make room.
    pub per_user: i64,
    /// The age of a proof that is enough for [`model::session::Freshness::Sensitive`].
    pub sensitive_seconds: i64,
    /// The age of a proof that is enough for [`model::session::Freshness::Danger`].
    pub danger_seconds: i64,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            lifetime_seconds: 30 * 24 * 60 * 60,
            idle_seconds: 14 * 24 * 60 * 60,
            cli_lifetime_seconds: 30 * 24 * 60 * 60,
            per_user: 100,
            sensitive_seconds: 12 * 60 * 60,
            danger_seconds: 10 * 60,
        }
    }
}

/// Where mail goes that has no server to go to.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// The directory that mails go to when there is no mail server.
    pub directory: Option<PathBuf>,
}

/// Limits on what strangers can do, per minute; bursts are as large as the minute's number.
#[derive(Debug, Clone)]
pub struct LimitSettings {
    /// Sign-in mails asked for from one address of the network.
    pub sign_ins_per_ip: u32,
    /// Sign-in mails to one e-mail address, asked for from one address of the network, per hour. From everywhere
    /// together it is five times as many, so that no stranger keeps a person out by asking in their name.
    pub sign_ins_per_email_per_hour: u32,
    /// Mails with a code that one account asks for, to confirm who it is or to prove an address, per hour.
    pub codes_per_user_per_hour: u32,
    /// Links, codes and handles tried from one address of the network. Bearer tokens need no limit: guessing 178 bits
    /// is hopeless, and a pipeline with a stale one must not lock its office out.
    pub failures_per_ip: u32,
    /// Reports of leaked credentials from one address of the network.
    pub revocations_per_ip: u32,
    /// Logins of command lines asked for from one address of the network.
    pub cli_logins_per_ip: u32,
    /// Logins of command lines that wait for a person, from everywhere together.
    pub cli_logins_pending: u32,
    /// Questions of signed-in people whether a handle is free, from one address of the network.
    pub handles_per_ip: u32,
    /// Public names looked up by strangers, and searches of anyone, from one address of the network.
    pub identities_per_ip: u32,
    /// Database logins from one address of the network.
    pub connections_per_ip: u32,
    /// Database logins from all networks together from which nobody has come in before; one of them may make a tenth.
    pub connections_from_new_networks: u32,
    /// Failed database logins of one handle from one address of the network.
    pub connection_failures_per_handle: u32,
    /// Requests to console and API from one address of the network; 0 is no limit.
    pub requests_per_ip: u32,
    /// Requests to console and API by one account, wherever from; 0 is no limit.
    pub requests_per_account: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            sign_ins_per_ip: 20,
            sign_ins_per_email_per_hour: 12,
            codes_per_user_per_hour: 12,
            failures_per_ip: 60,
            revocations_per_ip: 10,
            cli_logins_per_ip: 10,
            cli_logins_pending: 1000,
            handles_per_ip: 10,
            identities_per_ip: 60,
            connections_per_ip: 30_000,
            connections_from_new_networks: 18_000,
            connection_failures_per_handle: 30,
            requests_per_ip: 30_000,
            requests_per_account: 6000,
        }
    }
}

/// How far a query of API or console may go.
#[derive(Debug, Clone)]
pub struct QuerySettings {
    /// Seconds after which a statement is cancelled.
    pub seconds: u32,
    /// Rows after which a result ends.
    pub rows: u32,
    /// Bytes of one result, as PostgreSQL sends it.
    pub result_bytes: u64,
    /// Bytes of all results that are not yet read.
    pub spool_bytes: u64,
    /// Statements that run at once, in all.
    pub at_once: usize,
    /// Statements of one account that run at once.
    pub per_user: usize,
    /// Where results that are too large for memory are kept until they are read; without one, the system's place.
    pub spool_dir: Option<PathBuf>,
}

impl Default for QuerySettings {
    fn default() -> Self {
        Self {
            seconds: 30,
            rows: 5000,
            result_bytes: 2 * 1024 * 1024 * 1024,
            spool_bytes: 8 * 1024 * 1024 * 1024,
            at_once: 40,
            per_user: 10,
            spool_dir: None,
        }
    }
}

//! What a person can do: one use case per function, shared by API, console, command line and gateway.
//!
//! A use case authorises, checks limits and input, opens a transaction, reads, decides by the rules of `model`,
//! writes, and commits the change together with its audit record. Callers are thin: they shape input and answer.

mod access_check;
mod actor;
pub mod announcements;
mod audit;
mod authority;
mod error;
mod keys;
mod known_places;
mod last_use;
mod limits;
mod notices;
mod settings;
mod steady;

pub mod accesses;
pub mod admin;
pub mod attach;
pub mod avatars;
mod backends;
pub mod cli_logins;
pub mod connections;
mod credentials;
pub mod db_log;
pub mod deletion;
pub mod emails;
pub mod export;
pub mod handles;
pub mod health;
pub mod identities;
mod kept;
pub mod members;
pub mod outbox;
pub mod passwords;
pub mod preferences;
pub mod processes;
pub mod profile;
pub mod queries;
pub mod sessions;
pub mod sign_in;
pub mod step_up;
pub mod tokens;
pub mod usage;
pub mod workspaces;

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use model::{Clock, Random};
use store::{Db, events::Events};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use actor::{Actor, Peer};
pub use admin::local_superuser_password;
pub use audit::{AuditExport, AuditFault, AuditPage, AuditQuery, AuditVerdict, DayCount};
pub use authority::Authority;
pub use backends::{Backends, has_local_workspaces};
pub use error::{Error, Result};
pub use kept::Lookups;
pub use keys::{Keys, MasterKey};
pub use settings::{
    HandleSettings, LimitSettings, MailSettings, QuerySettings, SessionSettings, Settings, SignUp,
};
// The nouns that callers get back.
pub use ::pictures::Network;
pub use ::workspaces::{LocalServer, LocalSettings, LocalStatus, RemoteServer};
pub use store::{
    Cursor, Page, accesses::AccessRow, attachments::AttachmentRow, audit_log::AuditRow, db_log::DbLogRow,
    handles::HandleRow, members::MemberRow, processes::ProcessRow, sessions::SessionRow, tokens::TokenRow,
    user_emails::EmailRow, users::UserRow, workspaces::WorkspaceRow,
};

/// The running application: the store, the keys, and what is kept in memory. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Db,
    events: Events,
    keys: Keys,
    clock: Clock,
    random: Random,
    settings: Settings,
    limits: limits::Limits,
    credentials: credentials::Credentials,
    entries: connections::Entries,
    last_use: last_use::LastUse,
    mailer: outbox::Mailer,
    backends: Backends,
    attached: attach::Attached,
    measures: health::Measures,
    network: Network,
    studio: pictures::Studio,
    work: Notify,
    open_connections: Arc<connections::OpenConnections>,
    connection_places: Arc<connections::ConnectionPlaces>,
    stopping: CancellationToken,
    db_log: db_log::DbLog,
    query_places: queries::Places,
    spools: queries::Spools,
}

/// What the binary hands to the application.
pub struct Parts {
    /// The account store.
    pub db: Db,
    /// The directory for events that are not in the store yet.
    pub events: PathBuf,
    /// The keys that hash and seal.
    pub keys: Keys,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// The configuration.
    pub settings: Settings,
    /// How mail leaves.
    pub transport: mail::Transport,
    /// Told of each sign-in link that leaves by the mail directory, so that a first run needs no mail server.
    pub on_link: Arc<dyn Fn(&str) + Send + Sync>,
    /// The servers in which databases are made.
    pub backends: Backends,
    /// Where avatars are fetched from.
    pub network: Network,
}

impl App {
    /// The application made of `parts`.
    pub fn new(parts: Parts) -> Self {
        let limits = limits::Limits::new(&parts.settings.limits);
        let query_places = queries::Places::new(&parts.settings.queries);
        let spools = queries::Spools::new(&parts.settings.queries);
        let connection_places = connections::ConnectionPlaces::new(parts.settings.connections.clone());
        let events = Events::new(parts.db.clone(), parts.keys.audit().clone(), parts.events);
        Self(Arc::new(Inner {
            db: parts.db,
            events,
            keys: parts.keys,
            clock: parts.clock,
            random: parts.random,
            settings: parts.settings,
            limits,
            credentials: credentials::Credentials::default(),
            entries: connections::Entries::default(),
            last_use: last_use::LastUse::default(),
            mailer: outbox::Mailer::new(parts.transport, parts.on_link),
            backends: parts.backends,
            attached: attach::Attached::default(),
            measures: health::Measures::default(),
            network: parts.network,
            studio: pictures::Studio::default(),
            work: Notify::new(),
            open_connections: Arc::default(),
            connection_places: Arc::new(connection_places),
            stopping: CancellationToken::new(),
            db_log: db_log::DbLog::default(),
            query_places,
            spools,
        }))
    }

    /// The configuration.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The generator of secrets.
    pub fn random(&self) -> &Random {
        &self.0.random
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The keys that hash and seal.
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Whether it can serve: the account store answers, and it is not about to stop.
    pub async fn check_ready(&self) -> Result<()> {
        if self.0.stopping.is_cancelled() {
            return Err(Error::Unavailable("This server is about to stop.".to_owned()));
        }
        Ok(self.db().ping().await?)
    }

    /// Says from now on that it is not ready, so that balancers send nobody here any more.
    pub fn announce_stop(&self) {
        self.0.stopping.cancel();
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    /// Tells the workers that there is something to do.
    pub(crate) fn wake_workers(&self) {
        self.0.work.notify_waiters();
    }
}

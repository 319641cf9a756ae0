//! Opening what both a server and an operator's command need: the data directory, the account store, the keys.

use app::{App, Backends, Keys, Parts};
use model::Secret;
use store::Db;

use crate::{Addresses, Config, Environment, Result, data_dir::DataDir, master_key, transport};

const STORE_FILE: &str = "standpipe.db";
const EVENTS: &str = "events";

/// The account store and what opens its secrets.
pub(crate) struct Opened {
    pub(crate) data_dir: DataDir,
    pub(crate) db: Db,
    pub(crate) keys: Keys,
}

impl Opened {
    /// Opens or makes everything.
    pub(crate) async fn open(config: &Config, environment: &Environment) -> Result<Self> {
        let data_dir = DataDir::open(&config.data_dir)?;
        let has_store = data_dir.join(STORE_FILE).exists();
        let given = config.master_key_file.as_deref();
        let master = master_key::load(given, &data_dir, has_store, &environment.random)?;
        let db = match &config.database_url {
            Some(url) => Db::open(url.expose()).await?,
            None => {
                // SQLite gives its other files the mode of this one.
                data_dir.touch_private(STORE_FILE)?;
                Db::open_sqlite(&data_dir.join(STORE_FILE)).await?
            }
        };
        Ok(Self {
            data_dir,
            db,
            keys: Keys::new(&master),
        })
    }

    /// The application on top, with its doors at `addresses`.
    pub(crate) fn app(
        self,
        config: &Config,
        environment: &Environment,
        addresses: &Addresses,
        backends: Backends,
    ) -> Result<App> {
        let settings = config.settings(addresses, self.data_dir.path())?;
        let directory = settings.mail.directory.clone().unwrap_or_default();
        let transport = transport::open(config, directory)?;
        Ok(App::new(Parts {
            db: self.db,
            events: self.data_dir.join(EVENTS),
            keys: self.keys,
            clock: environment.clock.clone(),
            random: environment.random.clone(),
            settings,
            transport,
            on_link: environment.on_link.clone(),
            backends,
            network: environment.network.clone(),
        }))
    }

    /// The application beside the server of this data directory, which has the servers of workspaces.
    fn beside(self, config: &Config, environment: &Environment) -> Result<App> {
        let running = self.data_dir.read_addresses();
        let configured = Addresses {
            http: config.http.listen,
            https: config.https.listen,
            gateway: config.gateway.listen,
            dns: config.dns.listen,
        };
        let addresses = running.unwrap_or(configured);
        self.app(config, environment, &addresses, Backends::none())
    }

    /// The superuser's password of the private PostgreSQL, made before its cluster is.
    pub(crate) async fn superuser_password(&self, environment: &Environment) -> Result<Secret<String>> {
        let now = environment.clock.now();
        Ok(app::local_superuser_password(&self.db, &self.keys, &environment.random, now).await?)
    }
}

/// The application for an operator's command: on the store of a server that may be running or not, with its addresses.
pub async fn admin(config: &Config, environment: &Environment) -> Result<App> {
    let opened = Opened::open(config, environment).await?;
    let opened = Opened {
        db: opened.db.lingering(config.tokens.linger()),
        ..opened
    };
    opened.beside(config, environment)
}

/// The application of another replica, with the addresses of the server that is running.
pub async fn replica(config: &Config, environment: &Environment) -> Result<App> {
    Opened::open(config, environment)
        .await?
        .beside(config, environment)
}

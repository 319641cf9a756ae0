//! A whole Standpipe for one test, and the people in it.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use app::{App, Network, tokens::NewToken};
use model::{Random, Secret};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use standpipe::{Addresses, Config, Environment, ambient};
use tempfile::TempDir;

use crate::{
    Anonymous, Bearer, Browser, Engine, Mailbox, Psql, TestClock, engine::Database, leftovers::end_postgres,
    server::RunningServer, tamper, until,
};

/// How long making a workspace may take on a slow machine: its PostgreSQL is made first.
const WORKSPACE_PATIENCE: Duration = Duration::from_secs(90);

/// What a test wants of its server.
pub struct Builder {
    engine: Engine,
    config: Config,
    clock: TestClock,
    random: Random,
    network: Network,
}

/// A server of a test's own.
pub struct TestApp {
    server: RunningServer,
    config: Config,
    environment: Environment,
    directory: TempDir,
    data_dir: PathBuf,
    store_url: String,
    /// The server's clock.
    pub clock: TestClock,
    /// The mails that the server sent.
    pub mailbox: Mailbox,
}

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their handle.
    pub handle: String,
    /// Their address.
    pub email: String,
}

impl Builder {
    /// With a private PostgreSQL, so that workspaces can be made.
    pub fn with_workspaces(mut self) -> Self {
        self.config.workspaces.local = Some(true);
        self
    }

    /// With another limit of tokens per account.
    pub fn token_cap(mut self, cap: u16) -> Self {
        self.config.tokens.per_user = cap;
        self
    }

    /// With the same secrets at each run.
    pub fn seed(mut self, seed: u64) -> Self {
        let rng = Mutex::new(StdRng::seed_from_u64(seed));
        self.random = Random::new(move |out| rng.lock().expect("no panic in here").fill_bytes(out));
        self
    }

    /// With a network from which avatars are fetched; without, there is none.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// With anything else of the configuration changed.
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Starts the server.
    pub async fn start(mut self) -> TestApp {
        let directory = directory();
        let data_dir = directory.path().join("data");
        self.config.data_dir.clone_from(&data_dir);
        self.config.workspaces.system_dir = directory.path().join("system");
        let database = match self.engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Database::create().await),
        };
        self.config.database_url = database
            .as_ref()
            .map(|database| Secret::new(database.url.clone()));
        let store_url = match &database {
            Some(database) => database.url.clone(),
            None => tamper::sqlite_url(&data_dir),
        };
        let environment = Environment {
            clock: self.clock.clock(),
            random: self.random,
            on_link: Arc::new(|_| {}),
            search_path: ambient::search_path(),
            runtime_dir: None,
            network: self.network,
        };
        let (config, surroundings) = (self.config.clone(), environment.clone());
        let server = RunningServer::start(self.config, environment, database).await;
        TestApp {
            config,
            environment: surroundings,
            mailbox: Mailbox::new(data_dir.join("mail")),
            clock: self.clock,
            server,
            directory,
            data_dir,
            store_url,
        }
    }
}

impl TestApp {
    /// A server whose accounts are in `engine`, without workspaces.
    pub fn builder(engine: Engine) -> Builder {
        let mut config = Config::defaults().expect("the defaults");
        let anywhere = "127.0.0.1:0".parse().expect("an address");
        config.http.listen = anywhere;
        config.https.listen = Some(anywhere);
        config.gateway.listen = anywhere;
        config.workspaces.local = Some(false);
        config.workspaces.postgres = ["fsync", "synchronous_commit", "full_page_writes"]
            .map(|name| (name.into(), "off".into()))
            .into();
        // All callers of a test have one address.
        config.limits.sign_ins_per_ip = 10_000;
        config.limits.sign_ins_per_email_per_hour = 10_000;
        config.limits.codes_per_user_per_hour = 10_000;
        config.limits.failures_per_ip = 10_000;
        config.limits.cli_logins_per_ip = 10_000;
        config.limits.handles_per_ip = 10_000;
        config.limits.requests_per_ip = 0;
        config.limits.requests_per_account = 0;
        config.limits.connections_from_new_networks = 1_000_000;
        config.limits.identities_per_ip = 10_000;
        config.limits.revocations_per_ip = 10_000;
        Builder {
            engine,
            config,
            clock: TestClock::default(),
            random: ambient::random(),
            network: Network::nowhere(),
        }
    }

    /// A server with nothing special.
    pub async fn start(engine: Engine) -> Self {
        Self::builder(engine).start().await
    }

    /// Where it is reached.
    pub fn addresses(&self) -> Addresses {
        self.server.addresses
    }

    /// The application behind the doors. A test that calls it runs on a runtime with several threads, as those of
    /// [`crate::both_engines!`] do.
    pub fn app(&self) -> &App {
        &self.server.app
    }

    /// Does `work` by another application on the same store, as an operator's command beside the server does. It shares
    /// nothing with the server but the store.
    pub async fn elsewhere<T: Send + 'static, W>(&self, work: impl FnOnce(App) -> W + Send + 'static) -> T
    where
        W: Future<Output = T> + Send + 'static,
    {
        let (config, environment) = (self.config.clone(), self.environment.clone());
        let app = async move { standpipe::admin_app(&config, &environment).await };
        self.beside(app, work).await
    }

    /// Does `work` as another replica does.
    pub async fn in_another_replica<T: Send + 'static, W>(
        &self,
        work: impl FnOnce(App) -> W + Send + 'static,
    ) -> T
    where
        W: Future<Output = T> + Send + 'static,
    {
        let (config, environment) = (self.config.clone(), self.environment.clone());
        let app = async move { standpipe::replica_app(&config, &environment).await };
        self.beside(app, work).await
    }

    async fn beside<T: Send + 'static, W>(
        &self,
        app: impl Future<Output = standpipe::Result<App>> + Send + 'static,
        work: impl FnOnce(App) -> W + Send + 'static,
    ) -> T
    where
        W: Future<Output = T> + Send + 'static,
    {
        let done = async move { work(app.await.expect("another application")).await };
        self.server.run(done).await
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The authority that signed the server's certificate.
    pub fn ca(&self) -> PathBuf {
        self.data_dir.join("tls/ca.pem")
    }

    /// Somebody without a credential.
    pub fn anonymous(&self) -> Anonymous {
        Anonymous::new(self.addresses().http)
    }

    /// Somebody without a credential, over TLS.
    pub fn anonymous_over_tls(&self) -> Anonymous {
        Anonymous::over_tls(self.addresses().https.expect("https is on"), &self.ca())
    }

    /// A browser that is not signed in.
    pub fn browser(&self) -> Browser {
        Browser::new(self.addresses().http)
    }

    /// The same, which calls itself `user_agent`.
    pub fn browser_called(&self, user_agent: &str) -> Browser {
        Browser::called(self.addresses().http, user_agent)
    }

    /// A new account, made by the operator.
    pub async fn create_user(&self, handle: &str) -> Person {
        let email = format!("{handle}@example.com");
        let person = Person {
            handle: handle.to_owned(),
            email,
        };
        let (app, new) = (self.app().clone(), person.clone());
        let made = self
            .server
            .run(async move { app.admin_create_user(&new.handle, &new.email).await })
            .await;
        made.expect("an account");
        person
    }

    /// Runs SQL statements in the account store, behind the server's back.
    pub async fn tamper(&self, statements: &str) {
        tamper::tamper(&self.store_url, statements).await;
    }

    /// Every row of every table of the account store: the table's name, and the row as text.
    pub async fn dump_store(&self) -> Vec<(String, String)> {
        tamper::dump(&self.store_url).await
    }

    /// Does `work` with the application, on the server's own runtime.
    pub async fn with_app<T, F>(&self, work: impl FnOnce(App) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.server.run(work(self.app().clone())).await
    }

    /// A caller with a fresh token of `person`.
    pub async fn bearer(&self, person: &Person) -> Bearer {
        let (app, handle) = (self.app().clone(), person.handle.clone());
        let made = self
            .server
            .run(async move { app.admin_create_token(&handle, NewToken::default()).await })
            .await;
        self.anonymous().with_token(made.expect("a token").expose())
    }

    /// A browser in which `person` signed in by mail.
    pub async fn signed_in(&mut self, person: &Person) -> Browser {
        let browser = self.browser();
        browser.sign_in(&person.email, &mut self.mailbox).await;
        browser
    }

    /// Makes a workspace by the API, and waits until it is enabled.
    pub async fn create_workspace(&self, bearer: &Bearer, person: &Person, handle: &str) -> Value {
        let path = format!("/api/latest/user/{}/workspace", person.handle);
        bearer
            .post(&path, json!({ "handle": handle }))
            .await
            .with_status(201);
        self.enabled_workspace(bearer, person, handle).await
    }

    /// The workspace, once it is enabled.
    pub async fn enabled_workspace(&self, bearer: &Bearer, person: &Person, handle: &str) -> Value {
        let path = format!("/api/latest/user/{}/workspace/{handle}", person.handle);
        until("the workspace is enabled", WORKSPACE_PATIENCE, async || {
            let workspace = bearer.get(&path).await.with_status(200).json();
            (workspace.get("state") == Some(&json!("enabled"))).then_some(workspace)
        })
        .await
    }

    /// The database password that `bearer`'s person has now.
    pub async fn password(&self, bearer: &Bearer, person: &Person) -> String {
        let answer = bearer
            .get(&format!("/api/latest/user/{}/password", person.handle))
            .await;
        let password = answer.with_status(200).json().get("$password").cloned();
        password
            .and_then(|value| value.as_str().map(str::to_owned))
            .expect("a password")
    }

    /// psql as `person`, to a workspace as the API shows it, by its host name over TLS.
    pub fn psql_by_host(&self, person: &Person, workspace: &Value, password: &str) -> Psql {
        let name = text(workspace, "database_name");
        let label = format!("{}-{}", person.handle, text(workspace, "handle"));
        let host = format!("{label}.{}", self.app().settings().gateway_domain);
        let (port, ca) = (self.addresses().gateway.port(), self.ca());
        Psql::new(format!(
            "postgresql://{}:{password}@{host}:{port}/{name}?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={}",
            person.handle,
            ca.display()
        ))
    }

    /// psql as `person`, to a workspace by its database name, in clear.
    pub fn psql_by_name(&self, person: &Person, workspace: &Value, password: &str) -> Psql {
        let (name, port) = (text(workspace, "database_name"), self.addresses().gateway.port());
        Psql::new(format!(
            "postgresql://{}:{password}@127.0.0.1:{port}/{name}?sslmode=disable",
            person.handle
        ))
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // The server stops its PostgreSQL; this is for one whose thread panicked.
        if std::thread::panicking() {
            end_postgres(self.directory.path());
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).expect(name)
}

/// A directory of the test's own, which PostgreSQL's user can pass through where the test is root.
pub(crate) fn directory() -> TempDir {
    let directory = tempfile::Builder::new()
        .prefix("standpipe-test")
        .tempdir()
        .expect("a directory");
    std::fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("permissions");
    directory
}

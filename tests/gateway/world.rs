//! What the gateway's tests begin with: somebody with a workspace, and the ways to connect to it.

use std::net::SocketAddr;

use serde_json::Value;
use testkit::{Bearer, Builder, Person, Psql, TestApp, has};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
};
use tokio_postgres::{
    Client, Config, Connection, Error, NoTls, SimpleQueryMessage, Socket, tls::NoTlsStream,
};

/// A server on which somebody has a workspace.
pub(super) struct World {
    pub(super) app: TestApp,
    pub(super) owner: Owner,
}

/// Somebody with a workspace.
pub(super) struct Owner {
    pub(super) person: Person,
    pub(super) bearer: Bearer,
    pub(super) workspace: Value,
    pub(super) password: String,
}

impl World {
    /// `ana` and her workspace `dev`; none where the run goes without PostgreSQL.
    pub(super) async fn new(builder: Builder) -> Option<Self> {
        if !has("postgres") || !has("psql") {
            return None;
        }
        let app = builder.with_workspaces().start().await;
        let owner = Owner::new(&app, "ana").await;
        Some(Self { app, owner })
    }

    /// By host name, over TLS that is verified.
    pub(super) fn by_host(&self) -> Psql {
        self.app
            .psql_by_host(&self.owner.person, &self.owner.workspace, &self.owner.password)
    }

    /// By database name, in clear.
    pub(super) fn by_name(&self) -> Psql {
        self.app
            .psql_by_name(&self.owner.person, &self.owner.workspace, &self.owner.password)
    }

    /// A session of the owner, in clear.
    pub(super) async fn connect(&self) -> Session {
        self.try_connect(self.owner.database(), &self.owner.password)
            .await
            .expect("a session")
    }

    /// The owner asks for `database` with `password`.
    pub(super) async fn try_connect(&self, database: &str, password: &str) -> Result<Session, Error> {
        Session::open(
            self.app.addresses().gateway,
            &self.owner.person.handle,
            database,
            password,
        )
        .await
    }
}

impl Owner {
    /// A new account with a workspace `dev`.
    pub(super) async fn new(app: &TestApp, handle: &str) -> Self {
        let person = app.create_user(handle).await;
        let bearer = app.bearer(&person).await;
        let workspace = app.create_workspace(&bearer, &person, "dev").await;
        let password = app.password(&bearer, &person).await;
        Self {
            person,
            bearer,
            workspace,
            password,
        }
    }

    /// The name of the workspace's database.
    pub(super) fn database(&self) -> &str {
        self.workspace["database_name"].as_str().unwrap()
    }

    /// Rotates the password, and keeps the new one; the old one.
    pub(super) async fn rotate(&mut self) -> String {
        let path = format!("/api/latest/user/{}/password", self.person.handle);
        let made = self.bearer.post_nothing(&path).await.with_status(201).json();
        std::mem::replace(&mut self.password, made["$password"].as_str().unwrap().to_owned())
    }

    /// The records of database connections, newest first.
    pub(super) async fn connections(&self) -> Vec<Value> {
        let path = format!("/api/latest/user/{}/audit_log?limit=100", self.person.handle);
        let log = self.bearer.get(&path).await.with_status(200).json();
        let is_connection = |row: &&Value| {
            row["action_type"]
                .as_str()
                .unwrap()
                .starts_with("workspace.connection.")
        };
        log["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(is_connection)
            .cloned()
            .collect()
    }
}

/// An open session.
pub(super) struct Session {
    client: Client,
    connection: JoinHandle<Result<(), Error>>,
}

impl Session {
    pub(super) async fn open(
        gateway: SocketAddr,
        user: &str,
        database: &str,
        password: &str,
    ) -> Result<Self, Error> {
        let mut config = Config::new();
        config.host(gateway.ip().to_string()).port(gateway.port());
        config
            .user(user)
            .password(password)
            .dbname(database)
            .application_name("a session");
        let (client, connection) = config.connect(NoTls).await?;
        Ok(Self {
            client,
            connection: tokio::spawn(connection),
        })
    }

    /// One that is made already.
    pub(super) fn of(client: Client, connection: Connection<Socket, NoTlsStream>) -> Self {
        Self {
            client,
            connection: tokio::spawn(connection),
        }
    }

    /// A session of `owner` from `address`, which is one of this machine; `before` is what a proxy would say.
    pub(super) async fn open_from(
        address: [u8; 4],
        before: &[u8],
        gateway: SocketAddr,
        owner: &Owner,
    ) -> Result<Self, Error> {
        let mut stream = connect_from(address, gateway).await;
        stream.write_all(before).await.unwrap();
        let mut config = Config::new();
        config
            .user(&owner.person.handle)
            .password(&owner.password)
            .dbname(owner.database())
            .application_name("a session");
        let (client, connection) = config.connect_raw(stream, NoTls).await?;
        Ok(Self {
            client,
            connection: tokio::spawn(connection),
        })
    }

    /// The first value of the answer, or nothing.
    pub(super) async fn ask(&self, statement: &str) -> Result<String, Error> {
        let messages = self.client.simple_query(statement).await?;
        let value = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        Ok(value.unwrap_or_default())
    }

    /// The key by which this session's statement is cancelled.
    pub(super) fn canceller(&self) -> tokio_postgres::CancelToken {
        self.client.cancel_token()
    }

    /// The SQLSTATE with which the server ends the session.
    pub(super) async fn ended(self) -> String {
        let ended = self
            .connection
            .await
            .expect("the connection is driven to its end");
        state(&ended.expect_err("the server ends it"))
    }
}

/// A connection from `address`, which is one of this machine.
pub(super) async fn connect_from(address: [u8; 4], gateway: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((address, 0))).unwrap();
    socket.connect(gateway).await.unwrap()
}

/// Its SQLSTATE, or its words where the server gave none.
pub(super) fn state(error: &Error) -> String {
    error
        .code()
        .map_or_else(|| error.to_string(), |code| code.code().to_owned())
}

/// How a connection that is not let in is refused: SQLSTATE and sentence.
#[track_caller]
pub(super) fn refusal(result: Result<Session, Error>) -> (String, String) {
    let error = result.err().expect("it is refused");
    let refused = error
        .as_db_error()
        .unwrap_or_else(|| panic!("no word of the gateway: {error}"));
    (refused.code().code().to_owned(), refused.message().to_owned())
}

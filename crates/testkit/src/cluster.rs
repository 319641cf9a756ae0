//! A PostgreSQL of a test's own, as an operator or a developer has one already: by TCP, with passwords, and with TLS by
//! a certificate of its own authority.

use std::{
    fs,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::{parts::find, patience::until, test_app::directory};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running PostgreSQL; dropping it ends it.
pub struct Cluster {
    directory: TempDir,
    postmaster: Child,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

impl Cluster {
    /// A PostgreSQL that asks everybody for a password by SCRAM.
    pub async fn start() -> Self {
        Self::with_rules("").await
    }

    /// The same, where `rules` come first in its `pg_hba.conf`.
    pub async fn with_rules(rules: &str) -> Self {
        let directory = directory();
        let (root, data) = (directory.path(), directory.path().join("data"));
        let user = postgres_user();
        if let Some((uid, gid)) = user {
            chown(root, Some(uid), Some(gid)).expect("the directory is given away");
        }
        run(as_user(&program("initdb"), user)
            .args([
                "-U",
                "postgres",
                "--auth=trust",
                "--no-sync",
                "-E",
                "UTF8",
                "--locale=C",
                "-D",
            ])
            .arg(&data));
        write_certificates(root, user);
        let hba = format!("local all all trust\n{rules}\nhost all all 127.0.0.1/32 scram-sha-256\n");
        fs::write(data.join("pg_hba.conf"), hba).expect("its rules");
        let port = free_port();
        let postmaster = as_user(&program("postgres"), user)
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-k"])
            .arg(root)
            .args(settings(root))
            .spawn()
            .expect("postgres starts");
        let cluster = Self {
            directory,
            postmaster,
            port,
        };
        until("the cluster answers", PATIENCE, async || {
            cluster.connect("postgres").await.ok()
        })
        .await;
        cluster
    }

    /// The authority that signed its certificate, which is of the name localhost.
    pub fn authority(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// Its certificate.
    pub fn certificate(&self) -> PathBuf {
        self.directory.path().join("server.pem")
    }

    /// The URL by which `role` enters `database`, at `host`.
    pub fn url(&self, role: &str, password: &str, host: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@{host}:{}/{database}", self.port)
    }

    /// A role that may make roles and databases and is no superuser, as managed clouds give one; its URL, without TLS.
    pub async fn administrator(&self) -> String {
        self.run(
            "postgres",
            "CREATE ROLE keeper LOGIN CREATEROLE CREATEDB PASSWORD 'keeper-secret';
             REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC;
             GRANT CONNECT ON DATABASE postgres TO keeper;",
        )
        .await;
        self.url("keeper", "keeper-secret", "127.0.0.1", "postgres")
    }

    /// Runs statements as its superuser; the first column of what they give, a line for each row.
    pub async fn run(&self, database: &str, statements: &str) -> String {
        let client = self.connect(database).await.expect("a superuser's session");
        let messages = client.simple_query(statements).await.expect(statements);
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    /// Has it hang: what listens still listens, and nobody answers. Undone by [`Cluster::wake`].
    pub fn stun(&self) {
        self.signal(Signal::STOP);
    }

    /// Ends what [`Cluster::stun`] began.
    pub fn wake(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.postmaster.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), signal).expect("a signal");
    }

    async fn connect(&self, database: &str) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = Config::new()
            .host_path(self.directory.path())
            .port(self.port)
            .user("postgres")
            .dbname(database)
            .connect(NoTls)
            .await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.wake();
        self.signal(Signal::QUIT);
        let _ = self.postmaster.wait();
    }
}

fn settings(root: &Path) -> Vec<String> {
    let in_root = |name: &str| root.join(name).display().to_string();
    let settings = [
        ("listen_addresses", "127.0.0.1".to_owned()),
        ("unix_socket_permissions", "0777".to_owned()),
        ("fsync", "off".to_owned()),
        ("synchronous_commit", "off".to_owned()),
        ("full_page_writes", "off".to_owned()),
        ("shared_buffers", "16MB".to_owned()),
        ("ssl", "on".to_owned()),
        ("ssl_cert_file", in_root("server.pem")),
        ("ssl_key_file", in_root("server.key")),
    ];
    let pairs = settings
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"));
    pairs.flat_map(|pair| ["-c".to_owned(), pair]).collect()
}

fn write_certificates(root: &Path, user: Option<(u32, u32)>) {
    let (key, authority_key) = (
        KeyPair::generate().expect("a key"),
        KeyPair::generate().expect("a key"),
    );
    let mut authority = CertificateParams::new(Vec::new()).expect("an authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_certificate = authority.self_signed(&authority_key).expect("an authority");
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("a certificate");
    let leaf = leaf
        .signed_by(&key, &Issuer::new(authority, authority_key))
        .expect("a certificate");
    for (name, text) in [
        ("ca.pem", root_certificate.pem()),
        ("server.pem", leaf.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        use std::os::unix::fs::PermissionsExt;
        let path = root.join(name);
        fs::write(&path, text).expect(name);
        let mode = if name == "server.key" { 0o600 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect(name);
        if let Some((uid, gid)) = user {
            chown(&path, Some(uid), Some(gid)).expect(name);
        }
    }
}

fn program(name: &str) -> PathBuf {
    find(name).expect(name)
}

/// PostgreSQL refuses root; so under root it is the user `postgres`.
fn postgres_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let passwd = fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let line = passwd
        .lines()
        .find(|line| line.starts_with("postgres:"))
        .expect("a user postgres");
    let number = |at| {
        line.split(':')
            .nth(at)
            .and_then(|text| text.parse().ok())
            .expect("a number")
    };
    Some((number(2), number(3)))
}

fn as_user(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

fn run(command: &mut Command) {
    let status = command.status().expect("it runs");
    assert!(status.success(), "{command:?}");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

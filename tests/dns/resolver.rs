//! A real resolver, unbound, to which the domain is delegated: it finds a workspace, and `psql` connects by name alone.
//!
//! As root that is the whole way: the parent zone names our server, on port 53 of a loopback address of the test's own,
//! and `psql` runs where /etc/resolv.conf names the resolver, which is mounted for it alone. Elsewhere the resolver is
//! told the port, and `psql` what the resolver answered.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::json;
use testkit::{Engine, Psql, TestApp, has, program, until};
use tokio::process::{Child, Command};

use super::dig::{Dig, with_names};

const PATIENCE: Duration = Duration::from_secs(60);

/// Where things are.
struct Places {
    ours: IpAddr,
    resolver: SocketAddr,
    /// Whether ours is on port 53, and `psql` can be given a resolv.conf of its own.
    whole_way: bool,
}

impl Places {
    async fn find(directory: &Path) -> Self {
        let own =
            |last| Ipv4Addr::from_bits(0x7f40_0000 | ((std::process::id() & 0x3fff) << 8) | last).into();
        let (ours, resolver): (IpAddr, IpAddr) = (own(1), own(2));
        let may_bind = UdpSocket::bind((ours, 53)).is_ok();
        if may_bind
            && with_resolv_conf(directory, "true")
                .status()
                .await
                .is_ok_and(|status| status.success())
        {
            let resolver = SocketAddr::new(resolver, 53);
            return Self {
                ours,
                resolver,
                whole_way: true,
            };
        }
        let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self {
            ours: Ipv4Addr::LOCALHOST.into(),
            resolver: free,
            whole_way: false,
        }
    }
}

/// `program`, where /etc/resolv.conf is the one in `directory`.
fn with_resolv_conf(directory: &Path, program: &str) -> Command {
    let conf = directory.join("resolv.conf");
    if !conf.exists() {
        fs::write(&conf, "").unwrap();
    }
    let mut command = Command::new("unshare");
    command
        .args([
            "--mount",
            "sh",
            "-c",
            "mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\"",
            "sh",
        ])
        .arg(conf)
        .arg(program)
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Starts the resolver, which knows of nothing but the parent zone, or but our server.
fn start_resolver(directory: &Path, places: &Places, ours: SocketAddr) -> Child {
    let delegation = match places.whole_way {
        true => {
            let zone = format!(
                "$ORIGIN example.com.\n$TTL 60\n\
                 @ SOA ns.example.com. hostmaster.example.com. 1 3600 600 604800 60\n\
                 @ NS ns.example.com.\nns A 127.0.0.1\n\
                 db NS ns.db.example.com.\nns.db A {}\n",
                ours.ip()
            );
            fs::write(directory.join("example.com.zone"), zone).unwrap();
            "auth-zone:\n  name: example.com\n  zonefile: example.com.zone\n  for-downstream: no\n  for-upstream: yes\n"
                .to_owned()
        }
        false => format!(
            "stub-zone:\n  name: db.example.com\n  stub-addr: {}@{}\n",
            ours.ip(),
            ours.port()
        ),
    };
    let conf = directory.join("unbound.conf");
    let server = format!(
        "server:\n  directory: \"{}\"\n  username: \"\"\n  chroot: \"\"\n  pidfile: \"\"\n  do-daemonize: no\n  \
         use-syslog: no\n  interface: {}@{}\n  do-ip6: no\n  access-control: 127.0.0.0/8 allow\n  num-threads: 1\n  \
         do-not-query-localhost: no\n  module-config: iterator\n  qname-minimisation: yes\n  use-caps-for-id: yes\n\
         remote-control:\n  control-enable: no\n{delegation}",
        directory.display(),
        places.resolver.ip(),
        places.resolver.port(),
    );
    fs::write(&conf, server).unwrap();
    Command::new(program("unbound").expect("unbound"))
        .arg("-c")
        .arg(conf)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .expect("unbound starts")
}

/// `SELECT current_database()` by `psql`, which is told the host by its name.
async fn connect(directory: &Path, places: &Places, url: &str, dig: &Dig) -> String {
    if !places.whole_way {
        eprintln!(
            "psql is told what the resolver answers: this user may not give it a resolv.conf of its own"
        );
        let answer = dig.ask("+short ana-dev.db.example.com A").await;
        let address = answer.text.trim();
        return Psql::new(format!("{url}&hostaddr={address}"))
            .run("SELECT current_database()")
            .await
            .rows();
    }
    let resolv_conf = format!("nameserver {}\noptions timeout:5\n", places.resolver.ip());
    fs::write(directory.join("resolv.conf"), resolv_conf).unwrap();
    let output = with_resolv_conf(directory, "psql")
        .args(["-X", "-q", "-A", "-t", "-c", "SELECT current_database()", url])
        .env("PGPASSFILE", "/dev/null")
        .stderr(Stdio::piped())
        .output()
        .await
        .expect("psql runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resolver_finds_a_workspace_that_psql_connects_to_by_name_alone() {
    if !["resolver", "postgres", "psql"].iter().all(|part| has(part)) {
        return;
    }
    let Some(builder) = with_names(TestApp::builder(Engine::Sqlite)) else {
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    let directory: PathBuf = scratch.path().to_owned();
    let places = Places::find(&directory).await;
    let dns_port = if places.whole_way { 53 } else { 0 };
    let ours = places.ours;
    let builder = builder.with_workspaces().configure(|config| {
        config.gateway.listen = SocketAddr::new(ours, 0);
        config.dns.listen = Some(SocketAddr::new(ours, dns_port));
        // Where the gateway listens, then.
        config.dns.addresses.clear();
    });
    let app = builder.start().await;
    let ana = app.create_user("ana").await;
    let bearer = app.bearer(&ana).await;
    let workspace = app.create_workspace(&bearer, &ana, "dev").await;
    let password = app.password(&bearer, &ana).await;

    let _resolver = start_resolver(&directory, &places, app.addresses().dns.unwrap());
    let dig = Dig(places.resolver);
    let found = until("the resolver answers", PATIENCE, async || {
        let answer = dig.ask("ana-dev.db.example.com A").await;
        (!answer.status.is_empty()).then_some(answer)
    })
    .await;
    assert_eq!(found.status, "NOERROR", "{}", found.text);
    assert!(
        found.answer[0].ends_with(&format!(" IN A {ours}")),
        "{}",
        found.text
    );
    assert_eq!(dig.ask("eve-dev.db.example.com A").await.status, "NXDOMAIN");

    let url = format!(
        "postgresql://ana:{password}@ana-dev.db.example.com:{}/postgres?sslmode=verify-full&sslrootcert={}",
        app.addresses().gateway.port(),
        app.ca().display()
    );
    // The name alone says which of all databases is meant.
    let database = workspace["database_name"].as_str().unwrap();
    assert_eq!(connect(&directory, &places, &url, &dig).await, database);

    // A new name is found at once; the old one, where somebody asked for it, for a minute more.
    let renamed = bearer
        .patch("/api/v0/user/ana/workspace/dev", json!({ "handle": "prod" }))
        .await;
    renamed.with_status(200);
    assert_eq!(dig.ask("ana-prod.db.example.com A").await.status, "NOERROR");
}

//! What an operator does to a gateway that is in use: gives it another certificate, lets it run out of descriptors, stops
//! it.

use std::{fs, path::Path, time::Duration};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use testkit::{Binary, Psql, Running, has, until};
use tokio::net::TcpStream;

use super::{
    open_psql::OpenPsql,
    served::Served,
    wire::{Wire, attempt, startup},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn process(running: &Running) -> Pid {
    Pid::from_raw(running.pid().try_into().unwrap()).unwrap()
}

/// Writes a certificate for every name that the tests use, which is its own authority.
fn certify(directory: &Path) {
    let names = ["localhost", "*.db.localhost"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    // As tools do it that renew certificates: whole files take the place of those before.
    for (name, text) in [
        ("cert.pem", made.cert.pem()),
        ("key.pem", made.signing_key.serialize_pem()),
    ] {
        let new = directory.join(format!("{name}.new"));
        fs::write(&new, text).unwrap();
        fs::rename(new, directory.join(name)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_certificate_drops_nobody() {
    if !has("postgres") || !has("psql") {
        return;
    }
    let files = tempfile::tempdir().unwrap();
    certify(files.path());
    let file = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    let served = Served::new(|binary| {
        binary
            .env("STANDPIPE_TLS_CERTIFICATE", file("cert.pem"))
            .env("STANDPIPE_TLS_KEY", file("key.pem"))
    })
    .await;
    let trusts = |roots: String| {
        let port = served.running.addresses.gateway.port();
        let (password, database) = (&served.password, &served.database);
        Psql::new(format!(
            "postgresql://ana:{password}@ana-dev.db.localhost:{port}/{database}?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={roots}"
        ))
    };
    let mut open = OpenPsql::start(&trusts(file("cert.pem")));
    assert_eq!(open.ask("SELECT 1;").await, "1");
    fs::copy(file("cert.pem"), file("old.pem")).unwrap();

    certify(files.path());
    kill_process(process(&served.running), Signal::HUP).unwrap();
    until("the new one is shown", PATIENCE, async || {
        trusts(file("cert.pem")).run("SELECT 1").await.ok.then_some(())
    })
    .await;
    assert!(
        !trusts(file("old.pem")).run("SELECT 1").await.ok,
        "the old one is gone"
    );
    assert_eq!(open.ask("SELECT 2;").await, "2", "who is in stays");

    // What is no certificate leaves the one of before in its place.
    fs::write(file("key.pem"), "nonsense").unwrap();
    kill_process(process(&served.running), Signal::HUP).unwrap();
    until("it is told", PATIENCE, async || {
        served
            .running
            .err()
            .contains("the certificate is not renewed")
            .then_some(())
    })
    .await;
    assert!(trusts(file("cert.pem")).run("SELECT 1").await.ok);
    assert_eq!(open.ask("SELECT 3;").await, "3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_without_descriptors_serves_again_when_there_are_some() {
    let binary = Binary::new(env!("CARGO_BIN_EXE_standpipe"));
    let running = binary.serve();
    let gateway = running.addresses.gateway;
    attempt(gateway, "ana").await;
    let open = fs::read_dir(format!("/proc/{}/fd", running.pid()))
        .unwrap()
        .count() as u64;
    // Besides some connections: what the server has not opened yet, such as more connections that read its store.
    let few = Rlimit {
        current: Some(open + 16),
        maximum: getrlimit(Resource::Nofile).maximum,
    };
    prlimit(Some(process(&running)), Resource::Nofile, few).unwrap();
    let mut crowd = Vec::new();
    for _ in 0..40 {
        // The system accepts them in the gateway's place.
        crowd.push(TcpStream::connect(gateway).await.unwrap());
    }
    until("there are no descriptors", PATIENCE, async || {
        running
            .err()
            .contains("the gateway cannot accept connections")
            .then_some(())
    })
    .await;
    drop(crowd);
    let seen = attempt(gateway, "ana").await;
    assert!(
        seen.error.windows(6).any(|part| part == b"C28P01"),
        "it serves again"
    );
    running.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_is_announced_and_ends_logins_with_a_word() {
    let binary = Binary::new(env!("CARGO_BIN_EXE_standpipe")).env("STANDPIPE_GATEWAY_NOTICE_SECONDS", "2");
    let running = binary.serve();
    let (gateway, anonymous) = (running.addresses.gateway, running.anonymous());
    anonymous.get("/readyz").await.with_status(200);
    let mut half_way = Wire::connect(gateway).await;
    half_way.send(&startup(&[("user", "ana")])).await;
    assert_eq!(half_way.message().await.0, b'R');
    let stopping = tokio::task::spawn_blocking(move || running.stop());
    until("readiness goes off", PATIENCE, async || {
        (anonymous.get("/readyz").await.status == 503).then_some(())
    })
    .await;
    anonymous.get("/healthz").await.with_status(200);
    let seen = attempt(gateway, "ana").await;
    assert!(
        seen.error.windows(6).any(|part| part == b"C28P01"),
        "until then all goes on"
    );
    let said = String::from_utf8(half_way.rest().await).unwrap();
    assert!(
        said.contains("C57P03") && said.contains("the gateway is shutting down"),
        "{said}"
    );
    assert_eq!(stopping.await.unwrap().status.code(), Some(0));
}

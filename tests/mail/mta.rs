//! A real mail server on the way: Postfix, started for the test, takes the mails over STARTTLS and hands them on.

use std::{net::TcpListener, process::Stdio, time::Duration};

use testkit::{Builder, Engine, TestApp, has};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::{
    certificates::Certificates,
    delivery::{all_is_done, ask_for_a_link},
    everything::{self, Life, Post},
    messages::check_each_kind,
    sender::{RSA_BITS, rsa_key, signed_mail, signs, use_url},
    sink::Sink,
};

const PATIENCE: Duration = Duration::from_secs(60);
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/mail/mta.sh");

/// A mail server that hands on what it takes. Dropped, it ends.
pub(crate) struct Mta {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    port: u16,
    certificates: Certificates,
}

impl Mta {
    /// One that hands mails on to `sink`; none where the run goes without.
    pub(crate) async fn start(sink: &Sink) -> Option<Self> {
        if !has("mta") {
            return None;
        }
        let port = free_port();
        let certificates = Certificates::new();
        let mut command = match rustix::process::geteuid().is_root() {
            true => Command::new("bash"),
            false => Command::new("sudo"),
        };
        if !rustix::process::geteuid().is_root() {
            command.args(["-n", "bash"]);
        }
        let mut child = command
            .arg(PROGRAM)
            .args([port.to_string(), sink.port.to_string()])
            .args([certificates.path("cert.pem"), certificates.path("key.pem")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the mail server starts");
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = timeout(PATIENCE, out.next_line())
            .await
            .expect("it starts in time");
        assert_eq!(said.unwrap().as_deref(), Some("ready"));
        Some(Self {
            child,
            out,
            port,
            certificates,
        })
    }

    /// Waits until it has handed on everything.
    async fn hand_on(&mut self) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(b"\n").await.unwrap();
        let said = timeout(PATIENCE, self.out.next_line()).await.expect("in time");
        assert_eq!(said.unwrap().as_deref(), Some("empty"));
    }

    /// A server whose mails go there.
    pub(crate) fn serves(&self, builder: Builder) -> Builder {
        let url = format!("smtp://127.0.0.1:{}?tls=required", self.port);
        let ca = self.certificates.path("ca.pem");
        builder.configure(|config| {
            use_url(config, url);
            config.mail.ca_file = Some(ca.into());
        })
    }
}

/// A port that is free now. The server binds it a moment later.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_pass_a_real_server_once_and_whole() {
    let Some(mut sink) = Sink::start().await else {
        return;
    };
    let Some(mta) = Mta::start(&sink).await else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let key = place.path().join("dkim.pem");
    rsa_key(&key, RSA_BITS);
    let app = mta
        .serves(TestApp::builder(Engine::Sqlite))
        .configure(|config| {
            signs(config, &key);
            config.mail.envelope_from = Some("bounces@example.com".to_owned());
        })
        .start()
        .await;
    app.create_user("ana").await;

    let mail = signed_mail(&app, &mut sink, &key).await;
    assert_eq!(mail["dkim"], true, "what it adds and folds breaks no signature");
    assert_eq!(mail["sender"], "bounces@example.com");
    assert!(
        mail["headers"]["Message-ID"]
            .as_str()
            .unwrap()
            .ends_with("@mail.example.com>")
    );

    // It is the server's from then on: what the next one does not take now is no concern of ours.
    sink.tell("451").await;
    ask_for_a_link(&app).await;
    all_is_done(&app).await;
    assert_eq!(sink.refusal().await, 451);
    sink.tell("ok").await;
    let second = sink.mail().await;
    assert_eq!(second["dkim"], true);
    assert_ne!(second["headers"]["Message-ID"], mail["headers"]["Message-ID"]);
    assert!(!sink.took_another().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_passes_a_real_server_once() {
    let Some(sink) = Sink::start().await else {
        return;
    };
    let Some(mut mta) = Mta::start(&sink).await else {
        return;
    };
    let builder = mta.serves(TestApp::builder(Engine::Sqlite));
    let app = everything::server(builder).start().await;
    let mut post = Post::server(sink);
    Life::lead_to_its_end(&app, &mut post, "ana").await;
    mta.hand_on().await;
    check_each_kind(&post.rest().await);
}

//! A real SMTP server, aiosmtpd, that does what the test tells it.

use std::{collections::VecDeque, process::Stdio, time::Duration};

use serde_json::Value;
use testkit::{BESIDE, Builder, driver_directory, has};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(60);
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/mail/sink.py");

pub(crate) struct Sink {
    _child: Child,
    input: ChildStdin,
    out: Lines<BufReader<ChildStdout>>,
    pub(crate) port: u64,
    /// What it said while something else was waited for.
    said: VecDeque<Value>,
}

impl Sink {
    /// None where the run goes without Python.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// The same, with options of the program.
    pub(crate) async fn start_with(options: &[&str]) -> Option<Self> {
        if !has("python") {
            return None;
        }
        let mut child = Command::new(driver_directory().join("python/bin/python"))
            .arg(PROGRAM)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the mail server starts");
        let mut sink = Self {
            input: child.stdin.take().unwrap(),
            out: BufReader::new(child.stdout.take().unwrap()).lines(),
            _child: child,
            port: 0,
            said: VecDeque::new(),
        };
        sink.port = sink.hear("port").await["port"].as_u64().unwrap();
        Some(sink)
    }

    /// A server whose mail goes there.
    pub(crate) fn serves(&self, builder: Builder) -> Builder {
        let url = format!("smtp://127.0.0.1:{}", self.port);
        builder.configure(|config| config.mail.smtp_url = Some(model::Secret::new(url)))
    }

    /// Tells it what to do from now on.
    pub(crate) async fn tell(&mut self, what: &str) {
        self.input
            .write_all(format!("{what}\n").as_bytes())
            .await
            .expect("it listens");
        self.hear("told").await;
    }

    /// The next mail that it took, but for those that come beside what a test does.
    pub(crate) async fn mail(&mut self) -> Value {
        loop {
            let mail = self.any_mail().await;
            if !is_beside(&mail) {
                return mail;
            }
        }
    }

    /// The next mail that it took.
    pub(crate) async fn any_mail(&mut self) -> Value {
        self.hear("headers").await
    }

    /// The mails that it told of and that nobody heard yet; after it was told something.
    pub(crate) fn rest(&mut self) -> Vec<Value> {
        let (mails, others): (VecDeque<_>, _) =
            self.said.drain(..).partition(|said| !said["headers"].is_null());
        self.said = others;
        mails.into()
    }

    /// The next refusal.
    pub(crate) async fn refusal(&mut self) -> u64 {
        self.hear("refused").await["refused"].as_u64().unwrap()
    }

    /// The next thing it says that has `key`.
    async fn hear(&mut self, key: &str) -> Value {
        if let Some(at) = self.said.iter().position(|said| !said[key].is_null()) {
            return self.said.remove(at).unwrap();
        }
        loop {
            let line = timeout(PATIENCE, self.out.next_line())
                .await
                .expect("it speaks in time");
            let said: Value = serde_json::from_str(&line.unwrap().expect("it runs")).unwrap();
            if !said[key].is_null() {
                return said;
            }
            self.said.push_back(said);
        }
    }

    /// Whether it took a mail that nobody read yet; after it was told something, so that all before that is heard.
    pub(crate) async fn took_another(&mut self) -> bool {
        self.tell("ok").await;
        self.said
            .iter()
            .any(|said| !said["headers"].is_null() && !is_beside(said))
    }
}

fn is_beside(mail: &Value) -> bool {
    let kind = mail["headers"]["X-Standpipe-Kind"].as_str();
    kind.is_some_and(|kind| BESIDE.contains(&kind))
}

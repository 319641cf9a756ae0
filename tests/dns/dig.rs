//! `dig`, as a person runs it.

use std::net::SocketAddr;

use testkit::{Builder, has};
use tokio::process::Command;

/// Where it asks.
pub(super) struct Dig(pub(super) SocketAddr);

/// What `dig` printed.
#[derive(Debug)]
pub(super) struct Answer {
    /// `NOERROR`, `NXDOMAIN`, …; empty where there was none.
    pub(super) status: String,
    /// The flags of the answer, with blanks between.
    pub(super) flags: String,
    /// The records of the answer, each with single blanks.
    pub(super) answer: Vec<String>,
    /// The records that say who answers.
    pub(super) authority: Vec<String>,
    /// All of it.
    pub(super) text: String,
}

/// A server for the names below `db.example.com`; none where the run goes without `dig`.
pub(super) fn with_names(builder: Builder) -> Option<Builder> {
    has("dns").then(|| {
        builder.configure(|config| {
            config.gateway.domain = "db.example.com".to_owned();
            config.dns.listen = Some("127.0.0.1:0".parse().unwrap());
            config.dns.addresses = ["192.0.2.1", "2001:db8::1"]
                .map(|ip| ip.parse().unwrap())
                .to_vec();
        })
    })
}

impl Dig {
    /// The answer to `question`, which is what stands on the command line behind the server.
    #[expect(clippy::disallowed_methods, reason = "dig is found as the run finds it")]
    pub(super) async fn ask(&self, question: &str) -> Answer {
        let output = Command::new("dig")
            .arg(format!("@{}", self.0.ip()))
            .args([
                "-p",
                &self.0.port().to_string(),
                "+tries=1",
                "+time=10",
                "+nocookie",
            ])
            .args(question.split(' '))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .output()
            .await
            .expect("dig runs");
        Answer::read(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Answer {
    fn read(text: String) -> Self {
        let after = |mark: &str| {
            let rest = text.split_once(mark).map_or("", |(_, rest)| rest);
            rest.split([',', ';', '\n'])
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        let section = |name: &str| {
            let rest = text
                .split_once(&format!(";; {name} SECTION:\n"))
                .map_or("", |(_, rest)| rest);
            let lines = rest.lines().take_while(|line| !line.is_empty());
            lines
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect()
        };
        Self {
            status: after("status: "),
            flags: after(";; flags:"),
            answer: section("ANSWER"),
            authority: section("AUTHORITY"),
            text,
        }
    }

    /// Holds it to be that there is no such name, for a minute.
    #[track_caller]
    pub(super) fn is_no_name(&self) {
        assert_eq!(self.status, "NXDOMAIN", "{}", self.text);
        assert!(self.answer.is_empty(), "{}", self.text);
        self.says_start();
    }

    /// Holds it to say for how long there is nothing.
    #[track_caller]
    pub(super) fn says_start(&self) {
        let start =
            "db.example.com. 60 IN SOA ns.db.example.com. hostmaster.db.example.com. 1 3600 600 604800 60";
        assert_eq!(self.authority, [start], "{}", self.text);
    }

    /// Holds it to be these records, by somebody who knows.
    #[track_caller]
    pub(super) fn is(&self, records: &[&str]) {
        assert_eq!(self.status, "NOERROR", "{}", self.text);
        assert_eq!(self.answer, records, "{}", self.text);
        assert!(
            self.flags.contains("aa") && !self.flags.contains("ra"),
            "{}",
            self.text
        );
    }
}

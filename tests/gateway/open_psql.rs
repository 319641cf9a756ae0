//! A `psql` that stays open, as on a person's terminal.

use std::{process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use testkit::{Psql, until};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(100);

pub(super) struct OpenPsql {
    child: Child,
    input: ChildStdin,
    out: Lines<BufReader<ChildStdout>>,
    err: Lines<BufReader<ChildStderr>>,
}

impl OpenPsql {
    /// Opens a session that goes on after errors.
    #[expect(clippy::disallowed_methods, reason = "psql is found as the run finds it")]
    pub(super) fn start(psql: &Psql) -> Self {
        let mut child = Command::new("psql")
            .args(["-X", "-q", "-A", "-t", "-v", "VERBOSITY=verbose"])
            .arg(&psql.url)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C.UTF-8")
            .env("PGPASSFILE", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("psql runs");
        Self {
            input: child.stdin.take().unwrap(),
            out: BufReader::new(child.stdout.take().unwrap()).lines(),
            err: BufReader::new(child.stderr.take().unwrap()).lines(),
            child,
        }
    }

    /// Types a line.
    pub(super) async fn send(&mut self, line: &str) {
        self.input
            .write_all(format!("{line}\n").as_bytes())
            .await
            .expect("psql reads");
    }

    /// Types a line and reads the one that answers it.
    pub(super) async fn ask(&mut self, line: &str) -> String {
        self.send(line).await;
        let answer = timeout(PATIENCE, self.out.next_line())
            .await
            .expect("psql answers in time");
        answer.unwrap().unwrap_or_default()
    }

    /// The next error, its SQLSTATE in front.
    pub(super) async fn error(&mut self) -> String {
        loop {
            let line = timeout(PATIENCE, self.err.next_line())
                .await
                .expect("psql complains in time");
            if let Some(error) = error_in(&line.unwrap().expect("an error")) {
                return error;
            }
        }
    }

    /// With which error the server ended the session, which psql notices when it next asks for something.
    pub(super) async fn ended(&mut self) -> String {
        until("the session is ended", PATIENCE, async || {
            // It may be gone already, and what it said can still be read.
            let _ = self.input.write_all(b"SELECT 1;\n").await;
            let line = timeout(STEP, self.err.next_line()).await.ok()?;
            error_in(&line.unwrap().expect("an error"))
        })
        .await
    }

    /// What `^C` does on a terminal.
    pub(super) fn interrupt(&self) {
        let pid = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.try_into().ok()?))
            .expect("it runs");
        kill_process(pid, Signal::INT).expect("it is there");
    }
}

fn error_in(line: &str) -> Option<String> {
    let (_, error) = line.split_once("ERROR:").or_else(|| line.split_once("FATAL:"))?;
    Some(error.trim().to_owned())
}

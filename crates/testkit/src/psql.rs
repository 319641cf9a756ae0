//! `psql`, as a person runs it.

use std::process::Stdio;

use tokio::{io::AsyncWriteExt, process::Command};

/// A connection string, ready for `psql`.
#[derive(Debug, Clone)]
pub struct Psql {
    /// The connection string.
    pub url: String,
}

/// What `psql` printed.
#[derive(Debug, Clone)]
pub struct PsqlAnswer {
    /// Whether it ended well.
    pub ok: bool,
    /// Rows, without headings.
    pub out: String,
    /// Errors, with the SQLSTATE of each.
    pub err: String,
}

impl Psql {
    /// `psql` with this connection string.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into() }
    }

    /// Runs what a person would type, line by line; it ends at the first error.
    pub async fn run(&self, script: &str) -> PsqlAnswer {
        let mut child = Command::new("psql")
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-v",
                "VERBOSITY=verbose",
            ])
            .arg(&self.url)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C.UTF-8")
            .env("PGCONNECT_TIMEOUT", "20")
            .env("PGPASSFILE", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("psql runs");
        let mut input = child.stdin.take().expect("its input");
        // It may have ended already, because nobody let it in.
        let _ = input.write_all(script.as_bytes()).await;
        drop(input);
        let output = child.wait_with_output().await.expect("psql ends");
        PsqlAnswer {
            ok: output.status.success(),
            out: String::from_utf8_lossy(&output.stdout).trim_end().to_owned(),
            err: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
        }
    }
}

impl PsqlAnswer {
    /// The rows of one that must have ended well.
    #[track_caller]
    pub fn rows(self) -> String {
        assert!(self.ok, "{}", self.err);
        self.out
    }
}

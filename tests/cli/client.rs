//! `standpipe` as a client: every command against a real server.

mod account;
mod audit;
mod login;
mod nouns;
mod reference;
mod refusals;
mod workspace;

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStderr, Command, Output, Stdio},
};

use serde_json::Value;
use testkit::{Binary, Running};

use super::binary;

/// A server with an account `ana`, and her command line, which keeps what it keeps in a home of its own.
struct World {
    binary: Binary,
    running: Running,
}

impl World {
    fn new() -> Self {
        Self::of(binary())
    }

    fn of(binary: Binary) -> Self {
        let home = binary.directory().join("home");
        let binary = binary
            .env("HOME", home.to_str().unwrap())
            .env("XDG_CONFIG_HOME", home.join(".config").to_str().unwrap());
        let running = binary.serve();
        binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);
        let host = format!("http://localhost:{}", running.addresses.http.port());
        Self {
            binary: binary.env("STANDPIPE_HOST", host),
            running,
        }
    }

    /// The same with a token of hers in the environment.
    fn with_token(self) -> Self {
        let token = self
            .binary
            .ok(&["admin", "token", "create", "ana", "--title", "keeper"]);
        Self {
            binary: self.binary.env("STANDPIPE_TOKEN", token),
            ..self
        }
    }

    /// What a command prints, where it must end well.
    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        self.binary.ok(arguments)
    }

    /// The same, as JSON.
    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// What a command says where it must fail.
    #[track_caller]
    fn fails(&self, arguments: &[&str]) -> String {
        self.binary.fails(1, arguments)
    }

    /// A command with an input.
    fn fed(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = piped(self.binary.command(arguments));
        // It may end before it has read all.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }
}

/// Starts a command with pipes at all ends.
fn piped(mut command: Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs")
}

/// The first line of a stream that holds `part`.
fn line_with(reader: &mut BufReader<ChildStderr>, part: &str) -> String {
    let mut line = String::new();
    while !line.contains(part) {
        line.clear();
        let read = reader.read_line(&mut line).unwrap();
        assert!(read > 0, "it ended without {part}");
    }
    line.trim().to_owned()
}

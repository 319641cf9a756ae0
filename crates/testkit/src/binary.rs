//! The built program itself: started, asked, killed, started again.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use app::App;
use rustix::process::{Pid, Signal, kill_process};
use standpipe::{Addresses, Config, Environment, ambient, config::Sources};
use tempfile::TempDir;

use crate::{Anonymous, Browser, Mailbox, leftovers::end_postgres, tamper, test_app::directory};

/// How long a start or an orderly stop may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program with a data directory of its own, on ports of its own.
#[derive(Debug)]
pub struct Binary {
    program: PathBuf,
    directory: TempDir,
    variables: Vec<(String, String)>,
}

/// The program as it serves. Dropped, it is stopped in order.
#[derive(Debug)]
pub struct Running {
    child: Child,
    out: Lines,
    err: Lines,
    readers: Vec<JoinHandle<()>>,
    /// Where it is reached.
    pub addresses: Addresses,
    data_dir: PathBuf,
}

type Lines = Arc<Mutex<Vec<String>>>;

impl Binary {
    /// The program at `path`: `env!("CARGO_BIN_EXE_standpipe")`.
    pub fn new(path: &str) -> Self {
        let directory = directory();
        let system_dir = directory.path().join("system");
        let variables = [
            ("STANDPIPE_HTTP_LISTEN", "127.0.0.1:0"),
            ("STANDPIPE_HTTPS_LISTEN", "127.0.0.1:0"),
            ("STANDPIPE_GATEWAY_LISTEN", "127.0.0.1:0"),
            ("STANDPIPE_WORKSPACES_LOCAL", "false"),
            ("STANDPIPE_WORKSPACES_POSTGRES", "{fsync=\"off\"}"),
            (
                "STANDPIPE_WORKSPACES_SYSTEM_DIR",
                system_dir.to_str().expect("text"),
            ),
        ];
        Self {
            program: path.into(),
            variables: variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            directory,
        }
    }

    /// With another environment variable, or another value of one.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// With a private PostgreSQL.
    pub fn with_workspaces(self) -> Self {
        self.env("STANDPIPE_WORKSPACES_LOCAL", "true")
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The application as operators' commands have it, on the same store. It does not lead to the network.
    pub async fn app(&self) -> App {
        let data_dir = self.data_dir().to_str().expect("text").to_owned();
        let mut variables = self.variables.clone();
        variables.push(("STANDPIPE_DATA_DIR".to_owned(), data_dir));
        let sources = Sources {
            variables,
            ..Sources::default()
        };
        let environment = Environment {
            clock: ambient::clock(),
            random: ambient::random(),
            on_link: Arc::new(|_| {}),
            search_path: ambient::search_path(),
            runtime_dir: None,
            network: app::Network::nowhere(),
        };
        let config = Config::load(&sources).expect("a configuration").config;
        standpipe::admin_app(&config, &environment)
            .await
            .expect("the store")
    }

    /// Runs SQL statements in the account store, which is SQLite, behind the program's back.
    pub async fn tamper(&self, statements: &str) {
        tamper::tamper(&tamper::sqlite_url(&self.data_dir()), statements).await;
    }

    /// The texts that a query finds in the account store, which is SQLite.
    pub async fn ask(&self, query: &str) -> Vec<String> {
        tamper::ask(&tamper::sqlite_url(&self.data_dir()), query).await
    }

    /// The directory that the program is started in; the data directory is below.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The program with arguments, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("STANDPIPE_DATA_DIR", self.data_dir())
            .envs(self.variables.clone())
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// What it prints, where it must end well.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {err}");
        String::from_utf8(output.stdout)
            .expect("text")
            .trim_end()
            .to_owned()
    }

    /// What it says on stderr, where it must end with `code`.
    #[track_caller]
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {err}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "nothing on stdout");
        err
    }

    /// Serves; returns when it says that it is ready.
    #[track_caller]
    pub fn serve(&self) -> Running {
        let mut child = self
            .command(&["serve"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let (out, out_reader) = collect(child.stdout.take().expect("stdout"));
        let (err, err_reader) = collect(child.stderr.take().expect("stderr"));
        let end = Instant::now() + PATIENCE;
        while !text(&out).contains("standpipe is ready") {
            let ended = child.try_wait().expect("its state");
            assert!(
                ended.is_none() && Instant::now() < end,
                "not ready: {ended:?} {}",
                text(&err)
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        let addresses = std::fs::read(self.data_dir().join("addresses.json")).expect("addresses.json");
        Running {
            child,
            out,
            err,
            readers: vec![out_reader, err_reader],
            addresses: serde_json::from_slice(&addresses).expect("addresses"),
            data_dir: self.data_dir(),
        }
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        end_postgres(self.directory.path());
    }
}

impl Running {
    /// What it printed so far.
    pub fn out(&self) -> String {
        text(&self.out)
    }

    /// What it logged so far.
    pub fn err(&self) -> String {
        text(&self.err)
    }

    /// Somebody without a credential.
    pub fn anonymous(&self) -> Anonymous {
        Anonymous::new(self.addresses.http)
    }

    /// A browser that is not signed in.
    pub fn browser(&self) -> Browser {
        Browser::new(self.addresses.http)
    }

    /// The mails that it sent.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox::new(self.data_dir.join("mail"))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and gives what it printed and logged until then.
    pub fn stop(mut self) -> Output {
        self.signal(Signal::TERM);
        let status = self.wait();
        self.output(status)
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) -> Output {
        self.signal(Signal::KILL);
        let status = self.wait();
        self.output(status)
    }

    fn output(&mut self, status: ExitStatus) -> Output {
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        Output {
            status,
            stdout: text(&self.out).into_bytes(),
            stderr: text(&self.err).into_bytes(),
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process");
        kill_process(pid, signal).expect("it is there");
    }

    fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let status = self.child.wait().expect("its state");
        eprintln!("it did not end by itself: {}", text(&self.err));
        assert_ne!(status.signal(), Some(9), "it did not end by itself");
        status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::TERM);
            let end = Instant::now() + PATIENCE;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn collect(from: impl Read + Send + 'static) -> (Lines, JoinHandle<()>) {
    let lines = Lines::default();
    let kept = lines.clone();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            kept.lock().expect("no panic in here").push(line);
        }
    });
    (lines, reader)
}

fn text(lines: &Lines) -> String {
    lines
        .lock()
        .expect("no panic in here")
        .iter()
        .map(|line| format!("{line}\n"))
        .collect()
}

//! One run of the postmaster: how it is started, and how it is ended.

use std::{
    fs, io,
    os::unix::{fs::OpenOptionsExt, process::ExitStatusExt},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{process::Child, time::timeout};
use tracing::warn;

use crate::{
    LocalSettings,
    cluster::{Prepared, command},
    place::told,
};

/// How long PostgreSQL may take for each way of stopping, before the next harder one.
const FAST: Duration = Duration::from_secs(30);
const IMMEDIATE: Duration = Duration::from_secs(10);

/// Statements that fail are not written to the log: they may hold a password. Details neither: they hold data.
const SETTINGS: [(&str, &str); 21] = [
    ("listen_addresses", ""),
    ("port", "5432"),
    ("unix_socket_permissions", "0700"),
    ("max_connections", "200"),
    ("superuser_reserved_connections", "5"),
    ("max_prepared_transactions", "0"),
    ("password_encryption", "scram-sha-256"),
    ("shared_buffers", "64MB"),
    ("log_connections", "off"),
    ("log_disconnections", "off"),
    ("log_statement", "none"),
    ("log_min_error_statement", "panic"),
    ("log_error_verbosity", "terse"),
    ("log_line_prefix", "%m [%p] %q%u@%d "),
    ("log_destination", "stderr"),
    // A file for each day of the week, written anew a week later.
    ("logging_collector", "on"),
    ("log_filename", "postgresql-%a.log"),
    ("log_file_mode", "0600"),
    ("log_rotation_age", "1d"),
    ("log_rotation_size", "0"),
    ("log_truncate_on_rotation", "on"),
];

/// A postmaster that is our child.
pub(crate) struct Postmaster {
    child: Child,
    start_log: PathBuf,
}

impl Postmaster {
    /// Starts it. What it says before its own log is open goes to `{data_dir}/postgres-start.log`.
    pub(crate) fn start(settings: &LocalSettings, prepared: &Prepared) -> Result<Self, String> {
        let start_log = prepared.place.data_dir.join("postgres-start.log");
        let open = || -> io::Result<(fs::File, fs::File)> {
            let file = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&start_log)?;
            Ok((file.try_clone()?, file))
        };
        let (out, err) = open().map_err(|error| told("write", &start_log, &error))?;
        let program = prepared.binaries.directory.join("postgres");
        let mut command = command(settings, &prepared.place, &program);
        command.arg("-D").arg(prepared.place.data());
        for (name, value) in run_settings(settings, prepared) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command.stdout(Stdio::from(out)).stderr(Stdio::from(err));
        let child = tokio::process::Command::from(command)
            .spawn()
            .map_err(|error| told("run", &program, &error))?;
        Ok(Self { child, start_log })
    }

    /// Waits for its end, and says how it came. Can be dropped and called again.
    pub(crate) async fn ended(&mut self) -> String {
        let how = match self.child.wait().await {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("it ended with code {code}"),
                (None, Some(signal)) => format!("it was ended by signal {signal}"),
                (None, None) => "it ended".to_owned(),
            },
            Err(error) => format!("it cannot be waited for: {error}"),
        };
        match self.last_words() {
            Some(words) => format!("{how}: {words}"),
            None => how,
        }
    }

    /// Ends it in order: sessions are ended, data is written (fast shutdown); harder when that takes too long.
    pub(crate) async fn stop(&mut self) {
        for (signal, patience) in [(Signal::INT, FAST), (Signal::QUIT, IMMEDIATE)] {
            self.signal(signal);
            if timeout(patience, self.child.wait()).await.is_ok() {
                return;
            }
            warn!(?signal, "PostgreSQL does not stop");
        }
        self.signal(Signal::KILL);
        if let Err(error) = self.child.wait().await {
            warn!(%error, "cannot wait for PostgreSQL");
        }
    }

    fn signal(&self, signal: Signal) {
        // There is an id only while the child is not waited for, so that it cannot be a stranger's.
        let pid = self.child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(Err(error)) = pid.map(|pid| kill_process(pid, signal)) {
            warn!(%error, ?signal, "cannot signal PostgreSQL");
        }
    }

    fn last_words(&self) -> Option<String> {
        let text = fs::read_to_string(&self.start_log).ok()?;
        text.lines()
            .rev()
            .find(|line| line.contains("FATAL:") || line.contains("PANIC:"))
            .map(|line| {
                line.split_once("FATAL:")
                    .map_or(line, |(_, words)| words)
                    .trim()
                    .to_owned()
            })
    }
}

/// All settings of a run; the operator's come last and win.
fn run_settings(settings: &LocalSettings, prepared: &Prepared) -> Vec<(String, String)> {
    let place = &prepared.place;
    let quoted = prepared
        .socket_directory
        .display()
        .to_string()
        .replace('"', "\"\"");
    let mut all: Vec<(String, String)> = SETTINGS
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut set = |name: &str, value: String| all.push((name.to_owned(), value));
    set("unix_socket_directories", format!("\"{quoted}\""));
    set("log_directory", place.log().display().to_string());
    set("cluster_name", cluster_name(&place.tag));
    if cfg!(target_os = "linux") {
        // Elsewhere the kernel may not tell of a closed socket, and PostgreSQL then refuses the setting.
        set("client_connection_check_interval", "10s".to_owned());
    }
    all.extend(settings.extra.iter().cloned());
    all
}

/// PostgreSQL's processes carry this name, so that they can be told from those of other clusters.
pub(crate) fn cluster_name(tag: &str) -> String {
    format!("standpipe-{tag}")
}

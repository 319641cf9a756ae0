//! What surrounds the process: the time, the system's generator of random numbers, the environment. Everything else
//! is handed these (house style: time and randomness are passed in), and `clippy.toml` holds it to that.

use std::path::PathBuf;

use model::{Clock, Random};

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is where the wall clock comes in")]
pub fn clock() -> Clock {
    Clock::new(jiff::Timestamp::now)
}

/// The operating system's generator. Where that fails there are no secrets to be had, and the process ends.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the system's randomness comes in"
)]
pub fn random() -> Random {
    Random::new(|out| {
        if getrandom::fill(out).is_err() {
            std::process::abort();
        }
    })
}

/// The environment variables that are text.
pub fn variables() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The environment variable `name`, if it is text.
#[expect(clippy::disallowed_methods, reason = "this is where the environment comes in")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What this command line calls itself to a server: lists of sessions show where it runs.
pub fn user_agent() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let host: String = host
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        .take(64)
        .collect();
    format!(
        "standpipe/{} ({host}; {} {})",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

/// The directories of `PATH`.
#[expect(clippy::disallowed_methods, reason = "this is where the environment comes in")]
pub fn search_path() -> Vec<PathBuf> {
    std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default()
}

/// The user's own directory for sockets, if the system gives one.
#[expect(clippy::disallowed_methods, reason = "this is where the environment comes in")]
pub fn runtime_dir() -> Option<PathBuf> {
    std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)
}

/// Where the process was started: there `standpipe.toml` is looked for.
pub fn working_directory() -> Option<PathBuf> {
    std::env::current_dir().ok()
}

//! Logs: to stderr, for people or for machines.

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    Error, Result,
    config::{Log, LogFormat},
};

/// What `log.level` says, checked.
pub(crate) fn filter(level: &str) -> Result<EnvFilter> {
    EnvFilter::try_new(level).map_err(|error| {
        Error::config(format!(
            "log.level: {error}. Use error, warn, info or debug, or directives such as \"info,gateway=debug\"."
        ))
    })
}

/// Sends this process's log to stderr. Only the first call counts.
pub(crate) fn start(log: &Log) -> Result<()> {
    let registry = tracing_subscriber::registry().with(filter(&log.level)?);
    let layer = fmt::layer().with_writer(std::io::stderr);
    // The error is that there is a subscriber already, and that one stays.
    let _ = match log.format {
        LogFormat::Human => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            registry.with(layer.with_ansi(colours)).try_init()
        }
        LogFormat::Json => registry
            .with(layer.json().flatten_event(true).with_current_span(false))
            .try_init(),
    };
    Ok(())
}

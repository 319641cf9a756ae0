//! Asking before what cannot be undone: the person types the name of what it happens to.

use std::io::{BufRead, IsTerminal, Write};

use clap::Args;
use model::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::{Error, Result};

/// How a script says that it is sure.
#[derive(Debug, Args)]
pub(in crate::commands) struct Sure {
    /// Do it without asking.
    #[arg(long)]
    yes: bool,
    /// Do it without asking, if this is the name of what it happens to.
    #[arg(long, value_name = "NAME", conflicts_with = "yes")]
    confirm: Option<String>,
}

impl Sure {
    /// Goes on only if the person is sure; `deed` says of what: "delete the token CI".
    pub(super) fn of(&self, deed: &str, name: &str) -> Result<()> {
        match &self.confirm {
            _ if self.yes => return Ok(()),
            Some(typed) if typed == name => return Ok(()),
            Some(typed) => {
                return Err(Error::Refused(format!(
                    "--confirm {typed}: the name is {name}; nothing was done"
                )));
            }
            None => {}
        }
        if !std::io::stdin().is_terminal() {
            return Err(Error::Refused(format!(
                "to {deed} without a terminal to ask at, add --confirm {name}, or --yes"
            )));
        }
        let typed = ask(&format!("Type {name} to {deed}: "))?.unwrap_or_default();
        if typed == name {
            return Ok(());
        }
        Err(Error::Refused(format!("that is not {name}; nothing was done")))
    }
}

/// A line that the person types; nothing where their input ended.
pub(super) fn ask(question: &str) -> Result<Option<String>> {
    let mut err = std::io::stderr();
    let _ = write!(err, "{question}");
    let _ = err.flush();
    let mut line = String::new();
    let read = std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(Error::system("read from stdin"))?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}

/// A secret that the person types, which the terminal does not show.
pub(super) fn ask_secret(question: &str) -> Result<Secret<String>> {
    let hidden = Hidden::begin();
    let typed = ask(question);
    drop(hidden);
    let _ = writeln!(std::io::stderr());
    match typed?.filter(|text| !text.is_empty()) {
        Some(text) => Ok(Secret::new(text)),
        None => Err(Error::Refused("nothing was typed; nothing was done".to_owned())),
    }
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden(Option<Termios>);

impl Hidden {
    fn begin() -> Self {
        let Ok(before) = tcgetattr(std::io::stdin()) else {
            return Self(None);
        };
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        let is_silent = tcsetattr(std::io::stdin(), OptionalActions::Now, &silent).is_ok();
        Self(is_silent.then_some(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // A terminal that is gone needs nothing.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}

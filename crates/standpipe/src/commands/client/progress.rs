//! Long work: something moves on a terminal, and nothing is written elsewhere.

use std::{borrow::Cow, io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ambient;

/// Moves until it is dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Begins, with what is done now.
    pub(super) fn begin(words: impl Into<Cow<'static, str>>) -> Self {
        let bar = ProgressBar::new_spinner();
        if !std::io::stderr().is_terminal() || ambient::variable("TERM").is_some_and(|term| term == "dumb") {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(words);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// Says how far it is.
    pub(super) fn tell(&self, words: impl Into<Cow<'static, str>>) {
        self.0.set_message(words);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

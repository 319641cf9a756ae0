//! The small coloured word for a state.

/// The colour of a badge, by what it asks of the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Ok,
    /// Work goes on; wait.
    Busy,
    /// Look at it.
    Warn,
    /// It failed.
    Danger,
    /// Nothing to do.
    Quiet,
}

/// A state in one word and one colour.
#[derive(Clone, Debug)]
pub struct Badge {
    /// The word.
    pub text: String,
    /// The colour.
    pub tone: Tone,
}

impl Badge {
    /// A badge.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }

    /// The state of a workspace, as the API names it (contract §1.7).
    pub fn workspace(state: &str) -> Self {
        let tone = match state {
            "enabled" | "running" => Tone::Ok,
            "pending" | "creating" | "enabling" | "pausing" | "disabling" | "stopping" | "shutting-down"
            | "deleting" => Tone::Busy,
            "failed" => Tone::Danger,
            _ => Tone::Quiet,
        };
        Self::new(sentence_case(state), tone)
    }

    /// The state of a process (contract §1.8).
    pub fn process(state: &str) -> Self {
        let tone = match state {
            "completed" => Tone::Ok,
            "running" => Tone::Busy,
            "failed" | "terminated" => Tone::Danger,
            "paused" | "canceled" => Tone::Warn,
            _ => Tone::Quiet,
        };
        Self::new(sentence_case(state), tone)
    }

    /// The state of a token: `active`, `inactive`, `retiring` or `expired`.
    pub fn token(status: &str) -> Self {
        let tone = match status {
            "active" => Tone::Ok,
            "expired" | "retiring" => Tone::Warn,
            _ => Tone::Quiet,
        };
        Self::new(sentence_case(status), tone)
    }

    /// The class that colours it.
    pub fn class(&self) -> &'static str {
        match self.tone {
            Tone::Ok => "ok",
            Tone::Busy => "busy",
            Tone::Warn => "warn",
            Tone::Danger => "danger",
            Tone::Quiet => "quiet",
        }
    }
}

/// `shutting-down` becomes `Shutting down`.
fn sentence_case(state: &str) -> String {
    let words = state.replace('-', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_read_as_words() {
        assert_eq!(Badge::workspace("shutting-down").text, "Shutting down");
        assert_eq!(Badge::workspace("enabled").class(), "ok");
        assert_eq!(Badge::process("failed").class(), "danger");
        assert_eq!(Badge::token("inactive").class(), "quiet");
        assert_eq!(Badge::token("").text, "");
    }
}

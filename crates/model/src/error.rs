//! How a value from outside breaks a rule.

/// A value that breaks a rule of the model. The message says what is wrong and what to do, and never repeats the
/// value, so that it can be shown and logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// The field as API, console and CLI name it.
    pub field: &'static str,
    /// One sentence for a person.
    pub message: String,
}

impl Invalid {
    /// A broken rule on `field`.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}

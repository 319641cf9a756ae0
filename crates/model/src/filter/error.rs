//! What is wrong with a `where`, and where.

use crate::Invalid;

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("At character {}: {message}", .at + 1)]
pub struct FilterError {
    /// How many characters stand before the place.
    pub at: usize,
    /// What is wrong there and what to do, in a sentence or two.
    pub message: String,
}

impl FilterError {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }

    /// At the byte `offset` of `text`.
    pub(super) fn in_text(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        Self::new(before.chars().count(), message)
    }
}

impl From<FilterError> for Invalid {
    fn from(error: FilterError) -> Self {
        Self::new("where", error.to_string())
    }
}

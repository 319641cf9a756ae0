//! What can be wrong with a chain, and in which words it is told.

use std::fmt;

/// What is wrong with a chain, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The record is not what was written there.
    Changed {
        /// Its place.
        sequence: i64,
        /// Its id.
        id: String,
    },
    /// Records are gone.
    Deleted {
        /// The first place without one.
        from: i64,
        /// The last.
        to: i64,
    },
    /// The record was not written by Standpipe.
    Inserted {
        /// Its place.
        sequence: i64,
        /// Its id.
        id: String,
    },
    /// The record was written at another place.
    Moved {
        /// Where it is.
        sequence: i64,
        /// Its id.
        id: String,
        /// Where it was written.
        from: i64,
    },
    /// The chain's head is not what Standpipe wrote, or is missing.
    Head,
    /// The head is older than one that was kept elsewhere: records at the end are gone, or were written anew.
    Cut {
        /// The place that the kept head knows.
        sequence: i64,
    },
}

impl Fault {
    /// Its code, in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "changed",
            Self::Deleted { .. } => "deleted",
            Self::Inserted { .. } => "inserted",
            Self::Moved { .. } => "moved",
            Self::Head => "head",
            Self::Cut { .. } => "cut",
        }
    }

    /// The record, if there is one.
    pub fn record(&self) -> Option<&str> {
        match self {
            Self::Changed { id, .. } | Self::Inserted { id, .. } | Self::Moved { id, .. } => Some(id),
            Self::Deleted { .. } | Self::Head | Self::Cut { .. } => None,
        }
    }

    /// The place.
    pub fn sequence(&self) -> Option<i64> {
        match self {
            Self::Changed { sequence, .. }
            | Self::Inserted { sequence, .. }
            | Self::Moved { sequence, .. }
            | Self::Cut { sequence } => Some(*sequence),
            Self::Deleted { from, .. } => Some(*from),
            Self::Head => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { sequence, id } => write!(f, "record {sequence} ({id}) was changed"),
            Self::Deleted { from, to } if from == to => write!(f, "record {from} was deleted"),
            Self::Deleted { from, to } => write!(f, "records {from} to {to} were deleted"),
            Self::Inserted { sequence, id } => write!(f, "record {sequence} ({id}) was inserted"),
            Self::Moved { sequence, id, from } => {
                write!(f, "record {sequence} ({id}) was moved from place {from}")
            }
            Self::Head => f.write_str("the head of the chain was changed or deleted"),
            Self::Cut { sequence } => write!(
                f,
                "record {sequence} is not the one that the kept head knows: records at the end were deleted or replaced"
            ),
        }
    }
}

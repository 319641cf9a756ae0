//! Files of the operator's that others must not read.

use std::{os::unix::fs::PermissionsExt, path::Path};

use model::Secret;

use crate::{Error, Result};

/// Who must not read a file that Standpipe itself made.
pub(crate) const GROUP_AND_OTHERS: u32 = 0o077;
/// Who must not read one that it was given: an orchestrator may give it to a group.
pub(crate) const OTHERS: u32 = 0o007;

/// The text of a file that none of `forbidden` can read; `verb` says what is tried, such as "read the master key".
pub(crate) fn read(path: &Path, forbidden: u32, verb: &'static str) -> Result<Secret<String>> {
    let mode = std::fs::metadata(path)
        .map_err(Error::file(verb, path))?
        .permissions()
        .mode();
    if mode & forbidden != 0 {
        return Err(Error::Refused(format!(
            "others can read {0}; run `chmod 600 {0}`",
            path.display()
        )));
    }
    let text = std::fs::read_to_string(path).map_err(Error::file(verb, path))?;
    Ok(Secret::new(text))
}

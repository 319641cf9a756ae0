//! Handles: the names of accounts and of workspaces. Together they are one DNS label, `{handle}-{workspace}`.

use std::{fmt, str::FromStr, sync::LazyLock};

use regex_lite::Regex;

use crate::Invalid;

/// Handles that nobody may take: routes, DNS names, roles, product names. One a line, `#` starts a comment.
const RESERVED: &str = include_str!("reserved-handles.txt");

/// What a handle looks like (contract §0.5): lowercase letters and digits, hyphens alone and inside.
pub const HANDLE_PATTERN: &str = "^[a-z0-9]{1,2}(?:[a-z0-9]{1,2}|-[a-z0-9]){0,18}[a-z0-9]?$";

/// What a workspace's handle looks like (contract §0.5).
pub const WORKSPACE_HANDLE_PATTERN: &str = "^[a-z0-9]{1,23}$";

static HANDLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(HANDLE_PATTERN).ok());
static WORKSPACE_HANDLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(WORKSPACE_HANDLE_PATTERN).ok());

fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// The name of an account, at most 39 characters of [`HANDLE_PATTERN`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle(String);

impl Handle {
    /// The longest handle: with a hyphen and the longest workspace it fills one DNS label of 63.
    pub const MAX: usize = 39;

    /// Seconds that must pass between two changes of an account's handle.
    pub const CHANGE_SECONDS: i64 = 24 * 60 * 60;

    /// A handle that a person chooses: well formed and not reserved. Letters are not changed to lower case silently;
    /// what the person sees is what they get.
    pub fn choose(text: &str) -> Result<Self, Invalid> {
        let handle: Self = text.parse()?;
        if is_reserved(text) {
            return Err(Invalid::new("handle", "This handle is reserved. Choose another."));
        }
        Ok(handle)
    }

    /// The handle as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_reserved(text: &str) -> bool {
    RESERVED.lines().any(|line| line == text)
}

impl FromStr for Handle {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() <= Self::MAX && matches(&HANDLE, text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(
                "handle",
                "A handle has 1 to 39 lowercase letters, digits and hyphens; hyphens stand alone and inside.",
            ))
        }
    }
}

/// The name of a workspace, as in [`WORKSPACE_HANDLE_PATTERN`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkspaceHandle(String);

impl WorkspaceHandle {
    /// The longest workspace handle.
    pub const MAX: usize = 23;

    /// The handle as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WorkspaceHandle {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if matches(&WORKSPACE_HANDLE, text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(
                "handle",
                "A workspace's name has 1 to 23 lowercase letters and digits.",
            ))
        }
    }
}

/// The DNS label of a workspace: `{handle}-{workspace}`, always at most 63 octets.
pub fn host_label(handle: &Handle, workspace: &WorkspaceHandle) -> String {
    format!("{handle}-{workspace}")
}

/// Whether the host of `workspace` still fits one DNS label when its owner is called `handle`. The longest names do, by
/// their patterns; this holds whatever the patterns become.
pub fn check_host_label(handle: &Handle, workspace: &WorkspaceHandle) -> Result<(), Invalid> {
    const LABEL: usize = 63;
    if host_label(handle, workspace).len() <= LABEL {
        return Ok(());
    }
    Err(Invalid::new(
        "handle",
        format!(
            "{handle}-{workspace} is too long for a host name, which has {LABEL} characters here. Use a shorter one."
        ),
    ))
}

/// The parts of a host label. A workspace has no hyphen, so that the last one is the seam (contract §0.5).
pub fn split_host_label(label: &str) -> Option<(Handle, WorkspaceHandle)> {
    let (handle, workspace) = label.rsplit_once('-')?;
    Some((handle.parse().ok()?, workspace.parse().ok()?))
}

macro_rules! text_like {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }
    )*};
}
text_like!(Handle, WorkspaceHandle);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_at_the_edges() {
        for good in ["a", "ab", "a-b", "a1-b2-c3", &"a".repeat(39), "0x"] {
            assert!(good.parse::<Handle>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "a--b",
            "A",
            "a_b",
            "ä",
            "a b",
            "a.b",
            &"a".repeat(40),
            "a\n",
        ] {
            assert!(bad.parse::<Handle>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn workspaces_at_the_edges() {
        for good in ["a", "dev2", &"w".repeat(23)] {
            assert!(good.parse::<WorkspaceHandle>().is_ok(), "{good}");
        }
        for bad in ["", "a-b", "A", &"w".repeat(24)] {
            assert!(bad.parse::<WorkspaceHandle>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn reserved_handles_cannot_be_chosen_and_are_well_formed_lines() {
        assert!(Handle::choose("postgres").is_err());
        assert!(Handle::choose("api").is_err());
        assert!(Handle::choose("ana").is_ok());
        assert!(
            RESERVED
                .lines()
                .all(|line| line == line.trim() && !line.is_empty())
        );
    }

    #[test]
    fn the_longest_names_fill_one_label() {
        let (handle, workspace) = ("a".repeat(39), "w".repeat(23));
        let label = host_label(&handle.parse().unwrap(), &workspace.parse().unwrap());
        assert_eq!(label.len(), 63);
        assert!(check_host_label(&handle.parse().unwrap(), &workspace.parse().unwrap()).is_ok());
        // No parsed names are too long together; made by hand, 40 and 23 are.
        let (long, workspace_23) = (Handle("a".repeat(40)), WorkspaceHandle(workspace.clone()));
        assert!(check_host_label(&long, &workspace_23).is_err());
        let (h, w) = split_host_label(&label).unwrap();
        assert_eq!((h.as_str(), w.as_str()), (handle.as_str(), workspace.as_str()));
        assert_eq!(split_host_label("a-b-c").unwrap().0.as_str(), "a-b");
        assert!(split_host_label("plain").is_none());
    }
}

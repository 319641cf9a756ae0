//! A workspace as a person names it: `dev` is their own, `ana/dev` is that of somebody who let them in.

use std::str::FromStr;

use crate::commands::client::me::Me;

/// A workspace, by its name.
#[derive(Debug, Clone)]
pub(in crate::commands) struct Named {
    owner: Option<String>,
    workspace: String,
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (owner, workspace) = match text.split_once('/') {
            Some((owner, workspace)) => (Some(owner.to_owned()), workspace),
            None => (None, text),
        };
        if workspace.is_empty() || workspace.contains('/') || owner.as_deref() == Some("") {
            return Err("write NAME, or OWNER/NAME for somebody else's".to_owned());
        }
        Ok(Self {
            owner,
            workspace: workspace.to_owned(),
        })
    }
}

impl Named {
    /// The handle of its owner.
    pub(super) fn owner<'a>(&'a self, me: &'a Me) -> &'a str {
        self.owner.as_deref().unwrap_or(&me.actor.handle)
    }

    /// As it is typed.
    pub(super) fn name(&self) -> String {
        match &self.owner {
            Some(owner) => format!("{owner}/{}", self.workspace),
            None => self.workspace.clone(),
        }
    }

    /// The path of what is below it.
    pub(super) fn path<'a>(&'a self, me: &'a Me, below: &[&'a str]) -> Vec<&'a str> {
        let owner = self.owner.as_deref().unwrap_or(&me.actor.id);
        [&["user", owner, "workspace", &self.workspace], below].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_at_most_one_owner() {
        let named: Named = "ana/dev".parse().unwrap();
        assert_eq!(
            (named.owner.as_deref(), named.workspace.as_str()),
            (Some("ana"), "dev")
        );
        assert_eq!("dev".parse::<Named>().unwrap().name(), "dev");
        for bad in ["", "/", "ana/", "/dev", "a/b/c"] {
            assert!(bad.parse::<Named>().is_err(), "{bad}");
        }
    }
}

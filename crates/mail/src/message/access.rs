//! What a person is told whom somebody let into a workspace.

use super::Words;

/// An access that was given.
#[derive(Debug, Clone)]
pub struct AccessGiven {
    /// The handle of the workspace's owner.
    pub owner: String,
    /// The workspace's handle.
    pub workspace: String,
    /// Whether they may change what is in it, or only read.
    pub may_write: bool,
    /// Its host name.
    pub host: String,
    /// Where its page is.
    pub url: String,
    /// When.
    pub at: String,
}

impl AccessGiven {
    pub(super) fn words(&self) -> Words {
        let may = match self.may_write {
            true => "As an operator you read and write what is in its tables.",
            false => "As a reader you read what is in its tables.",
        };
        Words {
            url: Some(("See how to connect", self.url.clone())),
            facts: vec![
                may.to_owned(),
                format!("You log in with your own handle and your own database password, at {}.", self.host),
                "Its owner sees when you are connected, and can take access back at any time.".to_owned(),
            ],
            // Not from where: that is the owner's.
            details: vec![("By", self.owner.clone()), ("When", self.at.clone())],
            warning: "If you do not know them, you need do nothing. You can leave the workspace on its page, under Settings."
                .to_owned(),
            ..Words::new(
                "You were given access to a workspace",
                format!("{} let you into the workspace {}.", self.owner, self.workspace),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{AccessGiven, Message};

    #[test]
    fn it_says_who_let_whom_in_where_and_as_what() {
        let given = |may_write| {
            let message = Message::AccessGiven(AccessGiven {
                owner: "ana".to_owned(),
                workspace: "dev".to_owned(),
                may_write,
                host: "ana-dev.db.example".to_owned(),
                url: "https://standpipe.example/workspace/ana-dev".to_owned(),
                at: "2026-11-24 09:30:00 UTC".to_owned(),
            });
            message.render().unwrap()
        };
        let reader = given(false);
        for part in [&reader.text, &reader.html] {
            for fact in [
                "ana let you into the workspace dev",
                "reader",
                "ana-dev.db.example",
                "/workspace/ana-dev",
                "09:30:00 UTC",
            ] {
                assert!(part.contains(fact), "{fact}: {part}");
            }
        }
        assert!(given(true).text.contains("operator"));
    }
}

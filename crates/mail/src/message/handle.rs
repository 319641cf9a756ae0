//! What an account's owner is told when its handle changes.

use model::alarm::Alarm;

use super::{Notice, Words};

/// What changed with a handle.
#[derive(Debug, Clone)]
pub struct HandleChange {
    /// The handle until then.
    pub from: String,
    /// The handle from then on.
    pub to: String,
    /// Every host name before and after.
    pub hosts: Vec<(String, String)>,
    /// Until when the old handle is held.
    pub held_until: String,
}

impl HandleChange {
    pub(super) fn words(&self, notice: &Notice) -> Words {
        let Self { from, to, .. } = self;
        let mut facts: Vec<String> = self
            .hosts
            .iter()
            .map(|(old, new)| format!("{old} is now {new}"))
            .collect();
        facts.extend([
            format!("The user name in connection strings is now {to}; the password stays."),
            "Open database connections stay. The old names open nothing any more.".to_owned(),
            format!(
                "Nobody else can have {from} until {}; until then you can take it back.",
                self.held_until
            ),
        ]);
        let words = Words {
            url: Some((
                "See what changed",
                notice.page("settings/advanced/handle/changed"),
            )),
            facts,
            ..Words::new(
                "Your handle was changed",
                format!("Your handle was {from} and is now {to}. Replace it in saved connection strings."),
            )
        };
        notice.sign(words, Alarm::Handle)
    }
}

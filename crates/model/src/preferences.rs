//! Which mails a person wants.

use std::str::FromStr;

use crate::Invalid;

/// Whether a kind of mail is wanted. On the wire it is a word, never a boolean (contract §1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// It is sent.
    Enabled,
    /// It is not.
    Disabled,
}

impl Choice {
    /// The value in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

impl FromStr for Choice {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "enabled" => Ok(Self::Enabled),
            "disabled" => Ok(Self::Disabled),
            _ => Err(Invalid::new(
                "communication",
                "Use the text \"enabled\" or \"disabled\".",
            )),
        }
    }
}

/// The choices of an account. System mails are not among them: they are always sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Communication {
    /// Community information and events.
    pub community_updates: Choice,
    /// Product updates as they are released.
    pub product_updates: Choice,
    /// Tips and tricks.
    pub tips_and_tricks: Choice,
}

/// A kind of mail that people choose. System mails are of none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Community information and events.
    CommunityUpdates,
    /// Product updates as they are released.
    ProductUpdates,
    /// Tips and tricks.
    TipsAndTricks,
}

impl Category {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::CommunityUpdates, Self::ProductUpdates, Self::TipsAndTricks];

    /// The value in SQL and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommunityUpdates => "community_updates",
            Self::ProductUpdates => "product_updates",
            Self::TipsAndTricks => "tips_and_tricks",
        }
    }

    /// What people know it by.
    pub fn title(self) -> &'static str {
        match self {
            Self::CommunityUpdates => "Community Updates",
            Self::ProductUpdates => "Product Updates",
            Self::TipsAndTricks => "Tips & Tricks",
        }
    }
}

impl FromStr for Category {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|category| category.as_str() == text);
        let names = || Self::ALL.map(Self::as_str).join(", ");
        found.ok_or_else(|| Invalid::new("category", format!("Use one of {}.", names())))
    }
}

impl Communication {
    /// Whether mails of this category are wanted.
    pub fn wants(&self, category: Category) -> bool {
        let choice = match category {
            Category::CommunityUpdates => self.community_updates,
            Category::ProductUpdates => self.product_updates,
            Category::TipsAndTricks => self.tips_and_tricks,
        };
        choice == Choice::Enabled
    }

    /// The same without mails of this category.
    pub fn without(mut self, category: Category) -> Self {
        let choice = match category {
            Category::CommunityUpdates => &mut self.community_updates,
            Category::ProductUpdates => &mut self.product_updates,
            Category::TipsAndTricks => &mut self.tips_and_tricks,
        };
        *choice = Choice::Disabled;
        self
    }
}

impl Default for Communication {
    /// Everything is on until the person says otherwise (contract §7.11).
    fn default() -> Self {
        Self {
            community_updates: Choice::Enabled,
            product_updates: Choice::Enabled,
            tips_and_tricks: Choice::Enabled,
        }
    }
}

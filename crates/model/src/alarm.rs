//! "This was not me": what a person reads in a mail and did not do. Each leads to a page that offers what helps.

use std::str::FromStr;

/// What somebody else may have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// Signed in, or asked for a code while signed in.
    SignIn,
    /// Made, or rotated, a token.
    Token,
    /// Made a new database password.
    Password,
    /// Changed the addresses of the account.
    Email,
    /// Changed the handle.
    Handle,
    /// Reset authentication.
    Reset,
    /// Took all that is kept of the person.
    Export,
}

impl Alarm {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::SignIn,
        Self::Token,
        Self::Password,
        Self::Email,
        Self::Handle,
        Self::Reset,
        Self::Export,
    ];

    /// The word in the page's address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Token => "token",
            Self::Password => "password",
            Self::Email => "email",
            Self::Handle => "handle",
            Self::Reset => "reset",
            Self::Export => "export",
        }
    }

    /// What happened, as the page says it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::SignIn => "somebody signed in to your account",
            Self::Token => "somebody made a token for your account",
            Self::Password => "somebody changed your database password",
            Self::Email => "somebody changed the e-mail addresses of your account",
            Self::Handle => "somebody changed your handle",
            Self::Reset => "somebody reset authentication of your account",
            Self::Export => "somebody took an export of your account",
        }
    }
}

impl FromStr for Alarm {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|alarm| alarm.as_str() == text)
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_word() {
        for alarm in Alarm::ALL {
            assert_eq!(alarm.as_str().parse(), Ok(alarm));
        }
        assert_eq!("".parse::<Alarm>(), Err(()));
    }
}

//! The kinds of mail: their names in the outbox, in logs and in the header `X-Standpipe-Kind`, and the one rule which
//! of them a person can choose.

/// A kind of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A link and a code to sign in.
    SignIn,
    /// A link and a code to make an account.
    SignUp,
    /// Somebody wanted to sign in with an address that has no account.
    NoAccount,
    /// The first sign-in of an account.
    Welcome,
    /// A sign-in from a device or network that the account was not signed in from before.
    NewSignIn,
    /// A code by which a signed-in person confirms that it is them.
    StepUp,
    /// Somebody let the recipient into a workspace.
    AccessGiven,
    /// A command line signed in.
    CliLogin,
    /// A sign-in ended older sessions.
    SessionsEnded,
    /// A token was made.
    TokenCreated,
    /// A token got a successor.
    TokenRotated,
    /// A token expires soon.
    TokenExpiring,
    /// A token expired, or its overlap is over.
    TokenEnded,
    /// A credential was reported as leaked.
    CredentialRevoked,
    /// There is a new database password.
    PasswordRotated,
    /// A link and a code that prove an address.
    VerifyEmail,
    /// Somebody wanted to add an address that belongs to another account.
    EmailTaken,
    /// An address was added, made primary, or removed.
    EmailChanged,
    /// The handle was changed.
    HandleChanged,
    /// Authentication was reset.
    AuthReset,
    /// All that is kept of the person was taken as an archive.
    ExportMade,
    /// The account is deleted.
    AccountDeleted,
    /// What the operator writes to everybody who wants mails of its category, when it leaves.
    Announcement,
}

impl Kind {
    /// Every one.
    pub const ALL: [Self; 23] = [
        Self::SignIn,
        Self::SignUp,
        Self::NoAccount,
        Self::Welcome,
        Self::NewSignIn,
        Self::StepUp,
        Self::AccessGiven,
        Self::CliLogin,
        Self::SessionsEnded,
        Self::TokenCreated,
        Self::TokenRotated,
        Self::TokenExpiring,
        Self::TokenEnded,
        Self::CredentialRevoked,
        Self::PasswordRotated,
        Self::VerifyEmail,
        Self::EmailTaken,
        Self::EmailChanged,
        Self::HandleChanged,
        Self::AuthReset,
        Self::ExportMade,
        Self::AccountDeleted,
        Self::Announcement,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignUp => "sign_up",
            Self::NoAccount => "no_account",
            Self::Welcome => "welcome",
            Self::NewSignIn => "new_sign_in",
            Self::StepUp => "step_up",
            Self::AccessGiven => "access_given",
            Self::CliLogin => "cli_login",
            Self::SessionsEnded => "sessions_ended",
            Self::TokenCreated => "token_created",
            Self::TokenRotated => "token_rotated",
            Self::TokenExpiring => "token_expiring",
            Self::TokenEnded => "token_ended",
            Self::CredentialRevoked => "credential_revoked",
            Self::PasswordRotated => "password_rotated",
            Self::VerifyEmail => "verify_email",
            Self::EmailTaken => "email_taken",
            Self::EmailChanged => "email_changed",
            Self::HandleChanged => "handle_changed",
            Self::AuthReset => "auth_reset",
            Self::ExportMade => "export_made",
            Self::AccountDeleted => "account_deleted",
            Self::Announcement => "announcement",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_and_differ() {
        for (n, kind) in Kind::ALL.iter().enumerate() {
            let name = kind.as_str();
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
            let table = include_str!("../../../docs/reference/mails.md");
            assert!(
                table.contains(&format!("| `{name}` |")),
                "docs/reference/mails.md tells of {name}"
            );
            assert_eq!(Kind::ALL.iter().position(|other| other.as_str() == name), Some(n));
        }
    }
}

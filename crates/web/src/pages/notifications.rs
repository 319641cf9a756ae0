//! Settings, Notifications: which mails a person wants.

use askama::Template;

use super::Frame;

/// A kind of mail.
#[derive(Clone, Debug)]
pub struct MailKind {
    /// The name of the field.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What is sent.
    pub sentence: &'static str,
    /// Whether it is sent.
    pub enabled: bool,
    /// Whether it can be switched; the others are always sent.
    pub locked: bool,
}

/// `/settings/notifications`.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/notifications.html")]
pub struct NotificationsPage {
    /// The frame.
    pub frame: Frame,
    /// The kinds of mail.
    pub kinds: Vec<MailKind>,
}

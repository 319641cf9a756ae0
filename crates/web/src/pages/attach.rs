//! Attaching a server, what a page says of one, and what is allowed in a workspace.

use askama::Template;

use super::{Detail, Field, Frame, Moment};

/// The form that attaches a server.
#[derive(Clone, Debug, Default)]
pub struct AttachForm {
    /// The workspace's handle.
    pub handle: Field,
    /// The server's URL, without a password.
    pub url: Field,
    /// The password, which is never in the page.
    pub password: Field,
    /// Certificates in PEM.
    pub certificate: Field,
}

/// `/workspaces/attach`.
#[derive(Clone, Debug, Template)]
#[template(path = "workspaces/attach.html")]
pub struct AttachPage {
    /// The frame.
    pub frame: Frame,
    /// The domain of workspace hosts.
    pub domain: String,
    /// Whether the operator lets servers be attached.
    pub allowed: bool,
    /// The form.
    pub form: AttachForm,
}

/// What is known of the server that holds a workspace.
#[derive(Clone, Debug)]
pub struct ServerFacts {
    /// Names and values.
    pub details: Vec<Detail>,
    /// When it was last asked.
    pub asked: Option<Moment>,
    /// Why it does not answer.
    pub trouble: Option<String>,
}

/// The form of what is allowed in a workspace.
#[derive(Clone, Debug)]
pub struct LimitsForm {
    /// Connections at once.
    pub connections: Field,
    /// Seconds of a statement.
    pub statement: Field,
    /// Seconds of a session that waits in a transaction.
    pub idle: Field,
}

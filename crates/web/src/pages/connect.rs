//! How to connect to a workspace: two ways in, each ready to be pasted.

use askama::Template;

use super::{Badge, Frame};

/// A name and a value with a button that copies it.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The name, such as `Host`.
    pub label: &'static str,
    /// The value.
    pub value: String,
}

/// A line to paste. Where the password belongs is the seam between `before` and `after`: the page shows a mask there,
/// and the copy button fetches the password and puts it in.
#[derive(Clone, Debug)]
pub struct CommandLine {
    /// What it is for, such as `psql`.
    pub label: String,
    /// The text before the password, or the whole line.
    pub before: String,
    /// The text after the password; `None` when the line has no password in it.
    pub after: Option<String>,
}

/// One way in.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The connection string.
    pub string: CommandLine,
    /// Host, port, database, user.
    pub details: Vec<Detail>,
    /// Ready lines for `psql`, `pgcli` and others.
    pub lines: Vec<CommandLine>,
}

/// What a client is told so that it connects, in its own words.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Its part in addresses.
    pub id: &'static str,
    /// The client.
    pub name: &'static str,
    /// Where it goes, and what must be installed.
    pub hint: String,
    /// What is pasted, on one line or several.
    pub code: CommandLine,
}

/// The authority that signed the gateway's certificate, when it is our own.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Where to download it.
    pub url: String,
    /// Its SHA-256 fingerprint, in groups.
    pub fingerprint: String,
    /// The line that saves it where libpq looks for it.
    pub command: String,
}

/// `/workspace/{handle}`.
#[derive(Clone, Debug, Template)]
#[template(path = "workspaces/connect.html")]
pub struct ConnectPage {
    /// The frame.
    pub frame: Frame,
    /// The workspace's handle.
    pub handle: String,
    /// Its state.
    pub state: Badge,
    /// Why it is in that state, when that needs words.
    pub reason: Option<String>,
    /// Whether it takes connections.
    pub ready: bool,
    /// By host name, over TLS.
    pub by_host: Connection,
    /// By the name of the database, which needs neither.
    pub by_database: Connection,
    /// By host name, for one client each.
    pub recipes: Vec<Recipe>,
    /// How to trust the host's certificate.
    pub certificate: Option<Certificate>,
    /// The password, when the person asked for it without a script.
    pub password: Option<String>,
}

impl ConnectPage {
    /// The mask, or the password once it is revealed.
    pub fn shown_password(&self) -> &str {
        self.password.as_deref().unwrap_or("••••••••")
    }
}

//! Processes: slow work that one can watch or leave.

use askama::Template;

use super::{Badge, Frame, Moment};

/// A process in a list.
#[derive(Clone, Debug)]
pub struct ProcessRow {
    /// Its id.
    pub id: String,
    /// What it does, as a sentence's start: "Create workspace".
    pub title: String,
    /// The workspace it works on.
    pub workspace: Option<String>,
    /// Its state.
    pub state: Badge,
    /// When it started.
    pub started: Moment,
    /// How long it took or has been running, with a unit; empty while it waits.
    pub took: String,
}

/// A step of a process.
#[derive(Clone, Debug)]
pub struct ProcessStep {
    /// What it does.
    pub title: String,
    /// Its state.
    pub state: Badge,
    /// How long it took, with a unit; empty while it waits.
    pub took: String,
    /// What went wrong or what came out of it.
    pub note: Option<String>,
}

/// `/activity`: the processes of the account.
#[derive(Clone, Debug, Template)]
#[template(path = "activity/list.html")]
pub struct ActivityPage {
    /// The frame.
    pub frame: Frame,
    /// The processes, newest first.
    pub processes: Vec<ProcessRow>,
    /// The address of the older ones.
    pub older: Option<String>,
}

/// `/workspace/{handle}/activity`: the processes of one workspace.
#[derive(Clone, Debug, Template)]
#[template(path = "activity/workspace.html")]
pub struct WorkspaceActivityPage {
    /// The frame.
    pub frame: Frame,
    /// The workspace's handle.
    pub handle: String,
    /// The processes, newest first.
    pub processes: Vec<ProcessRow>,
    /// The address of the older ones.
    pub older: Option<String>,
}

/// `/activity/{id}`: one process.
#[derive(Clone, Debug, Template)]
#[template(path = "activity/process.html")]
pub struct ProcessPage {
    /// The frame.
    pub frame: Frame,
    /// The process.
    pub process: ProcessRow,
    /// When it ended.
    pub ended: Option<Moment>,
    /// Why it failed and what to do.
    pub error: Option<String>,
    /// Its steps, in order; may be empty.
    pub steps: Vec<ProcessStep>,
    /// Where the script asks for its state while it runs, answered like a workspace's state; `None` once it ended.
    pub state_url: Option<String>,
}

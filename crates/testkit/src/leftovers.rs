//! What a killed server leaves behind: its PostgreSQL, which is ended before the test's directory goes.

use std::{fs, path::Path};

use rustix::process::{Pid, Signal, kill_process};

/// Ends each PostgreSQL whose cluster lies in `directory`, or up to four levels below.
pub(crate) fn end_postgres(directory: &Path) {
    look(directory, 4);
}

fn look(directory: &Path, depth: u8) {
    if let Some(pid) = postmaster(&directory.join("postmaster.pid")) {
        // Immediate shutdown: nothing of it is needed again. One that is gone already is as good.
        let _ = kill_process(pid, Signal::QUIT);
        return;
    }
    if depth == 0 {
        return;
    }
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            look(&entry.path(), depth - 1);
        }
    }
}

fn postmaster(file: &Path) -> Option<Pid> {
    let text = fs::read_to_string(file).ok()?;
    let pid = Pid::from_raw(text.lines().next()?.trim().parse().ok()?)?;
    // A stale file may name somebody else by now.
    let name = fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero())).ok()?;
    (name.trim() == "postgres").then_some(pid)
}

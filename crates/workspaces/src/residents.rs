//! What did an earlier run leave behind? A Standpipe that was killed leaves its postmaster, a postmaster that was
//! killed its backends and a pid file. Two servers on one cluster would destroy it, and a stranger who has the old
//! number must not be harmed: so a process counts only if its user and its command line say that it serves this data
//! directory, and the pid file alone proves nothing.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::{
    cluster::Prepared,
    place::{Place, SOCKET},
    postmaster::cluster_name,
};

/// How long to wait before each harder way.
const FAST: Duration = Duration::from_secs(30);
const ALONE: Duration = Duration::from_secs(2);
const IMMEDIATE: Duration = Duration::from_secs(10);
const KILLED: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It can end the others in order.
    Postmaster,
    /// A backend or helper.
    Worker,
}

/// Ends what still runs on the cluster and removes a pid file that names a stranger.
pub(crate) async fn end(prepared: &Prepared) -> Result<(), String> {
    let place = &prepared.place;
    let found = residents(place)?;
    let has_postmaster = found.iter().any(|(_, kind)| *kind == Kind::Postmaster);
    if has_postmaster {
        info!(
            processes = found.len(),
            "ending what an earlier run of PostgreSQL left behind"
        );
        signal(place, Some(Kind::Postmaster), Signal::INT)?;
    }
    // Backends without a postmaster go when they notice, which a busy one may not do soon.
    let patience = if has_postmaster { FAST } else { ALONE };
    if !gone_within(place, patience).await? {
        signal(place, None, Signal::QUIT)?;
        if !gone_within(place, IMMEDIATE).await? {
            signal(place, None, Signal::KILL)?;
            if !gone_within(place, KILLED).await? {
                return Err("processes of an earlier run cannot be ended".to_owned());
            }
        }
    }
    forget_stranger(&place.data().join("postmaster.pid"));
    forget_stranger(&prepared.socket_directory.join(format!("{SOCKET}.lock")));
    Ok(())
}

/// PostgreSQL believes a lock file whose number is alive. None of ours is any more, so that is someone else. If it is
/// dead, the file stays: PostgreSQL then also checks that no backend holds the shared memory which the file names.
fn forget_stranger(lock_file: &Path) {
    let pid = fs::read_to_string(lock_file)
        .ok()
        .and_then(|text| text.lines().next()?.trim().parse().ok())
        .and_then(Pid::from_raw);
    let Some(pid) = pid.filter(|pid| test_kill_process(*pid) != Err(rustix::io::Errno::SRCH)) else {
        return;
    };
    info!(file = %lock_file.display(), %pid, "the lock file names another program's process; removing the file");
    if let Err(error) = fs::remove_file(lock_file) {
        warn!(%error, file = %lock_file.display(), "cannot remove the lock file");
    }
}

async fn gone_within(place: &Place, patience: Duration) -> Result<bool, String> {
    let deadline = Instant::now() + patience;
    while !residents(place)?.is_empty() {
        if Instant::now() >= deadline {
            return Ok(false);
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(true)
}

fn signal(place: &Place, only: Option<Kind>, signal: Signal) -> Result<(), String> {
    for (pid, kind) in residents(place)? {
        if only.is_none_or(|only| only == kind)
            && let Err(error) = kill_process(pid, signal)
            && error != rustix::io::Errno::SRCH
        {
            warn!(%error, %pid, ?signal, "cannot signal a process of an earlier run");
        }
    }
    Ok(())
}

/// The processes that serve this cluster.
pub(crate) fn residents(place: &Place) -> Result<Vec<(Pid, Kind)>, String> {
    let processes = if Path::new("/proc/self/cmdline").exists() {
        from_proc(place.uid())
    } else {
        from_ps(place.uid())
    };
    let data = place.data().display().to_string();
    let title = format!("postgres: {}: ", cluster_name(&place.tag));
    Ok(processes
        .map_err(|error| format!("cannot list the machine's processes: {error}"))?
        .into_iter()
        .filter_map(|(pid, words)| Some((Pid::from_raw(pid)?, kind_of(&words, &data, &title)?)))
        .collect())
}

fn kind_of(words: &str, data: &str, title: &str) -> Option<Kind> {
    if words.starts_with(title) {
        return Some(Kind::Worker);
    }
    let (program, arguments) = words.split_once(['\0', ' '])?;
    let name = program.rsplit('/').next()?;
    let serves_data = ['\0', ' ']
        .iter()
        .any(|gap| format!("{gap}{arguments}{gap}").contains(&format!("{gap}-D{gap}{data}{gap}")));
    (matches!(name, "postgres" | "postmaster") && serves_data).then_some(Kind::Postmaster)
}

/// Number and command line, the words of which end in NUL, of the processes of user `uid`.
fn from_proc(uid: u32) -> io::Result<Vec<(i32, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let pid = path.file_name().and_then(|name| name.to_str()?.parse().ok());
        // A process may end while we look.
        if let Some(pid) = pid
            && fs::metadata(&path).is_ok_and(|meta| meta.uid() == uid)
            && let Ok(words) = fs::read(path.join("cmdline"))
        {
            found.push((pid, String::from_utf8_lossy(&words).into_owned()));
        }
    }
    Ok(found)
}

/// The same where there is no `/proc`; the words are separated by spaces.
fn from_ps(uid: u32) -> io::Result<Vec<(i32, String)>> {
    let output = Command::new("/bin/ps")
        .args(["-axww", "-o", "pid=", "-o", "uid=", "-o", "command="])
        .env_clear()
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other("ps failed"));
    }
    let parse = |line: &str| {
        let (pid, rest) = line.trim_start().split_once(' ')?;
        let (owner, command) = rest.trim_start().split_once(' ')?;
        (owner.parse() == Ok(uid)).then_some(())?;
        Some((pid.parse().ok()?, command.trim_start().to_owned()))
    };
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(parse)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLE: &str = "postgres: standpipe-0a1b: ";

    #[test]
    fn only_servers_of_this_directory_count() {
        let kind = |words| kind_of(words, "/d/postgres/data", TITLE);
        assert_eq!(
            kind("/usr/lib/postgresql/15/bin/postgres\0-D\0/d/postgres/data\0-c\0port=1\0"),
            Some(Kind::Postmaster)
        );
        assert_eq!(
            kind("/opt/bin/postgres -D /d/postgres/data -c port=1"),
            Some(Kind::Postmaster)
        );
        assert_eq!(
            kind("postgres: standpipe-0a1b: checkpointer "),
            Some(Kind::Worker)
        );
        for stranger in [
            "",
            "postgres",
            "/bin/postgres\0-D\0/d/postgres/data2\0",
            "/bin/postgres\0-D\0/other/data\0",
            "/bin/vi\0-D\0/d/postgres/data\0",
            "postgres: standpipe-ffff: checkpointer ",
            "postgres: 15/main: checkpointer ",
        ] {
            assert_eq!(kind(stranger), None, "{stranger:?}");
        }
    }

    #[test]
    fn both_sources_list_ourselves() {
        let own = i32::try_from(std::process::id()).unwrap();
        let uid = crate::account::own_uid();
        if Path::new("/proc/self/cmdline").exists() {
            assert!(from_proc(uid).unwrap().iter().any(|(pid, _)| *pid == own));
        }
        if Path::new("/bin/ps").exists() {
            assert!(from_ps(uid).unwrap().iter().any(|(pid, _)| *pid == own));
        }
    }
}

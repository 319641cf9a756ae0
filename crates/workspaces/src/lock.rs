//! One Standpipe for one cluster, also across containers that share a volume, where process numbers say nothing.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::place;

/// How long to wait for another Standpipe on this data directory to end, before saying so.
const PATIENCE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(100);

/// Held while it lives; the kernel lets it go when the process dies.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of the data directory, which is made if missing.
    pub(crate) async fn take(data_dir: &Path) -> Result<Self, String> {
        let path = place::open_data_dir(data_dir)?.join("postgres.lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| place::told("open", &path, &error))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(POLL).await,
                Err(TryLockError::WouldBlock) => {
                    return Err(format!("another Standpipe runs on {}", data_dir.display()));
                }
                Err(TryLockError::Error(error)) => return Err(place::told("lock", &path, &error)),
            }
        }
    }
}

//! The data directory: closed to everybody else, used by one server at a time.

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{ErrorKind, Write},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

const LOCK: &str = "lock";
const ADDRESSES: &str = "addresses.json";

/// The data directory, made if it was missing; its path is absolute.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

/// Where a running server is reached: real ports, also where the configuration says 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Console and API.
    pub http: SocketAddr,
    /// Console and API, encrypted; `None` where it is off.
    pub https: Option<SocketAddr>,
    /// For PostgreSQL clients.
    pub gateway: SocketAddr,
    /// The name server, by UDP and TCP; `None` where it is off.
    #[serde(default)]
    pub dns: Option<SocketAddr>,
}

impl DataDir {
    /// Opens or makes it. Nobody but its owner can look into it afterwards.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(Error::file("make", path))?;
        let path = std::fs::canonicalize(path).map_err(Error::file("open", path))?;
        let mode = std::fs::metadata(&path)
            .map_err(Error::file("open", &path))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            std::fs::set_permissions(&path, Permissions::from_mode(0o700))
                .map_err(Error::file("close to others", &path))?;
        }
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Keeps a second server out for as long as the answer lives; a killed server's lock ends with it.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = self.join(LOCK);
        let file = private()
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::file("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Error::Refused(format!(
                "another Standpipe runs on {}; stop it, or choose another directory with --data-dir",
                self.0.display()
            ))),
            Err(TryLockError::Error(error)) => Err(Error::file("lock", path)(error)),
        }
    }

    /// The addresses of the server that runs on this directory, if one wrote them.
    pub(crate) fn read_addresses(&self) -> Option<Addresses> {
        serde_json::from_slice(&std::fs::read(self.join(ADDRESSES)).ok()?).ok()
    }

    /// Says where the server is reached, for scripts; whole or not at all.
    pub(crate) fn write_addresses(&self, addresses: &Addresses) -> Result<()> {
        let path = self.join(ADDRESSES);
        let text = serde_json::to_string_pretty(addresses)
            .map_err(|error| Error::file("write", &path)(std::io::Error::other(error)))?;
        let mut file = self.replace(ADDRESSES)?;
        file.write(format!("{text}\n").as_bytes())?;
        file.finish()
    }

    /// There is no server to be reached any more.
    pub(crate) fn remove_addresses(&self) {
        // A file that is left says where nobody listens, and the next start writes it anew.
        let _ = std::fs::remove_file(self.join(ADDRESSES));
    }

    /// Begins the next version of a file, which takes the old one's place when it is whole.
    pub(crate) fn replace(&self, name: &str) -> Result<Replacement> {
        let (path, fresh) = (self.join(name), self.join(&format!("{name}.new")));
        let file = private().create(true).truncate(true).open(&fresh);
        Ok(Replacement {
            file: file.map_err(Error::file("write", &fresh))?,
            fresh,
            path,
        })
    }

    /// Makes an empty file that only its owner can read, unless it is there.
    pub(crate) fn touch_private(&self, name: &str) -> Result<()> {
        let path = self.join(name);
        match private().create_new(true).open(&path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(Error::file("make", path)(error)),
            _ => Ok(()),
        }
    }
}

/// The next version of a file, that only its owner can read.
#[derive(Debug)]
pub(crate) struct Replacement {
    file: File,
    fresh: PathBuf,
    path: PathBuf,
}

impl Replacement {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .map_err(Error::file("write", &self.fresh))
    }

    pub(crate) fn finish(self) -> Result<()> {
        std::fs::rename(&self.fresh, &self.path).map_err(Error::file("write", &self.path))
    }
}

fn private() -> OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).mode(0o600);
    options
}

/// Writes `bytes` to `path` for its owner alone, once: whole, on disk, and never over a file that is there. True when
/// it was this call that made it.
pub(crate) fn create_once(path: &Path, bytes: &[u8]) -> Result<bool> {
    let directory = path.parent().unwrap_or(path);
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    let made = private()
        .create(true)
        .truncate(true)
        .open(&fresh)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        // A link, unlike a rename, fails where the name is taken: of two that start at once, one wins.
        .and_then(|()| match std::fs::hard_link(&fresh, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            other => other.map(|()| true),
        })
        .and_then(|made| File::open(directory)?.sync_all().map(|()| made));
    let removed = std::fs::remove_file(&fresh);
    made.and_then(|made| removed.map(|()| made))
        .map_err(Error::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> (tempfile::TempDir, DataDir) {
        let place = tempfile::tempdir().unwrap();
        let dir = DataDir::open(&place.path().join("a/b")).unwrap();
        (place, dir)
    }

    #[test]
    fn it_is_closed_to_others_even_if_it_was_open() {
        let (_place, dir) = open();
        let mode = |dir: &DataDir| std::fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        assert_eq!(mode(&DataDir::open(dir.path()).unwrap()), 0o700);
    }

    #[test]
    fn one_server_at_a_time() {
        let (_place, dir) = open();
        let lock = dir.lock().unwrap();
        assert!(
            dir.lock()
                .unwrap_err()
                .report()
                .contains("another Standpipe runs on")
        );
        drop(lock);
        dir.lock().unwrap();
    }

    #[test]
    fn a_file_that_is_there_stays() {
        let (_place, dir) = open();
        let path = dir.join("key");
        assert!(create_once(&path, b"one").unwrap());
        assert!(!create_once(&path, b"two").unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

//! Where does the cluster lie, and as whom does it run? In `{data_dir}/postgres`, or, where the user that it runs as
//! cannot reach that, in a place of its own, which the marker file `{data_dir}/postgres-location` then names.
//!
//! The base directory belongs to Standpipe's user; what PostgreSQL writes is below it in directories of its own:
//! `data` (the cluster), `run` (the socket), `log`.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{
    LocalSettings,
    account::{self, Account},
};

const MARKER: &str = "postgres-location";
/// The file beside a cluster that tells whose it is.
const STORE_MARK: &str = "account-store";
/// The socket's name, which PostgreSQL makes from the port.
pub(crate) const SOCKET: &str = ".s.PGSQL.5432";
/// What the shortest `sockaddr_un` (macOS) takes, less the final NUL; Linux takes 107.
const SOCKET_PATH_LIMIT: usize = 103;

/// The cluster's place and the user that it runs as.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Standpipe's own data directory, canonical.
    pub(crate) data_dir: PathBuf,
    pub(crate) base: PathBuf,
    /// Whom PostgreSQL runs as; none: as Standpipe itself.
    pub(crate) account: Option<Account>,
    /// Tells this cluster's processes and directories from those of other data directories.
    pub(crate) tag: String,
    /// Tells the account store that the cluster belongs to.
    mark: String,
}

impl Place {
    /// Decides, touching nothing but a missing data directory. The error is a reason for an operator.
    pub(crate) fn find(settings: &LocalSettings) -> Result<Self, String> {
        let data_dir = open_data_dir(&settings.data_dir)?;
        let tag = tag_of(&data_dir);
        let mark = store_mark(settings);
        let inside = data_dir.join("postgres");
        let base = match read_marker(&data_dir)? {
            Some(elsewhere) => elsewhere,
            None if inside.join("data").exists() || !account::is_root() => inside,
            None if new_account()?.reaches(&data_dir) => inside,
            None => own_or_free(&settings.system_dir, &tag, &mark),
        };
        let account = match owner_of(&base.join("data"))? {
            Some((uid, gid)) => account_of_cluster(&base, uid, gid)?,
            None if account::is_root() => Some(new_account()?),
            None => None,
        };
        if let Some(account) = &account
            && base.exists()
            && !account.reaches(&base)
        {
            return Err(format!(
                "the workspaces are in {}, which the user {} that PostgreSQL runs as cannot reach; give the directories \
                 above it the permission to pass through (chmod o+x)",
                base.display(),
                account.name
            ));
        }
        Ok(Self {
            data_dir,
            base,
            account,
            tag,
            mark,
        })
    }

    /// The cluster itself.
    pub(crate) fn data(&self) -> PathBuf {
        self.base.join("data")
    }

    /// Where PostgreSQL writes its log.
    pub(crate) fn log(&self) -> PathBuf {
        self.base.join("log")
    }

    /// The user number of PostgreSQL's processes.
    pub(crate) fn uid(&self) -> u32 {
        self.account
            .as_ref()
            .map_or_else(account::own_uid, |account| account.uid)
    }

    /// Makes the base directory and the log's.
    pub(crate) fn make(&self) -> Result<(), String> {
        let mode = if self.account.is_some() { 0o711 } else { 0o700 };
        make_directory(&self.base, mode, None)?;
        if !self.data().exists() {
            let path = self.base.join(STORE_MARK);
            fs::write(&path, &self.mark).map_err(|error| told("write", &path, &error))?;
        }
        make_directory(&self.log(), 0o700, self.account.as_ref())
    }

    /// Remembers where a cluster outside the data directory went. Called once the cluster is there.
    pub(crate) fn mark(&self) -> io::Result<()> {
        if self.base.starts_with(&self.data_dir) {
            return Ok(());
        }
        let fresh = self.data_dir.join(format!("{MARKER}.new"));
        fs::write(&fresh, format!("{}\n", self.base.display()))?;
        fs::rename(&fresh, self.data_dir.join(MARKER))
    }

    /// Makes the directory of the socket: beside the cluster, or, where that path is too long for a socket, a private
    /// one in a short place.
    pub(crate) fn make_socket_directory(&self, settings: &LocalSettings) -> Result<PathBuf, String> {
        let fits = |directory: &Path| directory.join(SOCKET).as_os_str().len() <= SOCKET_PATH_LIMIT;
        let inside = self.base.join("run");
        if fits(&inside) {
            make_directory(&inside, 0o700, self.account.as_ref())?;
            return Ok(inside);
        }
        let usable = |parent: &Path| {
            parent.is_dir()
                && self
                    .account
                    .as_ref()
                    .is_none_or(|account| account.reaches(parent))
        };
        let directory = settings
            .runtime_dir
            .iter()
            .map(PathBuf::as_path)
            .chain([Path::new("/tmp")])
            .filter(|parent| usable(parent))
            .map(|parent| parent.join(format!("standpipe-{}", self.tag)))
            .find(|directory| fits(directory))
            .ok_or_else(|| {
                format!(
                    "the path {} is too long for a socket, and there is no short place",
                    inside.display()
                )
            })?;
        make_directory(&directory, 0o700, self.account.as_ref())?;
        // In a place that everybody can write, somebody else may have been there first.
        self.require_private(&directory)?;
        Ok(directory)
    }

    fn require_private(&self, directory: &Path) -> Result<(), String> {
        let meta = fs::symlink_metadata(directory).map_err(|error| told("look at", directory, &error))?;
        if meta.is_dir() && meta.uid() == self.uid() && meta.mode() & 0o077 == 0 {
            Ok(())
        } else {
            Err(format!(
                "{} is not a private directory of the user that PostgreSQL runs as; remove it",
                directory.display()
            ))
        }
    }
}

/// What tells an account store from others: it keeps the superuser's password, which is random and never leaves it, so
/// that a hash of it tells nothing else.
fn store_mark(settings: &LocalSettings) -> String {
    let digest = Sha256::digest(format!(
        "standpipe account store\0{}",
        settings.superuser_password.expose()
    ));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The first place for a cluster of this data directory that is free, or holds the cluster of this account store. A
/// data directory that was removed and made anew has another store, and leaves the old cluster untouched.
fn own_or_free(system_dir: &Path, tag: &str, mark: &str) -> PathBuf {
    let first = system_dir.join(tag);
    let others = (2..).map(|n: u64| system_dir.join(format!("{tag}-{n}")));
    let fits = |base: &PathBuf| {
        !base.join("data").exists()
            || fs::read_to_string(base.join(STORE_MARK)).is_ok_and(|found| found == mark)
    };
    std::iter::once(first.clone())
        .chain(others)
        .find(fits)
        .unwrap_or(first)
}

/// Makes `directory`, and what is above it. Where it is root's and should be `owner`'s, it is handed over.
pub(crate) fn make_directory(directory: &Path, mode: u32, owner: Option<&Account>) -> Result<(), String> {
    let result = || {
        if let Some(parent) = directory.parent()
            && !parent.exists()
        {
            fs::DirBuilder::new().recursive(true).mode(0o711).create(parent)?;
        }
        match fs::DirBuilder::new().mode(mode).create(directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
        let meta = fs::symlink_metadata(directory)?;
        if !meta.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        if let Some(owner) = owner
            && meta.uid() == account::own_uid()
        {
            std::os::unix::fs::lchown(directory, Some(owner.uid), Some(owner.gid))?;
        }
        Ok(())
    };
    result().map_err(|error| told("make", directory, &error))
}

/// A reason that names the path.
pub(crate) fn told(verb: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {verb} {}: {error}", path.display())
}

/// The canonical path of the data directory, which is made if missing.
pub(crate) fn open_data_dir(path: &Path) -> Result<PathBuf, String> {
    if !path.exists() {
        make_directory(path, 0o700, None)?;
    }
    let canonical = fs::canonicalize(path).map_err(|error| told("open", path, &error))?;
    if canonical.to_str().is_some_and(|text| !text.contains('\n')) {
        Ok(canonical)
    } else {
        Err(format!("the path {} is not plain UTF-8", canonical.display()))
    }
}

fn tag_of(data_dir: &Path) -> String {
    let hash = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
    let short: Vec<u8> = hash.iter().copied().take(6).collect();
    data_encoding::HEXLOWER.encode(&short)
}

fn read_marker(data_dir: &Path) -> Result<Option<PathBuf>, String> {
    let marker = data_dir.join(MARKER);
    let base = match fs::read_to_string(&marker) {
        Ok(text) => PathBuf::from(text.trim_end_matches('\n')),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(told("read", &marker, &error)),
    };
    // It was written when the cluster was there, so an empty one must not take its place without a word.
    match fs::metadata(base.join("data")) {
        Ok(_) => Ok(Some(base)),
        Err(error) => Err(format!(
            "{} says that the workspaces are in {}, but that cannot be opened ({error}); bring them back, or remove \
             the file to begin with none",
            marker.display(),
            base.display()
        )),
    }
}

fn new_account() -> Result<Account, String> {
    Account::unprivileged().ok_or_else(|| {
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor `nobody`"
            .to_owned()
    })
}

fn owner_of(data: &Path) -> Result<Option<(u32, u32)>, String> {
    match fs::symlink_metadata(data) {
        Ok(meta) if meta.is_dir() => Ok(Some((meta.uid(), meta.gid()))),
        Ok(_) => Err(format!("{} is not a directory", data.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(told("open", data, &error)),
    }
}

/// A cluster runs as the user who owns it, as PostgreSQL demands.
fn account_of_cluster(base: &Path, uid: u32, gid: u32) -> Result<Option<Account>, String> {
    let owner = Account::of(uid, gid);
    if account::is_root() {
        if uid == 0 {
            return Err(format!(
                "{} belongs to root, as whom PostgreSQL refuses to run",
                base.join("data").display()
            ));
        }
        return Ok(Some(owner));
    }
    if uid == account::own_uid() {
        return Ok(None);
    }
    Err(format!(
        "the workspaces in {} belong to the user {}: start Standpipe as that user or as root",
        base.display(),
        owner.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_stable_and_differ() {
        assert_eq!(tag_of(Path::new("/a")), tag_of(Path::new("/a")));
        assert_ne!(tag_of(Path::new("/a")), tag_of(Path::new("/b")));
        assert_eq!(tag_of(Path::new("/a")).len(), 12);
    }
}

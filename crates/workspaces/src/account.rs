//! As whom does PostgreSQL run? It refuses root, so under root it gets an unprivileged user.

use std::{fs, path::Path};

/// The file that names the machine's users.
const PASSWD: &str = "/etc/passwd";

/// A user that PostgreSQL is run as, because Standpipe itself is root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) name: String,
}

impl Account {
    /// The user `postgres` if this machine has one, else `nobody`.
    pub(crate) fn unprivileged() -> Option<Self> {
        let passwd = passwd();
        ["postgres", "nobody"].iter().find_map(|name| {
            entries(&passwd)
                .find(|account| account.name == *name && account.uid != 0)
                .map(|found| found.to_owned())
        })
    }

    /// The user with these numbers, by name where it has one.
    pub(crate) fn of(uid: u32, gid: u32) -> Self {
        let name = entries(&passwd())
            .find(|account| account.uid == uid)
            .map_or_else(|| uid.to_string(), |account| account.name);
        Self { uid, gid, name }
    }

    /// Whether this user can pass through every directory down to and including `path`, by the permission bits.
    pub(crate) fn reaches(&self, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        path.ancestors().all(|directory| {
            fs::metadata(directory).is_ok_and(|meta| {
                let search = if meta.uid() == self.uid {
                    0o100
                } else if meta.gid() == self.gid {
                    0o010
                } else {
                    0o001
                };
                meta.mode() & search != 0
            })
        })
    }
}

/// Whether Standpipe runs as root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The user number that Standpipe runs as.
pub(crate) fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn passwd() -> String {
    fs::read(PASSWD).map_or_else(
        |_| String::new(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}

/// The lines `name:password:uid:gid:…` of a passwd file.
fn entries(passwd: &str) -> impl Iterator<Item = Account> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { uid, gid, name })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwd_lines() {
        let text =
            "root:x:0:0:root:/root:/bin/bash\n# a comment\nbroken:x\n\npostgres:x:101:104:,,,:/var:/bin/sh\n";
        let names: Vec<_> = entries(text).map(|a| (a.name, a.uid, a.gid)).collect();
        assert_eq!(
            names,
            [("root".to_owned(), 0, 0), ("postgres".to_owned(), 101, 104)]
        );
    }

    #[test]
    fn permission_bits_decide() {
        use std::os::unix::fs::PermissionsExt;
        let stranger = Account {
            uid: 4_000_000,
            gid: 4_000_000,
            name: "stranger".to_owned(),
        };
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o710)).unwrap();
        assert!(!stranger.reaches(dir.path()));
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(stranger.reaches(dir.path()));
        assert!(!stranger.reaches(&dir.path().join("missing")));
    }
}

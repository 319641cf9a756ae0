//! Making the cluster, once. It is made beside its place and renamed into it, so that it is whole or absent; what a
//! crash left half made is removed at the next start. A cluster that is there is never changed.

use std::{
    fs, io,
    io::Write,
    os::unix::{
        fs::OpenOptionsExt,
        process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use model::scram::{ClientKeys, ITERATIONS, SALT_LENGTH, hmac_sha256};
use tracing::info;

use crate::{
    LocalSettings, LocalStatus,
    binaries::{self, Binaries},
    place::{Place, make_directory, told},
};

/// The superuser's name. Only Standpipe logs in as it.
pub(crate) const SUPERUSER: &str = "standpipe";
/// The locales to try, in order: not every system has the first.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// A cluster that can be started.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) place: Place,
    pub(crate) binaries: Binaries,
    pub(crate) socket_directory: PathBuf,
}

impl Prepared {
    /// Finds or makes everything that a start needs. Blocks, for a second or two when the cluster is made.
    pub(crate) fn new(settings: &LocalSettings) -> Result<Self, LocalStatus> {
        let failed = |reason| LocalStatus::Failed { reason };
        let place = Place::find(settings).map_err(failed)?;
        let made_by = major_of(&place.data()).map_err(failed)?;
        let binaries = choose(settings, &place, made_by.as_deref())?;
        place.make().map_err(failed)?;
        remove_leftovers(&place).map_err(failed)?;
        if made_by.is_none() {
            make(settings, &place, &binaries).map_err(failed)?;
        }
        place
            .mark()
            .map_err(|error| failed(format!("cannot note the cluster's place: {error}")))?;
        let socket_directory = place.make_socket_directory(settings).map_err(failed)?;
        Ok(Self {
            place,
            binaries,
            socket_directory,
        })
    }
}

/// The major version that made the cluster; none if there is none.
fn major_of(data: &Path) -> Result<Option<String>, String> {
    if fs::symlink_metadata(data).is_err() {
        return Ok(None);
    }
    let file = data.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) => Err(format!(
            "{} is there, but is no cluster ({error}); it is left untouched",
            data.display()
        )),
    }
}

/// The highest version for a new cluster, the same major for one that is there.
fn choose(settings: &LocalSettings, place: &Place, made_by: Option<&str>) -> Result<Binaries, LocalStatus> {
    let found = Binaries::find(settings, place.account.as_ref());
    if let Some(binaries) = fitting(&found, made_by) {
        return Ok(binaries.clone());
    }
    Err(match (made_by, found.into_iter().next()) {
        (Some(cluster), Some(other)) => LocalStatus::OtherMajor {
            cluster: cluster.to_owned(),
            binaries: other.version,
            location: place.data(),
        },
        _ => LocalStatus::NoBinaries {
            hint: binaries::hint(settings, made_by),
        },
    })
}

fn fitting<'a>(found: &'a [Binaries], made_by: Option<&str>) -> Option<&'a Binaries> {
    found
        .iter()
        .find(|binaries| made_by.is_none_or(|major| major == binaries.major.to_string()))
}

/// What has this prefix is in the making. The process's number keeps it apart from what an `initdb` still writes whose
/// Standpipe was killed.
const HALF_MADE: &str = "new-";

fn half_made(place: &Place, what: &str) -> PathBuf {
    place
        .base
        .join(format!("{HALF_MADE}{}-{what}", std::process::id()))
}

fn remove_leftovers(place: &Place) -> Result<(), String> {
    let entries = fs::read_dir(&place.base).map_err(|error| told("list", &place.base, &error))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(HALF_MADE) {
            let path = entry.path();
            remove(&path).map_err(|error| told("remove", &path, &error))?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return fs::remove_file(path);
    }
    // An initdb whose Standpipe was killed may still be writing there; it ends when it misses its files.
    let mut attempts = 0;
    loop {
        match fs::remove_dir_all(path) {
            Err(error) if attempts < 20 && error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                attempts += 1;
                std::thread::sleep(Duration::from_millis(100));
            }
            result => return result,
        }
    }
}

fn make(settings: &LocalSettings, place: &Place, binaries: &Binaries) -> Result<(), String> {
    info!(
        location = %place.data().display(),
        version = binaries.version,
        "making the private PostgreSQL cluster"
    );
    let mut result = Ok(());
    for locale in LOCALES {
        result = initialise(settings, place, binaries, locale);
        if result.is_ok() {
            break;
        }
        remove_leftovers(place)?;
    }
    result?;
    let data = place.data();
    fs::rename(half_made(place, "data"), &data)
        .and_then(|()| fs::File::open(&place.base)?.sync_all())
        .map_err(|error| told("make", &data, &error))
}

fn initialise(
    settings: &LocalSettings,
    place: &Place,
    binaries: &Binaries,
    locale: &str,
) -> Result<(), String> {
    let directory = half_made(place, "data");
    make_directory(&directory, 0o700, place.account.as_ref())?;
    let verifier = half_made(place, "verifier");
    write_verifier(settings, place, &verifier).map_err(|error| told("write", &verifier, &error))?;
    let mut command = command(settings, place, &binaries.directory.join("initdb"));
    command
        .arg("-D")
        .arg(&directory)
        .arg("--pwfile")
        .arg(&verifier)
        .args(["--username", SUPERUSER, "--encoding", "UTF8", "--locale", locale])
        .args(["--auth", "scram-sha-256", "--data-checksums", "--no-instructions"]);
    if settings
        .extra
        .iter()
        .any(|(name, value)| name == "fsync" && value == "off")
    {
        command.arg("--no-sync");
    }
    let output = command.output();
    let removed = fs::remove_file(&verifier);
    let output = output.map_err(|error| told("run", &binaries.directory.join("initdb"), &error))?;
    removed.map_err(|error| told("remove", &verifier, &error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = said
        .lines()
        .find(|line| {
            ["error:", "FATAL:", "fatal:"]
                .iter()
                .any(|word| line.contains(word))
        })
        .or_else(|| said.lines().next_back())
        .unwrap_or_default();
    let how = match output.status.signal() {
        Some(signal) => format!("was ended by signal {signal}"),
        None => "failed".to_owned(),
    };
    Err(format!("initdb {how}: {reason}"))
}

/// PostgreSQL takes a verifier for a password, so that the password itself never lies in a file. The salt is made of
/// the password, which is random: nothing else is at hand that a second try would find again.
fn write_verifier(settings: &LocalSettings, place: &Place, path: &Path) -> io::Result<()> {
    let password = settings.superuser_password.expose();
    let salt: Vec<u8> = hmac_sha256(password.as_bytes(), b"salt of the cluster's superuser")
        .into_iter()
        .take(SALT_LENGTH)
        .collect();
    let verifier = ClientKeys::derive(password, &salt, ITERATIONS).verifier(&salt, ITERATIONS);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    if let Some(account) = &place.account {
        std::os::unix::fs::fchown(&file, Some(account.uid), Some(account.gid))?;
    }
    file.write_all(verifier.to_postgres().as_bytes())
}

/// A command of PostgreSQL as the user that it runs as. It gets no environment of ours: that may hold secrets, and
/// `PG…` variables of an operator's own cluster. Its process group is its own, so that a Ctrl-C on the terminal is
/// for Standpipe alone, who then stops PostgreSQL in order.
pub(crate) fn command(settings: &LocalSettings, place: &Place, program: &Path) -> Command {
    let mut command = Command::new(program);
    let path: Vec<&str> = settings
        .search_path
        .iter()
        .filter_map(|dir| dir.to_str())
        .collect();
    command
        .env_clear()
        .env("PATH", path.join(":"))
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .current_dir(&place.base)
        .stdin(Stdio::null())
        .process_group(0);
    if let Some(account) = &place.account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_keeps_its_major_version() {
        let of = |major: u32| Binaries {
            directory: format!("/{major}").into(),
            major,
            version: format!("{major}.1"),
        };
        let found = [of(18), of(15), of(14)];
        let major = |made_by| fitting(&found, made_by).map(|binaries| binaries.major);
        assert_eq!(major(None), Some(18));
        assert_eq!(major(Some("15")), Some(15));
        assert_eq!(major(Some("16")), None);
        assert_eq!(major(Some("9.6")), None);
    }
}

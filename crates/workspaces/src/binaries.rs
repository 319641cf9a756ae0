//! Where are this machine's PostgreSQL binaries, and which of them fit the cluster?

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{LocalSettings, account::Account};

/// The oldest major version that we run: the first whose `initdb` takes a SCRAM verifier for the superuser, and that
/// notices a client that went away.
const OLDEST_MAJOR: u32 = 14;

/// Where distributions put the binaries; one `*` stands for a part of one name.
const USUAL_PLACES: [&str; 13] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/lib64/postgresql-*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/bin",
    "/usr/local/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/opt/local/lib/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// A directory with `postgres` and `initdb` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) directory: PathBuf,
    pub(crate) major: u32,
    /// Such as `15.18`.
    pub(crate) version: String,
}

impl Binaries {
    /// All that `account` can run, the highest version first. The operator's choice excludes the rest.
    pub(crate) fn find(settings: &LocalSettings, account: Option<&Account>) -> Vec<Self> {
        let places: Vec<PathBuf> = match &settings.binaries {
            Some(chosen) => vec![chosen.clone()],
            None => {
                let usual = USUAL_PLACES.iter().flat_map(|pattern| expand(pattern));
                settings.search_path.iter().cloned().chain(usual).collect()
            }
        };
        let mut seen = Vec::new();
        let mut found = Vec::new();
        for place in places {
            // The directory behind a link such as /usr/local/bin/postgres is where its parts are.
            let Some(directory) = directory_of_postgres(&place) else {
                continue;
            };
            if seen.contains(&directory) || account.is_some_and(|account| !account.reaches(&directory)) {
                continue;
            }
            found.extend(Self::inspect(&directory));
            seen.push(directory);
        }
        found.retain(|binaries| binaries.major >= OLDEST_MAJOR);
        found.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
        found
    }

    fn inspect(directory: &Path) -> Option<Self> {
        directory.join("initdb").is_file().then_some(())?;
        let output = Command::new(directory.join("postgres"))
            .arg("-V")
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let (major, version) = parse_version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self {
            directory: directory.to_owned(),
            major,
            version,
        })
    }
}

fn directory_of_postgres(place: &Path) -> Option<PathBuf> {
    let postgres = fs::canonicalize(place.join("postgres")).ok()?;
    let directory = postgres.parent()?;
    if directory.join("initdb").is_file() {
        return Some(directory.to_owned());
    }
    // A lone wrapper somewhere else: keep the pair as it was found.
    place.join("initdb").is_file().then(|| place.to_owned())
}

/// The directories that `pattern` matches; it has at most one `*`.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![pattern.into()];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let (suffix, rest) = after.split_once('/').unwrap_or((after, ""));
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut matches: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.len() >= prefix.len() + suffix.len() && name.starts_with(prefix) && name.ends_with(suffix)
        })
        .map(|entry| entry.path().join(rest))
        .collect();
    matches.sort();
    matches
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` gives 15 and `15.18`.
fn parse_version(output: &str) -> Option<(u32, String)> {
    let version = output.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?;
    let major: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((major.parse().ok()?, version.to_owned()))
}

/// What to install. `major` is of a cluster that is already there and needs it.
pub(crate) fn hint(settings: &LocalSettings, major: Option<&str>) -> String {
    if let Some(chosen) = &settings.binaries {
        return format!(
            "The configured directory {} has no `postgres` and `initdb` of PostgreSQL {OLDEST_MAJOR} or later that \
             can be run.",
            chosen.display()
        );
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let command = install_command(&release, major);
    format!("Install PostgreSQL {OLDEST_MAJOR} or later: {command}. Standpipe notices it by itself.")
}

fn install_command(os_release: &str, major: Option<&str>) -> String {
    let families: Vec<&str> = os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split_whitespace())
        .collect();
    let is = |names: &[&str]| families.iter().any(|family| names.contains(family));
    let of = |dash: &str| major.map(|major| format!("{dash}{major}")).unwrap_or_default();
    if is(&["debian", "ubuntu"]) {
        format!("`apt install postgresql{}`", of("-"))
    } else if is(&["fedora", "rhel", "centos"]) {
        "`dnf install postgresql-server`".to_owned()
    } else if is(&["alpine"]) {
        format!("`apk add postgresql{}`", of(""))
    } else if is(&["arch"]) {
        "`pacman -S postgresql`".to_owned()
    } else if is(&["suse", "opensuse"]) {
        format!("`zypper install postgresql{}-server`", of(""))
    } else if cfg!(target_os = "macos") {
        format!("`brew install postgresql@{}`", major.unwrap_or("18"))
    } else {
        "the server package of your system, or https://www.postgresql.org/download/".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let of = |text| parse_version(text).map(|(major, version)| format!("{major} {version}"));
        assert_eq!(
            of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n").unwrap(),
            "15 15.18"
        );
        assert_eq!(of("postgres (PostgreSQL) 19devel").unwrap(), "19 19devel");
        assert_eq!(of("something else"), None);
    }

    #[test]
    fn patterns() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["pgsql-15", "pgsql-16", "other"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let root = dir.path().to_str().unwrap();
        let wanted = [format!("{root}/pgsql-15/bin"), format!("{root}/pgsql-16/bin")].map(PathBuf::from);
        assert_eq!(expand(&format!("{root}/pgsql-*/bin")), wanted);
        assert_eq!(expand("/usr/bin"), [PathBuf::from("/usr/bin")]);
        assert!(expand("/no/such/place/*/bin").is_empty());
    }

    #[test]
    fn hints_fit_the_distribution() {
        assert_eq!(
            install_command("NAME=x\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", Some("15")),
            "`apt install postgresql-15`"
        );
        assert_eq!(install_command("ID=alpine\n", None), "`apk add postgresql`");
    }
}

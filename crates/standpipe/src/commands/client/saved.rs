//! What this person's machine keeps for each server: the token of its login, and the authority of its certificates.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use etcetera::{BaseStrategy, choose_base_strategy};
use model::Secret;
use url::Url;

use super::host;
use crate::{Error, Result};

/// Where the token of the login at `origin` is.
fn token_path(origin: &Url) -> Result<PathBuf> {
    Ok(config_dir()?
        .join("tokens")
        .join(format!("{}.tptt", host::file_name(origin))))
}

/// The user's directory for configuration, as the XDG rules have it.
fn config_dir() -> Result<PathBuf> {
    let strategy = choose_base_strategy().map_err(|_| {
        Error::Refused(
            "there is no home directory to keep a login in; set HOME, or use STANDPIPE_TOKEN".to_owned(),
        )
    })?;
    Ok(strategy.config_dir().join("standpipe"))
}

/// The token of the login at `origin`, if there is one.
pub(super) fn token(origin: &Url) -> Result<Option<Secret<String>>> {
    let path = token_path(origin)?;
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(Secret::new(text.trim().to_owned()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file("read", path)(error)),
    }
}

/// Keeps the token of a login; nobody else can read it at any moment.
pub(super) fn save_token(origin: &Url, token: &Secret<String>) -> Result<PathBuf> {
    let path = token_path(origin)?;
    write(&path, token.expose().as_bytes(), 0o600)?;
    Ok(path)
}

/// Forgets the login at `origin`; false when there was none.
pub(super) fn forget_token(origin: &Url) -> Result<bool> {
    let path = token_path(origin)?;
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::file("remove", path)(error)),
    }
}

/// Keeps the authority that the server at `origin` signs its certificates with, where programs can read it.
pub(super) fn save_ca(origin: &Url, pem: &[u8]) -> Result<PathBuf> {
    let path = config_dir()?
        .join("ca")
        .join(format!("{}.pem", host::file_name(origin)));
    write(&path, pem, 0o644)?;
    Ok(path)
}

/// Writes a file beside its place, with its permissions from the beginning, and puts it there at once.
pub(super) fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let fail = |error| Error::file("write", path)(error);
    let directory = path.parent().unwrap_or(Path::new("."));
    let directory = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    if !directory.exists() {
        fs::create_dir_all(directory).map_err(Error::file("make", directory))?;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
            .map_err(Error::file("make", directory))?;
    }
    let mut file = tempfile::Builder::new()
        .prefix(".standpipe")
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(directory)
        .map_err(fail)?;
    file.write_all(content).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_its_owners_from_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/token");
        for content in ["one", "two"] {
            write(&path, content.as_bytes(), 0o600).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(
            fs::metadata(folder.path().join("deep"))
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o700
        );
        assert_eq!(
            fs::read_dir(folder.path().join("deep")).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }
}

//! The master key: a file that is made once, or one that the operator gives.

use std::path::Path;

use app::MasterKey;
use model::Random;

use crate::{
    Error, Result,
    data_dir::{DataDir, create_once},
    secret_file,
};

const FILE: &str = "master.key";

/// The operator's key, or the data directory's own, made if there is none. `has_store` says that the directory holds
/// accounts already: a new key would open none of their secrets.
pub(crate) fn load(
    given: Option<&Path>,
    data_dir: &DataDir,
    has_store: bool,
    random: &Random,
) -> Result<MasterKey> {
    if let Some(path) = given {
        return read(path, secret_file::OTHERS);
    }
    let path = data_dir.join(FILE);
    if !path.exists() {
        if has_store {
            return Err(Error::Refused(format!(
                "{} is missing, and the accounts in {} cannot be opened without it; bring it back from the backup",
                path.display(),
                data_dir.path().display()
            )));
        }
        let text = MasterKey::generate(random).to_text();
        create_once(&path, format!("{}\n", text.expose()).as_bytes())?;
    }
    // Also after making it: another process may have been first.
    read(&path, secret_file::GROUP_AND_OTHERS)
}

fn read(path: &Path, forbidden: u32) -> Result<MasterKey> {
    let text = secret_file::read(path, forbidden, "read the master key")?;
    text.expose()
        .parse()
        .map_err(|reason| Error::Refused(format!("{} is no master key: {reason}", path.display())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn random() -> Random {
        crate::ambient::random()
    }

    #[test]
    fn made_once_and_kept() {
        let place = tempfile::tempdir().unwrap();
        let dir = DataDir::open(place.path()).unwrap();
        let first = load(None, &dir, false, &random()).unwrap();
        let again = load(None, &dir, true, &random()).unwrap();
        assert_eq!(first.to_text().expose(), again.to_text().expose());
    }

    #[test]
    fn refused_when_lost_open_or_broken() {
        let place = tempfile::tempdir().unwrap();
        let dir = DataDir::open(place.path()).unwrap();
        let refusal = |result: Result<MasterKey>| result.unwrap_err().report();
        assert!(refusal(load(None, &dir, true, &random())).contains("is missing"));
        load(None, &dir, false, &random()).unwrap();
        let path = dir.join(FILE);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(refusal(load(None, &dir, true, &random())).contains("chmod 600"));
        assert!(
            load(Some(&path), &dir, true, &random()).is_ok(),
            "a group may read a given key"
        );
        std::fs::write(&path, "nonsense").unwrap();
        assert!(refusal(load(Some(&path), &dir, true, &random())).contains("is no master key"));
    }
}

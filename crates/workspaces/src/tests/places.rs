//! Where the cluster goes, and what is left alone.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::harness::{Home, account, open_to_all, socket_directory};
use crate::{LocalStatus, account::is_root};

fn own(path: &Path) {
    if let Some(account) = account() {
        std::os::unix::fs::chown(path, Some(account.uid), Some(account.gid)).unwrap();
    }
}

/// All files below, with their content and times.
fn everything(directory: &Path) -> Vec<(PathBuf, Vec<u8>, i64)> {
    let mut found: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            if meta.is_dir() {
                let mut inner = everything(&path);
                inner.push((path, Vec::new(), meta.mtime_nsec()));
                inner
            } else {
                let content = fs::read(&path).unwrap();
                vec![(path, content, meta.mtime_nsec())]
            }
        })
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn another_major_version_is_left_untouched() {
    let home = Home::reachable();
    let base = home.settings.data_dir.join("postgres");
    let data = base.join("data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "12\n").unwrap();
    own(&data);
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    let before = everything(&base);
    let status = home.refused().await;
    let LocalStatus::OtherMajor {
        cluster,
        binaries,
        location,
    } = &status
    else {
        panic!("{status}");
    };
    assert_eq!(
        (cluster.as_str(), location),
        ("12", &data.canonicalize().unwrap())
    );
    assert!(!binaries.starts_with("12"));
    assert!(status.to_string().contains("install PostgreSQL 12"));
    assert_eq!(everything(&base), before);
}

#[tokio::test]
async fn without_binaries_nothing_is_made() {
    let mut home = Home::new();
    let empty = tempfile::tempdir().unwrap();
    home.settings.binaries = Some(empty.path().to_owned());
    let LocalStatus::NoBinaries { hint } = home.refused().await else {
        panic!();
    };
    assert!(hint.contains(empty.path().to_str().unwrap()), "{hint}");
    assert!(!home.place().base.exists());
}

#[tokio::test]
async fn a_foreign_directory_is_left_untouched() {
    let home = Home::reachable();
    let data = home.settings.data_dir.join("postgres/data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("thesis.txt"), "mine").unwrap();
    own(&data);
    let LocalStatus::Failed { reason } = home.refused().await else {
        panic!();
    };
    assert!(reason.contains("no cluster"), "{reason}");
    assert_eq!(fs::read_to_string(data.join("thesis.txt")).unwrap(), "mine");
}

#[tokio::test]
async fn what_a_crash_left_half_made_is_removed() {
    let home = Home::new();
    let place = home.place();
    let half = place.base.join("new-1-data");
    fs::create_dir_all(half.join("base/1")).unwrap();
    fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    fs::write(place.base.join("new-1-verifier"), "old").unwrap();
    if is_root() {
        // As `Place::make` does it.
        for directory in [place.base.parent().unwrap(), &place.base] {
            fs::set_permissions(directory, fs::Permissions::from_mode(0o711)).unwrap();
        }
    }
    home.ready().await.stop().await;
    let mut left: Vec<_> = fs::read_dir(&place.base)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["account-store", "data", "log", "run"]);
}

fn deep(home: &mut Home) {
    home.settings.data_dir = home
        .settings
        .data_dir
        .join("a-long-name-of-a-directory/".repeat(4));
    home.settings.system_dir = home
        .settings
        .system_dir
        .join("a-long-name-of-a-directory/".repeat(4));
    if is_root() {
        fs::create_dir_all(&home.settings.data_dir).unwrap();
    }
}

#[tokio::test]
async fn a_path_too_long_for_a_socket() {
    let mut home = Home::new();
    deep(&mut home);
    let short = tempfile::tempdir().unwrap();
    open_to_all(short.path());
    home.settings.runtime_dir = Some(short.path().to_owned());
    let server = home.ready().await;
    let run = socket_directory(&server);
    assert!(run.starts_with(short.path()), "{}", run.display());
    let meta = fs::metadata(&run).unwrap();
    assert_eq!(meta.mode() & 0o777, 0o700);
    assert_eq!(meta.uid(), home.place().uid());
    server.stop().await;

    // The directory is used again, unless it is not private.
    home.ready().await.stop().await;
    open_to_all(&run);
    let LocalStatus::Failed { reason } = home.refused().await else {
        panic!();
    };
    assert!(reason.contains("not a private directory"), "{reason}");
}

#[tokio::test]
async fn a_cluster_that_went_away_is_not_replaced_by_an_empty_one() {
    let home = Home::new();
    let away = home.system.path().join("away");
    fs::create_dir(&home.settings.data_dir).unwrap();
    fs::write(
        home.settings.data_dir.join("postgres-location"),
        format!("{}\n", away.display()),
    )
    .unwrap();
    let LocalStatus::Failed { reason } = home.refused().await else {
        panic!();
    };
    assert!(reason.contains(away.to_str().unwrap()), "{reason}");
    assert!(!away.exists());
    fs::remove_file(home.settings.data_dir.join("postgres-location")).unwrap();
}

#[tokio::test]
async fn root_uses_a_place_that_postgres_can_reach() {
    let Some(account) = account() else {
        return;
    };
    let home = Home::new();
    home.ready().await.stop().await;
    let place = home.place();
    let data_dir = &home.settings.data_dir;
    assert!(place.base.starts_with(&home.settings.system_dir));
    let marker = fs::read_to_string(data_dir.join("postgres-location")).unwrap();
    assert_eq!(marker.trim_end(), place.base.to_str().unwrap());
    assert_eq!(fs::metadata(data_dir).unwrap().mode() & 0o777, 0o700);
    assert!(!data_dir.join("postgres").exists());
    assert_eq!(fs::metadata(place.data()).unwrap().uid(), account.uid);
    assert_eq!(fs::metadata(&place.base).unwrap().uid(), 0);
    // The marker counts, also after the data directory was opened.
    open_to_all(home.directory.path());
    open_to_all(data_dir);
    assert_eq!(home.place().base, place.base);

    let home = Home::reachable();
    let server = home.ready().await;
    assert!(
        home.place()
            .base
            .starts_with(home.directory.path().canonicalize().unwrap())
    );
    assert!(!home.settings.data_dir.join("postgres-location").exists());
    server.stop().await;
    fs::set_permissions(&home.settings.data_dir, fs::Permissions::from_mode(0o700)).unwrap();
    let LocalStatus::Failed { reason } = home.refused().await else {
        panic!();
    };
    assert!(reason.contains("cannot reach"), "{reason}");
}

#[tokio::test]
async fn root_runs_a_cluster_as_the_user_who_made_it() {
    if !is_root() {
        return;
    }
    let home = Home::reachable();
    home.ready().await.stop().await;
    let nobody = Some(65534);
    for (path, ..) in everything(&home.place().base) {
        std::os::unix::fs::lchown(path, nobody, nobody).unwrap();
    }
    let server = home.ready().await;
    assert!(matches!(
        server.status(),
        LocalStatus::Ready { run_as: Some(user), .. } if user == "nobody"
    ));
    server.stop().await;
}

#[tokio::test]
async fn a_data_directory_made_anew_leaves_the_old_cluster_alone() {
    if account().is_none() {
        return;
    }
    let mut home = Home::new();
    home.ready().await.stop().await;
    let old = home.place();

    // The same store finds its cluster again without the marker.
    let marker = home.settings.data_dir.join("postgres-location");
    fs::remove_file(&marker).unwrap();
    assert_eq!(home.place().base, old.base);

    // Another store, because the data directory was removed: the old cluster stays, and a new one is made beside it.
    fs::remove_dir_all(&home.settings.data_dir).unwrap();
    home.settings.superuser_password = model::Secret::new("of another account store".to_owned());
    home.ready().await.stop().await;
    let new = home.place();
    assert_ne!(new.base, old.base);
    assert!(old.data().join("PG_VERSION").exists() && new.data().join("PG_VERSION").exists());
}

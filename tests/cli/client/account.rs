//! `standpipe account …`.

use std::{fs, os::unix::fs::PermissionsExt};

use super::World;

#[test]
fn an_account_is_renamed_by_whoever_is_sure() {
    let world = World::new().with_token();
    assert!(
        world
            .fails(&["account", "rename", "bea"])
            .contains("--confirm ana")
    );
    assert!(
        world
            .fails(&["account", "rename", "bea", "--confirm", "bea"])
            .contains("the name is ana")
    );
    assert!(world.ok(&["whoami"]).starts_with("ana at"));
    assert!(
        world
            .ok(&["account", "rename", "bea", "--confirm", "ana"])
            .starts_with("You are bea now.")
    );
    assert!(world.ok(&["whoami"]).starts_with("bea at"));
    assert!(
        world
            .fails(&["account", "rename", "cleo", "--yes"])
            .contains("once a day")
    );
}

#[test]
fn everything_that_is_kept_is_exported() {
    let world = World::new().with_token();
    let file = world.binary.directory().join("mine.zip");
    let said = world.ok(&["account", "export", "--output", file.to_str().unwrap()]);
    assert!(
        said.starts_with("Saved ") && said.ends_with("mine.zip."),
        "{said}"
    );
    let archive = fs::read(&file).unwrap();
    assert!(archive.starts_with(b"PK"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let piped = world.binary.run(&["account", "export", "--output", "-"]);
    assert!(piped.status.success() && piped.stdout.starts_with(b"PK"));
}

#[test]
fn a_reset_ends_what_asked_for_it_too() {
    let world = World::new().with_token();
    assert!(world.fails(&["account", "reset-auth"]).contains("--yes"));
    let said = world.ok(&["account", "reset-auth", "--rotate-password", "--confirm", "ana"]);
    assert!(
        said.contains("Every session, login and token is ended. The database password is rotated."),
        "{said}"
    );
    assert!(world.fails(&["whoami"]).contains("was reset"));
}

#[test]
fn an_account_is_deleted_by_whoever_types_its_name() {
    let world = World::new().with_token();
    assert!(
        world
            .fails(&["account", "delete"])
            .contains("delete the account ana")
    );
    world.ok(&["whoami"]);
    assert!(
        world
            .ok(&["account", "delete", "--confirm", "ana"])
            .starts_with("The account ana is deleted.")
    );
    world.fails(&["whoami"]);
    assert!(!world.binary.ok(&["admin", "user", "list"]).contains("ana"));
}

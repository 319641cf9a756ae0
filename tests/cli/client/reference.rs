//! Completions, man pages, and the reference in the documentation.

use std::{fs, path::Path};

use super::binary;

#[test]
fn shells_get_completions() {
    let binary = binary();
    for shell in ["bash", "zsh", "fish"] {
        let script = binary.ok(&["completions", shell]);
        assert!(
            script.contains("standpipe") && script.contains("workspace"),
            "{shell}"
        );
    }
    binary.fails(2, &["completions", "nonsense"]);
}

#[test]
fn there_is_a_man_page_for_each_command() {
    let binary = binary();
    let folder = binary.directory().join("man");
    binary.ok(&["man", folder.to_str().unwrap()]);
    for page in [
        "standpipe.1",
        "standpipe-login.1",
        "standpipe-token-create.1",
        "standpipe-workspace-connect.1",
    ] {
        let text = fs::read_to_string(folder.join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        assert!(text.contains(".TH"), "{page}");
    }
}

/// `STANDPIPE_UPDATE_CLI=1` writes the file instead.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test reads the environment of its run"
)]
fn the_reference_is_what_the_commands_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    let text = standpipe::commands::cli_reference();
    if std::env::var_os("STANDPIPE_UPDATE_CLI").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == text,
        "docs/reference/cli.md is not what `--help` says; run scripts/cli-reference"
    );
}

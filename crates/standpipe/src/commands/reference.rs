//! What the command line says of itself: completions for shells, man pages, and the reference of the documentation.

use std::{io::Write, path::PathBuf};

use clap::{Command, CommandFactory, Subcommand};
use clap_complete::Shell;

use super::{Cli, print};
use crate::{Error, Result};

/// The width of help in the reference: as on a terminal.
const WIDTH: usize = 100;

#[derive(Debug, Subcommand)]
pub(super) enum Reference {
    /// Print completions for a shell: `source <(standpipe completions bash)`.
    Completions { shell: Shell },
    /// Write man pages into a directory, one for each command.
    Man { directory: PathBuf },
}

impl Reference {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Cli::command(), "standpipe", &mut script);
                std::io::stdout()
                    .lock()
                    .write_all(&script)
                    .map_err(Error::system("write to stdout"))
            }
            Self::Man { directory } => {
                std::fs::create_dir_all(&directory).map_err(Error::file("make", &directory))?;
                clap_mangen::generate_to(Cli::command(), &directory)
                    .map_err(Error::file("write man pages into", &directory))?;
                print(&format!("The man pages are in {}.", directory.display()))
            }
        }
    }
}

/// `docs/reference/cli.md`: every command with its help. A test holds the file to it.
pub fn cli_reference() -> String {
    let mut cli = Cli::command().term_width(WIDTH);
    cli.build();
    let mut text = String::from(
        "# Command line\n\nEach command as `--help` tells it. `standpipe serve` and `standpipe admin` work on a data \
         directory; all others are clients of the HTTP API.\n",
    );
    describe(&mut cli, "", &mut text);
    text
}

fn describe(command: &mut Command, before: &str, text: &mut String) {
    let name = format!("{before}{}", command.get_name());
    let help = command.render_help().to_string();
    let lines: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    text.push_str(&format!("\n## {name}\n\n```text\n{}\n```\n", lines.join("\n")));
    for below in command.get_subcommands_mut() {
        if below.get_name() != "help" && !below.is_hide_set() {
            describe(below, &format!("{name} "), text);
        }
    }
}

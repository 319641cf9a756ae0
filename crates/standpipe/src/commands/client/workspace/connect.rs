//! `standpipe workspace connect`: psql, with all that it needs. The password is in psql's environment, where no list of
//! processes shows it.

use std::{os::unix::process::CommandExt, path::PathBuf, process::Command};

use clap::Args;

use super::{Found, host_of, member::WORKSPACE_HELP, named::Named};
use crate::{
    Error, Result,
    commands::client::{
        Target, host,
        me::{Me, read},
        output, saved,
    },
};

/// What clients of Pipes take for granted.
const USUAL_PORT: u16 = 9193;

#[derive(Debug, Args)]
pub(in crate::commands) struct Connect {
    #[arg(help = WORKSPACE_HELP)]
    workspace: Named,
    /// What is handed to psql.
    #[arg(last = true, value_name = "PSQL_OPTION")]
    options: Vec<String>,
}

impl Connect {
    pub(super) async fn run(self, me: &Me, target: &Target) -> Result<()> {
        let workspace: Found = read(&me.api.get(&self.workspace.path(me, &[]), &[]).await?)?;
        let host = host_of(self.workspace.owner(me), &workspace);
        let password = me.api.get(&me.path(&["password"]), &[]).await?;
        let ca = authority(me, target).await?;
        let line = connection(me, &workspace, host, ca).await;
        let error = Command::new("psql")
            .arg("--dbname")
            .arg(line)
            .args(&self.options)
            .env("PGPASSWORD", output::text(&password, "$password"))
            .env_remove("PGHOSTADDR")
            .env_remove("PGSERVICE")
            .exec();
        // It only comes back when it did not start.
        Err(match error.kind() {
            std::io::ErrorKind::NotFound => Error::Refused(
                "psql is not installed, or not in PATH; install your system's PostgreSQL client (Debian and Ubuntu: \
                 postgresql-client, macOS: libpq), or use `standpipe workspace query`"
                    .to_owned(),
            ),
            _ => Error::system("start psql")(error),
        })
    }
}

/// The certificate of the server's own authority, in a file for psql. We trust the server that gives it: its own
/// certificate was checked, or it is this machine.
async fn authority(me: &Me, target: &Target) -> Result<Option<PathBuf>> {
    match me.api.public_file("/ca.pem").await? {
        Some(pem) => saved::save_ca(me.api.origin(), &pem).map(Some),
        None => Ok(target.ca.clone()),
    }
}

/// libpq's connection string, without the password.
async fn connection(me: &Me, workspace: &Found, name: String, ca: Option<PathBuf>) -> String {
    let port = workspace.port.unwrap_or(USUAL_PORT);
    let mut parts = vec![
        ("host", name.clone()),
        ("port", port.to_string()),
        ("dbname", workspace.database_name.clone()),
        ("user", me.actor.handle.clone()),
    ];
    // A name below localhost is this machine, and not every resolver knows it.
    if host::is_loopback(me.api.origin()) && !resolves(&name, port).await {
        parts.push(("hostaddr", "127.0.0.1".to_owned()));
    }
    match ca {
        Some(ca) => parts.extend([
            ("sslmode", "verify-full".to_owned()),
            ("sslrootcert", ca.display().to_string()),
        ]),
        None => parts.push(("sslmode", "require".to_owned())),
    }
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(name, value)| format!("{name}={}", quoted(&value)))
        .collect();
    parts.join(" ")
}

async fn resolves(name: &str, port: u16) -> bool {
    let found = tokio::net::lookup_host((name, port)).await;
    found.is_ok_and(|mut addresses| addresses.next().is_some())
}

/// A value as libpq reads it.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_ends_it() {
        assert_eq!(quoted("it's a \\ name"), "'it\\'s a \\\\ name'");
    }
}

//! `standpipe workspace attach`. The password of the server is on no command line, where every user of the machine could
//! read it: it is asked for, or comes by stdin or the environment.

use std::{
    fs,
    io::{BufRead, IsTerminal},
    path::PathBuf,
};

use clap::Args;
use model::{Secret, postgres_url::PostgresUrl};
use serde_json::{Map, Value, json};
use url::Url;

use super::host_of;
use crate::{
    Error, Result,
    commands::{
        client::{
            JSON_HELP,
            confirm::ask_secret,
            me::{Me, read},
            output,
        },
        print,
    },
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Attach {
    /// The handle of the new workspace: 1 to 23 lowercase letters and digits.
    workspace: String,
    /// postgres://user@host:port/database, with ?sslmode= and ?sslrootcert=FILE where needed; - reads it from stdin.
    #[arg(long, value_name = "URL")]
    url: String,
    /// The server's authority, or its own certificate, as a PEM file.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Change where a workspace that is attached already is, or its password.
    #[arg(long)]
    again: bool,
    #[arg(long, help = JSON_HELP)]
    json: bool,
}

impl Attach {
    pub(super) async fn run(self, me: &Me) -> Result<()> {
        let text = match self.url.as_str() {
            "-" => Secret::new(line("a URL on stdin")?),
            _ => Secret::new(self.url.clone()),
        };
        let url = PostgresUrl::parse("url", text.expose())
            .map_err(|invalid| Error::Refused(format!("--url: {}", invalid.message)))?;
        let mut attach = Map::new();
        attach.insert("url".to_owned(), json!(without_file(text.expose())));
        if url.password.is_none() {
            let password = password(&url, self.url == "-")?;
            attach.insert("password".to_owned(), json!(password.expose()));
        }
        let file = self
            .ca_file
            .or(url.root_file.filter(|name| name != "system").map(PathBuf::from));
        if let Some(file) = file {
            let pem = fs::read_to_string(&file).map_err(Error::system("read the certificate"))?;
            attach.insert("ca_certificate".to_owned(), json!(pem));
        }
        let attached = send(me, &self.workspace, attach, self.again).await?;
        if self.json {
            return output::json(&attached);
        }
        let host = output::clean(&host_of(&me.actor.handle, &read(&attached)?));
        print(&format!(
            "The server is attached as the workspace {name}, at {host}. Open it with `standpipe workspace connect {name}`.",
            name = self.workspace
        ))
    }
}

async fn send(me: &Me, workspace: &str, attach: Map<String, Value>, again: bool) -> Result<Value> {
    match again {
        true => {
            me.api
                .patch(&me.path(&["workspace", workspace]), json!({ "attach": attach }))
                .await
        }
        false => {
            let new = json!({ "handle": workspace, "attach": attach });
            me.api.post(&me.path(&["workspace"]), new).await
        }
    }
}

/// The URL without `sslrootcert`: the file is on this machine, and what is in it is sent instead.
fn without_file(url: &str) -> String {
    let url = url.trim();
    let Ok(mut parsed) = Url::parse(url) else {
        return url.to_owned();
    };
    let pairs = parsed.query_pairs().into_owned();
    let left: Vec<_> = pairs.filter(|(name, _)| name != "sslrootcert").collect();
    parsed.set_query(None);
    if !left.is_empty() {
        parsed.query_pairs_mut().extend_pairs(left);
    }
    parsed.into()
}

/// From the environment, else typed or from stdin; behind a URL from stdin it is the next line.
fn password(url: &PostgresUrl, is_behind_url: bool) -> Result<Secret<String>> {
    if let Some(password) = from_environment() {
        return Ok(password);
    }
    let what = format!("the password of {} at {}", url.user, url.host);
    if !is_behind_url && std::io::stdin().is_terminal() {
        return ask_secret(&format!("Password of {} at {}: ", url.user, url.host));
    }
    line(&what).map(Secret::new)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a client reads the environment of its person"
)]
fn from_environment() -> Option<Secret<String>> {
    std::env::var("PGPASSWORD").ok().map(Secret::new)
}

fn line(what: &str) -> Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut text)
        .map_err(Error::system("read stdin"))?;
    let text = text.trim_end_matches(['\n', '\r']);
    match text.is_empty() {
        true => Err(Error::Refused(format!(
            "{what} is missing: type it, pipe it to stdin, or set PGPASSWORD"
        ))),
        false => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_stays_here() {
        assert_eq!(
            without_file("postgres://u@h/d?sslrootcert=/a.pem"),
            "postgres://u@h/d"
        );
        assert_eq!(
            without_file("postgres://u@h/d?sslmode=verify-ca&sslrootcert=/a.pem"),
            "postgres://u@h/d?sslmode=verify-ca"
        );
        assert_eq!(without_file(" postgres://u@h/d "), "postgres://u@h/d");
    }
}

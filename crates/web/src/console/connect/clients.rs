//! What programs are told so that they connect to a workspace, each in its own words, ready to be pasted. A handle, a
//! host, the name of a database and a password have nothing in them that any of these would take for anything else, but
//! for YAML, which takes `123456` for a number, and so gets quotes.
//!
//! `tests/gateway/recipes.rs` runs them as they stand here.

use crate::pages::{CommandLine, Recipe};

/// Where a workspace is, and as whom.
pub(super) struct Target<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
    /// Whether our certificate is signed by an authority of our own, which clients have to be shown.
    pub(super) own_authority: bool,
}

/// One for each client.
pub(super) fn recipes(to: &Target) -> Vec<Recipe> {
    vec![jdbc(to), python(to), node(to), go(to), grafana(to), dbt(to)]
}

/// A recipe of `text`, which has a `{PASSWORD}` where the password belongs.
fn recipe(id: &'static str, name: &'static str, hint: &str, text: &str) -> Recipe {
    let (before, after) = text.split_once("{PASSWORD}").unwrap_or((text, ""));
    Recipe {
        id,
        name,
        hint: hint.to_owned(),
        code: CommandLine {
            label: name.to_owned(),
            before: before.to_owned(),
            after: Some(after.to_owned()),
        },
    }
}

impl Target<'_> {
    fn url(&self, query: &str) -> String {
        let Self {
            host,
            port,
            database,
            user,
            ..
        } = self;
        format!("postgresql://{user}:{{PASSWORD}}@{host}:{port}/{database}{query}")
    }
}

fn jdbc(to: &Target) -> Recipe {
    let Target {
        host,
        port,
        database,
        user,
        ..
    } = to;
    let text = format!(
        "jdbc:postgresql://{host}:{port}/{database}?user={user}&password={{PASSWORD}}&sslmode=require"
    );
    let hint = "In DBeaver: New connection, PostgreSQL, Connect by: URL. With sslmode=verify-full the driver checks the \
                certificate by ~/.postgresql/root.crt.";
    recipe("jdbc", "DBeaver, JDBC", hint, &text)
}

fn python(to: &Target) -> Recipe {
    let text = format!(
        "import psycopg

with psycopg.connect(\"{}\") as connection:
    print(connection.execute(\"select now()\").fetchone()[0])",
        to.url("?sslmode=require")
    );
    recipe("python", "Python", "pip install \"psycopg[binary]\"", &text)
}

fn node(to: &Target) -> Recipe {
    let (load, ssl) = match to.own_authority {
        true => (
            "const { readFileSync } = require(\"node:fs\");\nconst { homedir } = require(\"node:os\");\n",
            "{ ca: readFileSync(homedir() + \"/.postgresql/root.crt\") }",
        ),
        false => ("", "true"),
    };
    let text = format!(
        "{load}const {{ Client }} = require(\"pg\");

const client = new Client({{
  connectionString: \"{}\",
  ssl: {ssl},
}});
client.connect()
  .then(() => client.query(\"select now()\"))
  .then(({{ rows }}) => console.log(rows[0].now))
  .finally(() => client.end());",
        to.url("")
    );
    let hint = match to.own_authority {
        true => "npm install pg. It reads the certificate that the line under Trust the certificate saves.",
        false => "npm install pg",
    };
    recipe("node", "Node.js", hint, &text)
}

fn go(to: &Target) -> Recipe {
    let text = format!(
        "package main

import (
\t\"database/sql\"
\t\"fmt\"
\t\"log\"
\t\"time\"

\t_ \"github.com/lib/pq\"
)

func main() {{
\tdb, err := sql.Open(\"postgres\", \"{}\")
\tif err != nil {{
\t\tlog.Fatal(err)
\t}}
\tdefer db.Close()
\tvar now time.Time
\tif err := db.QueryRow(\"select now()\").Scan(&now); err != nil {{
\t\tlog.Fatal(err)
\t}}
\tfmt.Println(now)
}}",
        to.url("?sslmode=require")
    );
    recipe(
        "go",
        "Go",
        "go get github.com/lib/pq. pgx takes the same connection string.",
        &text,
    )
}

fn grafana(to: &Target) -> Recipe {
    let Target {
        host,
        port,
        database,
        user,
        ..
    } = to;
    let text = format!(
        "apiVersion: 1
datasources:
  - name: {host}
    type: grafana-postgresql-datasource
    url: {host}:{port}
    user: \"{user}\"
    jsonData:
      database: \"{database}\"
      sslmode: require
    secureJsonData:
      password: \"{{PASSWORD}}\""
    );
    let hint = "A file in provisioning/datasources; or type the same into Connections, PostgreSQL.";
    recipe("grafana", "Grafana", hint, &text)
}

fn dbt(to: &Target) -> Recipe {
    let Target {
        host,
        port,
        database,
        user,
        ..
    } = to;
    let text = format!(
        "standpipe:
  target: dev
  outputs:
    dev:
      type: postgres
      host: {host}
      port: {port}
      user: \"{user}\"
      password: \"{{PASSWORD}}\"
      dbname: \"{database}\"
      schema: public
      sslmode: require
      threads: 4"
    );
    let hint = "In ~/.dbt/profiles.yml, with profile: standpipe in dbt_project.yml. pip install dbt-postgres";
    recipe("dbt", "dbt", hint, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_has_the_same_words() {
        const GUIDE: &str = include_str!("../../../../../docs/guide/developer.md");
        let target = Target {
            host: "ana-dev.db.example.com",
            port: 9193,
            database: "x7k2m9",
            user: "ana",
            own_authority: true,
        };
        for Recipe { name, code, .. } in recipes(&target) {
            let text = format!("```\n{}PASSWORD{}\n```", code.before, code.after.unwrap());
            let in_guide = GUIDE.contains(text.strip_prefix("```").unwrap());
            assert!(in_guide, "{name}: {text}");
        }
    }

    #[test]
    fn each_has_one_place_for_the_password() {
        for own_authority in [true, false] {
            let target = Target {
                host: "ana-dev.db.example.com",
                port: 9193,
                database: "123456",
                user: "ana",
                own_authority,
            };
            for Recipe { name, code, .. } in recipes(&target) {
                let after = code.after.unwrap();
                assert!(
                    code.before.contains("ana-dev.db.example.com")
                        || after.contains("ana-dev.db.example.com")
                );
                assert!(
                    !format!("{}{after}", code.before).contains("{PASSWORD}"),
                    "{name}"
                );
                assert!(!code.before.ends_with(char::is_whitespace), "{name}");
            }
        }
    }
}

//! `standpipe workspace query`: SQL by the Query API, printed as a table, CSV or JSON.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Read, Write},
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use reqwest::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::{member::WORKSPACE_HELP, named::Named};
use crate::{
    Error, Result,
    commands::client::{api, me::Me, output, progress::Progress},
    commands::print,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum Format {
    Table,
    Csv,
    Json,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Query {
    #[arg(help = WORKSPACE_HELP)]
    workspace: Named,
    /// The SQL; without it, and without --file, it is read from stdin.
    #[arg(conflicts_with = "file")]
    sql: Option<String>,
    /// A file that holds the SQL.
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, short, default_value = "table")]
    output: Format,
    /// The same as --output json
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

/// What came of it. Values stay as they were written: a number that is read may lose digits.
#[derive(Debug, Deserialize)]
struct Found<'a> {
    #[serde(borrow)]
    items: &'a RawValue,
    columns: Vec<Column>,
    /// What PostgreSQL calls the statement, and how many rows it gave or changed.
    command: Option<String>,
    row_count: Option<u64>,
}

type Row<'a> = BTreeMap<String, &'a RawValue>;

#[derive(Debug, Deserialize)]
struct Column {
    /// The key in `items`.
    name: String,
    /// What PostgreSQL calls it, where that is another name.
    original_name: Option<String>,
}

impl Query {
    pub(super) async fn run(self, me: &Me) -> Result<()> {
        let format = if self.json { Format::Json } else { self.output };
        let body = Some(json!({ "sql": self.sql()? }));
        let file: &[&str] = match format {
            Format::Csv => &["query", "data.csv"],
            Format::Table | Format::Json => &["query"],
        };
        let progress = Progress::begin("Running");
        let answer = me
            .api
            .send(Method::POST, &self.workspace.path(me, file), &[], body)
            .await?;
        let cut = cut(&answer);
        match format {
            Format::Csv => csv(answer, progress).await?,
            Format::Table | Format::Json => rows(answer, progress, format).await?,
        }
        match cut {
            Some(why) => output::note(&why),
            None => Ok(()),
        }
    }

    fn sql(&self) -> Result<String> {
        let sql = match (&self.sql, &self.file) {
            (Some(sql), _) if sql != "-" => sql.clone(),
            (None, Some(file)) => std::fs::read_to_string(file).map_err(Error::file("read", file))?,
            _ => from_stdin()?,
        };
        match sql.trim().is_empty() {
            true => Err(Error::Refused(
                "there is no SQL; give it as an argument, with --file or on stdin".to_owned(),
            )),
            false => Ok(sql),
        }
    }
}

fn from_stdin() -> Result<String> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        output::note("Type the SQL, then Ctrl-D.")?;
    }
    let mut sql = String::new();
    input
        .read_to_string(&mut sql)
        .map_err(Error::system("read from stdin"))?;
    Ok(sql)
}

/// Why the result is not all, if it is not.
fn cut(answer: &Response) -> Option<String> {
    if answer.status() != StatusCode::PARTIAL_CONTENT {
        return None;
    }
    let why = answer
        .headers()
        .get("x-query-detail")
        .and_then(|why| why.to_str().ok());
    Some(format!(
        "{} For all of it, use `standpipe workspace connect`.",
        why.unwrap_or("This is not all of the result.")
    ))
}

/// The rows as a table or as JSON.
async fn rows(answer: Response, progress: Progress, format: Format) -> Result<()> {
    let bytes = answer.bytes().await.map_err(|error| api::cut_off(&error))?;
    drop(progress);
    let unexpected =
        |_| Error::Refused("the server answered something unexpected; is it of another version?".to_owned());
    let found: Found<'_> = serde_json::from_slice(&bytes).map_err(unexpected)?;
    if format == Format::Json {
        return print(found.items.get());
    }
    let items: Vec<Row<'_>> = serde_json::from_str(found.items.get()).map_err(unexpected)?;
    table(&found, &items)
}

/// The server's CSV, as it comes.
async fn csv(mut answer: Response, progress: Progress) -> Result<()> {
    let fail = |error| Error::system("write to stdout")(error);
    drop(progress);
    while let Some(chunk) = answer.chunk().await.map_err(|error| api::cut_off(&error))? {
        std::io::stdout().lock().write_all(&chunk).map_err(fail)?;
    }
    std::io::stdout().lock().flush().map_err(fail)
}

fn table(found: &Found<'_>, items: &[Row<'_>]) -> Result<()> {
    if found.columns.is_empty() {
        let command = found.command.as_deref().unwrap_or("Done");
        let rows = found.row_count.unwrap_or(0);
        return print(&output::clean(&format!("{command} {rows}")));
    }
    let named = |column: &Column| output::clean(column.original_name.as_ref().unwrap_or(&column.name));
    let headings = found.columns.iter().map(named).collect();
    let row = |item: &Row<'_>| {
        found
            .columns
            .iter()
            .map(|column| cell(item.get(&column.name)))
            .collect()
    };
    output::ruled(headings, items.iter().map(row).collect())?;
    let count = items.len();
    match output::is_seen() {
        true => output::note(&format!("{count} row{}", if count == 1 { "" } else { "s" })),
        false => Ok(()),
    }
}

fn cell(value: Option<&&RawValue>) -> String {
    match value.map_or("null", |value| value.get()) {
        "null" => "NULL".to_owned(),
        text if text.starts_with('"') => {
            output::clean(&serde_json::from_str::<String>(text).unwrap_or_default())
        }
        other => other.to_owned(),
    }
}

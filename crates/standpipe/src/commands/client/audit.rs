//! `standpipe audit`: what happened, once, as it happens, or as a file.

use std::{io::Write, time::Duration};

use clap::{Args, ValueEnum};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Target, api,
    me::{Me, read},
    output,
};
use crate::{Error, Result, commands::print};

/// Between two looks at the log.
const PAUSE: Duration = Duration::from_secs(2);
/// After a look that failed.
const LONG_PAUSE: Duration = Duration::from_secs(10);
/// How many records are shown before those that follow.
const BEFORE: usize = 10;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Jsonl,
    Csv,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Audit {
    #[command(flatten)]
    target: Target,
    /// Only records that pass this filter, such as "action_type = 'token.create'".
    #[arg(long = "where", value_name = "FILTER")]
    filter: Option<String>,
    /// How many records, newest first.
    #[arg(long, value_name = "N", default_value_t = 25, conflicts_with_all = ["follow", "export"])]
    limit: usize,
    /// Print the last records, then each new one as it comes, until Ctrl-C.
    #[arg(long, short, conflicts_with = "export")]
    follow: bool,
    /// Print all of it as a file.
    #[arg(long, value_name = "FORMAT")]
    export: Option<Format>,
    /// Print JSON instead of text; with --follow one object a line
    #[arg(long, conflicts_with = "export")]
    json: bool,
}

/// What of a record is read.
#[derive(Debug, Deserialize)]
struct Record {
    sequence: u64,
    created_at: String,
    action_type: String,
    actor_handle: String,
    actor_ip: String,
    target_handle: Option<String>,
}

impl Audit {
    pub(super) async fn run(self) -> Result<()> {
        let me = Me::at(&self.target).await?;
        if let Some(format) = self.export {
            return self.export(&me, format).await;
        }
        if self.follow {
            return tokio::select! {
                followed = self.follow(&me) => followed,
                _ = tokio::signal::ctrl_c() => Ok(()),
            };
        }
        let records = self.records(&me, None, self.limit).await?;
        if self.json {
            return output::json(&records);
        }
        let headings = ["TIME", "ACTION", "ACTOR", "TARGET", "ADDRESS"];
        let columns = [
            "created_at",
            "action_type",
            "actor_handle",
            "target_handle",
            "actor_ip",
        ];
        output::list(
            &headings,
            output::rows(&records, &columns),
            "There is no such record.",
        )
    }

    /// The records after number `after` that pass the filter, newest first.
    async fn records(&self, me: &Me, after: Option<u64>, most: usize) -> Result<Vec<Value>> {
        let filter = match (self.filter.as_deref(), after) {
            (Some(filter), None) => filter.to_owned(),
            (Some(filter), Some(after)) => format!("({filter}) and sequence > {after}"),
            (None, Some(after)) => format!("sequence > {after}"),
            (None, None) => String::new(),
        };
        me.api
            .list(&me.path(&["audit_log"]), &[("where", &filter)], most)
            .await
    }

    /// Prints what is there, then what is new, each record once.
    async fn follow(&self, me: &Me) -> Result<()> {
        // Numbers go on without gaps, so that none is missed that comes while this prints.
        let newest = me.api.list(&me.path(&["audit_log"]), &[], 1).await?;
        let mut seen = newest.first().map(sequence).transpose()?.unwrap_or(0);
        let before = self.records(me, None, BEFORE).await?;
        let before = before
            .into_iter()
            .filter(|record| sequence(record).is_ok_and(|number| number <= seen));
        self.print_oldest_first(before.collect())?;
        let mut is_well = true;
        loop {
            tokio::time::sleep(if is_well { PAUSE } else { LONG_PAUSE }).await;
            match self.records(me, Some(seen), usize::MAX).await {
                Ok(records) => {
                    is_well = true;
                    seen = records.first().map(sequence).transpose()?.unwrap_or(seen);
                    self.print_oldest_first(records)?;
                }
                // What the server refuses it will refuse again; whoever does not answer may come back.
                Err(error) if error.status().is_some_and(|status| status < 500 && status != 429) => {
                    return Err(error);
                }
                Err(error) if is_well => {
                    is_well = false;
                    output::note(&format!("{error}\nTrying again until Ctrl-C."))?;
                }
                Err(_) => {}
            }
        }
    }

    fn print_oldest_first(&self, records: Vec<Value>) -> Result<()> {
        for record in records.iter().rev() {
            match self.json {
                true => print(&record.to_string())?,
                false => print(&line(&read(record)?))?,
            }
        }
        Ok(())
    }

    async fn export(&self, me: &Me, format: Format) -> Result<()> {
        let format = match format {
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
        };
        let filter = self.filter.as_deref().unwrap_or_default();
        let query = [("format", format), ("where", filter)];
        let path = me.path(&["audit_log", "export"]);
        let mut answer = me.api.send(Method::GET, &path, &query, None).await?;
        let mut out = std::io::stdout().lock();
        let fail = |error| Error::system("write to stdout")(error);
        while let Some(chunk) = answer.chunk().await.map_err(|error| api::cut_off(&error))? {
            out.write_all(&chunk).map_err(fail)?;
        }
        out.flush().map_err(fail)
    }
}

fn sequence(record: &Value) -> Result<u64> {
    read::<Record>(record).map(|record| record.sequence)
}

fn line(record: &Record) -> String {
    output::clean(&format!(
        "{}  {:28}  {}  {}  {}",
        record.created_at,
        record.action_type,
        record.actor_handle,
        record.target_handle.as_deref().unwrap_or("-"),
        record.actor_ip
    ))
    .replace('\n', " ")
}

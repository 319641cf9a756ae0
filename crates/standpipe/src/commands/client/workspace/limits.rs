//! `standpipe workspace limits`.

use clap::Args;
use serde_json::{Map, json};

use super::super::{JSON_HELP, me::Me, output};
use crate::{Error, Result, commands::print};

#[derive(Debug, Args)]
pub(in crate::commands) struct Limits {
    workspace: String,
    /// Connections that may be open at once.
    #[arg(long, value_name = "COUNT")]
    connections: Option<i64>,
    /// Milliseconds after which a statement is ended; 0 is never.
    #[arg(long, value_name = "MS")]
    statement_timeout: Option<i64>,
    /// Milliseconds after which a session that waits in a transaction is ended; 0 is never.
    #[arg(long, value_name = "MS")]
    idle_in_transaction_timeout: Option<i64>,
    #[arg(long, help = JSON_HELP)]
    json: bool,
}

impl Limits {
    pub(super) async fn run(self, me: &Me) -> Result<()> {
        let wishes = [
            ("connection_limit", self.connections),
            ("statement_timeout_ms", self.statement_timeout),
            ("idle_in_transaction_timeout_ms", self.idle_in_transaction_timeout),
        ];
        let mut body = Map::new();
        for (name, value) in wishes {
            if let Some(value) = value {
                body.insert(name.to_owned(), json!(value));
            }
        }
        if body.is_empty() {
            return Err(Error::Refused(
                "say what to set: --connections, --statement-timeout or --idle-in-transaction-timeout"
                    .to_owned(),
            ));
        }
        let path = me.path(&["workspace", &self.workspace]);
        let changed = me.api.patch(&path, json!(body)).await?;
        if self.json {
            return output::json(&changed);
        }
        print(&format!(
            "{} allows {} connections, statements of {} and waiting transactions of {}.",
            self.workspace,
            output::text(&changed, "connection_limit"),
            time(&output::text(&changed, "statement_timeout_ms")),
            time(&output::text(&changed, "idle_in_transaction_timeout_ms")),
        ))
    }
}

fn time(ms: &str) -> String {
    match ms {
        "0" => "any time".to_owned(),
        ms => format!("{ms} ms"),
    }
}

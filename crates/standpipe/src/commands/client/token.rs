//! `standpipe token …`.

use clap::{Args, Subcommand, ValueEnum};
use model::Secret;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    JSON_HELP, Target,
    confirm::Sure,
    me::{Me, read},
    output,
};
use crate::{Error, Result, commands::print};

const DAY_SECONDS: i64 = 24 * 60 * 60;
const HOUR_SECONDS: i64 = 60 * 60;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::commands) enum Scope {
    Full,
    Read,
    Query,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Token {
    /// List your tokens, oldest first.
    List {
        #[arg(long, help = JSON_HELP)]
        json: bool,
    },
    /// Make a token, and print it alone: this once and never again.
    Create(Create),
    /// Give a token a successor, and print that alone. The old one goes on for a while.
    Rotate(Rotate),
    /// Refuse a token until it is activated again.
    Deactivate {
        /// The token, by its id or title.
        token: String,
    },
    /// Let a deactivated token in again.
    Activate {
        /// The token, by its id or title.
        token: String,
    },
    /// Delete a token for good.
    Delete {
        /// The token, by its id or title.
        token: String,
        #[command(flatten)]
        sure: Sure,
    },
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Create {
    /// What it is called in lists.
    #[arg(long)]
    title: Option<String>,
    /// What it is for.
    #[arg(long)]
    description: Option<String>,
    /// How far it reaches.
    #[arg(long, default_value = "full")]
    scope: Scope,
    /// From where it may be used: an address or a network; more than once for more.
    #[arg(long = "network", value_name = "CIDR")]
    networks: Vec<String>,
    /// When it ends by itself; without it never.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=3660))]
    expires_in_days: Option<i64>,
    #[command(flatten)]
    made: Made,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Rotate {
    /// The token, by its id or title.
    token: String,
    /// How long the old one goes on.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(i64).range(0..=168))]
    overlap_hours: i64,
    #[command(flatten)]
    made: Made,
}

/// How a new token is printed.
#[derive(Debug, Args)]
pub(in crate::commands) struct Made {
    /// Print the token and nothing else, not even what to do with it.
    #[arg(long, short)]
    quiet: bool,
    /// Print JSON, which holds the token
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
}

/// What of a token is read.
#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
    title: Option<String>,
    last4: Option<String>,
}

impl Listed {
    fn name(&self) -> String {
        match (&self.title, &self.last4) {
            (Some(title), _) => title.clone(),
            (None, Some(last4)) => format!("…{last4}"),
            (None, None) => self.id.clone(),
        }
    }
}

impl Token {
    pub(super) async fn run(self, target: &Target) -> Result<()> {
        let me = Me::at(target).await?;
        match self {
            Self::List { json } => list(&me, json).await,
            Self::Create(command) => command.run(&me).await,
            Self::Rotate(command) => command.run(&me).await,
            Self::Deactivate { token } => set_status(&me, &token, "inactive", "is deactivated").await,
            Self::Activate { token } => set_status(&me, &token, "active", "is active").await,
            Self::Delete { token, sure } => {
                let found = find(&me, &token).await?;
                sure.of(&format!("delete the token {}", found.name()), &found.name())?;
                me.api.delete(&me.path(&["token", &found.id]), &[]).await?;
                print(&output::clean(&format!("The token {} is deleted.", found.name())))
            }
        }
    }
}

impl Create {
    async fn run(self, me: &Me) -> Result<()> {
        let body = json!({
            "title": self.title,
            "description": self.description,
            "scope": self.scope.to_possible_value().map(|value| value.get_name().to_owned()),
            "networks": self.networks,
            "expiration": self.expires_in_days.map(|days| days * DAY_SECONDS),
        });
        let token = me.api.post(&me.path(&["token"]), without_nulls(body)).await?;
        self.made
            .print(&token, "Store the token now: it is not shown again.")
    }
}

impl Rotate {
    async fn run(self, me: &Me) -> Result<()> {
        let old = find(me, &self.token).await?;
        let body = json!({ "overlap": self.overlap_hours * HOUR_SECONDS });
        let token = me.api.post(&me.path(&["token", &old.id, "rotate"]), body).await?;
        let until = output::text(&token, "predecessor_retiring_until");
        let old = match until.as_str() {
            "-" => format!("The old token {} is ended.", old.name()),
            until => format!("The old token {} works until {until}.", old.name()),
        };
        self.made.print(
            &token,
            &format!("{old} Store the new one now: it is not shown again."),
        )
    }
}

impl Made {
    /// The secret alone on stdout; the sentence goes to the person.
    fn print(&self, token: &Value, sentence: &str) -> Result<()> {
        if self.json {
            return output::json(token);
        }
        let secret = Secret::new(output::text(token, "token"));
        if !self.quiet && output::is_seen() {
            output::note(sentence)?;
        }
        print(secret.expose())
    }
}

async fn list(me: &Me, json: bool) -> Result<()> {
    let tokens = me.api.list(&me.path(&["token"]), &[], usize::MAX).await?;
    if json {
        return output::json(&tokens);
    }
    let columns = [
        "id",
        "title",
        "last4",
        "scope",
        "state",
        "expires_at",
        "last_used_at",
    ];
    let headings = [
        "ID",
        "TITLE",
        "ENDS WITH",
        "SCOPE",
        "STATE",
        "EXPIRES",
        "LAST USED",
    ];
    output::list(
        &headings,
        output::rows(&tokens, &columns),
        "There is no token. Make one with `standpipe token create --title NAME`.",
    )
}

async fn set_status(me: &Me, name: &str, status: &str, did: &str) -> Result<()> {
    let token = find(me, name).await?;
    let path = ["token", token.id.as_str()];
    me.api.patch(&me.path(&path), json!({ "status": status })).await?;
    print(&output::clean(&format!("The token {} {did}.", token.name())))
}

/// The token of this id, or the only one with this title.
async fn find(me: &Me, name: &str) -> Result<Listed> {
    let tokens = me.api.list(&me.path(&["token"]), &[], usize::MAX).await?;
    let tokens = tokens.iter().map(read).collect::<Result<Vec<Listed>>>()?;
    let of_id = tokens.iter().position(|token| token.id == name);
    let mut titled = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.title.as_deref() == Some(name));
    let place = match (of_id, titled.next(), titled.next()) {
        (Some(place), ..) | (None, Some((place, _)), None) => Some(place),
        (None, Some(_), Some(_)) => {
            return Err(Error::Refused(format!(
                "several tokens are called {name}; name it by its id (`standpipe token list`)"
            )));
        }
        (None, None, _) => None,
    };
    place
        .and_then(|place| tokens.into_iter().nth(place))
        .ok_or_else(|| Error::Refused(format!("there is no token {name}; see `standpipe token list`")))
}

/// What was not said is not sent.
fn without_nulls(body: Value) -> Value {
    let Value::Object(fields) = body else { return body };
    let said = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(said.collect::<Map<_, _>>())
}

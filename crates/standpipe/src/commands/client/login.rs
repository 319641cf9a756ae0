//! `standpipe login`, `logout` and `whoami`.

use std::process::{Command, Stdio};

use clap::Args;
use model::Secret;
use serde_json::{Value, json};

use super::{
    JSON_HELP, Target,
    api::Api,
    confirm::ask,
    me::{Me, read},
    output, saved,
};
use crate::{Error, Result, ambient, commands::print};

/// How often a code may be typed, as with other command lines that speak to this API.
const TRIES: usize = 3;

#[derive(Debug, Args)]
pub(in crate::commands) struct Login {
    #[command(flatten)]
    target: Target,
    /// Print the address only, and open no browser.
    #[arg(long)]
    no_browser: bool,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Logout {
    #[command(flatten)]
    target: Target,
    /// Forget the login here without telling the server, where it goes on until it ends.
    #[arg(long)]
    local: bool,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Whoami {
    #[command(flatten)]
    target: Target,
    #[arg(long, help = JSON_HELP)]
    json: bool,
}

/// What of a request is read.
#[derive(serde::Deserialize)]
struct Request {
    id: String,
    state: String,
    token: Option<String>,
}

impl Login {
    pub(super) async fn run(self) -> Result<()> {
        let api = Api::anonymous(&self.target)?;
        let request: Request = read(&api.post(&["login", "token"], json!({})).await?)?;
        let mut page = api.origin().clone();
        page.set_path("/login/token");
        page.query_pairs_mut().append_pair("r", &request.id);
        output::note(&format!("Verify this login at {page}"))?;
        if !self.no_browser {
            open_browser(page.as_str());
        }
        let token = redeem(&api, &request.id).await?;
        saved::save_token(api.origin(), &token)?;
        let me = Me::of(api.with_token(token)).await?;
        if ambient::variable("STANDPIPE_TOKEN").is_some() {
            output::note("STANDPIPE_TOKEN is set, and goes before this login until you unset it.")?;
        }
        print(&format!("Logged in to {} as {}.", me.api.name(), me.actor.handle))
    }
}

/// Asks for the code until it is right, or there is none.
async fn redeem(api: &Api, id: &str) -> Result<Secret<String>> {
    for _ in 0..TRIES {
        let typed = ask("Code from the browser: ")?;
        let typed = typed.ok_or_else(|| {
            Error::Refused(
                "no code was typed; run `standpipe login` again when you can open the address".to_owned(),
            )
        })?;
        if typed.is_empty() {
            continue;
        }
        let answer = api.get(&["login", "token", id], &[("code", &typed)]).await;
        match answer.and_then(|answer| read::<Request>(&answer)) {
            Ok(Request {
                token: Some(token), ..
            }) => return Ok(Secret::new(token)),
            Ok(request) => output::note(match request.state.as_str() {
                "pending" => {
                    "Nobody has verified the login yet. Open the address, press Verify, and type the code from there."
                }
                _ => "The server sent no token. Type the code again.",
            })?,
            // A wrong code: the server says how many tries are left.
            Err(error) if error.status() == Some(400) => output::note(&error.to_string())?,
            Err(error) => return Err(error),
        }
    }
    Err(Error::Refused(
        "three tries are used up; run `standpipe login` again".to_owned(),
    ))
}

/// Opens the address where there is a desktop. Where there is none the person has the address.
fn open_browser(url: &str) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let _ = Command::new(program)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}

impl Logout {
    pub(super) async fn run(self) -> Result<()> {
        let api = Api::anonymous(&self.target)?;
        let name = api.name().to_owned();
        let Some(token) = saved::token(api.origin())? else {
            let hint = match ambient::variable("STANDPIPE_TOKEN") {
                Some(_) => "; STANDPIPE_TOKEN is set, and goes on until you unset it",
                None => "",
            };
            return print(&format!("You are not logged in to {name}{hint}."));
        };
        let origin = api.origin().clone();
        if self.local {
            saved::forget_token(&origin)?;
            return print(&format!(
                "Forgot the login to {name}. The server still knows it: end it under Settings, Sessions."
            ));
        }
        let ended = end(api.with_token(token)).await;
        match ended {
            Ok(()) => {}
            // It is over already.
            Err(error) if error.status() == Some(401) => {}
            Err(error) => return Err(error),
        }
        saved::forget_token(&origin)?;
        print(&format!("Logged out of {name}."))
    }
}

async fn end(api: Api) -> Result<()> {
    let me = Me::of(api).await?;
    me.api
        .delete(&me.path(&["token", "current"]), &[])
        .await
        .map(drop)
}

impl Whoami {
    pub(super) async fn run(self) -> Result<()> {
        let me = Me::at(&self.target).await?;
        if self.json {
            let mut account = me.raw.clone();
            if let Value::Object(fields) = &mut account {
                fields.insert("host".to_owned(), me.api.name().into());
            }
            return output::json(&account);
        }
        let name = match &me.actor.display_name {
            Some(name) => format!("{} ({name})", me.actor.handle),
            None => me.actor.handle.clone(),
        };
        print(&output::clean(&format!("{name} at {}", me.api.name())))
    }
}

//! `/settings/advanced/handle`: what a new handle would change, the change, and what changed.

use app::{
    App, Error,
    handles::{HandleChange, HostChange},
};
use axum::{
    Json,
    extract::Query,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use model::{Invalid, handle::Handle};
use serde::Deserialize;
use serde_json::json;

use super::{
    advanced::{PLACE, advanced_page},
    answer::{Answer, ConsoleError},
    connect::{BY_HOST, connection_string, gateway_host},
    form::SignedForm,
    sign_up::{field, handle_errors},
    signed::Signed,
};
use crate::pages::{
    CommandLine, Field, HandleCard, HandleChangedPage, HandlePreviewPage, HeldName, Moment, NameChange,
};

const CHANGED: &str = "/settings/advanced/handle/changed";

/// The card on the page of advanced settings, with `typed` in its field.
pub(super) async fn handle_card(signed: &Signed, typed: Field) -> Result<HandleCard, Error> {
    let (app, now) = (&signed.app, signed.app.now());
    let workspaces = app.list_workspaces(&signed.actor, app::Page::first(1)).await?;
    let held = app.list_held_handles(&signed.actor).await?;
    let not_before = app.next_handle_change(&signed.actor).await?;
    Ok(HandleCard {
        field: typed,
        domain: app.settings().gateway_domain.clone(),
        workspace: workspaces
            .workspaces
            .first()
            .map_or_else(|| "dev".to_owned(), |row| row.handle.to_string()),
        not_before: not_before.map(|at| Moment::new(at, now)),
        held: held
            .into_iter()
            .filter_map(|row| {
                Some(HeldName {
                    handle: row.handle.to_string(),
                    until: Moment::new(row.held_until?, now),
                })
            })
            .collect(),
    })
}

/// The handle in the address, of the form on the page of advanced settings.
#[derive(Deserialize)]
pub(crate) struct HandleQuery {
    handle: Option<String>,
}

/// `GET /settings/advanced/handle?handle=…`: what would change. It changes nothing.
pub(crate) async fn show_preview(signed: Signed, Query(query): Query<HandleQuery>) -> Answer {
    match query.handle {
        Some(handle) => preview(&signed, handle.trim(), StatusCode::OK, Field::default()).await,
        None => Ok(Redirect::to("/settings/advanced").into_response()),
    }
}

async fn preview(signed: &Signed, handle: &str, status: StatusCode, confirm: Field) -> Answer {
    let change = match signed.app.preview_handle(&signed.actor, handle).await {
        Ok(change) => change,
        Err(error) => return refused(signed, handle, error).await,
    };
    let page = HandlePreviewPage {
        frame: signed.frame(PLACE).await?,
        to: change.to.to_string(),
        facts: facts(&signed.app, &change),
        changes: name_changes(&signed.app, &change),
        confirm,
    };
    signed.page_with(status, &page)
}

/// The page of advanced settings again, with what is wrong with the name.
async fn refused(signed: &Signed, handle: &str, error: Error) -> Answer {
    let (status, fields) = match error {
        Error::RateLimited { after_seconds } => {
            let sentence = format!("Too many names were tried. Wait {after_seconds} seconds and try again.");
            (
                StatusCode::TOO_MANY_REQUESTS,
                vec![Invalid::new("handle", sentence)],
            )
        }
        Error::Conflict { code, message } => (
            StatusCode::CONFLICT,
            handle_errors(Error::Conflict { code, message })?,
        ),
        other => (StatusCode::UNPROCESSABLE_ENTITY, handle_errors(other)?),
    };
    let page = advanced_page(signed, field("handle", handle, &fields)).await?;
    signed.page_with(status, &page)
}

/// `GET /settings/advanced/handle/check?handle=…`: whether a name is free, for the script, while it is typed.
pub(crate) async fn check_handle(
    signed: Signed,
    Query(query): Query<HandleQuery>,
) -> Result<Json<serde_json::Value>, ConsoleError> {
    let name = query.handle.unwrap_or_default();
    let (free, sentence) = match signed.app.check_handle(&signed.actor, name.trim()).await {
        Ok(handle) => (true, format!("{handle} is free.")),
        Err(error) => {
            let fields = handle_errors(error)?;
            let sentences: Vec<String> = fields.into_iter().map(|field| field.message).collect();
            (false, sentences.join(" "))
        }
    };
    Ok(Json(json!({ "free": free, "sentence": sentence })))
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct HandleForm {
    #[serde(default)]
    handle: String,
    #[serde(default)]
    confirm: String,
}

/// `POST /settings/advanced/handle`
pub(crate) async fn update_handle(SignedForm { signed, input }: SignedForm<HandleForm>) -> Answer {
    let now = signed.actor.user().handle.as_str();
    if input.confirm.trim() != now {
        let confirm = Field::refused(&input.confirm, format!("Type {now} to change your handle."));
        return preview(&signed, &input.handle, StatusCode::UNPROCESSABLE_ENTITY, confirm).await;
    }
    match signed.app.update_handle(&signed.actor, &input.handle).await {
        Ok(user) => signed.done(CHANGED, &format!("Your handle is {} now.", user.handle)),
        Err(error @ (Error::Invalid(_) | Error::Conflict { .. } | Error::RateLimited { .. })) => {
            refused(&signed, &input.handle, error).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `GET /settings/advanced/handle/changed`: what the last change changed, while the old name is held.
pub(crate) async fn show_changed(signed: Signed) -> Answer {
    let Some((change, until)) = signed.app.last_handle_change(&signed.actor).await? else {
        return Ok(Redirect::to("/settings/advanced").into_response());
    };
    signed.page(&HandleChangedPage {
        frame: signed.frame(PLACE).await?,
        from: change.from.to_string(),
        until: Moment::new(until, signed.app.now()),
        changes: name_changes(&signed.app, &change),
    })
}

fn facts(app: &App, change: &HandleChange) -> Vec<String> {
    let HandleChange { from, to, hosts } = change;
    let days = app.settings().handles.hold_seconds / Handle::CHANGE_SECONDS;
    let workspaces = match hosts.len() {
        0 => None,
        1 => Some("1 workspace gets a new host name at once.".to_owned()),
        many => Some(format!("{many} workspaces get new host names at once.")),
    };
    let rest = [
        format!("Your user name in connection strings becomes {to}. The database password stays."),
        "Open database connections stay. New ones need the new names.".to_owned(),
        format!(
            "The old names open nothing any more: who connects as {from} is refused, and told what changed."
        ),
        format!("{from} is held for you for {days} days: nobody else can have it, and you can take it back."),
        "A handle changes at most once a day, so that the next change is possible tomorrow.".to_owned(),
    ];
    workspaces.into_iter().chain(rest).collect()
}

fn name_changes(app: &App, change: &HandleChange) -> Vec<NameChange> {
    change
        .hosts
        .iter()
        .map(|host| NameChange {
            workspace: host.workspace.to_string(),
            host: (host.from.clone(), host.to.clone()),
            strings: vec![
                by_host(app, change, host),
                by_database(app, change, host, &gateway_host(app)),
            ],
        })
        .collect()
}

fn by_host(app: &App, change: &HandleChange, host: &HostChange) -> (CommandLine, CommandLine) {
    let line = |user: &Handle, name: &str| {
        connection_string(
            app,
            "By host name, over TLS",
            (user.as_str(), name),
            &host.database,
            BY_HOST,
        )
    };
    (line(&change.from, &host.from), line(&change.to, &host.to))
}

fn by_database(
    app: &App,
    change: &HandleChange,
    host: &HostChange,
    gateway: &str,
) -> (CommandLine, CommandLine) {
    let line = |user: &Handle| {
        connection_string(
            app,
            "By database name",
            (user.as_str(), gateway),
            &host.database,
            "",
        )
    };
    (line(&change.from), line(&change.to))
}

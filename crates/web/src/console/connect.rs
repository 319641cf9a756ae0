//! `/workspace/{workspace}`: how to connect.

mod clients;

use app::{AccessRow, App, WorkspaceRow};
use axum::{
    extract::{Path, State},
    http::header,
    response::IntoResponse,
};
use model::{
    member::MemberStatus,
    workspace::{DatabaseName, WorkspaceState},
};

use super::{
    answer::{Answer, ConsoleError},
    signed::{Signed, access_name},
    workspaces::access_badge,
};
use crate::pages::{Certificate, CommandLine, ConnectPage, Connection, Detail, Place, WorkspaceTab};

/// `GET /workspace/{workspace}`
pub(crate) async fn show_connect(signed: Signed, Path(workspace): Path<String>) -> Answer {
    let access = signed.access(&workspace).await?;
    let page = connect_page(&signed, access, None).await?;
    signed.page(&page)
}

/// The page, with the password in it when the person asked for it without a script.
pub(crate) async fn connect_page(
    signed: &Signed,
    access: AccessRow,
    password: Option<String>,
) -> Result<ConnectPage, ConsoleError> {
    let (name, row) = (access_name(&access), &access.workspace);
    let handle = signed.actor.user().handle.clone();
    let host = signed.app.workspace_host(&access.owner.handle, &row.handle);
    let certificate = certificate(&signed.app).await;
    let target = clients::Target {
        host: &host,
        port: signed.app.settings().gateway_port,
        database: row.database_name.as_str(),
        user: handle.as_str(),
        own_authority: certificate.is_some(),
    };
    let place = Place::Workspace {
        handle: name.clone(),
        tab: WorkspaceTab::Connect,
    };
    Ok(ConnectPage {
        frame: signed.frame(place).await?,
        handle: name,
        state: access_badge(&access),
        reason: not_ready(&access),
        ready: row.state_now() == WorkspaceState::Enabled && access.status() == MemberStatus::Accepted,
        by_host: connection(&signed.app, row, handle.as_str(), &host, BY_HOST),
        by_database: connection(&signed.app, row, handle.as_str(), &gateway_host(&signed.app), ""),
        recipes: clients::recipes(&target),
        certificate,
        password,
    })
}

/// Why there is no way in now.
fn not_ready(access: &AccessRow) -> Option<String> {
    if access.status() == MemberStatus::Pending {
        let reason = access
            .member
            .as_ref()
            .and_then(|member| member.status_reason.clone());
        return Some(reason.unwrap_or_else(|| {
            "Your access is being set up. What stands below will work as soon as it is.".to_owned()
        }));
    }
    let row = &access.workspace;
    row.state_reason.clone().or_else(|| switched_off(row))
}

/// Why a database that is there takes no connections.
fn switched_off(row: &WorkspaceRow) -> Option<String> {
    let is_off = row.state == WorkspaceState::Enabled && row.state_now() != WorkspaceState::Enabled;
    is_off.then(|| {
        "This workspace is switched off and takes no connections. Its data stays. Start it over the API, with the \
         command start."
            .to_owned()
    })
}

/// The gateway's own name: that of the console's host, which clients reach already.
pub(super) fn gateway_host(app: &App) -> String {
    app.settings()
        .public_url
        .host_str()
        .unwrap_or("localhost")
        .to_owned()
}

/// What a connection string by host name ends with.
pub(super) const BY_HOST: &str = "?sslmode=require";

/// The connection string of `user` at `host`, with the seam where the password belongs.
pub(super) fn connection_string(
    app: &App,
    label: &str,
    (user, host): (&str, &str),
    database: &DatabaseName,
    query: &str,
) -> CommandLine {
    let port = app.settings().gateway_port;
    CommandLine {
        label: label.to_owned(),
        before: format!("postgresql://{user}:"),
        after: Some(format!("@{host}:{port}/{database}{query}")),
    }
}

fn connection(app: &App, row: &WorkspaceRow, user: &str, host: &str, query: &str) -> Connection {
    let port = app.settings().gateway_port;
    let line = |label: &str, lead: &str, tail: &str| {
        let string = connection_string(app, label, (user, host), &row.database_name, query);
        CommandLine {
            before: format!("{lead}{}", string.before),
            after: string.after.map(|after| format!("{after}{tail}")),
            ..string
        }
    };
    let detail = |label, value: String| Detail { label, value };
    Connection {
        string: line("Connection string", "", ""),
        details: vec![
            detail("Host", host.to_owned()),
            detail("Port", port.to_string()),
            detail("Database", row.database_name.to_string()),
            detail("User", user.to_owned()),
        ],
        lines: vec![line("psql", "psql \"", "\""), line("pgcli", "pgcli \"", "\"")],
    }
}

async fn certificate(app: &App) -> Option<Certificate> {
    let url = app.settings().public_url.join("/ca.pem").ok()?;
    Some(Certificate {
        fingerprint: app.authority().await?.fingerprint,
        command: format!("mkdir -p ~/.postgresql && curl -fsS {url} -o ~/.postgresql/root.crt"),
        url: "/ca.pem".to_owned(),
    })
}

/// `GET /ca.pem`: the certificate of the authority that signed ours. It is public.
pub(crate) async fn download_ca(State(app): State<App>) -> Answer {
    let authority = app.authority().await.ok_or(app::Error::NotFound("certificate"))?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-pem-file"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"ca.pem\""),
    ];
    Ok((headers, authority.pem).into_response())
}

//! `/user/{user}/workspace/{workspace}/query`: one statement, and what it gives (contract §1.9).

mod request;
mod views;

use app::{
    Actor, App, Peer,
    queries::{Cut, QueryResult},
};
use axum::{
    extract::{Path, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    Answer,
    docs::{kinds, path, refused},
};
use crate::{
    guards::{Bearer, Caller, needs::RunQueries},
    results,
};
use request::{QueryRequest, Wanted};
use views::{
    FormatParams, MaybeStatementParams, PartialResultView, ResultView, StatementParams, StatementRequest,
};

/// The largest body of a query, in bytes: other calls of the API take less.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;

/// Why a result is not whole, beside the status 206: for formats that have no place for it in the body.
const CUT: HeaderName = HeaderName::from_static("x-query-cut");
/// The same in words.
const CUT_DETAIL: HeaderName = HeaderName::from_static("x-query-detail");

/// Runs the statement in the URL.
#[utoipa::path(
    get, path = "/user/{user}/workspace/{workspace}/query", tag = "Queries",
    params(path::User, path::Workspace, StatementParams, FormatParams),
    responses(
        (status = 200, description = "All rows.", content((ResultView = "application/json"), (String = "text/csv"), (String = "text/markdown"))),
        (status = 206, description = "The first rows: a limit was reached, and `X-Query-Cut` says which.", content((PartialResultView = "application/json"), (String = "text/csv"), (String = "text/markdown"))),
        refused::Account,
        refused::Conflict,
        refused::Body,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_query(
    State(app): State<App>,
    Bearer(actor, _): Bearer<RunQueries>,
    Caller(peer): Caller,
    Path((user, workspace)): Path<(String, String)>,
    request: QueryRequest,
) -> Answer<Response> {
    let query = Query {
        user,
        workspace,
        file: None,
        request,
    };
    query.run(&app, &actor, peer).await
}

/// Runs the statement in the body, or in the URL.
#[utoipa::path(
    post, path = "/user/{user}/workspace/{workspace}/query", tag = "Queries",
    params(path::User, path::Workspace, MaybeStatementParams, FormatParams),
    request_body(
        description = "The statement: as it is, as a form, or as JSON.",
        content((StatementRequest = "application/json"), (StatementRequest = "application/x-www-form-urlencoded"), (String = "application/sql"), (String = "text/plain")),
    ),
    responses(
        (status = 200, description = "All rows.", content((ResultView = "application/json"), (String = "text/csv"), (String = "text/markdown"))),
        (status = 206, description = "The first rows: a limit was reached, and `X-Query-Cut` says which.", content((PartialResultView = "application/json"), (String = "text/csv"), (String = "text/markdown"))),
        refused::Account,
        refused::Conflict,
        refused::Body,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn post_query(
    State(app): State<App>,
    Bearer(actor, _): Bearer<RunQueries>,
    Caller(peer): Caller,
    Path((user, workspace)): Path<(String, String)>,
    request: QueryRequest,
) -> Answer<Response> {
    let query = Query {
        user,
        workspace,
        file: None,
        request,
    };
    query.run(&app, &actor, peer).await
}

/// Runs the statement in the URL, and answers in the format of the file.
#[utoipa::path(
    get, path = "/user/{user}/workspace/{workspace}/query/{file}", tag = "Queries",
    params(path::User, path::Workspace, path::File, StatementParams),
    responses(
        (status = 200, description = "All rows.", content((ResultView = "application/json"), (String = "text/csv"), (String = "text/markdown"), (kinds::Gzip = "application/gzip"))),
        (status = 206, description = "The first rows: a limit was reached, and `X-Query-Cut` says which.", content((PartialResultView = "application/json"), (String = "text/csv"), (String = "text/markdown"), (kinds::Gzip = "application/gzip"))),
        refused::Account,
        refused::Conflict,
        refused::Body,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn get_query_file(
    State(app): State<App>,
    Bearer(actor, _): Bearer<RunQueries>,
    Caller(peer): Caller,
    Path((user, workspace, file)): Path<(String, String, String)>,
    request: QueryRequest,
) -> Answer<Response> {
    let query = Query {
        user,
        workspace,
        file: Some(file),
        request,
    };
    query.run(&app, &actor, peer).await
}

/// Runs the statement in the body, or in the URL, and answers in the format of the file.
#[utoipa::path(
    post, path = "/user/{user}/workspace/{workspace}/query/{file}", tag = "Queries",
    params(path::User, path::Workspace, path::File, MaybeStatementParams),
    request_body(
        description = "The statement: as it is, as a form, or as JSON.",
        content((StatementRequest = "application/json"), (StatementRequest = "application/x-www-form-urlencoded"), (String = "application/sql"), (String = "text/plain")),
    ),
    responses(
        (status = 200, description = "All rows.", content((ResultView = "application/json"), (String = "text/csv"), (String = "text/markdown"), (kinds::Gzip = "application/gzip"))),
        (status = 206, description = "The first rows: a limit was reached, and `X-Query-Cut` says which.", content((PartialResultView = "application/json"), (String = "text/csv"), (String = "text/markdown"), (kinds::Gzip = "application/gzip"))),
        refused::Account,
        refused::Conflict,
        refused::Body,
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn post_query_file(
    State(app): State<App>,
    Bearer(actor, _): Bearer<RunQueries>,
    Caller(peer): Caller,
    Path((user, workspace, file)): Path<(String, String, String)>,
    request: QueryRequest,
) -> Answer<Response> {
    let query = Query {
        user,
        workspace,
        file: Some(file),
        request,
    };
    query.run(&app, &actor, peer).await
}

/// What is asked, by whichever call.
struct Query {
    user: String,
    workspace: String,
    file: Option<String>,
    request: QueryRequest,
}

impl Query {
    async fn run(self, app: &App, actor: &Actor, peer: Peer) -> Answer<Response> {
        let access = app.get_access(actor, &self.user, &self.workspace).await?;
        let wanted = self.request.wanted(self.file.as_deref())?;
        let sql = self.request.statement()?;
        let result = app.run_query(actor, &access, &sql).await?;
        Ok(answer(result, peer.request_id, wanted))
    }
}

fn answer(result: QueryResult, instance: String, wanted: Wanted) -> Response {
    let cut = result.cut;
    let media_type = if wanted.gzip {
        "application/gzip"
    } else {
        wanted.format.media_type()
    };
    let mut response = results::body(result, instance, wanted.format, wanted.gzip).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Some(cut) = cut {
        say_why(headers, cut);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

fn say_why(headers: &mut axum::http::HeaderMap, cut: Cut) {
    headers.insert(CUT, HeaderValue::from_static(cut.code()));
    if let Ok(sentence) = HeaderValue::from_str(&cut.sentence()) {
        headers.insert(CUT_DETAIL, sentence);
    }
}

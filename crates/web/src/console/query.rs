//! `/workspace/{workspace}/query`: one statement, run as the person who is signed in.

use app::{
    AccessRow, Error,
    queries::{Column, Kind, QueryResult},
};
use axum::{
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::workspace::WorkspaceState;
use serde::Deserialize;

use super::{
    answer::{Answer, ConsoleError, words},
    form::SignedForm,
    signed::{Signed, access_name},
};
use crate::{
    pages::{
        Field, Place, QueryCell, QueryColumn, QueryMark, QueryOutcome, QueryPage, QueryPlan, QueryProblem,
        QueryTable, WorkspaceTab,
    },
    results::{self, Format},
};

/// The largest form, in bytes: a statement may be long.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;
/// Rows that a page shows; a file has all.
const SHOWN_ROWS: usize = 200;
/// Characters of a value that a page shows.
const SHOWN_CHARACTERS: usize = 2000;

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct QueryForm {
    sql: String,
    format: String,
    /// Anything, when the plan is wanted.
    explain: String,
}

/// What is put before a statement for its plan.
const EXPLAIN: &str = "EXPLAIN ";
/// Lines of a plan that a page shows.
const SHOWN_LINES: usize = 2000;

/// `GET /workspace/{workspace}/query`
pub(crate) async fn show_query(signed: Signed, Path(workspace): Path<String>) -> Answer {
    let access = signed.access(&workspace).await?;
    let page = query_page(&signed, &access, String::new(), None).await?;
    signed.page(&page)
}

/// `POST /workspace/{workspace}/query`
pub(crate) async fn run_query(
    Path(workspace): Path<String>,
    SignedForm { signed, input }: SignedForm<QueryForm>,
) -> Answer {
    let access = signed.access(&workspace).await?;
    let sql = with_line_feeds(&input.sql);
    let before = match input.explain.is_empty() || sql.trim().is_empty() || is_explain(&sql) {
        true => "",
        false => EXPLAIN,
    };
    let asked = format!("{before}{sql}");
    match signed.app.run_query(&signed.actor, &access, &asked).await {
        Ok(result) => {
            let file = file_name(&signed, &access, "csv");
            let outcome = outcome(result, sql.clone(), file, !before.is_empty()).await?;
            let page = query_page(&signed, &access, sql, Some(outcome)).await?;
            signed.page(&page)
        }
        Err(error) => refuse(&signed, &access, sql, without_prefix(error, before)).await,
    }
}

/// Whether a statement asks for a plan itself.
fn is_explain(sql: &str) -> bool {
    let first = sql.split_whitespace().next().unwrap_or_default();
    first.to_ascii_lowercase().starts_with("explain")
}

/// An error as it is in the statement without what we put before it.
fn without_prefix(mut error: Error, before: &str) -> Error {
    if let Error::Query(error) = &mut error {
        let characters = u32::try_from(before.len()).unwrap_or_default();
        error.position = error
            .position
            .and_then(|position| position.checked_sub(characters));
    }
    error
}

/// `POST /workspace/{workspace}/query/download`: the whole result as a file. The statement is run again.
pub(crate) async fn download_query(
    Path(workspace): Path<String>,
    SignedForm { signed, input }: SignedForm<QueryForm>,
) -> Answer {
    let access = signed.access(&workspace).await?;
    let format = Format::named(&input.format)
        .ok_or_else(|| Error::invalid("format", "The file is json, csv or md."))?;
    let sql = with_line_feeds(&input.sql);
    match signed.app.run_query(&signed.actor, &access, &sql).await {
        Ok(result) => Ok(file(result, &signed, &access, format, &input.format)),
        Err(error) => refuse(&signed, &access, sql, error).await,
    }
}

/// Browsers send line breaks as two characters; positions in errors count them as PostgreSQL sees them.
fn with_line_feeds(sql: &str) -> String {
    sql.replace("\r\n", "\n")
}

async fn query_page(
    signed: &Signed,
    access: &AccessRow,
    sql: String,
    outcome: Option<QueryOutcome>,
) -> Result<QueryPage, ConsoleError> {
    let place = Place::Workspace {
        handle: access_name(access),
        tab: WorkspaceTab::Query,
    };
    let limits = &signed.app.settings().queries;
    let refused = matches!(outcome, Some(QueryOutcome::Refused(_)));
    Ok(QueryPage {
        frame: signed.frame(place).await?,
        id: access.workspace.id.to_string(),
        handle: access_name(access),
        waits: (access.workspace.state != WorkspaceState::Enabled)
            .then(|| "The workspace is not enabled, so that it takes no queries now.".to_owned()),
        sql: Field {
            value: sql,
            error: refused.then(String::new),
        },
        limits: format!(
            "One statement, at most {} rows and {} seconds.",
            limits.rows, limits.seconds
        ),
        wrong_at: outcome.as_ref().and_then(QueryOutcome::wrong_at),
        outcome,
    })
}

async fn refuse(signed: &Signed, access: &AccessRow, sql: String, error: Error) -> Answer {
    let status = match &error {
        Error::Query(_) | Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Conflict { .. } => StatusCode::CONFLICT,
        Error::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => return Err(error.into()),
    };
    let outcome = QueryOutcome::Refused(problem(&sql, &error));
    let page = query_page(signed, access, sql, Some(outcome)).await?;
    signed.page_with(status, &page)
}

fn problem(sql: &str, error: &Error) -> QueryProblem {
    let ours = QueryProblem {
        message: words(error).1,
        detail: None,
        hint: None,
        sqlstate: None,
        mark: None,
    };
    match error {
        Error::Query(error) => QueryProblem {
            detail: error.detail.clone(),
            hint: error.hint.clone(),
            sqlstate: Some(error.sqlstate.clone()),
            mark: error.position.and_then(|position| QueryMark::find(sql, position)),
            ..ours
        },
        _ => ours,
    }
}

/// The first rows, and what there is to say of all; of a plan, its lines. Reads one row at a time, where the rows may be
/// in a file.
async fn outcome(
    result: QueryResult,
    sql: String,
    file: String,
    only_planned: bool,
) -> Result<QueryOutcome, Error> {
    let read = tokio::task::spawn_blocking(move || match result.command.as_str() {
        "EXPLAIN" => read_plan(result, only_planned).map(QueryOutcome::Planned),
        _ => read_table(result, &sql, file).map(QueryOutcome::Ran),
    });
    read.await
        .map_err(|_| Error::Internal("a result cannot be shown"))?
}

fn read_plan(mut result: QueryResult, only_planned: bool) -> Result<QueryPlan, Error> {
    let mut lines = Vec::new();
    for row in result.rows.by_ref().take(SHOWN_LINES) {
        let row = row.map_err(|_| Error::Internal("a result cannot be read"))?;
        let line = row.values().next().flatten().unwrap_or_default();
        lines.push(String::from_utf8_lossy(line).into_owned());
    }
    Ok(QueryPlan {
        summary: summary(&result),
        text: lines.join("\n"),
        only_planned,
    })
}

fn read_table(mut result: QueryResult, sql: &str, file: String) -> Result<QueryTable, Error> {
    let mut rows = Vec::new();
    let mut is_exact = true;
    for row in result.rows.by_ref().take(SHOWN_ROWS) {
        let row = row.map_err(|_| Error::Internal("a result cannot be read"))?;
        is_exact &= row.values().flatten().all(is_shown_exactly);
        let columns = result.columns.iter();
        rows.push(
            columns
                .zip(row.values())
                .map(|(column, value)| cell(column, value))
                .collect(),
        );
    }
    let is_part = !result.columns.is_empty() && result.row_count > SHOWN_ROWS as u64;
    Ok(QueryTable {
        summary: summary(&result),
        cut: result.cut.map(|cut| cut.sentence()),
        shown: is_part.then(|| {
            format!("The first {SHOWN_ROWS} rows are shown; a download runs the statement again and has all.")
        }),
        columns: result.columns.iter().map(head).collect(),
        rows,
        file: (is_exact && !is_part && !result.columns.is_empty()).then_some(file),
        can_download: !result.columns.is_empty() && only_reads(&result, sql),
    })
}

/// Whether the statement may be run again for a file. One that was cut never said what it is: by its first word then.
fn only_reads(result: &QueryResult, sql: &str) -> bool {
    const READS: [&str; 5] = ["SELECT", "SHOW", "EXPLAIN", "VALUES", "TABLE"];
    let first = sql.split_whitespace().next().unwrap_or_default().to_uppercase();
    let name = match result.command.as_str() {
        "" => first.as_str(),
        command => command,
    };
    READS.contains(&name)
}

fn summary(result: &QueryResult) -> String {
    let rows = match (result.row_count, result.columns.is_empty()) {
        (1, true) => "1 row changed".to_owned(),
        (count, true) => format!("{count} rows changed"),
        (1, false) => "1 row".to_owned(),
        (count, false) => format!("{count} rows"),
    };
    let milliseconds = result.duration.as_millis();
    let time = match milliseconds {
        0..10_000 => format!("{milliseconds} ms"),
        _ => format!("{} s", milliseconds / 1000),
    };
    match result.command.as_str() {
        "" => format!("{rows}, {time}"),
        command => format!("{command}, {rows}, {time}"),
    }
}

/// Whether a page gives a value back as it was: whole, and without what browsers read as something else.
fn is_shown_exactly(value: &[u8]) -> bool {
    let text = std::str::from_utf8(value);
    text.is_ok_and(|text| text.chars().nth(SHOWN_CHARACTERS).is_none() && !text.contains(['\r', '\0']))
}

fn head(column: &Column) -> QueryColumn {
    QueryColumn {
        name: column.name.clone(),
        data_type: column.data_type.clone(),
        is_number: column.kind == Kind::Number,
    }
}

fn cell(column: &Column, value: Option<&[u8]>) -> QueryCell {
    let text = value.map(|value| {
        let text = String::from_utf8_lossy(value);
        match text.char_indices().nth(SHOWN_CHARACTERS) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text.into_owned(),
        }
    });
    QueryCell {
        text,
        is_number: column.kind == Kind::Number,
    }
}

/// The result as a file. Its status is 200 also when it was cut: browsers refuse to save what they take for a part.
fn file(
    result: QueryResult,
    signed: &Signed,
    access: &AccessRow,
    format: Format,
    extension: &str,
) -> Response {
    let name = file_name(signed, access, extension);
    let mut response =
        results::body(result, signed.actor.request_id().to_owned(), format, false).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.media_type()),
    );
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// Such as `ana-dev-2026-11-24-120000.csv`.
fn file_name(signed: &Signed, access: &AccessRow, extension: &str) -> String {
    format!(
        "{}-{}-{}.{extension}",
        access.owner.handle,
        access.workspace.handle,
        signed.app.now().strftime("%Y-%m-%d-%H%M%S")
    )
}

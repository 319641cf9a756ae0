//! What is asked and answered, for the OpenAPI document. The answers themselves are written by [`crate::results`].

#![expect(dead_code, reason = "shapes that are described, and written elsewhere")]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// The statement in the URL.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StatementParams {
    /// The statement.
    #[param(min_length = 1, example = "select 1 as n")]
    sql: String,
}

/// The statement in the URL, of a call that has no body.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MaybeStatementParams {
    /// The statement, when there is no body.
    sql: Option<String>,
}

/// The format of the answer.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FormatParams {
    /// The format. It outranks `Accept`.
    #[param(inline)]
    content_type: Option<ContentType>,
}

/// A format, by its name or its media type.
#[derive(ToSchema)]
pub(super) enum ContentType {
    #[schema(rename = "json")]
    Json,
    #[schema(rename = "application/json")]
    ApplicationJson,
    #[schema(rename = "csv")]
    Csv,
    #[schema(rename = "text/csv")]
    TextCsv,
    #[schema(rename = "md")]
    Md,
    #[schema(rename = "text/markdown")]
    TextMarkdown,
}

/// The statement in a body.
#[derive(ToSchema)]
pub(super) struct StatementRequest {
    /// The statement.
    #[schema(example = "select 1 as n")]
    sql: String,
}

/// A column.
#[derive(ToSchema)]
#[schema(as = QueryColumn)]
struct ColumnView {
    /// What it is called in `items`; no other is called so.
    #[schema(example = "n")]
    name: String,
    /// PostgreSQL's name of its type.
    #[schema(example = "int4")]
    data_type: String,
    /// What the statement calls it, when another column had the name already.
    original_name: Option<String>,
}

/// A whole result.
#[derive(ToSchema)]
#[schema(as = QueryResult)]
pub(super) struct ResultView {
    /// The rows, each an object with a field for each column.
    #[schema(example = json!([{"n": 1}]))]
    items: Vec<BTreeMap<String, Value>>,
    columns: Vec<ColumnView>,
    /// What PostgreSQL calls the statement.
    #[schema(example = "SELECT")]
    command: String,
    /// How many rows there are or, where the statement gives none, were changed.
    #[schema(value_type = i64, example = 1)]
    row_count: u64,
}

/// The first part of a result, and why there is no more.
#[derive(ToSchema)]
#[schema(as = PartialQueryResult)]
pub(super) struct PartialResultView {
    /// The rows until then.
    #[schema(example = json!([{"n": 1}]))]
    items: Vec<BTreeMap<String, Value>>,
    columns: Vec<ColumnView>,
    /// How many rows there are.
    #[schema(value_type = i64, example = 5000)]
    row_count: u64,
    /// Why: `row_limit`, `time_limit`, `size_limit`, `row_too_large` or `results_full`.
    #[schema(rename = "type", example = "row_limit")]
    code: String,
    #[schema(example = "Partial Content")]
    title: String,
    #[schema(value_type = i32, example = 206)]
    status: u16,
    /// The same in words, and what became of what the statement changed.
    #[schema(example = "There are more than 5000 rows; these are the first. What it changed is kept.")]
    detail: String,
    /// The request's id.
    #[schema(example = "r_1rstq0hk6vifudmcgepn")]
    instance: String,
}

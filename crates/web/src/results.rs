//! Results of queries, as JSON, CSV or Markdown. They are written while they are sent, a few rows at a time, so that the
//! largest takes no more memory than the smallest.

mod array;
mod csv;
mod json;
mod markdown;
mod stream;
mod value;

use app::queries::{Column, Cut, QueryResult, Row};

pub(crate) use stream::body;

/// What a result is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `{"items": […], "columns": […]}`.
    Json,
    /// RFC 4180, as PostgreSQL's own `COPY` reads it back.
    Csv,
    /// A table.
    Markdown,
}

impl Format {
    /// The format that a file's extension or a media type names.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "json" | "application/json" => Self::Json,
            "csv" | "text/csv" => Self::Csv,
            "md" | "text/markdown" => Self::Markdown,
            _ => return None,
        })
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Markdown => "text/markdown; charset=utf-8",
        }
    }
}

/// What of a result stands around its rows.
pub(crate) struct Frame {
    pub(crate) columns: Vec<Column>,
    pub(crate) command: String,
    pub(crate) row_count: u64,
    pub(crate) cut: Option<Cut>,
    /// The request's id.
    pub(crate) instance: String,
}

impl Frame {
    pub(crate) fn of(result: &QueryResult, instance: String) -> Self {
        Self {
            columns: result.columns.clone(),
            command: result.command.clone(),
            row_count: result.row_count,
            cut: result.cut,
            instance,
        }
    }
}

/// Writes a result of one format.
enum Writer {
    Json(json::Writer),
    Csv,
    Markdown,
}

impl Writer {
    fn new(format: Format, frame: &Frame) -> Self {
        match format {
            Format::Json => Self::Json(json::Writer::new(&frame.columns)),
            Format::Csv => Self::Csv,
            Format::Markdown => Self::Markdown,
        }
    }

    fn head(&self, frame: &Frame, out: &mut Vec<u8>) {
        match self {
            Self::Json(_) => json::head(out),
            Self::Csv => csv::head(frame, out),
            Self::Markdown => markdown::head(frame, out),
        }
    }

    fn row(&mut self, row: &Row, out: &mut Vec<u8>) {
        match self {
            Self::Json(writer) => writer.row(row, out),
            Self::Csv => csv::row(row, out),
            Self::Markdown => markdown::row(row, out),
        }
    }

    fn tail(&self, frame: &Frame, out: &mut Vec<u8>) {
        match self {
            Self::Json(_) => json::tail(frame, out),
            Self::Csv => {}
            Self::Markdown => markdown::tail(frame, out),
        }
    }
}

#[cfg(test)]
mod tests;

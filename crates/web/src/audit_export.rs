//! The audit log as a file, JSONL or CSV, that leaves while it is read: its length costs no memory.

use app::{Actor, App, AuditExport, AuditRow, Error};
use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use model::{csv, filter::Filter};

use crate::api::AuditRecordView;

const HEADINGS: [&str; 16] = [
    "id",
    "sequence",
    "created_at",
    "action_type",
    "actor_id",
    "actor_handle",
    "actor_display_name",
    "actor_ip",
    "credential_kind",
    "credential_id",
    "credential_title",
    "user_agent",
    "request_id",
    "target_id",
    "target_handle",
    "data",
];

/// What kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Jsonl,
    Csv,
}

impl Format {
    /// The format that a query names; JSONL when it names none.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, Error> {
        match text {
            None | Some("jsonl") => Ok(Self::Jsonl),
            Some("csv") => Ok(Self::Csv),
            Some(_) => Err(Error::invalid("format", "Use jsonl or csv.")),
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/jsonlines+json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

/// The actor's log as a file to keep.
pub(crate) fn download(app: &App, actor: &Actor, format: Format, filter: Option<Filter>) -> Response {
    let handle = actor.user().handle.to_string();
    let today = app.now().to_string();
    let name = format!(
        "attachment; filename=\"audit-log-{handle}-{}.{}\"",
        today.get(..10).unwrap_or(&today),
        format.ending()
    );
    let start = Some((app.export_audit_log(actor, filter), true));
    let chunks = stream::try_unfold(start, move |state| next_chunk(state, format, handle.clone()));
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

type State = Option<(AuditExport, bool)>;

/// The next part of the file. An error ends it in the middle, which the client sees as a broken transfer.
async fn next_chunk(state: State, format: Format, handle: String) -> Result<Option<(Bytes, State)>, Error> {
    let Some((mut export, first)) = state else {
        return Ok(None);
    };
    let records = export.next().await.inspect_err(|error| {
        tracing::error!(error = error as &dyn std::error::Error, "audit export");
    })?;
    let Some(records) = records else {
        return Ok(None);
    };
    let chunk = match format {
        Format::Jsonl => as_jsonl(records, &handle)?,
        Format::Csv => as_csv(&records, first),
    };
    Ok(Some((chunk.into(), Some((export, false)))))
}

fn as_jsonl(records: Vec<AuditRow>, handle: &str) -> Result<Vec<u8>, Error> {
    let mut lines = Vec::new();
    for record in records {
        serde_json::to_writer(&mut lines, &AuditRecordView::new(handle, record))
            .map_err(|_| Error::Internal("a record is no JSON"))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn as_csv(records: &[AuditRow], with_headings: bool) -> Vec<u8> {
    let headings = with_headings.then(|| csv::line(HEADINGS));
    let lines = records
        .iter()
        .map(|record| csv::line(cells(record).iter().map(String::as_str)));
    headings.into_iter().chain(lines).collect::<String>().into_bytes()
}

fn cells(record: &AuditRow) -> [String; 16] {
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        record.id.to_string(),
        record.sequence.to_string(),
        record.created_at.to_string(),
        record.action.as_str().to_owned(),
        record.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        record.actor_handle.clone(),
        or_empty(&record.actor_display_name),
        record.actor_ip.clone(),
        record.credential_kind.clone(),
        or_empty(&record.credential_id),
        or_empty(&record.credential_title),
        record.user_agent.clone(),
        record.request_id.clone(),
        or_empty(&record.target_id),
        or_empty(&record.target_handle),
        record.data.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_named() {
        assert_eq!(Format::parse(None).unwrap(), Format::Jsonl);
        assert_eq!(Format::parse(Some("csv")).unwrap(), Format::Csv);
        assert!(Format::parse(Some("xlsx")).is_err());
    }
}

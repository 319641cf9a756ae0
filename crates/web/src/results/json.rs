//! JSON, in the shape that clients of Pipes read: `items` with an object for each row, and `columns`.

use app::queries::{Column, Kind, Row};
use serde::Serialize;

use super::{Frame, value};

/// Writes rows; the names of columns are made ready once.
pub(super) struct Writer {
    columns: Vec<(Vec<u8>, Kind)>,
    is_first: bool,
}

impl Writer {
    pub(super) fn new(columns: &[Column]) -> Self {
        let key = |column: &Column| {
            let mut key = Vec::new();
            value::push_text(column.name.as_bytes(), &mut key);
            key.push(b':');
            (key, column.kind.clone())
        };
        Self {
            columns: columns.iter().map(key).collect(),
            is_first: true,
        }
    }

    pub(super) fn row(&mut self, row: &Row, out: &mut Vec<u8>) {
        if !std::mem::take(&mut self.is_first) {
            out.extend(b",\n");
        }
        out.push(b'{');
        for (n, ((key, kind), value)) in self.columns.iter().zip(row.values()).enumerate() {
            if n > 0 {
                out.push(b',');
            }
            out.extend(key);
            match value {
                Some(text) => value::push(kind, text, out),
                None => out.extend(b"null"),
            }
        }
        out.push(b'}');
    }
}

pub(super) fn head(out: &mut Vec<u8>) {
    out.extend(br#"{"items":["#);
}

#[derive(Serialize)]
struct ColumnView<'c> {
    name: &'c str,
    data_type: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_name: Option<&'c str>,
}

impl<'c> ColumnView<'c> {
    fn of(column: &'c Column) -> Self {
        Self {
            name: &column.name,
            data_type: &column.data_type,
            original_name: column.original_name.as_deref(),
        }
    }
}

/// What follows the rows, as an object without its brace.
#[derive(Serialize)]
struct Tail<'c> {
    columns: Vec<ColumnView<'c>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    command: &'c str,
    row_count: u64,
    #[serde(flatten)]
    cut: Option<CutView<'c>>,
}

/// Why there are not all rows, in the words of the contract's error model.
#[derive(Serialize)]
struct CutView<'c> {
    #[serde(rename = "type")]
    code: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    instance: &'c str,
}

pub(super) fn tail(frame: &Frame, out: &mut Vec<u8>) {
    let tail = Tail {
        columns: frame.columns.iter().map(ColumnView::of).collect(),
        command: &frame.command,
        row_count: frame.row_count,
        cut: frame.cut.map(|cut| CutView {
            code: cut.code(),
            title: "Partial Content",
            status: 206,
            detail: cut.sentence(),
            instance: &frame.instance,
        }),
    };
    out.extend(b"],");
    let mut object = serde_json::to_vec(&tail).unwrap_or_else(|_| b"{}".to_vec());
    object.remove(0);
    out.append(&mut object);
    out.push(b'\n');
}

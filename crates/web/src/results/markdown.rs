//! A table in Markdown: nothing in a value ends its cell, its row or the table, or becomes a tag.

use app::queries::{Kind, Row};

use super::Frame;

pub(super) fn head(frame: &Frame, out: &mut Vec<u8>) {
    if frame.columns.is_empty() {
        return;
    }
    push_line(
        frame.columns.iter().map(|column| Some(column.name.as_bytes())),
        out,
    );
    out.push(b'|');
    for column in &frame.columns {
        out.extend(match column.kind {
            Kind::Number => b" ---: |".as_slice(),
            _ => b" --- |",
        });
    }
    out.push(b'\n');
}

pub(super) fn row(row: &Row, out: &mut Vec<u8>) {
    push_line(row.values(), out);
}

/// What there is to say of a statement without rows, or of a result without its end.
pub(super) fn tail(frame: &Frame, out: &mut Vec<u8>) {
    if frame.columns.is_empty() {
        out.extend(format!("{}, {} rows changed\n", frame.command, frame.row_count).into_bytes());
    }
    if let Some(cut) = frame.cut {
        out.extend(format!("\n{}\n", cut.sentence()).into_bytes());
    }
}

fn push_line<'v>(values: impl Iterator<Item = Option<&'v [u8]>>, out: &mut Vec<u8>) {
    out.push(b'|');
    for value in values {
        out.push(b' ');
        push_value(value.unwrap_or(b"NULL"), out);
        out.extend(b" |");
    }
    out.push(b'\n');
}

fn push_value(value: &[u8], out: &mut Vec<u8>) {
    for byte in value {
        match byte {
            b'|' => out.extend(b"\\|"),
            b'\\' => out.extend(b"\\\\"),
            b'<' => out.extend(b"&lt;"),
            b'&' => out.extend(b"&amp;"),
            b'\n' => out.extend(b"<br>"),
            b'\r' => {}
            other => out.push(*other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::row as of;

    #[test]
    fn cells_stay_cells() {
        let mut out = Vec::new();
        row(
            &of(&[Some("a|b\\|c"), Some("1\r\n2"), Some("<script>&"), None]),
            &mut out,
        );
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "| a\\|b\\\\\\|c | 1<br>2 | &lt;script>&amp; | NULL |\n"
        );
    }
}

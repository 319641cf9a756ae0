//! CSV (RFC 4180) with PostgreSQL's own text of each value, so that `COPY … FROM … (FORMAT csv, HEADER)` reads back what
//! was there: NULL is nothing, and an empty text is `""`. Nothing is put before a formula: data must come back unchanged.

use app::queries::Row;

use super::Frame;

pub(super) fn head(frame: &Frame, out: &mut Vec<u8>) {
    if !frame.columns.is_empty() {
        let names = frame.columns.iter().map(|column| Some(column.name.as_bytes()));
        push_line(names, out);
    }
}

pub(super) fn row(row: &Row, out: &mut Vec<u8>) {
    push_line(row.values(), out);
}

fn push_line<'v>(values: impl Iterator<Item = Option<&'v [u8]>>, out: &mut Vec<u8>) {
    for (n, value) in values.enumerate() {
        if n > 0 {
            out.push(b',');
        }
        if let Some(value) = value {
            push_value(value, out);
        }
    }
    out.extend(b"\r\n");
}

fn push_value(value: &[u8], out: &mut Vec<u8>) {
    let needs_quotes = |byte: &u8| matches!(byte, b',' | b'"' | b'\r' | b'\n');
    // `\.` alone on a line is the end of the data for PostgreSQL before 17.
    if !value.is_empty() && value != b"\\." && !value.iter().any(needs_quotes) {
        out.extend(value);
        return;
    }
    out.push(b'"');
    for byte in value {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::row as of;

    #[test]
    fn only_what_needs_quotes_has_them() {
        let mut out = Vec::new();
        row(
            &of(&[
                Some("=1+1"),
                Some("a,b"),
                Some("\\."),
                Some("two\nlines"),
                None,
                Some(" x "),
            ]),
            &mut out,
        );
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "=1+1,\"a,b\",\"\\.\",\"two\nlines\",, x \r\n"
        );
    }
}

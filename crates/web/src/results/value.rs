//! A value in JSON: what its type has a form for there, in that form, and all else as PostgreSQL writes it.

use app::queries::Kind;

use super::array;

/// Appends the value that PostgreSQL writes as `text`.
pub(super) fn push(kind: &Kind, text: &[u8], out: &mut Vec<u8>) {
    match kind {
        Kind::Boolean if text == b"t" => out.extend(b"true"),
        Kind::Boolean if text == b"f" => out.extend(b"false"),
        Kind::Number if is_number(text) => out.extend(text),
        Kind::Json => out.extend(text),
        Kind::Timestamp => push_timestamp(text, out),
        Kind::Array { of, delimiter } => array::push(of, *delimiter, text, out),
        Kind::Boolean | Kind::Number | Kind::Text => push_text(text, out),
    }
}

/// Appends a string.
pub(super) fn push_text(text: &[u8], out: &mut Vec<u8>) {
    // Writing into memory does not fail.
    let _ = serde_json::to_writer(out, &String::from_utf8_lossy(text));
}

/// All that PostgreSQL writes of a number is a number in JSON, but for `NaN` and the infinities.
fn is_number(text: &[u8]) -> bool {
    let begins = text
        .first()
        .is_some_and(|byte| *byte == b'-' || byte.is_ascii_digit());
    begins && text.last().is_some_and(u8::is_ascii_digit)
}

/// Appends a point in time as RFC 3339 has it; one that RFC 3339 cannot write stays as it is.
fn push_timestamp(text: &[u8], out: &mut Vec<u8>) {
    match rfc3339(text) {
        Some(text) => push_text(&text, out),
        None => push_text(text, out),
    }
}

/// `2026-11-25 10:20:30.5+00` is `2026-11-25T10:20:30.5Z`; without an offset there is none afterwards either.
fn rfc3339(text: &[u8]) -> Option<Vec<u8>> {
    let (date, time) = text.split_at_checked(10)?;
    let (time, rest) = time.split_at_checked(9)?;
    let is_date = date.iter().enumerate().all(|(n, byte)| match n {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let is_time = time.iter().enumerate().all(|(n, byte)| match n {
        0 => *byte == b' ',
        3 | 6 => *byte == b':',
        _ => byte.is_ascii_digit(),
    });
    if !is_date || !is_time {
        return None;
    }
    let fraction = rest
        .iter()
        .take_while(|byte| **byte == b'.' || byte.is_ascii_digit())
        .count();
    let (fraction, offset) = rest.split_at(fraction);
    let mut out = date.to_vec();
    out.push(b'T');
    out.extend(time.iter().skip(1));
    out.extend(fraction);
    match offset {
        b"" => {}
        b"+00" => out.push(b'Z'),
        [b'+' | b'-', _, _] => {
            out.extend(offset);
            out.extend(b":00");
        }
        [b'+' | b'-', _, _, b':', _, _] => out.extend(offset),
        _ => return None,
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(kind: &Kind, text: &str) -> String {
        let mut out = Vec::new();
        push(kind, text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_keep_all_their_digits() {
        for exact in [
            "9223372036854775807",
            "-0",
            "0.10",
            "1e+300",
            "1.5e-07",
            "123456789012345678901234.5",
        ] {
            assert_eq!(json(&Kind::Number, exact), exact);
        }
        for word in ["NaN", "Infinity", "-Infinity", ""] {
            assert_eq!(json(&Kind::Number, word), format!("\"{word}\""));
        }
    }

    #[test]
    fn points_in_time() {
        for (text, expected) in [
            ("2026-11-25 10:20:30+00", "2026-11-25T10:20:30Z"),
            ("2026-11-25 10:20:30.123456+00", "2026-11-25T10:20:30.123456Z"),
            ("2026-11-25 10:20:30+02", "2026-11-25T10:20:30+02:00"),
            ("2026-11-25 10:20:30-05:30", "2026-11-25T10:20:30-05:30"),
            ("2026-11-25 10:20:30.5", "2026-11-25T10:20:30.5"),
            // What RFC 3339 has no form for.
            ("0044-03-15 00:00:00 BC", "0044-03-15 00:00:00 BC"),
            ("12026-11-25 10:20:30+00", "12026-11-25 10:20:30+00"),
            ("1890-01-01 00:00:00+00:53:28", "1890-01-01 00:00:00+00:53:28"),
            ("infinity", "infinity"),
        ] {
            assert_eq!(json(&Kind::Timestamp, text), format!("\"{expected}\""));
        }
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(json(&Kind::Text, "a\"b\\\n\u{1}é"), r#""a\"b\\\n\u0001é""#);
        assert_eq!(json(&Kind::Json, r#"{"a": [1, null]}"#), r#"{"a": [1, null]}"#);
        assert_eq!(json(&Kind::Boolean, "t"), "true");
    }
}

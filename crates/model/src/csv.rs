//! CSV (RFC 4180) that spreadsheets do not run.

/// One line of `fields`, with its line break. A field that a spreadsheet would take for a formula gets a `'` in front,
/// which spreadsheets show as text.
pub fn line<'f>(fields: impl IntoIterator<Item = &'f str>) -> String {
    let mut line = String::new();
    for (n, field) in fields.into_iter().enumerate() {
        if n > 0 {
            line.push(',');
        }
        push_field(&mut line, field);
    }
    line.push_str("\r\n");
    line
}

fn push_field(line: &mut String, field: &str) {
    let is_formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = is_formula || field.contains([',', '"', '\r', '\n', ';']);
    if quoted {
        line.push('"');
    }
    if is_formula {
        line.push('\'');
    }
    for c in field.chars() {
        if c == '"' {
            line.push('"');
        }
        line.push(c);
    }
    if quoted {
        line.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stay_fields() {
        assert_eq!(line(["a", "", "b c"]), "a,,b c\r\n");
        assert_eq!(
            line(["a,b", "say \"hi\"", "two\nlines"]),
            "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n"
        );
    }

    #[test]
    fn nothing_is_a_formula() {
        for start in ["=", "+", "-", "@", "\t", "\r"] {
            let field = format!("{start}cmd|' /C calc'!A0");
            assert!(line([field.as_str()]).starts_with("\"'"), "{start:?}");
        }
        assert_eq!(line(["a=1", "2-1"]), "a=1,2-1\r\n");
    }
}

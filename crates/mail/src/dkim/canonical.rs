//! The form of head and body that is signed: what servers on the way may change does not count (RFC 6376 §3.4.2, §3.4.4).

/// A field of a mail's head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    value: &'a str,
}

impl<'a> Field<'a> {
    pub(super) fn new(name: &'a str, value: &'a str) -> Self {
        Self { name, value }
    }
}

/// The fields of a head, each with the lines that go on with it.
pub(super) fn fields(head: &str) -> impl Iterator<Item = Field<'_>> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let end = field_end(rest);
        let field = rest.get(..end).filter(|field| !field.is_empty())?;
        rest = rest.get(end..).unwrap_or_default().trim_start_matches("\r\n");
        let (name, value) = field.split_once(':')?;
        Some(Field { name, value })
    })
}

/// Where the first field ends: at a line end that no white space follows.
fn field_end(text: &str) -> usize {
    text.match_indices("\r\n")
        .map(|(at, _)| at)
        .find(|at| !text.get(at + 2..).unwrap_or_default().starts_with([' ', '\t']))
        .unwrap_or(text.len())
}

/// A field as it is signed: the name in small letters, the value in one line, white space as one space.
pub(super) fn relaxed_field(field: &Field<'_>) -> String {
    let name = field.name.trim_end().to_ascii_lowercase();
    let value = field.value.replace("\r\n", "");
    format!("{name}:{}\r\n", single_spaces(&value).trim())
}

/// The body as it is signed: white space as one space, none at the end of a line, no empty lines at the end.
pub(super) fn relaxed_body(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    for line in body.split("\r\n") {
        out.push_str(single_spaces(line).trim_end_matches(' '));
        out.push_str("\r\n");
    }
    out.truncate(out.trim_end_matches("\r\n").len());
    if !out.is_empty() {
        out.push_str("\r\n");
    }
    out
}

fn single_spaces(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c == '\t' { ' ' } else { c };
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use ring::digest::{SHA256, digest};

    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        // RFC 6376 §3.4.5.
        let fields: Vec<_> = fields("A: X\r\nB : Y\t\r\n\tZ  ").collect();
        let relaxed: String = fields.iter().map(relaxed_field).collect();
        assert_eq!(relaxed, "a:X\r\nb:Y Z\r\n");
        assert_eq!(relaxed_body(" C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
        // RFC 8463 appendix A.
        let body = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
        let hash = BASE64.encode(digest(&SHA256, relaxed_body(body).as_bytes()).as_ref());
        assert_eq!(hash, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
    }

    #[test]
    fn ends_of_bodies() {
        for (body, relaxed) in [
            ("", ""),
            ("\r\n\r\n", ""),
            ("x", "x\r\n"),
            ("x\r\n \r\n\t\r\n", "x\r\n"),
        ] {
            assert_eq!(relaxed_body(body), relaxed, "{body:?}");
        }
    }
}

//! Arrays as PostgreSQL writes them (`{1,NULL,"a \"b\""}`, nested, with or without bounds), as JSON.

use app::queries::Kind;

use super::value;

/// PostgreSQL has six dimensions.
const DEEPEST: usize = 6;

/// Appends the array in `text`. What is none, is text.
pub(super) fn push(of: &Kind, delimiter: u8, text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let mut reader = Reader {
        of,
        delimiter,
        rest: without_bounds(text),
        element: Vec::new(),
    };
    if reader.array(out, 1).is_none() || !reader.rest.is_empty() {
        out.truncate(start);
        value::push_text(text, out);
    }
}

/// `[2:3]={…}` is `{…}`: JSON counts from zero.
fn without_bounds(text: &[u8]) -> &[u8] {
    if text.first() != Some(&b'[') {
        return text;
    }
    let equals = text.iter().position(|byte| *byte == b'=');
    equals.and_then(|at| text.get(at + 1..)).unwrap_or(text)
}

struct Reader<'t> {
    of: &'t Kind,
    delimiter: u8,
    rest: &'t [u8],
    element: Vec<u8>,
}

impl Reader<'_> {
    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// An array, from its opening brace to its closing one.
    fn array(&mut self, out: &mut Vec<u8>, depth: usize) -> Option<()> {
        if depth > DEEPEST || self.take()? != b'{' {
            return None;
        }
        out.push(b'[');
        if self.rest.first() == Some(&b'}') {
            self.take();
            out.push(b']');
            return Some(());
        }
        loop {
            match self.rest.first()? {
                b'{' => self.array(out, depth + 1)?,
                b'"' => self.quoted(out)?,
                _ => self.bare(out)?,
            }
            match self.take()? {
                b'}' => break,
                byte if byte == self.delimiter => out.push(b','),
                _ => return None,
            }
        }
        out.push(b']');
        Some(())
    }

    fn quoted(&mut self, out: &mut Vec<u8>) -> Option<()> {
        self.take();
        self.element.clear();
        loop {
            match self.take()? {
                b'"' => break,
                b'\\' => {
                    let escaped = self.take()?;
                    self.element.push(escaped);
                }
                byte => self.element.push(byte),
            }
        }
        value::push(self.of, &self.element, out);
        Some(())
    }

    fn bare(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let ends = |byte: &u8| *byte == self.delimiter || *byte == b'}';
        let (element, rest) = self.rest.split_at(self.rest.iter().position(ends)?);
        self.rest = rest;
        match element {
            b"NULL" => out.extend(b"null"),
            element => value::push(self.of, element, out),
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(of: &Kind, delimiter: u8, text: &str) -> String {
        let mut out = Vec::new();
        push(of, delimiter, text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn arrays() {
        let text = |array: &str| json(&Kind::Text, b',', array);
        let number = |array: &str| json(&Kind::Number, b',', array);
        assert_eq!(number("{}"), "[]");
        assert_eq!(number("{1,NULL,-2.5,NaN}"), r#"[1,null,-2.5,"NaN"]"#);
        assert_eq!(number("{{1,2},{3,NULL}}"), "[[1,2],[3,null]]");
        assert_eq!(number("[2:3]={7,8}"), "[7,8]");
        assert_eq!(number("[0:0][5:6]={{7,8}}"), "[[7,8]]");
        assert_eq!(
            text(r#"{a,"NULL","",NULL,"x,y","q\"\\"}"#),
            r#"["a","NULL","",null,"x,y","q\"\\"]"#
        );
        assert_eq!(json(&Kind::Boolean, b',', "{t,f}"), "[true,false]");
        assert_eq!(json(&Kind::Json, b',', r#"{"{\"a\": 1}",2}"#), r#"[{"a": 1},2]"#);
        assert_eq!(
            json(&Kind::Text, b';', "{(1,1),(0,0);(2,2),(0,0)}"),
            r#"["(1,1),(0,0)","(2,2),(0,0)"]"#
        );
        let times = json(&Kind::Timestamp, b',', r#"{"2026-11-25 10:20:30+00"}"#);
        assert_eq!(times, r#"["2026-11-25T10:20:30Z"]"#);
    }

    #[test]
    fn what_is_no_array_is_text() {
        for text in ["", "{", "{1", "{1,}x", "{1}}", "1", "[1:2]", "{\"a"] {
            assert_eq!(
                json(&Kind::Text, b',', text),
                serde_json::to_string(text).unwrap()
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_one_json_value(text in "[\\[{}\",;\\\\a1N=\\]]{0,40}") {
            let out = json(&Kind::Text, b',', &text);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok(), "{out}");
        }
    }
}

//! Texts that people typed, where they stand among words of ours: on one line, and in the order in which they are read.

/// `text` on one line of at most `most` characters: without controls, and without what turns the reading direction of all
/// that follows.
pub fn one_line(text: &str, most: usize) -> String {
    let plain = |c: char| if turns(c) || c.is_control() { ' ' } else { c };
    let line: String = text.chars().map(plain).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let kept: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Bidirectional controls (UAX #9), line and paragraph separators.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_lines() {
        for (text, line) in [
            ("CI pipeline", "CI pipeline"),
            ("a\r\nBcc: b@example.com", "a Bcc: b@example.com"),
            ("\u{202e}txt.exe\u{2028}x", "txt.exe x"),
            (" \t a \u{0} b ", "a b"),
            ("abcdef", "abcd…"),
            ("הודעה", "הודעה"),
        ] {
            assert_eq!(one_line(text, if text == "abcdef" { 5 } else { 100 }), line);
        }
    }
}

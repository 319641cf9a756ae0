//! What a person says about themselves: display name, home page, and where their avatar is fetched from.

use url::Url;

use crate::Invalid;

/// The longest display name, in characters.
pub const DISPLAY_NAME_MAX: usize = 100;
/// The longest URL, in bytes.
pub const URL_MAX: usize = 2048;

/// Characters that would let a name imitate or hide others: controls, line and paragraph separators, and the
/// bidirectional embeddings, overrides and isolates.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// A single line of text that people read, such as a display name or a title: trimmed, at most `max` characters, no
/// controls. Empty becomes `None`, because clients read `""` as a name (contract §2).
pub fn line(field: &'static str, text: &str, max: usize) -> Result<Option<String>, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().any(is_unsafe) {
        return Err(Invalid::new(
            field,
            "Use one line of plain text, without control characters.",
        ));
    }
    if text.chars().count() > max {
        return Err(Invalid::new(field, format!("Use at most {max} characters.")));
    }
    Ok(Some(text.to_owned()))
}

/// A display name; `None` when it was cleared.
pub fn display_name(text: &str) -> Result<Option<String>, Invalid> {
    line("display_name", text, DISPLAY_NAME_MAX)
}

/// A web address of the person; `None` when it was cleared.
pub fn home_url(text: &str) -> Result<Option<String>, Invalid> {
    Ok(web_url("url", text, &["https", "http"])?.map(Into::into))
}

/// Where the avatar is fetched from: an absolute `https` URL on port 443 without credentials; `None` when it was
/// cleared. Whether it is on the public internet is seen when it is fetched.
pub fn avatar_url(text: &str) -> Result<Option<Url>, Invalid> {
    let url = web_url("avatar_url", text, &["https"])?;
    // The parser takes out a port that is the scheme's own.
    match url.as_ref().and_then(Url::port) {
        Some(_) => Err(Invalid::new(
            "avatar_url",
            "Use an https URL on port 443, the usual one.",
        )),
        None => Ok(url),
    }
}

fn web_url(field: &'static str, text: &str, schemes: &[&str]) -> Result<Option<Url>, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let rule = || {
        Invalid::new(
            field,
            format!(
                "Enter an absolute {} URL of at most {URL_MAX} characters, without a user name or password in it.",
                schemes.join(" or ")
            ),
        )
    };
    let url = Url::parse(text).map_err(|_| rule())?;
    let good = text.len() <= URL_MAX
        && schemes.contains(&url.scheme())
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none();
    if good { Ok(Some(url)) } else { Err(rule()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_clean_line() {
        assert_eq!(display_name("  Ana  ").unwrap().as_deref(), Some("Ana"));
        assert_eq!(display_name("   ").unwrap(), None);
        assert!(display_name("a\nb").is_err());
        assert!(display_name("a\u{202E}b").is_err());
        assert!(display_name(&"x".repeat(101)).is_err());
        assert!(display_name(&"é".repeat(100)).is_ok());
    }

    #[test]
    fn avatars_come_by_https_only() {
        for good in ["https://example.com/a.png", "https://example.com:443/a.png"] {
            assert!(avatar_url(good).unwrap().is_some(), "{good}");
        }
        for bad in [
            "http://example.com/a",
            "javascript:alert(1)",
            "https://u:p@example.com/",
            "/a.png",
            "https://",
            "https://example.com:8443/a.png",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(avatar_url(bad).is_err(), "{bad}");
        }
    }
}

//! Versions of things, and which of them a client believes to change (RFC 9110 §13.1.1).

/// What a client says of the version that it changes, in `If-Match`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Expected {
    /// Whichever there is.
    #[default]
    Anything,
    /// One of these.
    OneOf(Vec<i64>),
}

impl Expected {
    /// What the values of the header say together: `*`, or tags with a comma between them, each a `version_id` in
    /// quotes or without. A weak tag is never the same (§8.8.3.2), and neither is what is no number.
    pub fn from_values<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let tags: Vec<&str> = values
            .into_iter()
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|tag| !tag.is_empty())
            .collect();
        if tags.is_empty() || tags.contains(&"*") {
            return Self::Anything;
        }
        Self::OneOf(tags.into_iter().filter_map(version).collect())
    }

    /// Whether `version` is one that the client means.
    pub fn accepts(&self, version: i64) -> bool {
        match self {
            Self::Anything => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

fn version(tag: &str) -> Option<i64> {
    let bare = match tag.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => tag,
    };
    let is_number = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| bare.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_and_without_quotes() {
        let accepts = |header: &str, version| Expected::from_values([header]).accepts(version);
        for same in ["3", "\"3\"", "*", "\"2\", \"3\"", "2,3", "\"x\", 3", "", " , "] {
            assert!(accepts(same, 3), "{same}");
        }
        for other in [
            "4",
            "\"33\"",
            "W/\"3\"",
            "\"3",
            "3\"",
            "three",
            "+3",
            "\"\"",
            "-3",
            "99999999999999999999",
        ] {
            assert!(!accepts(other, 3), "{other}");
        }
        assert!(Expected::from_values(["1", "\"3\""]).accepts(3) && Expected::default().accepts(0));
    }
}

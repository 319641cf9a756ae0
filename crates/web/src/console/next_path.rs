//! Where a person goes after signing in: a path of ours and nothing else.

use url::Url;

/// `path` if it is a path of this console; otherwise nothing. Browsers read `//host`, `/\host` and paths with tabs as
/// other hosts, so that it is read here as they do.
pub(crate) fn own_path(path: &str) -> Option<String> {
    const BASE: &str = "http://console.invalid";
    if !path.starts_with('/') || path.len() > 512 || path.chars().any(|c| c.is_control() || c == '\\') {
        return None;
    }
    let base = Url::parse(BASE).ok()?;
    let url = base.join(path).ok()?;
    let is_ours = url.origin() == base.origin() && url.username().is_empty() && !url.path().starts_with("//");
    is_ours.then(|| match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours() {
        assert_eq!(
            own_path("/settings/tokens?a=b").as_deref(),
            Some("/settings/tokens?a=b")
        );
        assert_eq!(own_path("/").as_deref(), Some("/"));
        for evil in [
            "",
            "settings",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil",
            "/\t/evil.example",
            "https://evil.example",
            "/%2f%2fevil",
            "/a/..//evil.example",
            "javascript:alert(1)",
            "/\n/evil",
            "/.//evil.example",
        ] {
            let path = own_path(evil);
            assert!(
                path.as_deref()
                    .is_none_or(|p| p.starts_with('/') && !p.starts_with("//")),
                "{evil:?}: {path:?}"
            );
        }
        assert_eq!(own_path("//evil.example"), None);
        assert_eq!(own_path("/\\evil.example"), None);
    }
}

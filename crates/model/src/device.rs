//! Devices: what a client says of itself, as people call it, and what of it stays the same when it is updated.

/// Browser and system as people call them; what is not known is given as it was sent.
pub fn name(user_agent: &str) -> String {
    // Order matters: each name also stands in the user agents of those that imitate it.
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    // Pipes' command lines say no more of themselves than what made their client.
    if user_agent.starts_with("OpenAPI-Generator/") {
        return "Pipes command line".to_owned();
    }
    if let Some(rest) = user_agent.strip_prefix("standpipe/") {
        let host = rest
            .split_once('(')
            .and_then(|(_, rest)| rest.split([';', ')']).next());
        return match host.map(str::trim).filter(|host| !host.is_empty()) {
            Some(host) => format!("standpipe on {host}"),
            None => "standpipe".to_owned(),
        };
    }
    let find = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(sign, _)| user_agent.contains(sign))
            .map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) if user_agent.is_empty() => "Unknown".to_owned(),
        (None, None) => user_agent.to_owned(),
    }
}

/// What of a user agent is the same before and after an update: all but its numbers.
pub fn lasting(user_agent: &str) -> String {
    let is_of_a_version = |c: char| c.is_ascii_digit() || c == '.' || c == '_';
    user_agent.chars().filter(|c| !is_of_a_version(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_by_name() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(name(chrome), "Chrome on Linux");
        assert_eq!(
            name("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Gecko Firefox/130.0"),
            "Firefox on macOS"
        );
        assert_eq!(name("curl/8.1"), "curl");
        assert_eq!(name("OpenAPI-Generator/1.0.0/go"), "Pipes command line");
        assert_eq!(
            name("standpipe/0.1.0 (build-7; linux x86_64)"),
            "standpipe on build-7"
        );
        assert_eq!(name("standpipe/0.1.0"), "standpipe");
        assert_eq!(
            (name("").as_str(), name("my-bot").as_str()),
            ("Unknown", "my-bot")
        );
    }

    #[test]
    fn an_update_makes_no_new_device() {
        let of =
            |version: &str, system: &str| lasting(&format!("Mozilla/5.0 ({system}) Gecko Firefox/{version}"));
        assert_eq!(of("130.0", "Mac OS X 14_0"), of("131.0.2", "Mac OS X 14_1"));
        assert_ne!(of("130.0", "Mac OS X 14_0"), of("130.0", "Windows NT 10.0"));
    }
}

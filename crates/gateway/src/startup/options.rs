//! Which startup parameters go on to the backend? Whatever a session could `SET` for itself, by name or within
//! `options`; nothing that only a startup packet can set. Such settings are PostgreSQL's own tools for looking into the
//! start of a backend, and one of them, `post_auth_delay`, would let a client leave backends behind that sleep for
//! half an hour.

use crate::refusal::Fatal;

/// The settings that PostgreSQL takes at the start of a session only.
const ONLY_AT_THE_START: [&str; 6] = [
    "ignore_system_indexes",
    "jit_debugging_support",
    "jit_profiling_support",
    "log_connections",
    "log_disconnections",
    "post_auth_delay",
];

/// Whether the parameter `name` may go on. PostgreSQL takes `-` for `_` in an option, and looks at no case.
pub(super) fn check_name(name: &str) -> Result<(), Fatal> {
    let known = name.to_ascii_lowercase().replace('-', "_");
    match ONLY_AT_THE_START.iter().find(|only| **only == known) {
        Some(only) => Err(Fatal::startup_parameter(only)),
        None => Ok(()),
    }
}

/// Whether `options` may go on: settings as `-c name=value` or `--name=value`, and none of the server's other switches.
pub(super) fn check_options(value: &[u8]) -> Result<(), Fatal> {
    let words = split(value);
    let mut words = words.iter().map(Vec::as_slice);
    while let Some(word) = words.next() {
        let setting = match word {
            b"-c" => words.next().ok_or_else(Fatal::startup_option)?,
            [b'-', b'c' | b'-', setting @ ..] => setting,
            _ => return Err(Fatal::startup_option()),
        };
        check_setting(setting)?;
    }
    Ok(())
}

fn check_setting(setting: &[u8]) -> Result<(), Fatal> {
    let name = setting.split(|byte| *byte == b'=').next().unwrap_or_default();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'$');
    if name.is_empty() || name.len() == setting.len() || !name.iter().all(is_plain) {
        return Err(Fatal::startup_option());
    }
    check_name(&String::from_utf8_lossy(name))
}

/// The words of `options` as PostgreSQL takes them apart: at white space, where a backslash keeps what follows it.
fn split(value: &[u8]) -> Vec<Vec<u8>> {
    let (mut words, mut word, mut escaped, mut inside) = (Vec::new(), Vec::new(), false, false);
    for byte in value {
        match byte {
            _ if escaped => {
                word.push(*byte);
                escaped = false;
            }
            b'\\' => (escaped, inside) = (true, true),
            // C's isspace.
            b' ' | b'\t'..=b'\r' if inside => {
                words.push(std::mem::take(&mut word));
                inside = false;
            }
            b' ' | b'\t'..=b'\r' => {}
            _ => {
                word.push(*byte);
                inside = true;
            }
        }
    }
    if inside {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn settings_go_on_and_switches_do_not() {
        let taken = [
            "",
            " ",
            "-c geqo=off",
            "-cgeqo=off",
            "--geqo=off",
            "-c search_path=a,b --statement-timeout=5s\t-c app.tenant=7",
            r"-c application_name=my\ tool",
            r"-c search_path=a\\b",
        ];
        for options in taken {
            assert_eq!(check_options(options.as_bytes()), Ok(()), "{options:?}");
        }
        let refused = [
            "-d 5",
            "-P",
            "-W 600",
            "-c",
            "-c geqo",
            "--geqo",
            "geqo=off",
            "-c =x",
            "endpoint=a",
            "-e",
            "--",
            "-",
            "-Pc geqo=off",
            "-c a\\ b=1",
        ];
        for options in refused {
            assert_eq!(
                check_options(options.as_bytes()).unwrap_err().sqlstate,
                "08P01",
                "{options:?}"
            );
        }
    }

    #[test]
    fn what_a_session_cannot_set_is_refused_however_it_is_written() {
        for options in [
            "-c post_auth_delay=600",
            "-cpost_auth_delay=600",
            "--post-auth-delay=600",
            "-c POST_auth-DELAY=600",
            r"-c post\_auth_delay=600",
            "-c geqo=off --ignore_system_indexes=on",
        ] {
            assert_eq!(
                check_options(options.as_bytes()).unwrap_err().sqlstate,
                "0A000",
                "{options:?}"
            );
        }
        assert!(check_name("Post_Auth_Delay").is_err() && check_name("TimeZone").is_ok());
    }

    #[test]
    fn words_are_cut_as_postgresql_cuts_them() {
        let words = |text: &str| {
            split(text.as_bytes())
                .into_iter()
                .map(|word| String::from_utf8(word).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(words("  a\u{b}b\\ c\\\\ d\\"), ["a", "b c\\", "d"]);
    }

    proptest! {
        #[test]
        fn no_options_panic(value in prop::collection::vec(any::<u8>(), 0..100), text in r"[-c=\\ _a-z]{0,40}") {
            let _ = check_options(&value);
            let _ = check_options(text.as_bytes());
        }
    }
}

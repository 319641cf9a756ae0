//! Sample pages of a command line's login.

use super::{Pages, Words, ago, outside, show};
use crate::pages::*;

pub(super) fn cli_login(words: &Words) -> Pages {
    let ask = CliLoginPage {
        outside: outside(),
        csrf: words.or("csrf-sample"),
        request: words.or("tpttr_c2rkvdq5v6f0000000g0_0123456789abcdefghijklmnop"),
        handle: words.handle.clone(),
        avatar_url: "avatar.svg".into(),
        device: words.or("standpipe on build-7"),
        user_agent: words.or("standpipe/0.1.0 (build-7; linux x86_64)"),
        ip: "203.0.113.7".into(),
        same_address: false,
        asked: ago(40),
        verified: false,
        days: 30,
    };
    let over = CliLoginOverPage {
        outside: outside(),
        title: "This login request does not work any more",
        advice: "This login request is too old. Run the login command again.",
    };
    let code = CliLoginCodePage {
        outside: outside(),
        csrf: words.or("csrf-sample"),
        request: words.or("tpttr_c2rkvdq5v6f0000000g0_0123456789abcdefghijklmnop"),
        code: "402917".into(),
        device: words.or("standpipe on build-7"),
        minutes: 9,
        tries: 5,
    };
    let here = CliLoginPage {
        ip: "2001:db8:1234:5678:9abc:def0:1234:5678".into(),
        same_address: true,
        ..ask.clone()
    };
    let verified = CliLoginPage {
        verified: true,
        ..here.clone()
    };
    vec![
        ("cli-login", show(here)),
        ("cli-login-elsewhere", show(ask)),
        ("cli-login-verified", show(verified)),
        ("cli-login-code", show(code)),
        ("cli-login-over", show(over)),
    ]
}

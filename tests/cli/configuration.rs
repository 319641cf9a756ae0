//! The configuration: where values come from, and how mistakes are told.

use std::fs;

use super::binary;

#[test]
fn every_mistake_is_told_with_its_key() {
    for (variable, value, said) in [
        ("STANDPIPE_HTTP_LISTEN", "8080", "http.listen: "),
        ("STANDPIPE_HTTPS_LISTEN", "never", "https.listen: "),
        (
            "STANDPIPE_PUBLIC_URL",
            "http://standpipe.example.com",
            "public_url: http:// is for loopback hosts",
        ),
        (
            "STANDPIPE_PUBLIC_URL",
            "https://standpipe.example.com/here",
            "without a path",
        ),
        (
            "STANDPIPE_DATABASE_URL",
            "mysql://db",
            "database_url: it must begin with postgres://",
        ),
        (
            "STANDPIPE_GATEWAY_DOMAIN",
            "Db.Example.com.",
            "gateway.domain: it must be a domain",
        ),
        ("STANDPIPE_DNS_LISTEN", "53", "dns.listen: "),
        (
            "STANDPIPE_WORKSPACES_POSTGRES",
            "{ port = \"5433\" }",
            "workspaces.postgres: leave port out",
        ),
        (
            "STANDPIPE_DNS_ADDRESSES",
            "[\"0.0.0.0\"]",
            "dns.addresses: each must be an address that clients can connect to",
        ),
        (
            "STANDPIPE_DNS_NAME_SERVERS",
            "[\"ns1.db.localhost\"]",
            "dns.name_servers: each must be a name",
        ),
        (
            "STANDPIPE_DNS_CONTACT",
            "nobody",
            "dns.contact: it must be an address",
        ),
        (
            "STANDPIPE_DNS_ACME_CHALLENGE",
            "Acme.example.com",
            "dns.acme_challenge: it must be a name",
        ),
        (
            "STANDPIPE_HTTP_TRUSTED_PROXIES",
            "[\"10.0.0.0/33\"]",
            "http.trusted_proxies: each must be",
        ),
        ("STANDPIPE_TLS_KEY", "/key.pem", "give both or neither"),
        ("STANDPIPE_TOKENS_PER_USER", "many", "tokens.per_user: "),
        (
            "STANDPIPE_TOKENS_PER_USER",
            "0",
            "tokens.per_user: it must be from 1 to 100",
        ),
        ("STANDPIPE_MAIL_FROM", "nobody", "mail.from: "),
        ("STANDPIPE_MAIL_REPLY_TO", "nobody", "mail.reply_to: "),
        (
            "STANDPIPE_MAIL_ENVELOPE_FROM",
            "Bounces <bounces@example.com>",
            "mail.envelope_from: ",
        ),
        ("STANDPIPE_MAIL_TIMEOUT_SECONDS", "0", "mail.timeout_seconds: "),
        ("STANDPIPE_MAIL_DKIM_SELECTOR", "s1", "give both or neither"),
        (
            "STANDPIPE_MAIL_DKIM_KEY_FILE",
            "/dkim.pem",
            "give both or neither",
        ),
        (
            "STANDPIPE_MAIL_DKIM_DOMAIN",
            "example.com",
            "mail.dkim.domain: it must be the domain of mail.from",
        ),
        ("STANDPIPE_SIGN_UP", "everybody", "accounts.sign_up: "),
        ("STANDPIPE_LOG_FORMAT", "xml", "log.format: "),
    ] {
        let binary = binary().env(variable, value);
        let err = binary.fails(1, &["admin", "check-config"]);
        assert!(
            err.starts_with("standpipe: ") && err.contains(said),
            "{variable}={value}: {err}"
        );
        assert!(!binary.data_dir().exists(), "a check makes nothing");
    }
}

#[test]
fn unknown_keys_are_refused_with_the_file_that_has_them() {
    let binary = binary();
    let file = binary.directory().join("standpipe.toml");
    fs::write(&file, "[http]\nlissten = \"127.0.0.1:1\"\n").unwrap();
    let err = binary.fails(1, &["admin", "check-config"]);
    assert!(
        err.contains("http.lissten: there is no such key; there are: listen"),
        "{err}"
    );
    assert!(err.contains("standpipe.toml"), "{err}");
    fs::write(&file, "[http\n").unwrap();
    assert!(binary.fails(1, &["serve"]).contains("standpipe.toml"));
    let err = binary.fails(1, &["--config", "missing.toml", "serve"]);
    assert!(err.contains("cannot read missing.toml"), "{err}");
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let binary = binary().env("STANDPIPE_GATEWAY_DOMAIN", "environment.example");
    fs::write(
        binary.directory().join("standpipe.toml"),
        "[gateway]\ndomain = \"file.example\"\n[tokens]\nper_user = 5\n",
    )
    .unwrap();
    let print = |arguments: &[&str]| {
        let all: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(["admin", "print-config"])
            .collect();
        binary.ok(&all)
    };
    let out = print(&[]);
    assert!(out.contains(
        "gateway.domain = \"environment.example\"  # the environment variable STANDPIPE_GATEWAY_DOMAIN\n"
    ));
    assert!(
        out.contains("tokens.per_user = 5  # ") && out.contains("standpipe.toml\n"),
        "{out}"
    );
    assert!(
        out.contains("mail.from = \"Standpipe <standpipe@localhost>\"\n"),
        "a default"
    );
    let out = print(&["--gateway-domain", "flag.example"]);
    assert!(
        out.contains("gateway.domain = \"flag.example\"  # --gateway-domain\n"),
        "{out}"
    );
}

#[test]
fn what_is_printed_can_be_read_again_and_has_no_secrets() {
    let binary = binary()
        .env(
            "STANDPIPE_DATABASE_URL",
            "postgres://me:hunter2@db.example.com/standpipe?password=hunter3",
        )
        .env(
            "STANDPIPE_SMTP_URL",
            "smtp://me:hunter4@mail.example.com:587?tls=required",
        )
        .env("STANDPIPE_SIGN_UP", "{domains=[\"example.com\"]}");
    let out = binary.ok(&["admin", "print-config"]);
    assert!(!out.contains("hunter"), "{out}");
    assert!(
        out.contains("database_url = \"postgres://me:***@db.example.com/standpipe?***\""),
        "{out}"
    );
    let file = binary.directory().join("printed.toml");
    fs::write(&file, &out).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(
        binary.ok(&["--config", file, "admin", "check-config"]),
        "The configuration can be used."
    );

    let sample = binary.ok(&["admin", "print-config", "--sample"]);
    let path = binary.directory().join("sample.toml");
    fs::write(&path, sample).unwrap();
    binary.ok(&["--config", path.to_str().unwrap(), "admin", "check-config"]);
}

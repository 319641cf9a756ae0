//! Whom mails are from, what vouches for that, and for the server that takes them.

use std::{os::unix::fs::PermissionsExt, path::Path, time::Duration};

use serde_json::Value;
use standpipe::Config;
use testkit::{Binary, TestApp, both_engines, has};

use super::{
    certificates::Certificates,
    delivery::{all_is_done, ask_for_a_link, stuck},
    sink::Sink,
};

/// What `openssl` makes where nobody says otherwise.
pub(super) const RSA_BITS: u32 = 2048;

/// The key of RFC 8463 appendix A.2, as OpenSSL writes it.
const ED25519: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";

pub(super) fn use_url(config: &mut Config, url: String) {
    config.mail.smtp_url = Some(model::Secret::new(url));
}

/// Mail goes to `url`, whose certificate is signed by the authority of `certificates`.
fn trusts(config: &mut Config, url: String, certificates: &Certificates) {
    use_url(config, url);
    config.mail.ca_file = Some(certificates.path("ca.pem").into());
}

/// Writes a key that only its owner can read.
fn write_key(path: &Path, pem: &str) {
    std::fs::write(path, pem).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

pub(super) fn rsa_key(path: &Path, bits: u32) {
    let made = std::process::Command::new("openssl")
        .args([
            "genpkey",
            "-quiet",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            &format!("rsa_keygen_bits:{bits}"),
            "-out",
        ])
        .arg(path)
        .status();
    assert!(made.unwrap().success());
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A mail of `app`, which verifies by the record that `standpipe admin mail dkim-record` prints.
pub(super) async fn signed_mail(app: &TestApp, sink: &mut Sink, key: &Path) -> Value {
    let binary = Binary::new(env!("CARGO_BIN_EXE_standpipe"))
        .env("STANDPIPE_MAIL_FROM", "Standpipe <standpipe@mail.example.com>")
        .env("STANDPIPE_MAIL_DKIM_SELECTOR", "s1.standpipe")
        .env("STANDPIPE_MAIL_DKIM_DOMAIN", "example.com")
        .env("STANDPIPE_MAIL_DKIM_KEY_FILE", key.to_str().unwrap());
    let record = binary.ok(&["admin", "mail", "dkim-record"]);
    assert!(
        record.starts_with("s1.standpipe._domainkey.example.com. IN TXT ( \"v=DKIM1; k="),
        "{record}"
    );
    sink.tell(&format!("record {record}")).await;
    ask_for_a_link(app).await;
    sink.mail().await
}

pub(super) fn signs(config: &mut Config, key: &Path) {
    "Standpipe <standpipe@mail.example.com>".clone_into(&mut config.mail.from);
    config.mail.dkim.selector = Some("s1.standpipe".to_owned());
    config.mail.dkim.domain = Some("example.com".to_owned());
    config.mail.dkim.key_file = Some(key.to_owned());
}

both_engines! {
    async fn the_operator_says_whom_mails_are_from(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).configure(|config| {
            "Königs Standpipe <standpipe@example.com>".clone_into(&mut config.mail.from);
            config.mail.reply_to = Some("Help <help@example.com>".to_owned());
            config.mail.envelope_from = Some("bounces@mail.example.com".to_owned());
        }).start().await;
        app.create_user("ana").await;
        ask_for_a_link(&app).await;
        let mail = sink.mail().await;
        let header = |name: &str| mail["headers"][name].as_str().unwrap().to_owned();
        assert_eq!(header("From"), "Königs Standpipe <standpipe@example.com>");
        assert_eq!(header("Reply-To"), "Help <help@example.com>");
        assert_eq!(mail["sender"], "bounces@mail.example.com");
        assert!(header("Message-ID").ends_with("@example.com>"));
    }

    async fn a_stranger_verifies_signatures_by_rsa(builder) {
        let (Some(mut sink), true) = (Sink::start().await, has("openssl")) else { return };
        let place = tempfile::tempdir().unwrap();
        let key = place.path().join("dkim.pem");
        rsa_key(&key, RSA_BITS);
        let app = sink.serves(builder).configure(|config| signs(config, &key)).start().await;
        app.create_user("ana").await;
        assert_eq!(signed_mail(&app, &mut sink, &key).await["dkim"], true);
        // What is signed by another key, or by none that the record names, is not verified.
        rsa_key(&key, RSA_BITS);
        assert_eq!(signed_mail(&app, &mut sink, &key).await["dkim"], false);
    }

    async fn a_stranger_verifies_signatures_by_ed25519(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let place = tempfile::tempdir().unwrap();
        let key = place.path().join("dkim.pem");
        write_key(&key, ED25519);
        let app = sink.serves(builder).configure(|config| signs(config, &key)).start().await;
        app.create_user("ana").await;
        assert_eq!(signed_mail(&app, &mut sink, &key).await["dkim"], true);
    }

    async fn starttls_with_a_password_by_an_authority_of_the_operators(builder) {
        let certificates = Certificates::new();
        let Some(mut sink) = certificates.server(&["--tls", "starttls", "--auth", "me:p@ss"]).await else { return };
        let url = format!("smtp://me:p%40ss@127.0.0.1:{}?tls=required", sink.port);
        let app = builder.configure(|config| trusts(config, url, &certificates)).start().await;
        app.create_user("ana").await;
        ask_for_a_link(&app).await;
        let mail = sink.mail().await;
        assert_eq!((&mail["tls"], &mail["user"]), (&true.into(), &"me".into()));
    }

    async fn tls_from_the_first_byte(builder) {
        let certificates = Certificates::new();
        let Some(mut sink) = certificates.server(&["--tls", "implicit", "--auth", "me:pass"]).await else { return };
        let url = format!("smtps://me:pass@127.0.0.1:{}", sink.port);
        let app = builder.configure(|config| trusts(config, url, &certificates)).start().await;
        app.create_user("ana").await;
        ask_for_a_link(&app).await;
        assert_eq!(sink.mail().await["tls"], true);
    }

    async fn connections_are_used_again(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let app = sink.serves(builder).start().await;
        app.create_user("ana").await;
        let mut peers = Vec::new();
        for _ in 0..3 {
            ask_for_a_link(&app).await;
            peers.push(sink.mail().await["peer"].clone());
            all_is_done(&app).await;
        }
        assert_eq!(peers[1..], [peers[0].clone(), peers[0].clone()]);
    }
}

both_engines! {
    async fn a_server_that_nobody_vouches_for_gets_nothing(builder) {
        let certificates = Certificates::new();
        let Some(mut sink) = certificates.server(&["--tls", "starttls"]).await else { return };
        let url = format!("smtp://127.0.0.1:{}?tls=required", sink.port);
        let app = builder.configure(|config| use_url(config, url)).start().await;
        app.create_user("ana").await;
        ask_for_a_link(&app).await;
        forget(&app, "no TLS with the mail server").await;
        assert!(!sink.took_another().await);
    }

    async fn a_server_without_tls_gets_nothing_where_tls_is_required(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        let url = format!("smtp://127.0.0.1:{}?tls=required", sink.port);
        let app = builder.configure(|config| use_url(config, url)).start().await;
        app.create_user("ana").await;
        ask_for_a_link(&app).await;
        forget(&app, "offers no TLS").await;
        assert!(!sink.took_another().await);
    }

    async fn a_wrong_password_is_waited_with(builder) {
        let certificates = Certificates::new();
        let Some(mut sink) = certificates.server(&["--tls", "starttls", "--auth", "me:pass"]).await else { return };
        let url = format!("smtp://me:wrong@127.0.0.1:{}?tls=required", sink.port);
        let app = builder.configure(|config| trusts(config, url, &certificates)).start().await;
        app.create_user("ana").await;
        ask_for_a_link(&app).await;
        forget(&app, "535").await;
        assert!(!sink.took_another().await);
    }

    async fn a_server_that_says_nothing_is_left_after_a_while(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        sink.tell("deaf").await;
        let app = sink.serves(builder).configure(|config| config.mail.timeout_seconds = 1).start().await;
        app.create_user("ana").await;
        ask_for_a_link(&app).await;
        stuck(&app, "takes too long").await;
        sink.tell("ok").await;
        app.clock.advance(Duration::from_secs(60));
        sink.mail().await;
        all_is_done(&app).await;
    }
}

both_engines! {
    async fn a_late_reply_is_not_taken_for_that_of_the_next_mail(builder) {
        let Some(mut sink) = Sink::start().await else { return };
        sink.tell("slow 3").await;
        let app = sink.serves(builder).configure(|config| config.mail.timeout_seconds = 1).start().await;
        app.create_user("ana").await;
        ask_for_a_link(&app).await;
        let first = stuck(&app, "takes too long").await;
        sink.tell("550").await;
        ask_for_a_link(&app).await;
        let second = stuck(&app, "550").await;
        app.elsewhere(move |app| async move {
            for mail in [first, second] {
                app.admin_drop_mail(mail.id).await.unwrap();
            }
        }).await;
    }
}

/// Waits for a mail that is stuck for `reason` and may wait for ever, and forgets it.
async fn forget(app: &TestApp, reason: &str) {
    let mail = stuck(app, reason).await;
    assert!(mail.next.is_some(), "it may be set right: {mail:?}");
    app.elsewhere(move |app| async move { app.admin_drop_mail(mail.id).await.unwrap() })
        .await;
}

#[test]
fn files_that_cannot_be_used_are_told_of_at_once() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    write_key(&place.path().join("good.pem"), ED25519);
    write_key(&place.path().join("text.pem"), "hello");
    rsa_key(&place.path().join("small.pem"), 1024);
    write_key(&place.path().join("open.pem"), ED25519);
    std::fs::set_permissions(path("open.pem"), std::fs::Permissions::from_mode(0o604)).unwrap();
    let standpipe = |key: &str| {
        Binary::new(env!("CARGO_BIN_EXE_standpipe"))
            .env("STANDPIPE_MAIL_DKIM_SELECTOR", "s1")
            .env("STANDPIPE_MAIL_DKIM_KEY_FILE", key)
    };
    for (key, said) in [
        ("missing.pem", "cannot read mail.dkim.key_file"),
        ("text.pem", "mail.dkim.key_file: it is no private key in PEM"),
        (
            "small.pem",
            "mail.dkim.key_file: it must be an RSA key of 2048 to 4096 bits, or an Ed25519 key",
        ),
        ("open.pem", "others can read"),
    ] {
        for command in [
            ["admin", "check-config"].as_slice(),
            &["serve"],
            &["admin", "mail", "dkim-record"],
        ] {
            let err = standpipe(&path(key)).fails(1, command);
            assert!(
                err.starts_with("standpipe: ") && err.contains(said),
                "{key}: {err}"
            );
        }
    }
    let good = standpipe(&path("good.pem"));
    good.ok(&["admin", "check-config"]);
    assert!(
        good.ok(&["admin", "mail", "dkim-record"])
            .starts_with("s1._domainkey.localhost. IN TXT (")
    );
    assert!(
        Binary::new(env!("CARGO_BIN_EXE_standpipe"))
            .fails(1, &["admin", "mail", "dkim-record"])
            .contains("mails are not signed")
    );
    for (ca, said) in [
        ("missing.pem", "cannot read mail.ca_file"),
        ("text.pem", "mail.ca_file holds no certificates"),
    ] {
        let binary = Binary::new(env!("CARGO_BIN_EXE_standpipe"))
            .env("STANDPIPE_SMTP_URL", "smtp://mail.example.com")
            .env("STANDPIPE_MAIL_CA_FILE", path(ca));
        let err = binary.fails(1, &["admin", "check-config"]);
        assert!(err.contains(said), "{ca}: {err}");
    }
}

//! What must hold between values, and what follows from them.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    time::Duration,
};

use gateway::{GatewaySettings, WarmSettings};
use ipnet::IpNet;
use model::postgres_url::PostgresUrl;
use url::{Host, Url};

use super::{Config, SignUp};
use crate::{Addresses, Error, Result, logs};

/// The most tokens that an account may be given: lists of them stay short.
const MOST_TOKENS: u16 = 100;
/// By these Standpipe finds its own PostgreSQL, and is the only one who enters it.
const OWN_SETTINGS: [&str; 6] = [
    "port",
    "unix_socket_directories",
    "data_directory",
    "hba_file",
    "external_pid_file",
    "password_encryption",
];

impl Config {
    /// Holds the values to the rules; every broken one is told.
    pub(super) fn check(&self) -> Result<()> {
        let mut broken = Vec::new();
        let mut rule = |holds: bool, line: &str| {
            if !holds {
                broken.push(line.to_owned());
            }
        };
        if let Some(url) = &self.public_url {
            rule(
                matches!(url.scheme(), "http" | "https") && url.host().is_some(),
                "public_url: it must begin with https:// (or http:// on this machine alone)",
            );
            rule(
                url.scheme() != "http" || url.host().as_ref().is_some_and(is_loopback),
                "public_url: http:// is for loopback hosts such as http://localhost:8080 only, because cookies and \
                 tokens would travel in clear; use https://",
            );
            rule(
                url.path() == "/" && url.query().is_none() && url.fragment().is_none(),
                "public_url: it must be a scheme, a host and a port, without a path",
            );
            rule(
                url.username().is_empty() && url.password().is_none(),
                "public_url: it must not hold a user or password",
            );
        }
        if let Some(url) = &self.database_url {
            let scheme = url.expose().split(':').next().unwrap_or_default();
            rule(
                matches!(scheme, "sqlite" | "postgres" | "postgresql"),
                "database_url: it must begin with postgres:// or sqlite:",
            );
        }
        rule(
            self.tls.certificate.is_some() == self.tls.key.is_some(),
            "tls.certificate and tls.key: give both or neither",
        );
        rule(
            networks(&self.http.trusted_proxies).is_some(),
            "http.trusted_proxies: each must be an address or a network such as 10.0.0.0/8",
        );
        if let Some(url) = &self.workspaces.postgres_url
            && let Err(invalid) = PostgresUrl::parse("workspaces.postgres_url", url.expose())
        {
            rule(false, &format!("workspaces.postgres_url: {}", invalid.message));
        }
        let own = OWN_SETTINGS
            .iter()
            .find(|name| self.workspaces.postgres.contains_key(**name));
        if let Some(name) = own {
            rule(
                false,
                &format!(
                    "workspaces.postgres: leave {name} out, by which Standpipe finds and enters its PostgreSQL"
                ),
            );
        }
        rule(
            networks(&self.workspaces.attach).is_some(),
            "workspaces.attach: each must be an address or a network such as 10.0.0.0/8",
        );
        rule(
            is_domain(&self.gateway.domain),
            "gateway.domain: it must be a domain such as db.example.com, in lower case and without a dot at its end",
        );
        self.check_gateway(&mut rule);
        self.check_dns(&mut rule);
        rule(
            (1..=MOST_TOKENS).contains(&self.tokens.per_user),
            "tokens.per_user: it must be from 1 to 100",
        );
        rule(
            (1..=3650).contains(&self.handles.hold_days),
            "handles.hold_days: it must be from 1 to 3650",
        );
        let sessions = &self.sessions;
        rule(
            (1..=365).contains(&sessions.lifetime_days) && (1..=365).contains(&sessions.idle_days),
            "sessions.lifetime_days and sessions.idle_days: they must be from 1 to 365",
        );
        rule(
            (1..=365).contains(&sessions.cli_lifetime_days),
            "sessions.cli_lifetime_days: it must be from 1 to 365",
        );
        rule(
            (1..=1000).contains(&sessions.per_user),
            "sessions.per_user: it must be from 1 to 1000",
        );
        rule(
            sessions.sensitive_hours > 0 && sessions.danger_minutes > 0,
            "sessions.sensitive_hours and sessions.danger_minutes: they must be 1 or more",
        );
        let query = &self.query;
        rule(
            (1..=3600).contains(&query.seconds) && (1..=1_000_000).contains(&query.rows),
            "query.seconds and query.rows: they must be from 1 to 3600 and from 1 to 1000000",
        );
        rule(
            query.result_mb > 0 && query.spool_mb >= query.result_mb,
            "query.result_mb and query.spool_mb: one result must have room among all",
        );
        rule(
            query.per_user > 0 && query.at_once >= query.per_user,
            "query.at_once and query.per_user: at_once must not be less than per_user, which must be 1 or more",
        );
        broken.extend(self.check_mail());
        if let Err(error) = logs::filter(&self.log.level) {
            broken.push(error.to_string());
        }
        if broken.is_empty() {
            Ok(())
        } else {
            Err(Error::Config(broken))
        }
    }

    fn check_gateway(&self, rule: &mut impl FnMut(bool, &str)) {
        let gateway = &self.gateway;
        rule(
            networks(&gateway.proxies).is_some(),
            "gateway.proxies: each must be an address or a network such as 10.0.0.0/8",
        );
        let limits = [
            gateway.connections,
            gateway.connections_per_account,
            gateway.connections_per_workspace,
            gateway.connections_per_ip,
        ];
        rule(
            limits.iter().all(|limit| *limit > 0),
            "gateway.connections and gateway.connections_per_…: they must be 1 or more",
        );
        rule(
            gateway.warm_seconds <= 300,
            "gateway.warm_seconds: it must be at most 300",
        );
        rule(
            (1..=600).contains(&gateway.handshake_seconds),
            "gateway.handshake_seconds: it must be from 1 to 600",
        );
        rule(
            gateway.notice_seconds <= 3600 && gateway.drain_seconds <= 3600,
            "gateway.notice_seconds and gateway.drain_seconds: they must be at most 3600",
        );
    }

    /// Where people reach the console: as configured, else this machine and the port of `http`.
    pub(crate) fn public_url(&self, http: SocketAddr) -> Result<Url> {
        match &self.public_url {
            Some(url) => Ok(url.clone()),
            None => Url::parse(&format!("http://localhost:{}", http.port()))
                .map_err(|error| Error::config(format!("public_url: {error}"))),
        }
    }

    /// What use cases need, where the doors are at `addresses`.
    pub(crate) fn settings(&self, addresses: &Addresses, data_dir: &Path) -> Result<app::Settings> {
        let public_url = self.public_url(addresses.http)?;
        let own_authority = self.tls.certificate.is_none();
        Ok(app::Settings {
            https_url: https_url(&public_url, addresses.https),
            trusted_proxies: networks(&self.http.trusted_proxies).unwrap_or_default(),
            gateway_domain: self.gateway.domain.clone(),
            gateway_port: addresses.gateway.port(),
            ca_path: own_authority.then(|| crate::tls::ca_path(data_dir)),
            sign_up: self.sign_up(&public_url),
            public_url,
            tokens_per_user: self.tokens.per_user.into(),
            credential_linger: self.tokens.linger(),
            handles: app::HandleSettings {
                hold_seconds: i64::from(self.handles.hold_days) * 24 * 60 * 60,
            },
            sessions: self.session_settings(),
            mail: app::MailSettings {
                directory: self.mail.smtp_url.is_none().then(|| data_dir.join("mail")),
            },
            queries: self.query_settings(data_dir),
            connections: self.connection_settings(),
            attach: networks(&self.workspaces.attach).unwrap_or_default(),
            own_doors: [Some(addresses.http), addresses.https, Some(addresses.gateway)]
                .into_iter()
                .flatten()
                .collect(),
            limits: app::LimitSettings {
                sign_ins_per_ip: self.limits.sign_ins_per_ip,
                sign_ins_per_email_per_hour: self.limits.sign_ins_per_email_per_hour,
                codes_per_user_per_hour: self.limits.codes_per_user_per_hour,
                failures_per_ip: self.limits.failures_per_ip,
                revocations_per_ip: self.limits.revocations_per_ip,
                identities_per_ip: self.limits.identities_per_ip,
                cli_logins_per_ip: self.limits.cli_logins_per_ip,
                cli_logins_pending: self.limits.cli_logins_pending,
                handles_per_ip: self.limits.handles_per_ip,
                connections_per_ip: self.limits.connections_per_ip,
                connections_from_new_networks: self.limits.connections_from_new_networks,
                connection_failures_per_handle: self.limits.connection_failures_per_handle,
                requests_per_ip: self.limits.requests_per_ip,
                requests_per_account: self.limits.requests_per_account,
            },
        })
    }

    fn connection_settings(&self) -> app::connections::ConnectionSettings {
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let gateway = &self.gateway;
        app::connections::ConnectionSettings {
            in_all: count(gateway.connections),
            per_account: count(gateway.connections_per_account),
            per_workspace: count(gateway.connections_per_workspace),
            per_ip: count(gateway.connections_per_ip),
        }
    }

    /// How the gateway is served.
    pub(crate) fn gateway_settings(&self) -> GatewaySettings {
        let seconds = |count: u16| Duration::from_secs(count.into());
        let gateway = &self.gateway;
        GatewaySettings {
            handshake_timeout: seconds(gateway.handshake_seconds),
            drain_timeout: seconds(gateway.drain_seconds),
            warm: WarmSettings {
                keep: seconds(gateway.warm_seconds),
                per_account: gateway.warm_per_account.into(),
                in_all: gateway.warm_in_all.into(),
            },
            proxies: networks(&gateway.proxies).unwrap_or_default(),
            ..GatewaySettings::default()
        }
    }

    /// The operator's PostgreSQL for workspaces, with the certificates that its URL names.
    pub(crate) fn workspaces_server(&self) -> Result<Option<app::RemoteServer>> {
        const KEY: &str = "workspaces.postgres_url";
        let Some(url) = &self.workspaces.postgres_url else {
            return Ok(None);
        };
        let wrong = |what: &dyn std::fmt::Display| Error::config(format!("{KEY}: {what}"));
        let url = PostgresUrl::parse(KEY, url.expose()).map_err(|invalid| wrong(&invalid.message))?;
        let roots = match url.root_file.as_deref() {
            None | Some("system") => None,
            Some(path) => {
                Some(std::fs::read_to_string(path).map_err(|error| wrong(&format!("{path}: {error}")))?)
            }
        };
        let server = app::RemoteServer::new(url, roots.as_deref()).map_err(|error| wrong(&error))?;
        Ok(Some(server))
    }

    fn session_settings(&self) -> app::SessionSettings {
        let (minute, hour, day) = (60_i64, 60 * 60, 24 * 60 * 60);
        let sessions = &self.sessions;
        app::SessionSettings {
            lifetime_seconds: i64::from(sessions.lifetime_days) * day,
            idle_seconds: i64::from(sessions.idle_days) * day,
            cli_lifetime_seconds: i64::from(sessions.cli_lifetime_days) * day,
            per_user: sessions.per_user.into(),
            sensitive_seconds: i64::from(sessions.sensitive_hours) * hour,
            danger_seconds: i64::from(sessions.danger_minutes) * minute,
        }
    }

    fn query_settings(&self, data_dir: &Path) -> app::QuerySettings {
        let mib = |count: u32| u64::from(count) * 1024 * 1024;
        let query = &self.query;
        app::QuerySettings {
            seconds: query.seconds,
            rows: query.rows,
            result_bytes: mib(query.result_mb),
            spool_bytes: mib(query.spool_mb),
            at_once: query.at_once.into(),
            per_user: query.per_user.into(),
            spool_dir: Some(data_dir.join("results")),
        }
    }

    /// As configured; else open where only this machine reaches us.
    fn sign_up(&self, public_url: &Url) -> app::SignUp {
        let ours = public_url.host().as_ref().is_some_and(is_loopback)
            && self.http.listen.ip().is_loopback()
            && self.https.listen.is_none_or(|address| address.ip().is_loopback());
        match &self.accounts.sign_up {
            Some(SignUp::Open) => app::SignUp::Open,
            Some(SignUp::Domains(domains)) => app::SignUp::Domains(domains.clone()),
            Some(SignUp::Invited) => app::SignUp::Invited,
            None if ours => app::SignUp::Open,
            None => app::SignUp::Invited,
        }
    }
}

/// Addresses and networks; nothing where one of them is neither.
fn networks(texts: &[String]) -> Option<Vec<IpNet>> {
    let one = |text: &String| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    texts.iter().map(|text| one(text).ok()).collect()
}

/// The host of `public_url` at the port of `https`, unless `public_url` is HTTPS itself.
fn https_url(public_url: &Url, https: Option<SocketAddr>) -> Option<Url> {
    let mut url = public_url.clone();
    if url.scheme() == "https" {
        return None;
    }
    url.set_scheme("https").ok()?;
    url.set_port(Some(https?.port())).ok()?;
    Some(url)
}

/// Whether nobody but this machine can be at `host`: RFC 6761 gives `localhost` and names below it to loopback.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => IpAddr::V6(*ip).to_canonical().is_loopback(),
    }
}

pub(super) fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    // A workspace's label and its dot come before it.
    name.len() <= 253 - 64 && name.split('.').all(label)
}

//! Every key, with its name in the environment. The sample documents them; a test holds the two together.

/// A key of the configuration.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its path in the file.
    pub(crate) name: &'static str,
    /// Its environment variable.
    pub(crate) variable: &'static str,
    pub(crate) kind: Kind,
}

/// What a text from the environment becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Itself.
    Text,
    /// Itself, with a password in it that is never shown.
    Secret,
    /// What the same text means in the file: a number, a table, a truth, else itself.
    Value,
}

const fn key(name: &'static str, variable: &'static str, kind: Kind) -> Key {
    Key { name, variable, kind }
}

use Kind::{Secret, Text, Value};

#[rustfmt::skip]
pub(crate) const KEYS: &[Key] = &[
    key("data_dir", "STANDPIPE_DATA_DIR", Text),
    key("database_url", "STANDPIPE_DATABASE_URL", Secret),
    key("public_url", "STANDPIPE_PUBLIC_URL", Text),
    key("master_key_file", "STANDPIPE_MASTER_KEY_FILE", Text),
    key("http.listen", "STANDPIPE_HTTP_LISTEN", Text),
    key("http.trusted_proxies", "STANDPIPE_HTTP_TRUSTED_PROXIES", Value),
    key("https.listen", "STANDPIPE_HTTPS_LISTEN", Text),
    key("tls.certificate", "STANDPIPE_TLS_CERTIFICATE", Text),
    key("tls.key", "STANDPIPE_TLS_KEY", Text),
    key("gateway.listen", "STANDPIPE_GATEWAY_LISTEN", Text),
    key("gateway.domain", "STANDPIPE_GATEWAY_DOMAIN", Text),
    key("gateway.proxies", "STANDPIPE_GATEWAY_PROXIES", Value),
    key("gateway.connections", "STANDPIPE_GATEWAY_CONNECTIONS", Value),
    key("gateway.connections_per_account", "STANDPIPE_GATEWAY_CONNECTIONS_PER_ACCOUNT", Value),
    key("gateway.connections_per_workspace", "STANDPIPE_GATEWAY_CONNECTIONS_PER_WORKSPACE", Value),
    key("gateway.connections_per_ip", "STANDPIPE_GATEWAY_CONNECTIONS_PER_IP", Value),
    key("gateway.warm_seconds", "STANDPIPE_GATEWAY_WARM_SECONDS", Value),
    key("gateway.warm_per_account", "STANDPIPE_GATEWAY_WARM_PER_ACCOUNT", Value),
    key("gateway.warm_in_all", "STANDPIPE_GATEWAY_WARM_IN_ALL", Value),
    key("gateway.handshake_seconds", "STANDPIPE_GATEWAY_HANDSHAKE_SECONDS", Value),
    key("gateway.notice_seconds", "STANDPIPE_GATEWAY_NOTICE_SECONDS", Value),
    key("gateway.drain_seconds", "STANDPIPE_GATEWAY_DRAIN_SECONDS", Value),
    key("dns.listen", "STANDPIPE_DNS_LISTEN", Text),
    key("dns.addresses", "STANDPIPE_DNS_ADDRESSES", Value),
    key("dns.name_servers", "STANDPIPE_DNS_NAME_SERVERS", Value),
    key("dns.contact", "STANDPIPE_DNS_CONTACT", Text),
    key("dns.acme_challenge", "STANDPIPE_DNS_ACME_CHALLENGE", Text),
    key("dns.responses_per_second", "STANDPIPE_DNS_RESPONSES_PER_SECOND", Value),
    key("mail.smtp_url", "STANDPIPE_SMTP_URL", Secret),
    key("mail.ca_file", "STANDPIPE_MAIL_CA_FILE", Text),
    key("mail.timeout_seconds", "STANDPIPE_MAIL_TIMEOUT_SECONDS", Value),
    key("mail.from", "STANDPIPE_MAIL_FROM", Text),
    key("mail.reply_to", "STANDPIPE_MAIL_REPLY_TO", Text),
    key("mail.envelope_from", "STANDPIPE_MAIL_ENVELOPE_FROM", Text),
    key("mail.dkim.selector", "STANDPIPE_MAIL_DKIM_SELECTOR", Text),
    key("mail.dkim.key_file", "STANDPIPE_MAIL_DKIM_KEY_FILE", Text),
    key("mail.dkim.domain", "STANDPIPE_MAIL_DKIM_DOMAIN", Text),
    key("workspaces.postgres_url", "STANDPIPE_WORKSPACES_POSTGRES_URL", Secret),
    key("workspaces.attach", "STANDPIPE_WORKSPACES_ATTACH", Value),
    key("workspaces.local", "STANDPIPE_WORKSPACES_LOCAL", Value),
    key("workspaces.binaries", "STANDPIPE_WORKSPACES_BINARIES", Text),
    key("workspaces.system_dir", "STANDPIPE_WORKSPACES_SYSTEM_DIR", Text),
    key("workspaces.postgres", "STANDPIPE_WORKSPACES_POSTGRES", Value),
    key("accounts.sign_up", "STANDPIPE_SIGN_UP", Value),
    key("tokens.per_user", "STANDPIPE_TOKENS_PER_USER", Value),
    key("tokens.cache_ms", "STANDPIPE_TOKENS_CACHE_MS", Value),
    key("handles.hold_days", "STANDPIPE_HANDLES_HOLD_DAYS", Value),
    key("sessions.lifetime_days", "STANDPIPE_SESSIONS_LIFETIME_DAYS", Value),
    key("sessions.idle_days", "STANDPIPE_SESSIONS_IDLE_DAYS", Value),
    key("sessions.cli_lifetime_days", "STANDPIPE_SESSIONS_CLI_LIFETIME_DAYS", Value),
    key("sessions.per_user", "STANDPIPE_SESSIONS_PER_USER", Value),
    key("sessions.sensitive_hours", "STANDPIPE_SESSIONS_SENSITIVE_HOURS", Value),
    key("sessions.danger_minutes", "STANDPIPE_SESSIONS_DANGER_MINUTES", Value),
    key("query.seconds", "STANDPIPE_QUERY_SECONDS", Value),
    key("query.rows", "STANDPIPE_QUERY_ROWS", Value),
    key("query.result_mb", "STANDPIPE_QUERY_RESULT_MB", Value),
    key("query.spool_mb", "STANDPIPE_QUERY_SPOOL_MB", Value),
    key("query.at_once", "STANDPIPE_QUERY_AT_ONCE", Value),
    key("query.per_user", "STANDPIPE_QUERY_PER_USER", Value),
    key("limits.sign_ins_per_ip", "STANDPIPE_LIMITS_SIGN_INS_PER_IP", Value),
    key("limits.sign_ins_per_email_per_hour", "STANDPIPE_LIMITS_SIGN_INS_PER_EMAIL_PER_HOUR", Value),
    key("limits.codes_per_user_per_hour", "STANDPIPE_LIMITS_CODES_PER_USER_PER_HOUR", Value),
    key("limits.failures_per_ip", "STANDPIPE_LIMITS_FAILURES_PER_IP", Value),
    key("limits.identities_per_ip", "STANDPIPE_LIMITS_IDENTITIES_PER_IP", Value),
    key("limits.revocations_per_ip", "STANDPIPE_LIMITS_REVOCATIONS_PER_IP", Value),
    key("limits.cli_logins_per_ip", "STANDPIPE_LIMITS_CLI_LOGINS_PER_IP", Value),
    key("limits.cli_logins_pending", "STANDPIPE_LIMITS_CLI_LOGINS_PENDING", Value),
    key("limits.handles_per_ip", "STANDPIPE_LIMITS_HANDLES_PER_IP", Value),
    key("limits.connections_per_ip", "STANDPIPE_LIMITS_CONNECTIONS_PER_IP", Value),
    key("limits.connections_from_new_networks", "STANDPIPE_LIMITS_CONNECTIONS_FROM_NEW_NETWORKS", Value),
    key("limits.connection_failures_per_handle", "STANDPIPE_LIMITS_CONNECTION_FAILURES_PER_HANDLE", Value),
    key("limits.requests_per_ip", "STANDPIPE_LIMITS_REQUESTS_PER_IP", Value),
    key("limits.requests_per_account", "STANDPIPE_LIMITS_REQUESTS_PER_ACCOUNT", Value),
    key("log.level", "STANDPIPE_LOG_LEVEL", Text),
    key("log.format", "STANDPIPE_LOG_FORMAT", Text),
];

/// The key of this name.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SAMPLE;

    #[test]
    fn the_sample_documents_every_key() {
        let mut section = String::new();
        let mut documented = Vec::new();
        for line in SAMPLE.lines() {
            if let Some(name) = line.strip_prefix('[') {
                section = format!("{}.", name.trim_end_matches(']'));
            }
            if let Some((_, variable)) = line.split_once("# STANDPIPE_") {
                let name = line.trim_start_matches("# ").split_once(" = ").unwrap().0;
                let variable = variable.split(',').next().unwrap();
                documented.push(format!("{section}{name} STANDPIPE_{variable}"));
            }
        }
        let known: Vec<String> = KEYS
            .iter()
            .map(|key| format!("{} {}", key.name, key.variable))
            .collect();
        assert_eq!(documented, known);
    }
}

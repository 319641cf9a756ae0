//! The name server of the gateway's domain: what can be set, and what follows from it.

use std::net::{IpAddr, SocketAddr};

use dns::{DnsSettings, ZoneSettings};
use serde::Deserialize;

use super::{Config, address_or_off, rules::is_domain};

/// The name server of the gateway's domain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// Where to listen, by UDP and TCP; `None` is written "off".
    #[serde(deserialize_with = "address_or_off")]
    pub listen: Option<SocketAddr>,
    /// Where names lead; without any, where the gateway listens.
    pub addresses: Vec<IpAddr>,
    /// The zone's name servers outside of it.
    pub name_servers: Vec<String>,
    /// Whom to write to about the zone.
    pub contact: Option<String>,
    /// Where the challenges of certificates' authorities are kept.
    pub acme_challenge: Option<String>,
    /// Answers of one kind that one network gets by UDP.
    pub responses_per_second: u32,
}

impl Config {
    /// Holds what is said of the name server to the rules.
    pub(super) fn check_dns(&self, rule: &mut impl FnMut(bool, &str)) {
        let (dns, gateway) = (&self.dns, &self.gateway);
        rule(
            dns.listen.is_none() || !dns.addresses.is_empty() || !gateway.listen.ip().is_unspecified(),
            "dns.addresses: say where clients reach the gateway, which gateway.listen does not",
        );
        rule(
            dns.addresses
                .iter()
                .all(|ip| !ip.is_unspecified() && !ip.is_multicast()),
            "dns.addresses: each must be an address that clients can connect to",
        );
        let outside = |name: &String| {
            let within = name
                .strip_suffix(gateway.domain.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            is_domain(name) && !within
        };
        rule(
            dns.name_servers.iter().all(outside),
            "dns.name_servers: each must be a name such as ns1.example.com, in lower case and outside of gateway.domain",
        );
        rule(
            dns.acme_challenge.as_ref().is_none_or(outside),
            "dns.acme_challenge: it must be a name such as db.acme.example.com, in lower case and outside of gateway.domain",
        );
        let contact = dns
            .contact
            .as_deref()
            .map(str::parse::<model::email::EmailAddress>);
        rule(
            contact.is_none_or(|contact| contact.is_ok()),
            "dns.contact: it must be an address such as hostmaster@example.com",
        );
    }

    /// How names are served, where the gateway listens at `gateway`.
    pub(crate) fn dns_settings(&self, gateway: IpAddr) -> DnsSettings {
        let dns = &self.dns;
        let addresses = match dns.addresses.is_empty() {
            true => vec![gateway],
            false => dns.addresses.clone(),
        };
        DnsSettings {
            zone: ZoneSettings {
                domain: self.gateway.domain.clone(),
                addresses,
                name_servers: dns.name_servers.clone(),
                contact: dns.contact.clone(),
                challenge: dns.acme_challenge.clone(),
            },
            responses_per_second: dns.responses_per_second,
        }
    }
}

//! Which addresses may a backend have? Whoever attaches a server makes Standpipe connect to it from where it stands,
//! which reaches further than they do.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use ipnet::IpNet;

/// Where connections to backends may go. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Network(Option<Arc<Rules>>);

#[derive(Debug)]
struct Rules {
    allowed: Vec<IpNet>,
    own: Vec<SocketAddr>,
}

impl Network {
    /// Anywhere: for the operator's own server.
    pub fn anywhere() -> Self {
        Self(None)
    }

    /// To the networks `allowed`, but never to where nobody's database is, and never to our own doors `own`, which
    /// would lead in a circle.
    pub fn only(allowed: Vec<IpNet>, own: Vec<SocketAddr>) -> Self {
        Self(Some(Arc::new(Rules { allowed, own })))
    }

    /// Whether a connection may go to `address`.
    pub fn allows(&self, address: SocketAddr) -> bool {
        self.0.as_ref().is_none_or(|rules| rules.allow(address))
    }
}

impl Rules {
    fn allow(&self, address: SocketAddr) -> bool {
        let ip = plain(address.ip());
        !is_nowhere(ip)
            && self.allowed.iter().any(|network| network.contains(&ip))
            && !self.own.iter().any(|own| is_door(*own, ip, address.port()))
    }
}

/// An IPv4 address that is written as an IPv6 one is still that.
fn plain(ip: IpAddr) -> IpAddr {
    const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];
    match ip.to_canonical() {
        IpAddr::V6(six) if six.segments().starts_with(&NAT64) => {
            let [.., a, b, c, d] = six.octets();
            IpAddr::from([a, b, c, d])
        }
        other => other,
    }
}

/// Unspecified, link-local (where clouds keep the credentials of their machines), multicast and broadcast addresses,
/// and the one of AWS's metadata in IPv6: there is no database, whatever the operator allows.
fn is_nowhere(ip: IpAddr) -> bool {
    const METADATA: [u16; 8] = [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254];
    match ip {
        IpAddr::V4(ip) => {
            ip.octets().first() == Some(&0) || ip.is_link_local() || ip.is_multicast() || ip.is_broadcast()
        }
        IpAddr::V6(ip) => {
            ip.is_unspecified()
                || ip.is_unicast_link_local()
                || ip.is_multicast()
                || ip.segments() == METADATA
        }
    }
}

/// Whether `ip` and `port` are the listener `own`: one that listens on every address is on each of this machine's, of
/// which we know but the loopback ones, and so its port is closed everywhere on private addresses.
fn is_door(own: SocketAddr, ip: IpAddr, port: u16) -> bool {
    let own_ip = plain(own.ip());
    own.port() == port
        && (own_ip == ip
            || (own_ip.is_unspecified() && is_near(ip))
            || (own_ip.is_loopback() && ip.is_loopback()))
}

fn is_near(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(allowed: &[&str], own: &[&str]) -> Network {
        Network::only(
            allowed.iter().map(|text| text.parse().unwrap()).collect(),
            own.iter().map(|text| text.parse().unwrap()).collect(),
        )
    }

    fn allows(network: &Network, address: &str) -> bool {
        network.allows(address.parse().unwrap())
    }

    #[test]
    fn no_rule_opens_what_holds_no_database() {
        let all = network(&["0.0.0.0/0", "::/0"], &[]);
        for open in [
            "127.0.0.1:5432",
            "10.1.2.3:5432",
            "203.0.113.7:5432",
            "[::1]:5432",
            "[2001:db8::1]:5432",
            "[fd00::1]:5432",
            "[::ffff:10.0.0.1]:5432",
        ] {
            assert!(allows(&all, open), "{open}");
        }
        for closed in [
            "169.254.169.254:80",
            "[::ffff:169.254.169.254]:80",
            "[64:ff9b::a9fe:a9fe]:80",
            "[fd00:ec2::254]:80",
            "[fe80::1]:5432",
            "0.0.0.0:5432",
            "0.1.2.3:5432",
            "[::]:5432",
            "224.0.0.1:5432",
            "[ff02::1]:5432",
            "255.255.255.255:5432",
        ] {
            assert!(!allows(&all, closed), "{closed}");
        }
    }

    #[test]
    fn only_what_is_listed_is_open() {
        let private = network(&["10.0.0.0/8"], &[]);
        assert!(allows(&private, "10.0.0.1:5432") && allows(&private, "[::ffff:10.0.0.1]:5432"));
        assert!(!allows(&private, "11.0.0.1:5432") && !allows(&private, "[::1]:5432"));
        assert!(!allows(&network(&[], &[]), "127.0.0.1:5432"));
        assert!(
            allows(&Network::anywhere(), "169.254.1.1:5432"),
            "the operator's own"
        );
    }

    #[test]
    fn our_own_doors_are_closed() {
        let all = &["0.0.0.0/0", "::/0"];
        let one = network(all, &["127.0.0.1:9193"]);
        assert!(
            !allows(&one, "127.0.0.1:9193") && !allows(&one, "127.0.0.2:9193") && !allows(&one, "[::1]:9193")
        );
        assert!(allows(&one, "127.0.0.1:5432") && allows(&one, "10.0.0.1:9193"));
        let every = network(all, &["[::]:9193"]);
        for closed in [
            "127.0.0.1:9193",
            "10.0.0.1:9193",
            "[::1]:9193",
            "192.168.1.1:9193",
        ] {
            assert!(!allows(&every, closed), "{closed}");
        }
        assert!(allows(&every, "203.0.113.1:9193"));
    }
}

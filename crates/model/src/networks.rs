//! From where a token may be used: a list of networks.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;

use crate::Invalid;

/// The most networks that one token takes.
pub const NETWORKS_MAX: usize = 20;

/// The networks that a token may be used from; an empty list is anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// The list of `texts`, each a network such as `10.0.0.0/8` or a single address. What is written twice, or lies
    /// in another of the list, stands there once.
    pub fn of<T: AsRef<str>>(texts: &[T]) -> Result<Self, Invalid> {
        let texts = texts.iter().map(|text| text.as_ref().trim());
        let nets = texts
            .filter(|text| !text.is_empty())
            .map(network)
            .collect::<Result<Vec<_>, _>>()?;
        let nets = IpNet::aggregate(&nets);
        if nets.len() > NETWORKS_MAX {
            return Err(Invalid::new(
                "networks",
                format!("Name at most {NETWORKS_MAX} networks."),
            ));
        }
        Ok(Self(nets))
    }

    /// Whether `ip` may use the token. An IPv4 address that arrives as IPv6 is that IPv4 address.
    pub fn allow(&self, ip: IpAddr) -> bool {
        self.0.is_empty() || self.0.iter().any(|net| net.contains(&ip.to_canonical()))
    }

    /// Whether the token may be used from anywhere.
    pub fn is_anywhere(&self) -> bool {
        self.0.is_empty()
    }

    /// The networks as texts.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(IpNet::to_string).collect()
    }
}

/// One network. Bits behind the prefix are a slip that might hide another network, so they are refused.
fn network(text: &str) -> Result<IpNet, Invalid> {
    let wrong = || {
        Invalid::new(
            "networks",
            "Write each network as an address and a prefix length, such as 203.0.113.0/24 or 2001:db8::/32, or as \
             one address.",
        )
    };
    let net = match text.parse::<IpAddr>() {
        Ok(ip) => IpNet::from(ip.to_canonical()),
        Err(_) => text.parse::<IpNet>().map_err(|_| wrong())?,
    };
    if net == net.trunc() && net.addr() == net.addr().to_canonical() {
        Ok(net)
    } else {
        Err(wrong())
    }
}

impl fmt::Display for Networks {
    /// With a comma between them; this is what the store keeps.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts().join(","))
    }
}

impl FromStr for Networks {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::of(&text.split(',').collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_empty_list_is_anywhere() {
        let anywhere = Networks::of::<&str>(&["", "  "]).unwrap();
        assert!(anywhere.is_anywhere() && anywhere.allow(ip("192.0.2.1")) && anywhere.allow(ip("::1")));
    }

    #[test]
    fn both_families_and_single_addresses() {
        let networks = Networks::of(&["10.0.0.0/8", " 203.0.113.7 ", "2001:db8::/32"]).unwrap();
        for inside in ["10.255.0.1", "203.0.113.7", "2001:db8:1::1", "::ffff:10.0.0.1"] {
            assert!(networks.allow(ip(inside)), "{inside}");
        }
        for outside in ["11.0.0.1", "203.0.113.8", "2001:db9::1", "::1"] {
            assert!(!networks.allow(ip(outside)), "{outside}");
        }
        assert_eq!(
            networks.texts(),
            ["10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32"]
        );
    }

    #[test]
    fn slips_are_refused_and_repeats_are_not_kept() {
        for wrong in [
            "10.0.0.1/8",
            "10.0.0.0/33",
            "example.com",
            "10.0.0.0/8;::/0",
            "::ffff:10.0.0.0/104",
        ] {
            let refused = Networks::of(&[wrong]).unwrap_err();
            assert_eq!(refused.field, "networks");
            assert!(!refused.message.contains(wrong));
        }
        assert_eq!(
            Networks::of(&["10.0.0.0/8", "10.1.0.0/16"]).unwrap().texts(),
            ["10.0.0.0/8"]
        );
        // Every other address, so that none of them can be put together with another.
        let many: Vec<_> = (0..=NETWORKS_MAX).map(|n| format!("192.0.2.{}", 2 * n)).collect();
        assert!(Networks::of(&many).is_err() && Networks::of(&many[1..]).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_kept_reads_as_the_same(v4 in any::<[u8; 4]>(), length in 0_u8..=32, v6 in any::<u128>()) {
            let net = IpNet::new(IpAddr::from(v4), length).unwrap().trunc();
            let networks = Networks::of(&[net.to_string(), IpAddr::V6(v6.into()).to_string()]).unwrap();
            prop_assert_eq!(networks.to_string().parse::<Networks>().unwrap(), networks);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,60}") {
            let _ = Networks::of(&[text]);
        }
    }
}

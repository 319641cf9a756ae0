//! How much of an address is taken for one network, wherever clients are counted, limited or known again.

use std::net::IpAddr;

use ipnet::IpNet;

/// The first `v4` bits of an IPv4 address, or `v6` of an IPv6 address, and zeros. An IPv4 address written as IPv6 is that
/// IPv4 address. More bits than an address has are all of it.
pub fn prefix(ip: IpAddr, v4: u8, v6: u8) -> IpAddr {
    let ip = ip.to_canonical();
    let bits = if ip.is_ipv4() { v4 } else { v6 };
    IpNet::new(ip, bits).map_or(ip, |net| net.network())
}

/// What one subscriber has: an IPv4 address, or a whole /64 of IPv6.
pub fn subscriber(ip: IpAddr) -> IpAddr {
    prefix(ip, 32, 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_the_prefix_does_not_count() {
        let of = |ip: &str, v4, v6| prefix(ip.parse().unwrap(), v4, v6).to_string();
        assert_eq!(of("192.0.2.7", 24, 48), "192.0.2.0");
        assert_eq!(of("::ffff:192.0.2.200", 24, 48), "192.0.2.0");
        assert_eq!(of("2001:db8:1:2:3::4", 24, 48), "2001:db8:1::");
        assert_eq!(of("192.0.2.7", 99, 48), "192.0.2.7");
        assert_eq!(subscriber("192.0.2.7".parse().unwrap()).to_string(), "192.0.2.7");
        assert_eq!(
            subscriber("2001:db8:1:2:3::4".parse().unwrap()).to_string(),
            "2001:db8:1:2::"
        );
    }
}

//! Where an account was signed in from: a sign-in from a device or a network that it was not is told to its owner.
//!
//! A device is what a browser says of itself without its versions, a network is as wide as what providers give to a
//! street: an update or a new address at home is no news. Kept are keyed hashes, of each account its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mail::{Event, Message};
use model::{device, time};
use store::{
    Tx, known_places,
    known_places::{PlaceKind, note_place},
    users::UserRow,
};

use crate::{App, Peer, Result, notices};

/// How long a place is known where nobody signs in from: a year and a bit.
const KEEP_SECONDS: i64 = 400 * 24 * 60 * 60;

impl App {
    /// Notes from where `user`, whose row the transaction has locked, signs in. The first sign-in of an account is
    /// welcomed; a later one from elsewhere is told.
    pub(crate) async fn note_sign_in(&self, tx: &mut Tx, user: &UserRow, peer: &Peer) -> Result<()> {
        let (id, now) = (user.id, self.now());
        let mac = |what: &str, place: &str| self.keys().sign_in_mac(&format!("{what} of {id}"), place);
        let device = mac("device", &device::lasting(&peer.user_agent));
        let network = mac("network", &neighbourhood(peer.ip).to_string());
        let is_first = note_place(tx, id, PlaceKind::Account, &[], now).await?;
        let is_new_device = note_place(tx, id, PlaceKind::Device, &device, now).await?;
        let is_new_network = note_place(tx, id, PlaceKind::Network, &network, now).await?;
        let event = match (is_first, is_new_device || is_new_network) {
            (true, _) => Event::Welcome,
            (false, true) => Event::NewSignIn {
                device: is_new_device,
                network: is_new_network,
            },
            (false, false) => return Ok(()),
        };
        let message = Message::Event(event, self.notice_of(user, notices::by(peer)));
        self.tell_owner(tx, id, &message).await
    }

    /// Forgets the places where nobody was for long.
    pub(crate) async fn remove_old_places(&self, tx: &mut Tx) -> Result<()> {
        let before = time::after(self.now(), -KEEP_SECONDS);
        Ok(known_places::delete_old_places(tx, before).await.map(drop)?)
    }
}

/// The /24 of an IPv4 address, the /48 of an IPv6 address.
fn neighbourhood(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & (u32::MAX << 8)).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_street_is_one_network() {
        let of = |ip: &str| neighbourhood(ip.parse().unwrap()).to_string();
        assert_eq!(of("192.0.2.7"), "192.0.2.0");
        assert_eq!(of("::ffff:192.0.2.200"), "192.0.2.0");
        assert_eq!(of("2001:db8:1:2:3::4"), "2001:db8:1::");
    }
}

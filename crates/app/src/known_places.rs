//! Where an account was signed in from: a sign-in from a device or a network that it was not is told to its owner.
//!
//! A device is what a browser says of itself without its versions, a network is as wide as what providers give to a
//! street: an update or a new address at home is no news. Kept are keyed hashes, of each account its own.

use mail::{Event, Message};
use model::{device, prefix::prefix, time};
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
        let network = mac("network", &prefix(peer.ip, 24, 48).to_string());
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

//! The hash chain: how a record is bound to the one before it, and how a person can be erased without breaking it.
//!
//! `hash(n) = SHA-256(hash(n-1) ‖ facts(n) ‖ commitment(n))`. Facts are ids, codes and times. What may tell of a person
//! (names, addresses, titles, `data`) is behind `commitment = HMAC-SHA-256(salt, personal)` with a random salt of the
//! record: without the salt nobody can try out what it was. Erasing replaces the personal part, forgets the salt, and
//! leaves a MAC under a key that is not in the store, so that an erasure is told from a forgery. The head of a chain,
//! its last sequence number and hash, carries such a MAC too: who cuts records off the end cannot make another.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::scram::hmac_sha256;

/// A SHA-256.
pub type Hash = [u8; 32];

/// What stands before the first record.
pub const GENESIS: Hash = [0; 32];

/// The key that heads and erasures are signed with. It comes from the master key and is in no store.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ChainKey([u8; 32]);

impl ChainKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The signature of a chain's head.
    pub fn head_mac(&self, chain: &str, sequence: i64, hash: &[u8]) -> Hash {
        let mut text = Canonical::new("standpipe audit head v1");
        text.text(chain).int(sequence).bytes(hash);
        hmac_sha256(&self.0, &text.0)
    }

    /// The signature of a record whose personal part was replaced by `left`.
    pub fn erasure_mac(&self, hash: &[u8], left: &Personal) -> Hash {
        let mut text = Canonical::new("standpipe audit erasure v1");
        text.bytes(hash);
        left.write(&mut text);
        hmac_sha256(&self.0, &text.0)
    }

    /// The signature of an event that waits for its place in a chain, as it is written down meanwhile.
    pub fn event_mac(&self, event: &[u8]) -> Hash {
        let mut text = Canonical::new("standpipe audit event v1");
        text.bytes(event);
        hmac_sha256(&self.0, &text.0)
    }

    /// Whether `mac` is the signature of `event`.
    pub fn is_event_genuine(&self, event: &[u8], mac: &[u8]) -> bool {
        same(&self.event_mac(event), mac)
    }
}

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChainKey(…)")
    }
}

/// What stands where the handle of somebody deleted was. Nobody can choose it.
pub const PSEUDONYM: &str = "deleted";

/// The part of a record that may tell of a person, and that an erasure replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    /// The actor's handle then.
    pub actor_handle: String,
    /// The actor's display name then.
    pub actor_display_name: Option<String>,
    /// From where.
    pub actor_ip: String,
    /// The credential's title then.
    pub credential_title: Option<String>,
    /// The client's own name.
    pub user_agent: String,
    /// The target's name then.
    pub target_handle: Option<String>,
    /// Facts, a JSON object.
    pub data: String,
}

impl Personal {
    /// What is left of it when everything is taken out that may tell of somebody who is deleted, and who has `pseudonym`
    /// where their handle was: `is_own` is whether the log is theirs, `is_actor` whether they acted.
    #[must_use]
    pub fn without(self, pseudonym: &str, is_own: bool, is_actor: bool) -> Self {
        Self {
            actor_handle: if is_actor {
                pseudonym.to_owned()
            } else {
                self.actor_handle
            },
            actor_display_name: None,
            actor_ip: String::new(),
            credential_title: None,
            user_agent: String::new(),
            target_handle: self.target_handle.filter(|_| !is_own),
            data: if is_own { "{}".to_owned() } else { self.data },
        }
    }

    fn write(&self, to: &mut Canonical) {
        to.text(&self.actor_handle)
            .opt(self.actor_display_name.as_deref())
            .text(&self.actor_ip)
            .opt(self.credential_title.as_deref())
            .text(&self.user_agent)
            .opt(self.target_handle.as_deref())
            .text(&self.data);
    }

    /// What the chain holds in place of it.
    pub fn commitment(&self, salt: &[u8]) -> Hash {
        let mut text = Canonical::new("standpipe audit personal v1");
        self.write(&mut text);
        hmac_sha256(salt, &text.0)
    }
}

/// A record as the store holds it, letter by letter, so that one that was tampered with can be read too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The chain: the account's id, or one of [`stranger_chain`].
    pub chain: String,
    /// Its place in the chain, from 1.
    pub sequence: i64,
    /// Its id.
    pub id: String,
    /// Whose log it belongs to.
    pub identity_id: Option<String>,
    /// What was done.
    pub action: String,
    /// The acting account.
    pub actor_id: Option<String>,
    /// The kind of credential.
    pub credential_kind: String,
    /// The credential.
    pub credential_id: Option<String>,
    /// The request.
    pub request_id: String,
    /// To what.
    pub target_id: Option<String>,
    /// When, in microseconds.
    pub created_at: i64,
    /// The rest.
    pub personal: Personal,
}

impl Link {
    /// The hash of this record behind one with the hash `previous`.
    pub fn hash(&self, previous: &[u8], commitment: &[u8]) -> Hash {
        self.hash_at(self.sequence, previous, commitment)
    }

    /// The hash that it would have at another place.
    pub(super) fn hash_at(&self, sequence: i64, previous: &[u8], commitment: &[u8]) -> Hash {
        let mut text = Canonical::new("standpipe audit record v1");
        text.bytes(previous)
            .text(&self.chain)
            .int(sequence)
            .text(&self.id)
            .opt(self.identity_id.as_deref())
            .text(&self.action)
            .opt(self.actor_id.as_deref())
            .text(&self.credential_kind)
            .opt(self.credential_id.as_deref())
            .text(&self.request_id)
            .opt(self.target_id.as_deref())
            .int(self.created_at)
            .bytes(commitment);
        Sha256::digest(&text.0).into()
    }
}

/// The chain of a record that belongs to no account. There are 16, by the record's id, so that strangers do not queue
/// behind each other.
pub fn stranger_chain(id: &str) -> String {
    let last = id.bytes().rev().nth(1).unwrap_or(b'0');
    format!("none_{:x}", last & 15)
}

/// Whether two hashes are the same.
pub(super) fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Text without a second reading: each part has its kind and its length before it.
struct Canonical(Vec<u8>);

impl Canonical {
    fn new(what: &str) -> Self {
        let mut text = Self(Vec::with_capacity(512));
        text.text(what);
        text
    }

    fn part(&mut self, kind: u8, bytes: &[u8]) -> &mut Self {
        self.0.push(kind);
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.part(b't', text.as_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.part(b'b', bytes)
    }

    fn int(&mut self, number: i64) -> &mut Self {
        self.part(b'i', &number.to_be_bytes())
    }

    fn opt(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.part(b'n', b""),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A record at `sequence` of the chain of one account.
    pub(crate) fn link(sequence: i64) -> Link {
        Link {
            chain: "u_00000000000000000000".to_owned(),
            sequence,
            id: format!("a_{sequence:020}"),
            identity_id: Some("u_00000000000000000000".to_owned()),
            action: "token.create".to_owned(),
            actor_id: None,
            credential_kind: "session".to_owned(),
            credential_id: None,
            request_id: "r_1".to_owned(),
            target_id: None,
            created_at: sequence,
            personal: Personal {
                actor_handle: "ana".to_owned(),
                actor_display_name: None,
                actor_ip: "192.0.2.7".to_owned(),
                credential_title: None,
                user_agent: "curl".to_owned(),
                target_handle: Some("ci".to_owned()),
                data: "{}".to_owned(),
            },
        }
    }

    #[test]
    fn nothing_can_slip_from_one_field_into_the_next() {
        let commitment = |handle: &str, name: Option<&str>| {
            let mut personal = link(1).personal;
            personal.actor_handle = handle.to_owned();
            personal.actor_display_name = name.map(str::to_owned);
            personal.commitment(b"salt")
        };
        assert_ne!(commitment("ana", Some("b")), commitment("an", Some("ab")));
        assert_ne!(commitment("ana", Some("")), commitment("ana", None));
        assert_ne!(link(1).hash(&GENESIS, b"c"), link(1).hash_at(2, &GENESIS, b"c"));
    }

    #[test]
    fn strangers_are_spread_over_sixteen_chains() {
        let random = crate::Random::new({
            let count = std::sync::atomic::AtomicU8::new(0);
            move |out| out.fill(count.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
        });
        let chains: std::collections::BTreeSet<_> = (0..256)
            .map(|_| {
                let id = crate::AuditId::new(crate::time::from_micros(0), &random);
                stranger_chain(&id.to_string())
            })
            .collect();
        assert_eq!(chains.len(), 16, "{chains:?}");
    }
}

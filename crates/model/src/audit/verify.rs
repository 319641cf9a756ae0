//! Verifying a chain: what was changed, deleted, inserted or moved since it was written.

mod fault;
#[cfg(test)]
mod tests;

use super::chain::{ChainKey, GENESIS, Link, same};
pub use fault::Fault;

/// How many records that do not fit are looked at closely; after a shift all that follow do not fit.
const CLOSE_LOOK: usize = 64;

/// A record with what binds it into its chain.
#[derive(Debug, Clone)]
pub struct Chained {
    /// The record.
    pub link: Link,
    /// Its hash, as stored.
    pub hash: Vec<u8>,
    /// The commitment to its personal part.
    pub commitment: Vec<u8>,
    /// What opens the commitment; gone after an erasure.
    pub salt: Option<Vec<u8>>,
    /// The signature of an erasure.
    pub erasure: Option<Vec<u8>>,
}

impl Chained {
    /// Whether the personal part is what was committed to, or what Standpipe left of it.
    pub fn is_personal_genuine(&self, key: &ChainKey) -> bool {
        let personal = &self.link.personal;
        match (&self.salt, &self.erasure) {
            (Some(salt), None) => same(&personal.commitment(salt), &self.commitment),
            (None, Some(mac)) => same(&key.erasure_mac(&self.hash, personal), mac),
            _ => false,
        }
    }
}

/// The end of a chain, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The chain.
    pub chain: String,
    /// How many records it has.
    pub sequence: i64,
    /// The hash of the last one.
    pub hash: Vec<u8>,
    /// The signature over all that.
    pub mac: Vec<u8>,
}

impl Head {
    /// Whether Standpipe wrote it.
    pub fn is_genuine(&self, key: &ChainKey) -> bool {
        same(&key.head_mac(&self.chain, self.sequence, &self.hash), &self.mac)
    }
}

/// Takes the records of a chain in their order and says what is wrong with it.
#[derive(Debug)]
pub struct Verifier<'a> {
    key: &'a ChainKey,
    /// The last place that was read, and the record there.
    last: (i64, String),
    /// What the next record may stand behind: the stored hash of the last one, and the one that it should have.
    /// Empty after a gap: then nobody knows.
    previous: Vec<Vec<u8>>,
    /// What the last record stands behind.
    before: Vec<Vec<u8>>,
    faults: Vec<Fault>,
    suspects: Vec<Suspect>,
    /// Records that fit behind the head that was known when they were read.
    surplus: Vec<(i64, String)>,
}

/// A record that does not fit where it is.
#[derive(Debug)]
struct Suspect {
    record: Chained,
    /// Hashes that stand before it.
    near: Vec<Vec<u8>>,
    /// The record before it.
    neighbour: String,
}

impl<'a> Verifier<'a> {
    /// For a chain whose head is signed with `key`.
    pub fn new(key: &'a ChainKey) -> Self {
        Self {
            key,
            last: (0, String::new()),
            previous: vec![GENESIS.to_vec()],
            before: Vec::new(),
            faults: Vec::new(),
            suspects: Vec::new(),
            surplus: Vec::new(),
        }
    }

    /// The last place that was read.
    pub fn last(&self) -> i64 {
        self.last.0
    }

    /// The next record; the head, as it was read last, is at `head`.
    pub fn take(&mut self, record: Chained, head: i64) {
        let (sequence, id) = (record.link.sequence, record.link.id.clone());
        if sequence < 1 {
            // The first place is 1; what stands before it was never written.
            return self.faults.push(Fault::Inserted { sequence, id });
        }
        let (last, neighbour) = std::mem::replace(&mut self.last, (sequence, id.clone()));
        if sequence > last + 1 {
            let (from, to) = (last + 1, sequence - 1);
            self.faults.push(Fault::Deleted { from, to });
            self.previous.clear();
        }
        if sequence > head && self.surplus.len() < CLOSE_LOOK {
            self.surplus.push((sequence, id.clone()));
        }
        let hashes: Vec<_> = self
            .previous
            .iter()
            .map(|previous| record.link.hash(previous, &record.commitment).to_vec())
            .collect();
        let fits = hashes.is_empty() || hashes.iter().any(|hash| same(hash, &record.hash));
        let previous = std::mem::replace(&mut self.previous, vec![record.hash.clone()]);
        let before = std::mem::replace(&mut self.before, previous);
        if !fits {
            // Where only the stored hash was changed, the next record still knows the true one.
            self.previous.extend(hashes);
            if self.suspects.len() < CLOSE_LOOK {
                let near = before.into_iter().chain(self.before.iter().cloned()).collect();
                self.suspects.push(Suspect {
                    record,
                    near,
                    neighbour,
                });
            }
        } else if !record.is_personal_genuine(self.key) {
            self.faults.push(Fault::Changed { sequence, id });
        }
    }

    /// What is wrong with the chain that ends at `head`, in its order. Every record was taken, those behind the head
    /// too, if there are any.
    pub fn finish(mut self, head: Option<&Head>) -> Vec<Fault> {
        let genuine = head.filter(|head| head.is_genuine(self.key));
        self.judge(genuine.map(|head| head.sequence));
        match genuine {
            None => self.faults.push(Fault::Head),
            Some(head) if head.sequence > self.last.0 => self.faults.push(Fault::Deleted {
                from: self.last.0 + 1,
                to: head.sequence,
            }),
            Some(head) if head.sequence < self.last.0 => self.judge_surplus(head.sequence),
            // All fits until the end, which is another one: the end was written anew.
            Some(head)
                if self.faults.is_empty() && !self.previous.iter().any(|hash| same(hash, &head.hash)) =>
            {
                self.faults.push(Fault::Cut {
                    sequence: head.sequence,
                });
            }
            Some(_) => {}
        }
        self.faults.sort_by_key(Fault::sequence);
        self.faults.dedup();
        self.faults
    }

    /// Says of each record that does not fit what happened to it.
    fn judge(&mut self, end: Option<i64>) {
        let suspects = std::mem::take(&mut self.suspects);
        let origins: Vec<_> = suspects
            .iter()
            .map(|suspect| origin(suspect, &suspects))
            .collect();
        let origin_at = |place: i64| {
            let found = suspects
                .iter()
                .position(|suspect| suspect.record.link.sequence == place)?;
            *origins.get(found)?
        };
        let (surplus, short) = (
            end.is_some_and(|end| self.last.0 > end),
            end.is_some_and(|end| self.last.0 < end),
        );
        for (suspect, from) in suspects.iter().zip(&origins) {
            let sequence = suspect.record.link.sequence;
            let id = suspect.record.link.id.clone();
            let next = origin_at(sequence + 1);
            self.faults.push(match *from {
                Some(from) if from == sequence => continue,
                Some(from) if from == sequence - 1 && surplus => {
                    // It was merely pushed on by what was inserted before it.
                    match origin_at(sequence - 1) {
                        None if !self.is_suspect(&suspects, sequence - 1) => Fault::Inserted {
                            sequence: sequence - 1,
                            id: suspect.neighbour.clone(),
                        },
                        _ => continue,
                    }
                }
                Some(from) if from == sequence + 1 && short => continue,
                Some(from) => Fault::Moved { sequence, id, from },
                None if surplus && (sequence == self.last.0 || next == Some(sequence)) => {
                    Fault::Inserted { sequence, id }
                }
                None if short && next == Some(sequence + 2) => Fault::Deleted {
                    from: sequence,
                    to: sequence,
                },
                None => Fault::Changed { sequence, id },
            });
        }
    }

    fn is_suspect(&self, suspects: &[Suspect], place: i64) -> bool {
        suspects
            .iter()
            .any(|suspect| suspect.record.link.sequence == place)
    }

    /// Records behind the head were appended by somebody else, unless one inserted before them pushed them there.
    fn judge_surplus(&mut self, end: i64) {
        let known = |fault: &Fault| matches!(fault, Fault::Inserted { sequence, .. } if *sequence > 0);
        if !self.faults.iter().any(known) {
            let surplus = std::mem::take(&mut self.surplus);
            let inserted = surplus.into_iter().filter(|(sequence, _)| *sequence > end);
            self.faults
                .extend(inserted.map(|(sequence, id)| Fault::Inserted { sequence, id }));
        }
    }
}

/// Where a record was written that does not fit where it is; its own place, if only its neighbour was moved.
fn origin(suspect: &Suspect, suspects: &[Suspect]) -> Option<i64> {
    let Chained {
        link,
        hash,
        commitment,
        ..
    } = &suspect.record;
    let places = suspects.iter().map(|other| other.record.link.sequence);
    let near = [link.sequence, link.sequence - 1, link.sequence + 1];
    let hashes = || {
        suspects
            .iter()
            .flat_map(|other| other.near.iter().chain([&other.record.hash]))
    };
    near.into_iter()
        .chain(places)
        .find(|place| hashes().any(|previous| same(&link.hash_at(*place, previous, commitment), hash)))
}

//! Verifying a chain: what was changed, deleted, inserted or moved since it was written.

use std::fmt;

use super::chain::{ChainKey, GENESIS, Link, same};

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

/// What is wrong with a chain, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The record is not what was written there.
    Changed {
        /// Its place.
        sequence: i64,
        /// Its id.
        id: String,
    },
    /// Records are gone.
    Deleted {
        /// The first place without one.
        from: i64,
        /// The last.
        to: i64,
    },
    /// The record was not written by Standpipe.
    Inserted {
        /// Its place.
        sequence: i64,
        /// Its id.
        id: String,
    },
    /// The record was written at another place.
    Moved {
        /// Where it is.
        sequence: i64,
        /// Its id.
        id: String,
        /// Where it was written.
        from: i64,
    },
    /// The chain's head is not what Standpipe wrote, or is missing.
    Head,
    /// The head is older than one that was kept elsewhere: records at the end are gone, or were written anew.
    Cut {
        /// The place that the kept head knows.
        sequence: i64,
    },
}

impl Fault {
    /// Its code, in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "changed",
            Self::Deleted { .. } => "deleted",
            Self::Inserted { .. } => "inserted",
            Self::Moved { .. } => "moved",
            Self::Head => "head",
            Self::Cut { .. } => "cut",
        }
    }

    /// The record, if there is one.
    pub fn record(&self) -> Option<&str> {
        match self {
            Self::Changed { id, .. } | Self::Inserted { id, .. } | Self::Moved { id, .. } => Some(id),
            Self::Deleted { .. } | Self::Head | Self::Cut { .. } => None,
        }
    }

    /// The place.
    pub fn sequence(&self) -> Option<i64> {
        match self {
            Self::Changed { sequence, .. }
            | Self::Inserted { sequence, .. }
            | Self::Moved { sequence, .. }
            | Self::Cut { sequence } => Some(*sequence),
            Self::Deleted { from, .. } => Some(*from),
            Self::Head => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { sequence, id } => write!(f, "record {sequence} ({id}) was changed"),
            Self::Deleted { from, to } if from == to => write!(f, "record {from} was deleted"),
            Self::Deleted { from, to } => write!(f, "records {from} to {to} were deleted"),
            Self::Inserted { sequence, id } => write!(f, "record {sequence} ({id}) was inserted"),
            Self::Moved { sequence, id, from } => {
                write!(f, "record {sequence} ({id}) was moved from place {from}")
            }
            Self::Head => f.write_str("the head of the chain was changed or deleted"),
            Self::Cut { sequence } => write!(
                f,
                "record {sequence} is not the one that the kept head knows: records at the end were deleted or replaced"
            ),
        }
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

#[cfg(test)]
mod tests {
    use super::{
        super::chain::{GENESIS, tests::link},
        *,
    };

    fn key() -> ChainKey {
        ChainKey::new([7; 32])
    }

    /// A genuine chain of `length` records, and its head.
    fn chain(length: i64) -> (Vec<Chained>, Head) {
        let (mut previous, mut records) = (GENESIS.to_vec(), Vec::new());
        for sequence in 1..=length {
            let (link, salt) = (link(sequence), vec![u8::try_from(sequence).unwrap(); 32]);
            let commitment = link.personal.commitment(&salt).to_vec();
            let hash = link.hash(&previous, &commitment).to_vec();
            previous.clone_from(&hash);
            records.push(Chained {
                link,
                hash,
                commitment,
                salt: Some(salt),
                erasure: None,
            });
        }
        let name = records[0].link.chain.clone();
        let mac = key().head_mac(&name, length, &previous).to_vec();
        let head = Head {
            chain: name,
            sequence: length,
            hash: previous,
            mac,
        };
        (records, head)
    }

    fn faults(records: Vec<Chained>, head: &Head) -> Vec<String> {
        let key = key();
        let mut verifier = Verifier::new(&key);
        for record in records {
            verifier.take(record, head.sequence);
        }
        let faults = verifier.finish(Some(head));
        faults.iter().map(ToString::to_string).collect()
    }

    /// Numbers the records from 1, as somebody would who covers up a deletion or an insertion.
    fn renumber(records: &mut [Chained]) {
        for (record, sequence) in records.iter_mut().zip(1..) {
            record.link.sequence = sequence;
        }
    }

    const AT_7: &str = "record 7 (a_00000000000000000007)";

    #[test]
    fn a_genuine_chain_has_no_fault() {
        let (records, head) = chain(20);
        assert!(faults(records, &head).is_empty());
    }

    #[test]
    fn every_change_of_a_field_is_told() {
        type Change = fn(&mut Chained);
        let changes: [Change; 15] = [
            |r| r.link.action = "token.delete".to_owned(),
            |r| r.link.id = "a_x".to_owned(),
            |r| r.link.identity_id = None,
            |r| r.link.actor_id = Some("u_x".to_owned()),
            |r| r.link.credential_kind = "token".to_owned(),
            |r| r.link.credential_id = Some("t_x".to_owned()),
            |r| r.link.request_id = "r_2".to_owned(),
            |r| r.link.target_id = Some("t_x".to_owned()),
            |r| r.link.created_at += 1,
            |r| r.link.personal.actor_handle = "bob".to_owned(),
            |r| r.link.personal.data = "{\"a\":1}".to_owned(),
            |r| r.salt = None,
            |r| r.salt = Some(vec![0; 32]),
            |r| r.commitment = vec![0; 32],
            |r| r.hash = vec![0; 32],
        ];
        for (n, change) in changes.into_iter().enumerate() {
            for at in [1, 7, 20] {
                let (mut records, head) = chain(20);
                change(&mut records[at - 1]);
                let id = records[at - 1].link.id.clone();
                assert_eq!(
                    faults(records, &head),
                    [format!("record {at} ({id}) was changed")],
                    "change {n} at {at}"
                );
            }
        }
    }

    #[test]
    fn deleted_records_are_told_wherever_they_were() {
        for at in [1, 7, 20] {
            let (mut records, head) = chain(20);
            records.remove(at - 1);
            assert_eq!(faults(records, &head), [format!("record {at} was deleted")]);
        }
        let (mut records, head) = chain(20);
        records.truncate(15);
        assert_eq!(faults(records, &head), ["records 16 to 20 were deleted"]);
        let (mut records, head) = chain(20);
        records.remove(6);
        renumber(&mut records);
        assert_eq!(faults(records, &head)[0], "record 7 was deleted");
        let (_, head) = chain(20);
        assert_eq!(faults(Vec::new(), &head), ["records 1 to 20 were deleted"]);
    }

    #[test]
    fn inserted_records_are_told_with_and_without_a_hash_that_fits() {
        for fitting in [false, true] {
            for at in [7, 21] {
                let (mut records, head) = chain(20);
                let mut forged = records[2].clone();
                forged.link.id = "a_forged".to_owned();
                forged.link.sequence = at;
                if fitting {
                    let previous = &records[usize::try_from(at).unwrap() - 2].hash;
                    forged.hash = forged.link.hash(previous, &forged.commitment).to_vec();
                }
                records.insert(usize::try_from(at).unwrap() - 1, forged);
                renumber(&mut records);
                assert_eq!(
                    faults(records, &head),
                    [format!("record {at} (a_forged) was inserted")],
                    "fitting: {fitting}"
                );
            }
        }
        let (mut records, head) = chain(3);
        let mut forged = records[2].clone();
        forged.link.sequence = 0;
        records.insert(0, forged);
        assert!(faults(records, &head)[0].ends_with("was inserted"));
    }

    #[test]
    fn moved_records_are_told_with_where_they_were() {
        for (left, right) in [(7, 8), (7, 12), (1, 20)] {
            let (mut records, head) = chain(20);
            records.swap(left - 1, right - 1);
            renumber(&mut records);
            let moved =
                |at: usize, from: usize| format!("record {at} (a_{from:020}) was moved from place {from}");
            assert_eq!(
                faults(records, &head),
                [moved(left, right), moved(right, left)],
                "{left} and {right}"
            );
        }
    }

    #[test]
    fn a_chain_written_anew_does_not_end_at_the_signed_head() {
        let (mut records, head) = chain(20);
        let mut previous = records[5].hash.clone();
        for record in &mut records[6..] {
            record.link.actor_id = Some("u_x".to_owned());
            record.hash = record.link.hash(&previous, &record.commitment).to_vec();
            previous.clone_from(&record.hash);
        }
        assert!(faults(records.clone(), &head)[0].contains("replaced"));
        let forged = Head {
            hash: previous,
            ..head
        };
        assert_eq!(
            faults(records, &forged),
            ["the head of the chain was changed or deleted"]
        );
    }

    #[test]
    fn an_erasure_is_told_from_a_forgery() {
        let (mut records, head) = chain(20);
        let record = &mut records[6];
        record.link.personal.actor_handle = "deleted".to_owned();
        record.salt = None;
        record.erasure = Some(key().erasure_mac(&record.hash, &record.link.personal).to_vec());
        assert!(faults(records.clone(), &head).is_empty());
        records[6].link.personal.actor_handle = "bob".to_owned();
        assert_eq!(faults(records, &head), [format!("{AT_7} was changed")]);
    }
}

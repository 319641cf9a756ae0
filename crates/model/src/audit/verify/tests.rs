//! Every manipulation is found, and named for what it is.

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

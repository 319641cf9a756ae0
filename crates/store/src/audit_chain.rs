//! The chain of the audit log: appending to it, its signed heads, and reading it letter by letter to verify it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use model::{
    AuditId, UserId,
    audit::{
        AuditEntry, ChainKey, Chained, GENESIS, Hash, Head, Link, Origin, PSEUDONYM, Personal, stranger_chain,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    Db, Result, Tx, deleted_users,
    row::Row,
    sql::{Built, Sql, Value, params, sql},
};

const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// A record about to be written: what, by whom, when, and what binds it into its chain.
#[derive(Debug, Clone)]
pub struct NewAuditRecord {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// By whom, from where, with what.
    pub origin: Origin,
    /// What.
    pub entry: AuditEntry,
    /// Random: hides the personal part from whoever sees only the chain.
    pub salt: [u8; 32],
    /// Signs the head.
    pub key: ChainKey,
}

/// A record without a place in its chain yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unchained {
    /// What it will be, at place 0.
    pub(crate) link: Link,
    /// Hides its personal part from whoever sees only the chain.
    pub(crate) salt: [u8; 32],
}

impl From<NewAuditRecord> for Unchained {
    fn from(record: NewAuditRecord) -> Self {
        let NewAuditRecord {
            id,
            at,
            origin,
            entry,
            salt,
            key: _,
        } = record;
        let chain = match entry.identity {
            Some(identity) => identity.to_string(),
            None => stranger_chain(&id.to_string()),
        };
        let link = Link {
            chain,
            sequence: 0,
            id: id.to_string(),
            identity_id: entry.identity.map(|id| id.to_string()),
            action: entry.action.as_str().to_owned(),
            actor_id: origin.user.map(|id| id.to_string()),
            credential_kind: origin.credential.kind().to_owned(),
            credential_id: origin.credential.id(),
            request_id: origin.request_id,
            target_id: entry.target_id,
            created_at: at.as_microsecond(),
            personal: Personal {
                actor_handle: origin.handle,
                actor_display_name: origin.display_name,
                actor_ip: origin.ip,
                credential_title: origin.credential.title().map(str::to_owned),
                user_agent: origin.user_agent,
                target_handle: entry.target_handle,
                data: serde_json::Value::Object(entry.data).to_string(),
            },
        };
        Self { link, salt }
    }
}

/// Appends to the records' chains.
pub(crate) async fn append(tx: &mut Tx, records: Vec<NewAuditRecord>) -> Result<()> {
    let Some(key) = records.first().map(|record| record.key.clone()) else {
        return Ok(());
    };
    append_unchained(tx, &key, records.into_iter().map(Unchained::from)).await
}

/// Appends to the records' chains, to each in the order in which they come. Heads are the last rows that a transaction
/// locks, in the order of their names, so that no two transactions wait for each other.
pub(crate) async fn append_unchained(
    tx: &mut Tx,
    key: &ChainKey,
    records: impl Iterator<Item = Unchained>,
) -> Result<()> {
    let mut chains = BTreeMap::<String, Vec<Unchained>>::new();
    for record in records {
        chains.entry(record.link.chain.clone()).or_default().push(record);
    }
    for (chain, records) in chains {
        append_to_chain(tx, key, &chain, records).await?;
    }
    Ok(())
}

const LOCK_HEAD: Sql = sql(
    "INSERT INTO audit_heads (chain, sequence, hash, mac) VALUES ($1, $3, $2, $2) \
     ON CONFLICT (chain) DO UPDATE SET sequence = audit_heads.sequence + excluded.sequence RETURNING sequence, hash",
);

macro_rules! insert_record {
    () => {
        "INSERT INTO audit_log (id, chain, sequence, identity_id, action_type, actor_id, actor_handle, \
           actor_display_name, actor_ip, credential_kind, credential_id, credential_title, user_agent, request_id, \
           target_id, target_handle, data, created_at, hash, commitment, salt) VALUES "
    };
}

const INSERT_RECORD: Sql = sql(concat!(
    insert_record!(),
    "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)"
));

/// Records that one statement writes at most.
const AT_ONCE: usize = 50;

const UPDATE_HEAD: Sql = sql("UPDATE audit_heads SET hash = $3, mac = $4 WHERE chain = $1 AND sequence = $2");

const COUNT_DAY: Sql = sql(
    "INSERT INTO audit_days (identity_id, day, records) VALUES ($1, $2, $3) \
     ON CONFLICT (identity_id, day) DO UPDATE SET records = audit_days.records + excluded.records",
);

async fn append_to_chain(tx: &mut Tx, key: &ChainKey, chain: &str, records: Vec<Unchained>) -> Result<()> {
    let count = i64::try_from(records.len()).unwrap_or(i64::MAX);
    let head = tx
        .one(LOCK_HEAD, params![chain, &GENESIS, count])
        .await?
        .ok_or(crate::Error::Unreadable("sequence"))?;
    let (last, mut hash) = (head.int("sequence")?, head.bytes("hash")?);
    // Under the head's lock: what was on its way while somebody was deleted sees here that they are.
    let deleted = deleted_of(tx, &records).await?;
    let mut days = BTreeMap::<i64, i64>::new();
    let mut rows = Vec::with_capacity(records.len());
    for (record, sequence) in records.into_iter().zip(last - count + 1..) {
        let Unchained { mut link, salt } = record;
        link.sequence = sequence;
        let is_deleted = |id: &Option<String>| id.as_ref().is_some_and(|id| deleted.contains(id));
        let (is_own, is_actor) = (is_deleted(&link.identity_id), is_deleted(&link.actor_id));
        if is_own || is_actor {
            link.personal = link.personal.without(PSEUDONYM, is_own, is_actor);
        }
        if link.identity_id.is_some() && !is_own {
            let records = days
                .entry(link.created_at.div_euclid(MICROS_PER_DAY))
                .or_default();
            *records = records.saturating_add(1);
        }
        let (row, own) = row(link, &salt, &hash);
        rows.push(row);
        hash = own.to_vec();
    }
    insert_records(tx, rows).await?;
    let mac = key.head_mac(chain, last, &hash);
    tx.run(UPDATE_HEAD, params![chain, last, hash, &mac]).await?;
    for (day, records) in days {
        tx.run(COUNT_DAY, params![chain, day, records]).await?;
    }
    Ok(())
}

/// Who of the people in `records` is deleted.
async fn deleted_of(tx: &mut Tx, records: &[Unchained]) -> Result<BTreeSet<String>> {
    let people = records
        .iter()
        .flat_map(|record| [&record.link.identity_id, &record.link.actor_id]);
    let people: BTreeSet<&String> = people.flatten().collect();
    let mut deleted = BTreeSet::new();
    for person in people {
        if deleted_users::is_deleted_in(tx, person).await? {
            deleted.insert(person.clone());
        }
    }
    Ok(deleted)
}

/// The row of a record that stands behind one with the hash `previous`, and what its own hash is.
fn row(link: Link, salt: &[u8; 32], previous: &[u8]) -> (Vec<Value>, Hash) {
    let commitment = link.personal.commitment(salt);
    let hash = link.hash(previous, &commitment);
    let Personal {
        actor_handle,
        actor_display_name,
        actor_ip,
        credential_title,
        user_agent,
        target_handle,
        data,
    } = link.personal;
    let values = params![
        link.id,
        link.chain,
        link.sequence,
        link.identity_id,
        link.action,
        link.actor_id,
        actor_handle,
        actor_display_name,
        actor_ip,
        link.credential_kind,
        link.credential_id,
        credential_title,
        user_agent,
        link.request_id,
        link.target_id,
        target_handle,
        data,
        link.created_at,
        &hash,
        &commitment,
        salt,
    ];
    (values, hash)
}

/// Writes records: many by one statement, because each is a way to the database and back.
async fn insert_records(tx: &mut Tx, mut rows: Vec<Vec<Value>>) -> Result<()> {
    if let [row] = rows.as_mut_slice() {
        return tx.run(INSERT_RECORD, std::mem::take(row)).await.map(drop);
    }
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut insert = Built::new();
        insert.text(insert_record!());
        for (at, row) in rows.by_ref().take(AT_ONCE).enumerate() {
            insert.text(if at == 0 { "(" } else { ", (" });
            for (at, value) in row.into_iter().enumerate() {
                insert.text(if at == 0 { "" } else { ", " }).bind(value);
            }
            insert.text(")");
        }
        tx.run_built(insert).await?;
    }
    Ok(())
}

const FIND_ID: Sql = sql("SELECT id FROM audit_log WHERE id = $1");

/// Whether a record with this id is there, read inside a write.
pub(crate) async fn has_record(tx: &mut Tx, id: &str) -> Result<bool> {
    Ok(tx.one(FIND_ID, params![id]).await?.is_some())
}

/// The day of `at`, counted from 1970 in UTC.
pub fn day_of(at: Timestamp) -> i64 {
    at.as_microsecond().div_euclid(MICROS_PER_DAY)
}

/// When a day begins.
pub fn start_of_day(day: i64) -> Timestamp {
    model::time::from_micros(day.saturating_mul(MICROS_PER_DAY))
}

const LIST_DAYS: Sql =
    sql("SELECT day, records FROM audit_days WHERE identity_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day");

/// How many records an account has of each day from `from` to `to` that has any.
pub async fn list_days(db: &Db, identity: UserId, from: i64, to: i64) -> Result<Vec<(i64, i64)>> {
    db.all(LIST_DAYS, params![identity, from, to])
        .await?
        .iter()
        .map(|row| Ok((row.int("day")?, row.int("records")?)))
        .collect()
}

fn head_from_row(row: &Row) -> Result<Head> {
    Ok(Head {
        chain: row.text("chain")?,
        sequence: row.int("sequence")?,
        hash: row.bytes("hash")?,
        mac: row.bytes("mac")?,
    })
}

const FIND_HEAD: Sql = sql("SELECT chain, sequence, hash, mac FROM audit_heads WHERE chain = $1");

/// The head of a chain.
pub async fn find_head(db: &Db, chain: &str) -> Result<Option<Head>> {
    db.one(FIND_HEAD, params![chain])
        .await?
        .as_ref()
        .map(head_from_row)
        .transpose()
}

const LIST_HEADS: Sql =
    sql("SELECT chain, sequence, hash, mac FROM audit_heads WHERE chain > $1 ORDER BY chain LIMIT $2");

/// The heads of up to `limit` chains whose names come after `after`.
pub async fn list_heads(db: &Db, after: &str, limit: i64) -> Result<Vec<Head>> {
    db.all(LIST_HEADS, params![after, limit])
        .await?
        .iter()
        .map(head_from_row)
        .collect()
}

const NEXT_CHAIN: Sql = sql("SELECT MIN(chain) AS chain FROM (\
       SELECT MIN(chain) AS chain FROM audit_log WHERE chain > $1 \
       UNION ALL SELECT MIN(chain) FROM audit_heads WHERE chain > $1 \
       UNION ALL SELECT MIN(id) FROM users WHERE id > $1) AS next");

/// The first chain after `after` that has records or a head, or should: each account has one, from its creation on.
pub async fn next_chain(db: &Db, after: &str) -> Result<Option<String>> {
    match db.one(NEXT_CHAIN, params![after]).await? {
        Some(row) => row.opt_text("chain"),
        None => Ok(None),
    }
}

macro_rules! link_columns {
    () => {
        "id, chain, sequence, identity_id, action_type, actor_id, actor_handle, actor_display_name, actor_ip, \
         credential_kind, credential_id, credential_title, user_agent, request_id, target_id, target_handle, data, \
         created_at, hash, commitment, salt, erasure"
    };
}
pub(crate) use link_columns;

/// A record as it is, whatever it holds.
pub(crate) fn chained_from_row(row: &Row) -> Result<Chained> {
    Ok(Chained {
        link: Link {
            chain: row.text("chain")?,
            sequence: row.int("sequence")?,
            id: row.text("id")?,
            identity_id: row.opt_text("identity_id")?,
            action: row.text("action_type")?,
            actor_id: row.opt_text("actor_id")?,
            credential_kind: row.text("credential_kind")?,
            credential_id: row.opt_text("credential_id")?,
            request_id: row.text("request_id")?,
            target_id: row.opt_text("target_id")?,
            created_at: row.int("created_at")?,
            personal: personal_from_row(row)?,
        },
        hash: row.bytes("hash")?,
        commitment: row.bytes("commitment")?,
        salt: row.opt_bytes("salt")?,
        erasure: row.opt_bytes("erasure")?,
    })
}

fn personal_from_row(row: &Row) -> Result<Personal> {
    Ok(Personal {
        actor_handle: row.text("actor_handle")?,
        actor_display_name: row.opt_text("actor_display_name")?,
        actor_ip: row.text("actor_ip")?,
        credential_title: row.opt_text("credential_title")?,
        user_agent: row.text("user_agent")?,
        target_handle: row.opt_text("target_handle")?,
        data: row.text("data")?,
    })
}

const LIST_CHAIN: Sql = sql(concat!(
    "SELECT ",
    link_columns!(),
    " FROM audit_log WHERE chain = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"
));

/// Up to `limit` records of a chain behind the place `after`, in their order.
pub async fn list_chain(db: &Db, chain: &str, after: i64, limit: i64) -> Result<Vec<Chained>> {
    db.all(LIST_CHAIN, params![chain, after, limit])
        .await?
        .iter()
        .map(chained_from_row)
        .collect()
}

const FIND_HASH: Sql = sql("SELECT hash FROM audit_log WHERE chain = $1 AND sequence = $2");

/// The hash of the record at a place of a chain.
pub async fn find_hash(db: &Db, chain: &str, sequence: i64) -> Result<Option<Vec<u8>>> {
    db.one(FIND_HASH, params![chain, sequence])
        .await?
        .map(|row| row.bytes("hash"))
        .transpose()
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    LOCK_HEAD,
    INSERT_RECORD,
    UPDATE_HEAD,
    COUNT_DAY,
    FIND_ID,
    LIST_DAYS,
    FIND_HEAD,
    LIST_HEADS,
    NEXT_CHAIN,
    LIST_CHAIN,
    FIND_HASH,
];

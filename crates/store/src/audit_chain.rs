//! The chain of the audit log: appending to it, its signed heads, and reading it letter by letter to verify it.

use jiff::Timestamp;
use model::{
    AuditId, UserId,
    audit::{AuditEntry, ChainKey, Chained, GENESIS, Head, Link, Origin, Personal, stranger_chain},
};

use crate::{
    Db, Result, Tx, deleted_users,
    row::Row,
    sql::{Sql, params, sql},
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

impl NewAuditRecord {
    /// The chain that it belongs to.
    pub(crate) fn chain(&self) -> String {
        match self.entry.identity {
            Some(identity) => identity.to_string(),
            None => stranger_chain(&self.id.to_string()),
        }
    }

    fn link(self, sequence: i64) -> Link {
        let chain = self.chain();
        let Self {
            id,
            at,
            origin,
            entry,
            ..
        } = self;
        Link {
            chain,
            sequence,
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
        }
    }
}

/// Appends to the records' chains. Heads are the last rows that a transaction locks, in the order of their names, so
/// that no two transactions wait for each other.
pub(crate) async fn append(tx: &mut Tx, mut records: Vec<NewAuditRecord>) -> Result<()> {
    records.sort_by_cached_key(NewAuditRecord::chain);
    for record in records {
        insert_record(tx, record).await?;
    }
    Ok(())
}

const LOCK_HEAD: Sql = sql(
    "INSERT INTO audit_heads (chain, sequence, hash, mac) VALUES ($1, 1, $2, $2) \
     ON CONFLICT (chain) DO UPDATE SET sequence = audit_heads.sequence + 1 RETURNING sequence, hash",
);

const INSERT_RECORD: Sql = sql(
    "INSERT INTO audit_log (id, chain, sequence, identity_id, action_type, actor_id, actor_handle, \
       actor_display_name, actor_ip, credential_kind, credential_id, credential_title, user_agent, request_id, \
       target_id, target_handle, data, created_at, hash, commitment, salt) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
);

const UPDATE_HEAD: Sql = sql("UPDATE audit_heads SET hash = $3, mac = $4 WHERE chain = $1 AND sequence = $2");

const COUNT_DAY: Sql = sql(
    "INSERT INTO audit_days (identity_id, day, records) VALUES ($1, $2, 1) \
     ON CONFLICT (identity_id, day) DO UPDATE SET records = audit_days.records + 1",
);

async fn insert_record(tx: &mut Tx, record: NewAuditRecord) -> Result<()> {
    let (chain, salt, key) = (record.chain(), record.salt, record.key.clone());
    let (identity, at) = (record.entry.identity, record.at);
    let head = tx
        .one(LOCK_HEAD, params![&chain, &GENESIS])
        .await?
        .ok_or(crate::Error::Unreadable("sequence"))?;
    let (sequence, previous) = (head.int("sequence")?, head.bytes("hash")?);
    let mut link = record.link(sequence);
    // Under the head's lock: what was on its way while the account was deleted sees here that it is.
    let is_deleted = match identity {
        Some(identity) => deleted_users::is_deleted_in(tx, identity).await?,
        None => false,
    };
    if is_deleted {
        link.personal
            .erase_own(link.actor_id.as_deref() == Some(chain.as_str()));
    }
    let commitment = link.personal.commitment(&salt);
    let hash = link.hash(&previous, &commitment);
    let mac = key.head_mac(&chain, sequence, &hash);
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
        sequence,
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
        &salt,
    ];
    tx.run(INSERT_RECORD, values).await?;
    tx.run(UPDATE_HEAD, params![&chain, sequence, &hash, &mac])
        .await?;
    if let Some(identity) = identity.filter(|_| !is_deleted) {
        tx.run(COUNT_DAY, params![identity, day_of(at)]).await?;
    }
    Ok(())
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
    LIST_DAYS,
    FIND_HEAD,
    LIST_HEADS,
    NEXT_CHAIN,
    LIST_CHAIN,
    FIND_HASH,
];

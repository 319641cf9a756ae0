//! Erasing a person from the audit log, so that its chain still verifies.

use model::{
    UserId,
    audit::{ChainKey, Chained, Personal},
};

use crate::{
    Result, Tx,
    audit_chain::{chained_from_row, link_columns},
    sql::{Sql, params, sql},
};

const LIST_OF_LOG: Sql = sql(concat!(
    "SELECT ",
    link_columns!(),
    " FROM audit_log WHERE chain = $1 AND sequence > $2 AND salt IS NOT NULL ORDER BY sequence LIMIT $3"
));

/// Erases up to `limit` records of the log of `user` behind the place `after`, and says where it ended; `None` when
/// there are no more. Nothing personal stays in them, whoever acted: not names, addresses, titles, and no `data`. What
/// was done, when, with which kind of credential, and all ids stay. `pseudonym` stands for the handle.
///
/// It takes no head's lock and changes no hash: call it in a transaction of its own, commit, and call it again.
pub async fn erase_log(
    tx: &mut Tx,
    key: &ChainKey,
    user: UserId,
    pseudonym: &str,
    after: i64,
    limit: i64,
) -> Result<Option<i64>> {
    let rows = tx
        .all(LIST_OF_LOG, params![user.to_string(), after, limit])
        .await?;
    let mut last = None;
    for row in &rows {
        let record = chained_from_row(row)?;
        last = Some(record.link.sequence);
        erase(tx, key, record, &user.to_string(), pseudonym).await?;
    }
    Ok(last)
}

const LIST_OF_ACTOR: Sql = sql(concat!(
    "SELECT ",
    link_columns!(),
    " FROM audit_log WHERE actor_id = $1 AND chain <> $1 AND actor_handle <> $2 LIMIT $3"
));

/// Erases up to `limit` records of what `user` did in the logs of others: who the actor was, and from where. Says how
/// many they were.
pub async fn erase_actor(
    tx: &mut Tx,
    key: &ChainKey,
    user: UserId,
    pseudonym: &str,
    limit: i64,
) -> Result<usize> {
    let rows = tx.all(LIST_OF_ACTOR, params![user, pseudonym, limit]).await?;
    for row in &rows {
        erase(tx, key, chained_from_row(row)?, &user.to_string(), pseudonym).await?;
    }
    Ok(rows.len())
}

const DELETE_DAYS: Sql = sql("DELETE FROM audit_days WHERE identity_id = $1");

/// Forgets on which days `user` was active.
pub async fn delete_days(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.run(DELETE_DAYS, params![user]).await.map(drop)
}

const ERASE: Sql = sql(
    "UPDATE audit_log SET actor_handle = $2, actor_display_name = $3, actor_ip = $4, credential_title = $5, \
       user_agent = $6, target_handle = $7, data = $8, erasure = $9, salt = NULL WHERE id = $1",
);

async fn erase(tx: &mut Tx, key: &ChainKey, record: Chained, user: &str, pseudonym: &str) -> Result<()> {
    let left = left_of(&record, user, pseudonym);
    // What was tampered with is erased as well, but must not be signed as genuine.
    let mac = match record.is_personal_genuine(key) {
        true => key.erasure_mac(&record.hash, &left).to_vec(),
        false => Vec::new(),
    };
    let values = params![
        record.link.id,
        left.actor_handle,
        left.actor_display_name,
        left.actor_ip,
        left.credential_title,
        left.user_agent,
        left.target_handle,
        left.data,
        mac,
    ];
    tx.run(ERASE, values).await.map(drop)
}

/// What is left of a record's personal part.
fn left_of(record: &Chained, user: &str, pseudonym: &str) -> Personal {
    let (is_own, is_actor) = (
        record.link.chain == user,
        record.link.actor_id.as_deref() == Some(user),
    );
    record.link.personal.clone().without(pseudonym, is_own, is_actor)
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[LIST_OF_LOG, LIST_OF_ACTOR, DELETE_DAYS, ERASE];

//! Announcements: what the operator writes to everybody who wants mails of a category.

use jiff::Timestamp;
use model::{AnnouncementId, MailId, UserId, preferences::Category};

use crate::{
    Db, Result, Tx,
    row::Row,
    sql::{Built, Sql, params, sql},
};

/// An announcement.
#[derive(Debug, Clone)]
pub struct AnnouncementRow {
    /// Its id.
    pub id: AnnouncementId,
    /// To whom it goes.
    pub category: Category,
    /// The subject line.
    pub subject: String,
    /// What it says.
    pub markdown: String,
    /// How many mails leave in a minute.
    pub per_minute: i64,
    /// The last account whose mail is written; all after it are still to come. Empty at the beginning.
    pub last_user_id: String,
    /// How many mails are written.
    pub queued: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the last mail was written.
    pub finished_at: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "id, category, subject, markdown, per_minute, last_user_id, queued, created_at, finished_at"
    };
}

impl AnnouncementRow {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parse("id")?,
            category: row.parse("category")?,
            subject: row.text("subject")?,
            markdown: row.text("markdown")?,
            per_minute: row.int("per_minute")?,
            last_user_id: row.text("last_user_id")?,
            queued: row.int("queued")?,
            created_at: row.time("created_at")?,
            finished_at: row.opt_time("finished_at")?,
        })
    }
}

const INSERT_ANNOUNCEMENT: Sql = sql(
    "INSERT INTO announcements (id, category, subject, markdown, per_minute, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6)",
);

/// A new announcement, for which no mail is written yet.
pub async fn insert_announcement(tx: &mut Tx, row: &AnnouncementRow) -> Result<()> {
    let values = params![
        row.id,
        row.category.as_str(),
        &row.subject,
        &row.markdown,
        row.per_minute,
        row.created_at
    ];
    tx.run(INSERT_ANNOUNCEMENT, values).await.map(drop)
}

const FIND_ANNOUNCEMENT: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM announcements WHERE id = $1"
));

/// The announcement with this id.
pub async fn find_announcement(db: &Db, id: AnnouncementId) -> Result<Option<AnnouncementRow>> {
    let row = db.one(FIND_ANNOUNCEMENT, params![id]).await?;
    row.as_ref().map(AnnouncementRow::from_row).transpose()
}

const LIST_ANNOUNCEMENTS: Sql = sql(concat!(
    "SELECT ",
    columns!(),
    " FROM announcements ORDER BY created_at DESC, id DESC LIMIT $1"
));

/// Up to `limit` announcements, newest first.
pub async fn list_announcements(db: &Db, limit: i64) -> Result<Vec<AnnouncementRow>> {
    let rows = db.all(LIST_ANNOUNCEMENTS, params![limit]).await?;
    rows.iter().map(AnnouncementRow::from_row).collect()
}

/// Who wants mails of the category `$1`; those who never chose want them all.
macro_rules! recipients {
    () => {
        "FROM users u LEFT JOIN user_preferences p ON p.user_id = u.id WHERE u.state = 'active' AND COALESCE(CASE $1 \
           WHEN 'community_updates' THEN p.community_updates WHEN 'product_updates' THEN p.product_updates \
           WHEN 'tips_and_tricks' THEN p.tips_and_tricks END, 'enabled') = 'enabled'"
    };
}

const COUNT_RECIPIENTS: Sql = sql(concat!("SELECT count(*) AS count ", recipients!()));

/// How many accounts want mails of `category` now.
pub async fn count_recipients(db: &Db, category: Category) -> Result<i64> {
    match db.one(COUNT_RECIPIENTS, params![category.as_str()]).await? {
        Some(row) => row.int("count"),
        None => Ok(0),
    }
}

const LIST_RECIPIENTS: Sql = sql(concat!(
    "SELECT u.id AS id ",
    recipients!(),
    " AND u.id > $2 ORDER BY u.id LIMIT $3"
));

/// Up to `limit` accounts that want mails of `category`, after the account `after`.
pub async fn list_recipients(
    tx: &mut Tx,
    category: Category,
    after: &str,
    limit: i64,
) -> Result<Vec<UserId>> {
    let rows = tx
        .all(LIST_RECIPIENTS, params![category.as_str(), after, limit])
        .await?;
    rows.iter().map(|row| row.parse("id")).collect()
}

/// A mail of an announcement: to whom, and when it may leave.
#[derive(Debug, Clone, Copy)]
pub struct AnnouncementMail {
    /// Its id.
    pub id: MailId,
    /// To whom.
    pub user_id: UserId,
    /// When it is due.
    pub run_after: Timestamp,
}

/// Writes mails of an announcement into the outbox. What they say is in the announcement.
pub async fn insert_announcement_mails(
    tx: &mut Tx,
    announcement: AnnouncementId,
    mails: &[AnnouncementMail],
    now: Timestamp,
) -> Result<()> {
    if mails.is_empty() {
        return Ok(());
    }
    let mut insert = Built::new();
    insert.text(
        "INSERT INTO outbox (id, user_id, kind, sealed, attempts, run_after, created_at, announcement_id) VALUES ",
    );
    for (n, mail) in mails.iter().enumerate() {
        insert.text(if n == 0 { "(" } else { ", (" });
        insert.bind(mail.id).text(", ").bind(mail.user_id);
        insert.text(", 'announcement', ").bind(Vec::new()).text(", 0, ");
        insert.bind(mail.run_after).text(", ").bind(now).text(", ");
        insert.bind(announcement).text(")");
    }
    tx.run_built(insert).await.map(drop)
}

const ADVANCE_ANNOUNCEMENT: Sql = sql(
    "UPDATE announcements SET last_user_id = $3, queued = queued + $4, finished_at = $5 \
     WHERE id = $1 AND last_user_id = $2 AND finished_at IS NULL",
);

/// Notes how far an announcement is; false when somebody else went on with it meanwhile.
pub async fn advance_announcement(
    tx: &mut Tx,
    row: &AnnouncementRow,
    last_user_id: &str,
    queued: i64,
    finished_at: Option<Timestamp>,
) -> Result<bool> {
    let values = params![row.id, &row.last_user_id, last_user_id, queued, finished_at];
    Ok(tx.run(ADVANCE_ANNOUNCEMENT, values).await? == 1)
}

const TAKE_TURN: Sql = sql(
    "UPDATE announcements SET next_at = CASE WHEN next_at > $2 THEN next_at ELSE $2 END + 60000000 / per_minute \
     WHERE id = $1 RETURNING next_at - 60000000 / per_minute AS turn_at",
);

/// The next turn of a mail of an announcement, at its pace: now, or when those before it had theirs.
pub async fn take_turn(tx: &mut Tx, id: AnnouncementId, now: Timestamp) -> Result<Option<Timestamp>> {
    let row = tx.one(TAKE_TURN, params![id, now]).await?;
    row.map(|row| row.time("turn_at")).transpose()
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT_ANNOUNCEMENT,
    FIND_ANNOUNCEMENT,
    LIST_ANNOUNCEMENTS,
    COUNT_RECIPIENTS,
    LIST_RECIPIENTS,
    ADVANCE_ANNOUNCEMENT,
    TAKE_TURN,
];

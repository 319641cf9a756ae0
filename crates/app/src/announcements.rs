//! Announcements: what the operator writes to everybody who wants mails of a category.
//!
//! An announcement is one row; its mails are written into the outbox a batch at a time, in the transaction that notes how
//! far it is, so that whoever goes on after a crash begins where the last batch ended. A mail is put together when it
//! leaves: to the primary address of then, and only if the person still wants it then.

mod unsubscribe;

use mail::{Announcement, Kind, Outgoing, Rendered};
use model::{AnnouncementId, MailId, UserId, email::EmailAddress, preferences::Category, time};
use store::{
    Unrecorded, announcements,
    announcements::{AnnouncementMail, AnnouncementRow},
    outbox::{self, MailRow},
    preferences, user_emails, users,
};
use url::Url;

use crate::{App, Error, Result, preferences::Preferences};

/// Mails that are written at once.
const BATCH: i64 = 500;
/// How far ahead of its turn a mail may leave: workers look for mail once a second.
const SLACK_SECONDS: i64 = 2;
/// How long a turn is good for where workers are busy. After a longer time the mail waits for another.
const TURN_SECONDS: i64 = 10;
/// More announcements than anybody reads.
const MOST: i64 = 100;
/// The most mails a minute that can be asked for.
const FASTEST: i64 = 100_000;
const LONGEST_SUBJECT: usize = 150;

/// What the operator writes.
#[derive(Debug, Clone)]
pub struct NewAnnouncement {
    /// To whom it goes.
    pub category: Category,
    /// The subject line.
    pub subject: String,
    /// What it says.
    pub markdown: String,
    /// How many mails may leave in a minute.
    pub per_minute: i64,
}

impl NewAnnouncement {
    fn check(mut self) -> Result<Self> {
        self.subject = self.subject.trim().to_owned();
        let is_line = !self.subject.is_empty()
            && self.subject.chars().count() <= LONGEST_SUBJECT
            && !self.subject.contains(char::is_control);
        if !is_line {
            let message = format!("Write one line of 1 to {LONGEST_SUBJECT} characters.");
            return Err(Error::invalid("subject", message));
        }
        if !(1..=FASTEST).contains(&self.per_minute) {
            return Err(Error::invalid(
                "per_minute",
                format!("Use a number from 1 to {FASTEST}."),
            ));
        }
        mail::check_markdown(&self.markdown).map_err(|unfit| Error::invalid("file", unfit.to_string()))?;
        Ok(self)
    }
}

impl App {
    /// How an announcement looks, as a mail of somebody.
    pub fn admin_preview_announcement(&self, new: NewAnnouncement) -> Result<Rendered> {
        let new = new.check()?;
        let nobody = UserId::new(self.now(), self.random());
        self.render_announcement(nobody, new.category, &new.subject, &new.markdown)
            .map(|(rendered, _)| rendered)
    }

    /// How many people would get it now.
    pub async fn admin_count_recipients(&self, category: Category) -> Result<i64> {
        Ok(announcements::count_recipients(self.db(), category).await?)
    }

    /// Sends it to one address, at once and to nobody else: a proof. Its link to unsubscribe is of nobody.
    pub async fn admin_send_proof(&self, new: NewAnnouncement, to: &str) -> Result<()> {
        let to: EmailAddress = to.parse()?;
        let new = new.check()?;
        let nobody = UserId::new(self.now(), self.random());
        let (message, unsubscribe) =
            self.render_announcement(nobody, new.category, &new.subject, &new.markdown)?;
        let mail = Outgoing {
            id: MailId::new(self.now(), self.random()),
            kind: Kind::Announcement.as_str().to_owned(),
            to,
            message,
            unsubscribe: Some(unsubscribe),
        };
        self.send_mail(&mail)
            .await
            .map_err(|error| Error::invalid("to", error.reason()))
    }

    /// A new announcement; no mail is written yet.
    pub async fn admin_create_announcement(&self, new: NewAnnouncement) -> Result<AnnouncementId> {
        let new = new.check()?;
        let now = self.now();
        let row = AnnouncementRow {
            id: AnnouncementId::new(now, self.random()),
            category: new.category,
            subject: new.subject,
            markdown: new.markdown,
            per_minute: new.per_minute,
            last_user_id: String::new(),
            queued: 0,
            created_at: now,
            finished_at: None,
        };
        let mut tx = self.db().begin().await?;
        announcements::insert_announcement(&mut tx, &row).await?;
        tx.commit_unrecorded(Unrecorded::Announcement).await?;
        Ok(row.id)
    }

    /// The announcements, newest first.
    pub async fn admin_list_announcements(&self) -> Result<Vec<AnnouncementRow>> {
        Ok(announcements::list_announcements(self.db(), MOST).await?)
    }

    /// Writes the next batch of mails of an announcement; how far it is then. Who did the same at the same time wrote
    /// them in one's place.
    pub async fn admin_continue_announcement(&self, id: AnnouncementId) -> Result<AnnouncementRow> {
        let row = self.find_announcement(id).await?;
        if row.finished_at.is_some() {
            return Ok(row);
        }
        let now = self.now();
        let mut tx = self.db().begin().await?;
        let users = announcements::list_recipients(&mut tx, row.category, &row.last_user_id, BATCH).await?;
        let mails: Vec<_> = (row.queued..)
            .zip(&users)
            .map(|(n, user)| self.nth_mail(&row, n, *user))
            .collect();
        announcements::insert_announcement_mails(&mut tx, id, &mails, now).await?;
        let written = i64::try_from(users.len()).unwrap_or(BATCH);
        let last = users
            .last()
            .map_or_else(|| row.last_user_id.clone(), ToString::to_string);
        let finished = (written < BATCH).then_some(now);
        if announcements::advance_announcement(&mut tx, &row, &last, written, finished).await? {
            tx.commit_unrecorded(Unrecorded::Announcement).await?;
            self.wake_workers();
        }
        self.find_announcement(id).await
    }

    /// The mail to the `n`-th recipient, from 0: due when as many may have left before it.
    fn nth_mail(&self, row: &AnnouncementRow, n: i64, user_id: UserId) -> AnnouncementMail {
        AnnouncementMail {
            id: MailId::new(self.now(), self.random()),
            user_id,
            run_after: time::after_millis(row.created_at, n.saturating_mul(60_000) / row.per_minute),
        }
    }

    async fn find_announcement(&self, id: AnnouncementId) -> Result<AnnouncementRow> {
        announcements::find_announcement(self.db(), id)
            .await?
            .ok_or(Error::NotFound("announcement"))
    }

    /// The mail of a row of the outbox that is a copy of an announcement; `None` when nobody wants it any more.
    pub(crate) async fn announcement_mail(
        &self,
        row: &MailRow,
        announcement: AnnouncementId,
    ) -> Result<Option<Outgoing>> {
        let announcement = announcements::find_announcement(self.db(), announcement).await?;
        let (Some(announcement), Some(user)) = (announcement, row.user_id) else {
            return Ok(None);
        };
        let found: Preferences = preferences::find_preferences(self.db(), user).await?.into();
        let is_active = users::find_user(self.db(), user)
            .await?
            .is_some_and(|user| user.active);
        let to = user_emails::find_primary_email(self.db(), user).await?;
        let Some(to) = to.filter(|_| is_active && found.communication.wants(announcement.category)) else {
            return Ok(None);
        };
        let AnnouncementRow {
            category,
            subject,
            markdown,
            ..
        } = &announcement;
        let (message, unsubscribe) = self.render_announcement(user, *category, subject, markdown)?;
        Ok(Some(Outgoing {
            id: row.id,
            kind: row.kind.clone(),
            to,
            message,
            unsubscribe: Some(unsubscribe),
        }))
    }

    /// Whether a mail is given back because others of its announcement are before it. The pace holds when mails leave:
    /// those that could not for a while do not leave all at once afterwards.
    pub(crate) async fn waits_for_its_turn(
        &self,
        row: &MailRow,
        announcement: AnnouncementId,
    ) -> Result<bool> {
        let now = self.now();
        let has_turn = |turn_at| turn_at <= now && now <= time::after(turn_at, TURN_SECONDS);
        if row.turn_at.is_some_and(has_turn) {
            return Ok(false);
        }
        let mut tx = self.db().begin().await?;
        let turn_at = announcements::take_turn(&mut tx, announcement, now).await?;
        let later = turn_at.filter(|turn_at| *turn_at > time::after(now, SLACK_SECONDS));
        if let Some(turn_at) = later {
            outbox::defer_mail(&mut tx, row.id, turn_at).await?;
        }
        tx.commit_unrecorded(Unrecorded::Lease).await?;
        Ok(later.is_some())
    }

    fn render_announcement(
        &self,
        user: UserId,
        category: Category,
        subject: &str,
        markdown: &str,
    ) -> Result<(Rendered, Url)> {
        let unsubscribe = self.unsubscribe_url(user, category)?;
        let announcement = Announcement {
            subject,
            markdown,
            category,
            unsubscribe: &unsubscribe,
            preferences: &self.link("settings/notifications")?,
        };
        let rendered = announcement
            .render()
            .map_err(|_| Error::Internal("an announcement cannot be rendered"))?;
        Ok((rendered, unsubscribe))
    }

    fn link(&self, path: &str) -> Result<Url> {
        let base = self.settings().public_url.as_str().trim_end_matches('/');
        format!("{base}/{path}")
            .parse()
            .map_err(|_| Error::Internal("a link cannot be made"))
    }
}

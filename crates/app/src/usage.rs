//! What an account uses, and how much of everything it may have.

use model::{email::MOST_ADDRESSES, handle::Handle, password};
use serde_json::{Value, json};
use store::{Cursor, Page, user_emails, workspaces::WorkspaceRow};

use crate::{Actor, App, Result, avatars, workspaces::MOST_WORKSPACES};

/// Rows that are counted at most; no quota is larger.
const ALL: i64 = 1000;

/// How much of the disk a workspace takes.
#[derive(Debug, Clone)]
pub struct StorageUsage {
    /// The workspace.
    pub workspace: WorkspaceRow,
    /// Bytes of its database.
    pub bytes: u64,
}

/// A page of figures, by workspace, the oldest first.
#[derive(Debug)]
pub struct UsagePage {
    /// The figures that are known now: of databases that are there.
    pub usage: Vec<StorageUsage>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// A rule of this server about how much, how often or how long.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// Its name.
    pub name: &'static str,
    /// `quota`, `rate` or `range`, as the contract has it (§1.3).
    pub kind: &'static str,
    /// Whose it is: `user` or `workspace`.
    pub target: &'static str,
    /// The number, or the two ends of a range.
    pub value: Value,
    /// How much of a quota is used.
    pub used: Option<i64>,
    /// What it says, in a sentence.
    pub description: &'static str,
}

impl App {
    /// How much of the disk each of the actor's workspaces takes.
    pub async fn list_usage(&self, actor: &Actor, page: Page) -> Result<UsagePage> {
        let page = self.list_workspaces(actor, page).await?;
        Ok(UsagePage {
            usage: self.measure(page.workspaces).await?,
            next: page.next,
        })
    }

    /// How much of the disk `workspaces` take; those whose size is not known now are left out.
    pub async fn measure(&self, workspaces: Vec<WorkspaceRow>) -> Result<Vec<StorageUsage>> {
        let sizes = self.sizes(&workspaces).await;
        let measured = workspaces.into_iter().filter_map(|workspace| {
            let bytes = *sizes.get(&workspace.id)?;
            Some(StorageUsage { workspace, bytes })
        });
        Ok(measured.collect())
    }

    /// The rules that hold for the actor's account, by name.
    pub async fn list_constraints(&self, actor: &Actor) -> Result<Vec<Constraint>> {
        let mut constraints = self.quotas(actor).await?;
        constraints.extend(self.rules());
        constraints.sort_by_key(|constraint| constraint.name);
        Ok(constraints)
    }

    async fn quotas(&self, actor: &Actor) -> Result<Vec<Constraint>> {
        let (settings, user) = (self.settings(), actor.id());
        let all = Page::first(ALL);
        let count = |rows: usize| i64::try_from(rows).ok();
        let quota = |name, value: i64, used, description| Constraint {
            name,
            kind: "quota",
            target: "user",
            value: json!(value),
            used,
            description,
        };
        let emails = user_emails::list_emails(self.db(), user, &all).await?.len();
        let sessions = self.list_sessions(actor).await?.len();
        let tokens = self.list_tokens(actor, all.clone()).await?.tokens;
        let active = tokens
            .iter()
            .filter(|token| token.retiring_until.is_none())
            .count();
        let workspaces = self.list_workspaces(actor, all).await?.workspaces.len();
        Ok(vec![
            quota(
                "user_email_count",
                i64::try_from(MOST_ADDRESSES).unwrap_or(i64::MAX),
                count(emails),
                "E-mail addresses of an account.",
            ),
            quota(
                "user_session_count",
                settings.sessions.per_user,
                count(sessions),
                "Sessions of an account; the one unused for longest makes room.",
            ),
            quota(
                "user_token_count",
                settings.tokens_per_user,
                count(active),
                "API tokens of an account; one that retires is not counted.",
            ),
            quota(
                "user_workspace_count",
                MOST_WORKSPACES,
                count(workspaces),
                "Workspaces of an account.",
            ),
        ])
    }

    fn rules(&self) -> Vec<Constraint> {
        let settings = self.settings();
        let rule = |name, kind, target, value, description| Constraint {
            name,
            kind,
            target,
            value,
            used: None,
            description,
        };
        let range = |least: i64, most: i64| json!({ "min": least, "max": most });
        let minutes = password::LIFETIME_MINUTES;
        let requests = match settings.limits.requests_per_account {
            0 => Value::Null,
            count => json!(count),
        };
        vec![
            rule(
                "user_avatar_bytes",
                "range",
                "user",
                range(1, i64::try_from(avatars::MAX_BYTES).unwrap_or(i64::MAX)),
                "Bytes of a picture that is uploaded.",
            ),
            rule(
                "user_handle_change_seconds",
                "rate",
                "user",
                json!(Handle::CHANGE_SECONDS),
                "Seconds between two changes of the handle.",
            ),
            rule(
                "user_password_expires_in_minutes",
                "range",
                "user",
                range(*minutes.start(), *minutes.end()),
                "Minutes that a temporary database password lives.",
            ),
            rule(
                "user_request_per_minute",
                "rate",
                "user",
                requests,
                "Requests of an account in a minute; null is no limit.",
            ),
            rule(
                "workspace_query_rows",
                "range",
                "workspace",
                range(0, i64::from(settings.queries.rows)),
                "Rows of an answer of the Query API.",
            ),
            rule(
                "workspace_query_seconds",
                "range",
                "workspace",
                range(0, i64::from(settings.queries.seconds)),
                "Seconds that a query of the Query API runs.",
            ),
        ]
    }
}

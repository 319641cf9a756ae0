//! Whom the owner of a workspace lets in, and as what. Letting in and out is written here and takes effect at the door at
//! once; what it means inside PostgreSQL is brought about by a process (`settle`), and until then an access that was
//! given or changed is pending.

mod settle;

use model::{
    MemberId, ProcessId, UserId,
    audit::{Action, AuditEntry},
    email::EmailStatus,
    member::{MemberRole, MemberStatus},
    process::{ProcessState, ProcessType},
    session::Freshness,
    time,
    workspace::BackendKind,
};
use store::{
    Cursor, Page, Tx, connections, connections::Ending, identities, members, members::MemberRow, processes,
    processes::ProcessRow, user_emails, users::UserRow, workspaces::WorkspaceRow,
};

use crate::{Actor, App, Error, Result, error::Checks};

pub(crate) use settle::MemberWork;

/// How many people a workspace may be shared with.
pub const MOST_MEMBERS: i64 = 100;

/// Somebody who is let in.
#[derive(Debug, Clone)]
pub struct Member {
    /// Their access.
    pub access: MemberRow,
    /// Who they are.
    pub user: UserRow,
}

/// A page of people, the first who was let in first.
#[derive(Debug)]
pub struct MemberPage {
    /// The workspace.
    pub workspace: WorkspaceRow,
    /// Whose it is.
    pub owner: UserRow,
    /// The people.
    pub members: Vec<Member>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// Whom to let in, as what.
#[derive(Debug, Default, Clone)]
pub struct NewMember {
    /// Their handle, or the id of their account.
    pub handle: String,
    /// `operator` or `reader`.
    pub role: String,
}

fn member((access, user): (MemberRow, UserRow)) -> Member {
    Member { access, user }
}

/// A server that was attached is entered with one credential, whoever comes: what it may do, they may. A reader could not
/// be kept from writing there.
fn check_role(workspace: &WorkspaceRow, role: MemberRole) -> Result<()> {
    if workspace.backend == BackendKind::Attached && role == MemberRole::Reader {
        return Err(Error::invalid(
            "role",
            "This workspace is a server that was attached, which everybody enters with the one credential it was attached \
             with. Share it as operator, or attach it once more with a credential that only reads.",
        ));
    }
    Ok(())
}

/// Where there is nothing to bring about, an access can be used at once.
fn first_status(workspace: &WorkspaceRow) -> MemberStatus {
    match workspace.backend {
        BackendKind::Attached => MemberStatus::Accepted,
        _ => MemberStatus::Pending,
    }
}

impl App {
    /// Who is let into a workspace. Somebody who was sees themselves alone.
    pub async fn list_members(
        &self,
        actor: &Actor,
        owner: &str,
        workspace: &str,
        page: Page,
    ) -> Result<MemberPage> {
        let access = self.get_access(actor, owner, workspace).await?;
        let (members, next) = match access.member {
            Some(own) if page.after.is_none() => (vec![(own, actor.user.clone())], None),
            Some(_) => (Vec::new(), None),
            None => members::list_members(self.db(), access.workspace.id, &page).await?,
        };
        Ok(MemberPage {
            workspace: access.workspace,
            owner: access.owner,
            members: members.into_iter().map(member).collect(),
            next,
        })
    }

    /// One of those who are let into a workspace, by handle or id. Somebody who was finds themselves alone.
    pub async fn get_member(
        &self,
        actor: &Actor,
        owner: &str,
        workspace: &str,
        who: &str,
    ) -> Result<(Member, WorkspaceRow, UserRow)> {
        let access = self.get_access(actor, owner, workspace).await?;
        let found = match access.member {
            Some(own) => actor.own(who).is_ok().then(|| (own, actor.user.clone())),
            None if who.contains('\0') => None,
            None => members::find_member(self.db(), access.workspace.id, who).await?,
        };
        let found = found.ok_or(Error::NotFound("member"))?;
        Ok((member(found), access.workspace, access.owner))
    }

    /// Lets somebody into one of the actor's workspaces. They get a mail, and can enter once PostgreSQL knows of it.
    pub async fn create_member(&self, actor: &Actor, workspace: &str, new: NewMember) -> Result<Member> {
        self.require_fresh(actor, Freshness::Sensitive)?;
        let mut checks = Checks::default();
        let role = checks.take(new.role.parse::<MemberRole>().map(Some));
        checks.finish()?;
        let role = role.ok_or(Error::Internal("a check was lost"))?;
        let user = self.person_called(actor, new.handle.trim()).await?;
        let mut tx = self.db().begin().await?;
        let workspace = self.lock_workspace(&mut tx, actor, workspace).await?;
        crate::workspaces::check_ready(&workspace)?;
        if user.id == actor.id() {
            return Err(Error::invalid(
                "handle",
                "The workspace is yours. Name somebody else.",
            ));
        }
        check_role(&workspace, role)?;
        let now = self.now();
        let row = MemberRow {
            id: MemberId::new(now, self.random()),
            workspace_id: workspace.id,
            user_id: user.id,
            role,
            status: first_status(&workspace),
            status_reason: None,
            connection_epoch: 1,
            created_at: now,
            created_by_id: actor.id(),
            updated_at: None,
            updated_by_id: actor.id(),
            version_id: 1,
        };
        self.insert_member(&mut tx, &row, &user).await?;
        self.mail_access(&mut tx, actor, &workspace, &row).await?;
        let given = (&workspace, &row, Action::WorkspaceMemberCreate);
        self.commit_access(tx, actor, given, ProcessType::WorkspaceMemberCreate)
            .await?;
        Ok(Member { access: row, user })
    }

    /// The account that a client names. Whether there is one is as public as its profile.
    async fn person_called(&self, actor: &Actor, handle_or_id: &str) -> Result<UserRow> {
        self.0.limits.access(actor.id())?;
        let found = match self.is_identity(handle_or_id) {
            true => identities::find_identity(self.db(), handle_or_id).await?,
            false => None,
        };
        found.ok_or_else(|| Error::invalid("handle", "There is no account of this handle."))
    }

    async fn insert_member(&self, tx: &mut Tx, row: &MemberRow, user: &UserRow) -> Result<()> {
        if members::find_member_in(tx, row.workspace_id, &user.id.to_string())
            .await?
            .is_some()
        {
            return Err(Error::conflict(
                "member_exists",
                format!("{} has access already. Change their role instead.", user.handle),
            ));
        }
        match members::insert_member(tx, row).await {
            // Deleted since they were looked up.
            Err(store::Error::Orphan(_)) => {
                return Err(Error::invalid("handle", "There is no account of this handle."));
            }
            inserted => inserted?,
        }
        if members::count_members(tx, row.workspace_id).await? > MOST_MEMBERS {
            return Err(Error::conflict(
                "member_limit_reached",
                format!(
                    "A workspace is shared with at most {MOST_MEMBERS} people. Take access back from one first."
                ),
            ));
        }
        Ok(())
    }

    /// Makes more or less of an access. Who may do less from now on is put out at once, and let in again as what they
    /// are when PostgreSQL knows of it.
    pub async fn update_member(
        &self,
        actor: &Actor,
        workspace: &str,
        who: &str,
        role: &str,
    ) -> Result<Member> {
        self.require_fresh(actor, Freshness::Sensitive)?;
        let role: MemberRole = role.parse()?;
        let mut tx = self.db().begin().await?;
        let workspace = self.lock_owned(&mut tx, actor, workspace).await?;
        check_role(&workspace, role)?;
        let (before, user) = self.find_member(&mut tx, &workspace, who).await?;
        actor.check_version(before.version_id)?;
        if before.role == role {
            return Ok(Member { access: before, user });
        }
        let now = self.now();
        let is_cut = before.role.is_more_than(role);
        let after = MemberRow {
            role,
            status: first_status(&workspace),
            status_reason: None,
            connection_epoch: before.connection_epoch + i64::from(is_cut),
            updated_at: Some(now),
            updated_by_id: actor.id(),
            version_id: before.version_id + 1,
            ..before
        };
        members::update_member(&mut tx, &after, now).await?;
        let ending = self.ending_of(&after, Some(after.connection_epoch));
        if is_cut {
            connections::upsert_ending(&mut tx, &ending, now).await?;
        }
        let changed = (&workspace, &after, Action::WorkspaceMemberUpdate);
        self.commit_access(tx, actor, changed, ProcessType::WorkspaceMemberUpdate)
            .await?;
        self.0.open_connections.end_target(&ending);
        Ok(Member { access: after, user })
    }

    /// Takes access back, or leaves: the owner does it to anyone, somebody who was let in to themselves. From the commit
    /// on the next connection is refused, and those that are open end.
    pub async fn delete_member(
        &self,
        actor: &Actor,
        owner: &str,
        workspace: &str,
        who: &str,
    ) -> Result<Member> {
        let access = self.get_access(actor, owner, workspace).await?;
        if access.member.is_some() {
            actor.own(who).map_err(|_| Error::NotFound("member"))?;
        }
        let mut tx = self.db().begin().await?;
        self.lock_actor(&mut tx, actor).await?;
        let (row, user) = self.find_member(&mut tx, &access.workspace, who).await?;
        actor.check_version(row.version_id)?;
        if !members::delete_member(&mut tx, row.id).await? {
            return Err(Error::NotFound("member"));
        }
        let ending = self.ending_of(&row, None);
        connections::upsert_ending(&mut tx, &ending, self.now()).await?;
        let ended = (&access.workspace, &row, Action::WorkspaceMemberDelete);
        self.commit_access(tx, actor, ended, ProcessType::WorkspaceMemberDelete)
            .await?;
        self.0.open_connections.end_target(&ending);
        Ok(Member { access: row, user })
    }

    async fn find_member(
        &self,
        tx: &mut Tx,
        workspace: &WorkspaceRow,
        who: &str,
    ) -> Result<(MemberRow, UserRow)> {
        let found = match who.contains('\0') {
            true => None,
            false => members::find_member_in(tx, workspace.id, who).await?,
        };
        found.ok_or(Error::NotFound("member"))
    }

    fn ending_of(&self, row: &MemberRow, epoch: Option<i64>) -> Ending {
        Ending {
            target: row.id.to_string(),
            epoch,
        }
    }

    /// Commits a change of an access with its process and its records: one in the owner's log, one in that of the person
    /// whom it concerns. They name each other by id, so that a deleted person is in nobody's records.
    async fn commit_access(
        &self,
        mut tx: Tx,
        actor: &Actor,
        (workspace, row, action): (&WorkspaceRow, &MemberRow, Action),
        kind: ProcessType,
    ) -> Result<()> {
        let process = self.member_process(workspace, row, actor.id(), kind)?;
        match workspace.backend {
            // Nothing in the server is ours to change: what opens it is beside the workspace.
            BackendKind::Attached => {
                members::accept_member(&mut tx, row.id, row.version_id).await?;
                processes::insert_done_process(&mut tx, &process).await?;
            }
            _ => processes::insert_process(&mut tx, &process).await?,
        }
        let entry = |whose: UserId| {
            AuditEntry::new(Some(whose), action)
                .on(workspace.id, &workspace.handle)
                .with("member_id", row.user_id.to_string())
                .with("role", row.role.as_str())
        };
        let owners = entry(workspace.user_id).with("process_id", process.id.to_string());
        let members = entry(row.user_id).with("owner_id", workspace.user_id.to_string());
        let records = [owners, members].map(|entry| self.record(actor.origin(), entry));
        tx.commit_all(records).await?;
        self.wake_workers();
        Ok(())
    }

    fn member_process(
        &self,
        workspace: &WorkspaceRow,
        row: &MemberRow,
        by: UserId,
        kind: ProcessType,
    ) -> Result<ProcessRow> {
        let now = self.now();
        let work = MemberWork::new(workspace, row);
        Ok(ProcessRow {
            id: ProcessId::new(now, self.random()),
            kind,
            state: ProcessState::Pending,
            state_reason: None,
            user_id: workspace.user_id,
            workspace_id: Some(workspace.id),
            input: serde_json::to_string(&work)
                .map_err(|_| Error::Internal("a process's input cannot be written"))?,
            attempts: 0,
            run_after: now,
            created_at: now,
            created_by_id: by,
            updated_at: now,
            version_id: 1,
        })
    }

    /// Tells the person at their primary address.
    async fn mail_access(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        workspace: &WorkspaceRow,
        row: &MemberRow,
    ) -> Result<()> {
        let owner = &actor.user.handle;
        let public_url = self.settings().public_url.to_string();
        let message = mail::Message::AccessGiven(mail::AccessGiven {
            owner: owner.to_string(),
            workspace: workspace.handle.to_string(),
            may_write: row.role == MemberRole::Operator,
            host: self.workspace_host(owner, &workspace.handle),
            url: format!("{public_url}workspace/{owner}-{}", workspace.handle),
            at: time::for_people(self.now()),
        });
        for email in user_emails::list_emails_in(tx, row.user_id).await? {
            if email.is_primary && email.status == EmailStatus::Verified {
                self.enqueue_mail(tx, Some(row.user_id), &email.email, &message)
                    .await?;
            }
        }
        Ok(())
    }
}

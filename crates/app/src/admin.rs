//! What the operator does at the machine.

use std::net::{IpAddr, Ipv4Addr};

use model::{
    Secret,
    audit::{Action, AuditEntry, Credential},
    email::EmailAddress,
    handle::Handle,
    scope::Scope,
    scram::SALT_LENGTH,
    token::PlainToken,
    version::Expected,
};
use store::{
    Unrecorded, cli_logins, connections, handles, server_roles, sessions, sign_ins, sign_ins::SignInVia,
    tokens, user_emails, users, users::UserRow, workspace_names, workspaces,
};

use crate::{Actor, App, Error, Peer, Result, actor, keys::Purpose, tokens::NewToken};

/// The name of the private PostgreSQL in the store.
const LOCAL_SERVER: &str = model::workspace::BackendKind::Local.as_str();
/// How long ended requests and sessions stay before they are removed.
const KEEP_ENDED_SECONDS: i64 = 24 * 60 * 60;

impl App {
    /// Makes an account with a verified address.
    pub async fn admin_create_user(&self, handle: &str, email: &str) -> Result<UserRow> {
        let handle = Handle::choose(handle)?;
        let email: EmailAddress = email.parse()?;
        let mut tx = self.db().begin().await?;
        let user = self.insert_account(&mut tx, &handle, None, &email).await?;
        let about = |action| AuditEntry::new(Some(user.id), action).on(user.id, &user.handle);
        let origin = actor::operator_origin(self.new_connection_id());
        tx.commit_all([
            self.record(origin.clone(), about(Action::UserCreate)),
            self.record(origin, about(Action::UserPasswordCreate)),
        ])
        .await?;
        Ok(user)
    }

    /// All accounts.
    pub async fn admin_list_users(&self) -> Result<Vec<UserRow>> {
        Ok(users::list_users(self.db()).await?)
    }

    /// Switches an account on or off. Off ends every credential of it until it is on again, its open database connections,
    /// and those of everybody else to its workspaces: while it is off, they open to nobody.
    pub async fn admin_set_user_active(&self, handle: &str, active: bool) -> Result<()> {
        let user = self.find_by_handle(handle).await?;
        let mut tx = self.db().begin().await?;
        if users::update_state(&mut tx, user.id, active, self.now()).await? {
            let entry = AuditEntry::new(Some(user.id), Action::UserUpdate)
                .on(user.id, &user.handle)
                .with("state", if active { "active" } else { "disabled" });
            if !active {
                connections::end_connections(&mut tx, user.id, self.now()).await?;
                workspaces::end_owned_connections(&mut tx, user.id, self.now()).await?;
            }
            tx.commit(self.record(actor::operator_origin(self.new_connection_id()), entry))
                .await?;
            if !active {
                self.end_open_connections(user.id, None);
                self.0.open_connections.end_owned(user.id);
            }
        }
        Ok(())
    }

    /// Makes an API token for an account.
    pub async fn admin_create_token(&self, handle: &str, new: NewToken) -> Result<PlainToken> {
        let user = self.find_by_handle(handle).await?;
        let actor = Actor {
            expected: Expected::Anything,
            user,
            credential: Credential::Operator,
            session: None,
            scope: Scope::Full,
            token_expires_at: None,
            peer: self.operator_peer(),
        };
        self.create_token(&actor, new).await.map(|(_, plain)| plain)
    }

    /// A one-time link that signs the holder in as `handle`, without mail.
    pub async fn admin_sign_in_link(&self, handle: &str) -> Result<String> {
        let user = self.find_by_handle(handle).await?;
        let email = user_emails::find_primary_email(self.db(), user.id).await?;
        let email = email.ok_or(Error::NotFound("e-mail address"))?;
        let entry = AuditEntry::new(Some(user.id), Action::LoginRequest).on(user.id, &user.handle);
        self.operator_link(Some(email), entry).await
    }

    /// A one-time link by which the very first account is made; `None` when there is an account.
    pub async fn first_account_link(&self) -> Result<Option<String>> {
        if users::has_users(self.db()).await? {
            return Ok(None);
        }
        self.operator_link(None, AuditEntry::new(None, Action::LoginRequest))
            .await
            .map(Some)
    }

    async fn operator_link(&self, email: Option<EmailAddress>, entry: AuditEntry) -> Result<String> {
        let (row, secret, _, _) = self.new_sign_in(SignInVia::Operator, email, None, &self.operator_peer());
        let mut tx = self.db().begin().await?;
        sign_ins::insert_sign_in(&mut tx, &row).await?;
        tx.commit(self.record(actor::operator_origin(self.new_connection_id()), entry))
            .await?;
        Ok(self.link_url(&secret))
    }

    pub(crate) async fn find_by_handle(&self, handle: &str) -> Result<UserRow> {
        let handle: Handle = handle.parse()?;
        users::find_user_by_handle(self.db(), &handle)
            .await?
            .ok_or(Error::NotFound("user"))
    }

    fn operator_peer(&self) -> Peer {
        Peer {
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: "standpipe admin".to_owned(),
            request_id: self.new_connection_id(),
        }
    }

    /// Tells of tokens that end, removes what ended a day ago, and forgets limits that are at rest. The binary calls it every hour.
    pub async fn remove_expired(&self) -> Result<()> {
        self.0.limits.forget_idle();
        // Before they are removed.
        self.tell_of_ending_tokens().await?;
        let before = model::time::after(self.now(), -KEEP_ENDED_SECONDS);
        let mut tx = self.db().begin().await?;
        handles::delete_expired_holds(&mut tx, self.now()).await?;
        sign_ins::delete_expired_sign_ins(&mut tx, before).await?;
        cli_logins::delete_expired_cli_logins(&mut tx, before).await?;
        sessions::delete_expired_sessions(&mut tx, before).await?;
        tokens::delete_retired_tokens(&mut tx, before).await?;
        self.remove_dead_mail(&mut tx).await?;
        self.remove_old_places(&mut tx).await?;
        let given_up = model::time::after(self.now(), -self.settings().handles.hold_seconds);
        workspace_names::delete_old_workspace_names(&mut tx, given_up).await?;
        self.remove_old_db_log(&mut tx, self.now()).await?;
        connections::delete_endings(&mut tx, before).await?;
        self.remove_gone_replicas(&mut tx).await?;
        Ok(tx.commit_unrecorded(Unrecorded::Expiry).await?)
    }
}

/// The superuser password of the private PostgreSQL: made before the cluster, kept sealed.
pub async fn local_superuser_password(
    db: &store::Db,
    keys: &crate::Keys,
    random: &model::Random,
    now: jiff::Timestamp,
) -> Result<Secret<String>> {
    if server_roles::find_server(db, LOCAL_SERVER).await?.is_none() {
        let secret: [u8; 2 * SALT_LENGTH] = random.bytes();
        let password = data_encoding::HEXLOWER.encode(&secret);
        let sealed = keys.seal(
            random,
            Purpose::ServerSuperuser,
            LOCAL_SERVER,
            password.as_bytes(),
        )?;
        let mut tx = db.begin().await?;
        server_roles::insert_server(&mut tx, LOCAL_SERVER, &sealed, now).await?;
        tx.commit_unrecorded(Unrecorded::ServerCredential).await?;
    }
    let sealed = server_roles::find_server(db, LOCAL_SERVER)
        .await?
        .ok_or(Error::Internal("the server is missing"))?;
    let plain = keys.open(Purpose::ServerSuperuser, LOCAL_SERVER, &sealed)?;
    String::from_utf8(plain.expose().clone())
        .map(Secret::new)
        .map_err(|_| Error::Internal("a password is not text"))
}

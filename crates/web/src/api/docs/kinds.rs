//! What the texts in bodies look like: ids, times, and words of a fixed list, each a schema with a name.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, SchemaFormat, SchemaType, Type},
    },
};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $how:ident($($arg:expr),*);)*) => {$(
        $(#[doc = $doc])+
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = concat!($($doc),+).trim();
                RefOr::T($how($($arg),*).description(Some(text)).into())
            }
        }

        impl ToSchema for $name {}
    )*};
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}

/// An object of any fields.
fn object() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object))
}

/// Bytes, which no schema describes.
fn binary() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue)
}

/// A file in a form.
fn file() -> ObjectBuilder {
    text().format(Some(SchemaFormat::Custom("binary".to_owned())))
}

/// A text of a pattern.
fn like(pattern: &str, example: &str) -> ObjectBuilder {
    text().pattern(Some(pattern)).examples([example])
}

/// One line of text, as [`model::profile::line`] takes it: spaces around it do not count.
fn line(most: usize, example: &str) -> ObjectBuilder {
    const SPACE: &str = r"[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";
    const PLAIN: &str = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]";
    like(&format!("^{SPACE}*{PLAIN}{{0,{most}}}{SPACE}*$"), example)
}

/// A text of a known format.
fn format(format: &str, example: &str) -> ObjectBuilder {
    text()
        .format(Some(SchemaFormat::Custom(format.to_owned())))
        .examples([example])
}

/// One word of a list.
fn one_of<const N: usize>(words: [&str; N]) -> ObjectBuilder {
    let example = words.first().copied().unwrap_or_default();
    text().enum_values(Some(words)).examples([example])
}

kinds! {
    /// The id of an account.
    UserId = like("^u_[0-9a-v]{20}$", "u_d9lfcb2jbcks73e0q1tg");
    /// The id of the tenant. A Standpipe is one.
    TenantId = like("^t_[0-9a-v]{20}$", super::super::TENANT_ID);
    /// The id of a workspace.
    WorkspaceId = like("^w_[0-9a-v]{20}$", "w_d9lfcgijbcks73e0q2a0");
    /// What a command line's login request is known by. Whoever has it may try codes.
    CliLoginId = like("^tpttr_[0-9a-v]{20}_[0-9a-z]{26}$", "tpttr_d9lfcb2jbcks73e0q1tg_0f3k9s1m7q2x8v4b6n5c0z1l3d");
    /// Whether a person let the command line in.
    CliLoginState = one_of(["pending", "confirmed"]);
    /// The id of a token.
    TokenId = like("^t_[0-9a-v]{20}$", "t_d9lfd1qjbcks73e0q2c0");
    /// The id of a session.
    SessionId = like("^s_[0-9a-v]{20}$", "s_d9lfd5ajbcks73e0q2e0");
    /// The id of a process.
    ProcessId = like("^p_[0-9a-v]{20}$", "p_d9lfcgijbcks73e0q2ag");
    /// The id of an audit record.
    AuditId = like("^a_[0-9a-v]{20}$", "a_d9lfdaajbcks73e0q2g0");
    /// The id of a database password, another one after each rotation.
    PasswordId = like("^d_[0-9a-v]{20}$", "d_d9lfdeqjbcks73e0q2i0");
    /// The id of an e-mail address, or of the preferences of an account.
    EmailId = like("^up_[0-9a-v]{20}$", "up_d9lfdjajbcks73e0q2k0");
    /// The handle of an account: 1 to 39 lowercase letters, digits and hyphens; hyphens stand alone and inside.
    Handle = like(model::handle::HANDLE_PATTERN, "ana");
    /// The handle of a workspace.
    WorkspaceHandle = like(model::handle::WORKSPACE_HANDLE_PATTERN, "dev");
    /// A display name: one line of at most 100 characters.
    DisplayName = line(model::profile::DISPLAY_NAME_MAX, "Ana Lima");
    /// The title of a token: one line of at most 100 characters.
    Title = line(model::token::TITLE_MAX, "ci");
    /// The description of a token: one line of at most 500 characters.
    Description = line(model::token::DESCRIPTION_MAX, "Deploys from the pipeline");
    /// A time: RFC 3339, UTC.
    Time = format("date-time", "2026-11-24T10:00:00Z");
    /// An e-mail address.
    Email = format("email", "ana@example.com");
    /// Whether the account is there.
    UserStatus = one_of(["accepted", "pending"]);
    /// What happens at a threshold of usage.
    UsageAction = one_of(["warn", "cap_and_warn"]);
    /// What an identity is.
    IdentityType = one_of(["user", "org"]);
    /// Whether a token works.
    TokenStatus = one_of(["active", "inactive"]);
    /// Whether a token works, and why it does not.
    TokenState = one_of(["active", "inactive", "retiring", "expired"]);
    /// What a token may do.
    Scope = one_of(["full", "read", "query"]);
    /// Where a session began.
    SessionKind = one_of(["console", "cli"]);
    /// Whether the address is known to be its owner's.
    EmailStatus = one_of(["pending", "verified"]);
    /// Whether mails of a kind are wanted.
    Choice = one_of(["enabled", "disabled"]);
    /// Where a workspace is in its life. Standpipe's own words are `creating`, `enabled`, `disabled` and `paused`.
    WorkspaceState = one_of([
        "pending", "running", "shutting-down", "terminated", "stopping", "stopped", "creating", "enabling",
        "enabled", "pausing", "paused", "disabling", "disabled"
    ]);
    /// By which door a database connection came.
    Via = one_of(["gateway", "api", "console"]);
    /// Where a database connection stands.
    ConnectionState = one_of(["active", "idle", "idle in transaction"]);
    /// What a person is in a workspace.
    WorkspaceRole = one_of(["owner", "operator", "reader"]);
    /// What the owner of a workspace lets somebody be in it: an operator reads and writes, a reader reads.
    MemberRole = one_of(["operator", "reader"]);
    /// Whether an access can be used: `pending` is until the workspace's database knows of it.
    MemberStatus = one_of(["pending", "accepted"]);
    /// The id of an access to a workspace, another one each time that it is given.
    MemberId = like("^wm_[0-9a-v]{20}$", "wm_d9lfcgijbcks73e0q2a0");
    /// What a workspace should be.
    DesiredState = one_of(["enabled", "disabled", "paused"]);
    /// What a workspace can be told to do.
    Command = one_of(["reboot", "stop", "start", "upgrade"]);
    /// What a rule is.
    ConstraintType = one_of(["quota", "rate", "range", "feature", "constant"]);
    /// Who may see it.
    Visibility = one_of(["public", "private"]);
    /// Anything.
    AnyValue = binary();
    /// Nothing yet: an empty object.
    Notices = object();
    /// The size of a workspace, kept and echoed.
    InstanceType = one_of(model::workspace::INSTANCE_TYPES);
    /// The kind of server that holds a workspace.
    Backend = one_of(model::workspace::BackendKind::ALL.map(model::workspace::BackendKind::as_str));
    /// What a server must prove.
    SslMode = one_of(model::postgres_url::SslMode::ALL.map(model::postgres_url::SslMode::as_str));
    /// What runs a process.
    Pipe = one_of(["steampipe", "powerpipe", "flowpipe"]);
    /// The kind of a file.
    ExportFormat = one_of(["jsonl", "csv"]);
    /// A ZIP archive.
    Archive = binary();
    /// A file in a form.
    File = file();
    /// A file of gzip.
    Gzip = binary();
    /// A picture.
    Picture = binary();
    /// Where a process is. Standpipe's own words are `pending`, `running`, `completed` and `failed`.
    ProcessState = one_of(["pending", "paused", "running", "failed", "completed", "canceled", "terminated"]);
}

//! What the console's pages show: one plain struct a page, each an askama template.
//!
//! A page holds text that is ready to be read, small view structs and flags; it knows nothing of the store or of the
//! use cases. Handlers fill one in and send it. The templates are in `templates/`, by the same names.

mod account;
mod activity;
mod advanced;
mod api_docs;
mod attach;
mod audit_log;
mod badge;
mod chart;
mod cli_login;
mod connect;
mod delete_account;
mod emails;
mod error;
mod field;
mod frame;
mod handle;
mod members;
mod moment;
mod not_me;
mod notifications;
mod profile;
mod query;
mod sessions;
mod signed_out;
mod step_up;
mod token_forms;
mod tokens;
mod workspaces;

#[cfg(test)]
mod tests;

pub use account::{ChooseHandlePage, LinkDeadPage, LinkPage};
pub use activity::{ActivityPage, ProcessPage, ProcessRow, ProcessStep, WorkspaceActivityPage};
pub use advanced::{AdvancedPage, ResetAuthPage};
pub use api_docs::{ApiAnswer, ApiBody, ApiCall, ApiDocsPage, ApiField, ApiKind, ApiSection, ApiType};
pub use attach::{AttachForm, AttachPage, LimitsForm, ServerFacts};
pub use audit_log::{AuditChoice, AuditFilters, AuditLogPage, AuditRecordPage, AuditRow, Difference, Fact};
pub use badge::{Badge, Tone};
pub use chart::{Bar, Chart};
pub use cli_login::{CliLoginCodePage, CliLoginOverPage, CliLoginPage};
pub use connect::{Certificate, CommandLine, ConnectPage, Connection, Detail, Recipe};
pub use delete_account::DeleteAccountPage;
pub use emails::{EmailRow, EmailsCard, NewEmailPage, RemoveEmailPage, VerifyEmailPage};
pub use error::ErrorPage;
pub use field::{Field, Hidden, Problem};
pub use frame::{AssetUrls, Flash, Frame, Link, Person, Place, SettingsPage, WorkspaceTab};
pub use handle::{HandleCard, HandleChangedPage, HandlePreviewPage, HeldName, NameChange};
pub use members::{AccessPage, ConnectionItem, ConnectionsPage, EndAccessPage, GuestCard, MemberItem};
pub use moment::Moment;
pub use not_me::{NotMeOutsidePage, NotMePage, Remedy};
pub use notifications::{MailKind, NotificationsPage};
pub use profile::{AvatarCard, AvatarFetch, PasswordCard, ProfilePage, RotatePasswordPage};
pub use query::{
    QueryCell, QueryColumn, QueryMark, QueryOutcome, QueryPage, QueryPlan, QueryProblem, QueryTable,
};
pub use sessions::{SessionRow, SessionsPage};
pub use signed_out::{
    CheckMailPage, Outside, SignInPage, SignUpPage, SignedOutPage, UnsubscribePage, UnsubscribedPage,
};
pub use step_up::StepUpPage;
pub use token_forms::{Choice, EditTokenPage, NewTokenForm, NewTokenPage, RotateTokenPage};
pub use tokens::{CreatedTokenPage, DeleteTokenPage, TokenRow, TokensPage};
pub use workspaces::{
    BackendNotice, DeleteWorkspacePage, NewWorkspacePage, SharedRow, WorkspaceRow, WorkspaceSettingsPage,
    WorkspacesPage,
};

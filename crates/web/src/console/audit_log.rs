//! `/settings/audit-log`: what happened, newest first, searched, as a file, and record by record.

use app::{AuditQuery, AuditRow, Error, Page};
use axum::{
    extract::{Path, Query},
    http::StatusCode,
};
use jiff::Timestamp;
use model::{Invalid, filter::Filter};
use serde::Deserialize;

use super::{
    answer::{Answer, ConsoleError},
    audit_words::{action_choices, audit_row, credential_choices, differences, facts},
    signed::Signed,
};
use crate::{
    api::{PageQuery, encode_cursor},
    audit_export::{self, Format},
    pages::{AuditFilters, AuditLogPage, AuditRecordPage, Chart, Field, Moment, Place, SettingsPage},
};

const HERE: &str = "/settings/audit-log";
/// How many days the chart shows.
const DAYS: usize = 30;
/// How many tokens there are to choose from.
const TOKENS: i64 = 100;

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AuditForm {
    action: String,
    actor: String,
    credential: String,
    from: String,
    to: String,
    #[serde(rename = "where")]
    wanted: String,
}

impl AuditForm {
    fn query(&self) -> AuditQuery {
        let form = self.clone();
        AuditQuery {
            action: form.action,
            actor: form.actor,
            credential: form.credential,
            from: form.from,
            to: form.to,
            wanted: form.wanted,
        }
    }

    /// The address of `path` with what is asked, and `more`.
    fn link(&self, path: &str, more: &[(&str, &str)]) -> String {
        let own = [
            ("action", self.action.as_str()),
            ("actor", &self.actor),
            ("credential", &self.credential),
            ("from", &self.from),
            ("to", &self.to),
            ("where", &self.wanted),
        ];
        let asked: Vec<_> = own
            .iter()
            .chain(more)
            .filter(|(_, value)| !value.trim().is_empty())
            .collect();
        match serde_urlencoded::to_string(&asked) {
            Ok(query) if !query.is_empty() => format!("{path}?{query}"),
            _ => path.to_owned(),
        }
    }
}

/// `GET /settings/audit-log`
pub(crate) async fn show_audit_log(
    signed: Signed,
    Query(page): Query<PageQuery>,
    Query(form): Query<AuditForm>,
) -> Answer {
    match signed.app.audit_query(&form.query()) {
        Ok(filter) => {
            let found = find(&signed, &form, filter.as_ref(), page.page()?).await?;
            signed.page(&page_of(&signed, &form, found, &[]).await?)
        }
        Err(Error::Invalid(wrong)) => {
            let shown = page_of(&signed, &form, Found::default(), &wrong).await?;
            signed.page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
        Err(error) => Err(error.into()),
    }
}

/// The records of a page, and where it stands among the others.
#[derive(Default)]
struct Found {
    records: Vec<AuditRow>,
    newest: Option<String>,
    older: Option<String>,
    looked_to: Option<Timestamp>,
}

async fn find(
    signed: &Signed,
    form: &AuditForm,
    filter: Option<&Filter>,
    page: Page,
) -> Result<Found, ConsoleError> {
    let (first, limit) = (page.after.is_none(), page.limit);
    let listed = signed.app.list_audit_log(&signed.actor, filter, page).await?;
    let full = i64::try_from(listed.records.len()).is_ok_and(|found| found >= limit);
    let next = listed.next.as_ref();
    Ok(Found {
        newest: (!first).then(|| form.link(HERE, &[])),
        older: next.map(|next| form.link(HERE, &[("next_token", &encode_cursor(next))])),
        looked_to: next.filter(|_| !full).map(|next| next.at),
        records: listed.records,
    })
}

async fn page_of(
    signed: &Signed,
    form: &AuditForm,
    found: Found,
    wrong: &[Invalid],
) -> Result<AuditLogPage, ConsoleError> {
    let now = signed.app.now();
    let own = signed.actor.user().handle.to_string();
    let days = signed.app.audit_activity(&signed.actor, DAYS).await?;
    let days: Vec<_> = days.iter().map(|day| (day.start, day.records)).collect();
    let file = |format| form.link("/settings/audit-log/export", &[("format", format)]);
    Ok(AuditLogPage {
        frame: signed.frame(Place::Settings(SettingsPage::AuditLog)).await?,
        chart: Chart::new(&days, |from, to| {
            format!("{HERE}?from={from}T00:00&to={to}T00:00")
        }),
        filters: filters(signed, form, wrong).await?,
        rows: found
            .records
            .iter()
            .map(|row| audit_row(row, &own, now))
            .collect(),
        newest: found.newest,
        older: found.older,
        looked_to: found.looked_to.map(|at| Moment::new(at, now)),
        exports: (file("jsonl"), file("csv")),
    })
}

async fn filters(signed: &Signed, form: &AuditForm, wrong: &[Invalid]) -> Result<AuditFilters, ConsoleError> {
    let tokens = signed.app.list_tokens(&signed.actor, Page::first(TOKENS)).await?;
    let field = |name: &str, value: &str| Field {
        value: value.to_owned(),
        error: wrong
            .iter()
            .find(|invalid| invalid.field == name)
            .map(|invalid| invalid.message.clone()),
    };
    Ok(AuditFilters {
        actions: action_choices(&form.action),
        credentials: credential_choices(&tokens.tokens, form.credential.trim()),
        action: field("action", &form.action),
        actor: field("actor", &form.actor),
        from: field("from", &form.from),
        to: field("to", &form.to),
        wanted: field("where", &form.wanted),
        any: !form.query().is_blank(),
    })
}

/// What the links to a file send.
#[derive(Debug, Deserialize)]
pub(crate) struct ExportQuery {
    format: Option<String>,
}

/// `GET /settings/audit-log/export`
pub(crate) async fn export_audit_log(
    signed: Signed,
    Query(query): Query<ExportQuery>,
    Query(form): Query<AuditForm>,
) -> Answer {
    let format = Format::parse(query.format.as_deref())?;
    let filter = signed.app.audit_query(&form.query())?;
    Ok(audit_export::download(&signed.app, &signed.actor, format, filter))
}

/// `GET /settings/audit-log/{record}`
pub(crate) async fn show_audit_record(signed: Signed, Path(record): Path<String>) -> Answer {
    let id = record.parse().map_err(|_| Error::NotFound("record"))?;
    let row = signed.app.get_audit_record(&signed.actor, id).await?;
    let own = signed.actor.user().handle.to_string();
    let same = |form: AuditForm| form.link(HERE, &[]);
    let name = row
        .actor_display_name
        .clone()
        .unwrap_or_else(|| row.actor_handle.clone());
    signed.page(&AuditRecordPage {
        frame: signed.frame(Place::Settings(SettingsPage::AuditLog)).await?,
        sequence: row.sequence,
        actor_id: row.actor_id.map(|id| (name, id.to_string())),
        same_action: same(AuditForm {
            action: row.action.as_str().to_owned(),
            ..AuditForm::default()
        }),
        same_credential: row.credential_id.clone().map(|credential| {
            same(AuditForm {
                credential,
                ..AuditForm::default()
            })
        }),
        differences: differences(&row.data),
        facts: facts(&row.data),
        row: audit_row(&row, &own, signed.app.now()),
        credential_id: row.credential_id,
        target_id: row.target_id,
        user_agent: row.user_agent,
        request_id: row.request_id,
    })
}

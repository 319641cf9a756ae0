//! What a page says of the server that holds a workspace: what was found when it was last asked, so that no page waits.

use app::{AccessRow, WorkspaceRow, health::Measure};
use model::{size, workspace::BackendKind};

use super::{answer::ConsoleError, signed::Signed};
use crate::pages::{Detail, Moment, ServerFacts};

/// A line in the list: version and size, or what is wrong.
pub(super) fn line(signed: &Signed, row: &WorkspaceRow) -> Option<String> {
    let measure = signed.app.measure_of(row.id)?;
    measure.trouble.clone().or_else(|| summary(&measure))
}

fn summary(measure: &Measure) -> Option<String> {
    let version = measure
        .version
        .as_ref()
        .map(|version| format!("PostgreSQL {version}"));
    let parts: Vec<_> = version
        .into_iter()
        .chain(measure.bytes.map(size::for_people))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The card of the settings page, for whoever may enter the workspace.
pub(super) async fn facts(signed: &Signed, access: &AccessRow) -> Result<ServerFacts, ConsoleError> {
    let row = &access.workspace;
    let kind = match row.backend {
        BackendKind::Local => "A PostgreSQL that Standpipe runs",
        BackendKind::Server => "The PostgreSQL of this server's operator",
        BackendKind::Attached => "A server that was attached",
    };
    let mut details = vec![Detail {
        label: "Kind",
        value: kind.to_owned(),
    }];
    let mut detail = |label, value: Option<String>| {
        details.extend(value.map(|value| Detail { label, value }));
    };
    // Where it is concerns its owner.
    if access.member.is_none()
        && let Some(attached) = signed.app.find_attachment(row).await?
    {
        detail("Address", Some(format!("{}:{}", attached.host, attached.port)));
        detail("Database there", Some(attached.database));
        detail("Role there", Some(attached.role));
        detail("TLS", Some(attached.ssl_mode.as_str().to_owned()));
    }
    let measure = signed.app.measure_of(row.id);
    if let Some(measure) = &measure {
        detail(
            "Version",
            measure
                .version
                .as_ref()
                .map(|version| format!("PostgreSQL {version}")),
        );
        detail("Size", measure.bytes.map(size::for_people));
    }
    Ok(ServerFacts {
        details,
        asked: measure
            .as_ref()
            .map(|measure| Moment::new(measure.at, signed.app.now())),
        trouble: measure.and_then(|measure| measure.trouble),
    })
}

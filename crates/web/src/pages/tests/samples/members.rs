//! Sample pages of who may enter a workspace, and who is in it.

use super::{Pages, Words, ago, frame, inside, show};
use crate::pages::*;

pub(super) fn members(words: &Words) -> Pages {
    let member = |handle: &str, role: &'static str, state: Option<Badge>, reason: Option<&str>| MemberItem {
        handle: handle.to_owned(),
        name: words.text.clone(),
        avatar_url: "avatar.svg".into(),
        role,
        state,
        reason: reason.map(|text| words.or(text)),
        since: ago(86_400 * 3),
    };
    let access = AccessPage {
        frame: inside(words, WorkspaceTab::Access),
        handle: words.workspace.clone(),
        attached: false,
        members: vec![
            member("bob", "operator", None, None),
            member("cid", "reader", Some(Badge::workspace("pending")), None),
            member(
                "dora",
                "reader",
                Some(Badge::workspace("failed")),
                Some("PostgreSQL is not ready."),
            ),
        ],
        most: 100,
        new_member: Field::default(),
        role: String::new(),
    };
    let end = EndAccessPage {
        frame: inside(words, WorkspaceTab::Access),
        handle: words.workspace.clone(),
        member: words.handle.clone(),
        own: false,
        facts: vec!["Their open connections end within seconds.".into()],
    };
    let connection = |id: &str, state: &str, tone| ConnectionItem {
        id: id.to_owned(),
        person: words.handle.clone(),
        workspace: words.workspace.clone(),
        application: words.or("psql"),
        ip: "192.0.2.7".into(),
        since: ago(754),
        state: Badge::new(state, tone),
        sent: "12 KB".into(),
        received: "4.7 MB".into(),
    };
    let connections = ConnectionsPage {
        frame: inside(words, WorkspaceTab::Connections),
        url: "/workspace/dev/connections".into(),
        workspace: Some(words.workspace.clone()),
        all: true,
        connections: vec![
            connection("c_1", "active", Tone::Ok),
            connection("c_2", "idle", Tone::Quiet),
            connection("c_3", "idle in transaction", Tone::Warn),
        ],
        more: true,
    };
    vec![
        (
            "access-wrong",
            show(AccessPage {
                new_member: Field::refused(words.or("nobody"), "There is no account of this handle."),
                role: "operator".into(),
                ..access.clone()
            }),
        ),
        (
            "access-attached",
            show(AccessPage {
                attached: true,
                members: vec![],
                ..access.clone()
            }),
        ),
        ("access", show(access)),
        (
            "access-leave",
            show(EndAccessPage {
                own: true,
                ..end.clone()
            }),
        ),
        ("access-end", show(end)),
        (
            "connections-none",
            show(ConnectionsPage {
                all: false,
                connections: vec![],
                more: false,
                ..connections.clone()
            }),
        ),
        (
            "connections-all",
            show(ConnectionsPage {
                frame: frame(words, Place::Workspaces),
                url: "/workspaces/connections".into(),
                workspace: None,
                ..connections.clone()
            }),
        ),
        ("connections", show(connections)),
    ]
}

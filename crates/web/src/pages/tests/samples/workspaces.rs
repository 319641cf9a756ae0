//! Sample pages of workspaces.

use super::{PASSWORD, Pages, Words, ago, flashed, frame, inside, show};
use crate::pages::*;

pub(super) fn workspaces(words: &Words) -> Pages {
    let row = |handle: &str, state: &str, reason: Option<&str>| WorkspaceRow {
        handle: handle.to_owned(),
        host: words.host(),
        database: "x7k2m9".into(),
        state: Badge::workspace(state),
        reason: reason.map(|text| words.or(text)),
        server: (state == "enabled").then(|| "PostgreSQL 15.18, 7.6 MB".into()),
        created: ago(86_400 * 3),
    };
    let notice = BackendNotice {
        title: "PostgreSQL is not installed here".into(),
        sentence: "Standpipe keeps workspaces in a PostgreSQL that it starts itself, \
from the binaries of this machine. It found none in PATH and in \
/usr/lib/postgresql."
            .into(),
        commands: vec!["sudo apt install postgresql".into()],
        after: "Then restart standpipe serve. Everything else works meanwhile.".into(),
    };
    let list = WorkspacesPage {
        frame: frame(words, Place::Workspaces),
        workspaces: vec![
            row(&words.workspace, "enabled", None),
            row("analytics", "creating", None),
            row("old", "disabled", Some("Its cluster was made by PostgreSQL 15.")),
        ],
        shared: vec![SharedRow {
            label: "bob-lab".into(),
            handle: "lab".into(),
            owner: "bob".into(),
            host: "bob-lab.db.localhost".into(),
            role: "reader",
            state: Badge::workspace("enabled"),
        }],
        notice: None,
        domain: "db.localhost".into(),
        handle: Field::default(),
    };
    let new = NewWorkspacePage {
        frame: frame(words, Place::Workspaces),
        notice: None,
        domain: "db.localhost".into(),
        handle: Field::default(),
    };
    let server = ServerFacts {
        details: vec![
            Detail {
                label: "Kind",
                value: "A server that was attached".into(),
            },
            Detail {
                label: "Address",
                value: words.or("db.example.com:5432"),
            },
            Detail {
                label: "Version",
                value: "PostgreSQL 15.18".into(),
            },
        ],
        asked: Some(ago(30)),
        trouble: Some("Nothing listens there: check host name and port.".into()),
    };
    let limits = LimitsForm {
        connections: Field::new("60"),
        statement: Field::refused(words.or("-1"), "Write seconds, or 0 for no end."),
        idle: Field::new("300"),
    };
    let attach = AttachPage {
        frame: frame(words, Place::Workspaces),
        domain: "db.localhost".into(),
        allowed: true,
        form: AttachForm::default(),
    };
    let facts = vec![
        "The database x7k2m9 is dropped with everything in it.".to_owned(),
        "2 open connections end.".to_owned(),
        format!("The name {} stops working.", words.host()),
    ];
    let other = BackendNotice {
        title: "The cluster needs PostgreSQL 15".into(),
        sentence: "It was made by PostgreSQL 15; this machine has 17. It is left \
untouched, and its workspaces wait."
            .into(),
        commands: vec!["sudo apt install postgresql-15".into()],
        after: "Then restart standpipe serve.".into(),
    };
    vec![
        (
            "workspaces-empty",
            show(WorkspacesPage {
                workspaces: vec![],
                frame: flashed(list.frame.clone(), "Your account is ready."),
                ..list.clone()
            }),
        ),
        (
            "workspaces-no-postgres",
            show(WorkspacesPage {
                workspaces: vec![],
                notice: Some(notice.clone()),
                ..list.clone()
            }),
        ),
        (
            "workspaces-other-version",
            show(WorkspacesPage {
                notice: Some(other),
                ..list.clone()
            }),
        ),
        ("workspaces", show(list)),
        (
            "workspace-new-wrong",
            show(NewWorkspacePage {
                handle: Field::refused(
                    words.or("my-dev"),
                    "A workspace's name has 1 to 23 lowercase letters and digits.",
                ),
                ..new.clone()
            }),
        ),
        ("workspace-new", show(new)),
        (
            "workspace-delete",
            show(DeleteWorkspacePage {
                frame: inside(words, WorkspaceTab::Settings),
                handle: words.workspace.clone(),
                facts: facts.clone(),
                confirm: Field::refused(words.or("de"), "Type dev to confirm."),
            }),
        ),
        (
            "workspace-settings",
            show(WorkspaceSettingsPage {
                frame: inside(words, WorkspaceTab::Settings),
                handle: words.workspace.clone(),
                id: "w_c2rkvdq5v6f0000000g0".into(),
                database: "x7k2m9".into(),
                state: Badge::workspace("enabled"),
                created: ago(86_400 * 3),
                guest: None,
                server: server.clone(),
                is_attached: true,
                limits: limits.clone(),
                facts: facts.clone(),
                confirm: Field::default(),
            }),
        ),
        (
            "workspace-settings-shared",
            show(WorkspaceSettingsPage {
                frame: inside(words, WorkspaceTab::Settings),
                handle: words.workspace.clone(),
                id: "w_c2rkvdq5v6f0000000g0".into(),
                database: "x7k2m9".into(),
                state: Badge::workspace("enabled"),
                created: ago(86_400 * 3),
                guest: Some(GuestCard {
                    owner: words.handle.clone(),
                    role: "reader",
                    may: "You read what is in its tables.",
                    leave_url: "/workspace/bob-lab/access/ana/end".into(),
                }),
                server,
                is_attached: true,
                limits,
                facts,
                confirm: Field::default(),
            }),
        ),
        ("workspace-attach", show(attach.clone())),
        (
            "workspace-attach-refused",
            show(AttachPage {
                form: AttachForm {
                    handle: Field::new(words.or("sales")),
                    url: Field::refused(
                        words.or("postgres://reporting@db.example.com/sales"),
                        "The server did not answer within 10 seconds: check host name, port and firewall.",
                    ),
                    ..AttachForm::default()
                },
                ..attach.clone()
            }),
        ),
        (
            "workspace-attach-off",
            show(AttachPage {
                allowed: false,
                ..attach
            }),
        ),
    ]
}

pub(super) fn connect(words: &Words) -> Pages {
    let way = |host: String, query: &str| {
        let before = format!("postgresql://{}:", words.handle);
        let after = format!("@{host}:9193/x7k2m9{query}");
        let line = |label: &str, start: &str, end: &str| CommandLine {
            label: label.into(),
            before: format!("{start}{before}"),
            after: Some(format!("{after}{end}")),
        };
        Connection {
            string: line("Connection string", "", ""),
            details: vec![
                Detail {
                    label: "Host",
                    value: host.clone(),
                },
                Detail {
                    label: "Port",
                    value: "9193".into(),
                },
                Detail {
                    label: "Database",
                    value: "x7k2m9".into(),
                },
                Detail {
                    label: "User",
                    value: words.handle.clone(),
                },
            ],
            lines: vec![
                line("psql", "psql '", "'"),
                line("pgcli", "pgcli '", "'"),
                CommandLine {
                    label: words.or("psql, asks for the password"),
                    before: format!("psql -h {host} -p 9193 -U {} x7k2m9", words.handle),
                    after: None,
                },
            ],
        }
    };
    let page = ConnectPage {
        frame: inside(words, WorkspaceTab::Connect),
        handle: words.workspace.clone(),
        state: Badge::workspace("enabled"),
        reason: None,
        ready: true,
        by_host: way(words.host(), "?sslmode=verify-full"),
        by_database: way("127.0.0.1".into(), "?sslmode=disable"),
        recipes: [("python", "Python"), ("dbt", "dbt")]
            .map(|(id, name)| Recipe {
                id,
                name,
                hint: words.or("pip install \"psycopg[binary]\""),
                code: CommandLine {
                    label: name.into(),
                    before: format!(
                        "import psycopg\n\nwith psycopg.connect(\"postgresql://{}:",
                        words.handle
                    ),
                    after: Some(format!(
                        "@{}:9193/x7k2m9\") as connection:\n    pass",
                        words.host()
                    )),
                },
            })
            .into(),
        certificate: Some(Certificate {
            url: "/ca.pem".into(),
            fingerprint: "7A:1C:93:0E:55:D2:4B:88:91:6F:20:C4:3D:EE:07:B1:5A:68:F9:02:D7:4C:A0 \
:3B:91:8E:66:12:FF:40:2D:9C"
                .into(),
            command: "curl --create-dirs -o ~/.postgresql/root.crt \
http://localhost:8080/ca.pem"
                .into(),
        }),
        password: None,
    };
    vec![
        (
            "connect-creating",
            show(ConnectPage {
                state: Badge::workspace("creating"),
                ready: false,
                ..page.clone()
            }),
        ),
        (
            "connect-revealed",
            show(ConnectPage {
                password: Some(PASSWORD.into()),
                ..page.clone()
            }),
        ),
        ("connect", show(page)),
    ]
}

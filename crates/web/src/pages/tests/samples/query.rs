//! Sample pages of queries.

use super::{Pages, Words, inside, show};
use crate::pages::*;

pub(super) fn query(words: &Words) -> Pages {
    let empty = QueryPage {
        frame: inside(words, WorkspaceTab::Query),
        id: "w_c2rkvdq5v6f0000000g0".into(),
        handle: words.workspace.clone(),
        waits: None,
        sql: Field::default(),
        limits: "One statement, at most 5000 rows and 30 seconds.".into(),
        wrong_at: None,
        outcome: None,
    };
    let with = |sql: &str, outcome| QueryPage {
        sql: Field::new(words.or(sql)),
        outcome: Some(outcome),
        ..empty.clone()
    };
    let wrong = QueryPage {
        sql: Field::refused(words.or("select id,\n  nothing\nfrom invoices"), ""),
        ..with("", QueryOutcome::Refused(problem(words)))
    };
    vec![
        (
            "query-waits",
            show(QueryPage {
                waits: Some("The workspace is not enabled, so that it takes no queries now.".into()),
                ..empty.clone()
            }),
        ),
        ("query-wrong", show(wrong)),
        (
            "query-result",
            show(with(
                "select id, customer, total, paid_at, lines from invoices order by id",
                QueryOutcome::Ran(table(words)),
            )),
        ),
        (
            "query-part",
            show(with(
                "select n from generate_series(1, 10000) n",
                QueryOutcome::Ran(QueryTable {
                    cut: Some(
                        "There are more than 5000 rows; these are the first. What it changed is kept.".into(),
                    ),
                    shown: Some("The first 200 rows are shown; a download runs the statement again and has all.".into()),
                    file: None,
                    ..table(words)
                }),
            )),
        ),
        (
            "query-no-rows",
            show(with(
                "update invoices set paid_at = now() where id = 7",
                QueryOutcome::Ran(QueryTable {
                    summary: "UPDATE, 1 row changed, 3 ms".into(),
                    cut: None,
                    shown: None,
                    columns: vec![],
                    rows: vec![],
                    file: None,
                    can_download: false,
                }),
            )),
        ),
        (
            "query-plan",
            show(with(
                "select * from invoices where customer = 'Océane'",
                QueryOutcome::Planned(QueryPlan {
                    summary: "EXPLAIN, 2 rows, 1 ms".into(),
                    text: words.or("Seq Scan on invoices  (cost=0.00..23.75 rows=6 width=68)\n  Filter: (customer = 'Océane'::text)"),
                    only_planned: true,
                }),
            )),
        ),
        ("query", show(empty)),
    ]
}

fn problem(words: &Words) -> QueryProblem {
    QueryProblem {
        message: words.or("column \"nothing\" does not exist"),
        detail: Some(words.or("There is a column named \"nothing\" in another table.")),
        hint: Some(words.or("Perhaps you meant to reference the column \"invoices.note\".")),
        sqlstate: Some("42703".into()),
        mark: Some(QueryMark {
            position: 14,
            line: 2,
            before: "  ".into(),
            at: words.or("nothing"),
            after: words.or(" as n"),
        }),
    }
}

fn table(words: &Words) -> QueryTable {
    let column = |name: &str, data_type: &str, is_number| QueryColumn {
        name: words.or(name),
        data_type: data_type.into(),
        is_number,
    };
    let row = |id: u32| {
        let cell = |text: Option<String>, is_number| QueryCell { text, is_number };
        vec![
            cell(Some(id.to_string()), true),
            cell(Some(words.or("Océane et fils")), false),
            cell(Some(format!("{}.90", id * 17)), true),
            cell(
                (!id.is_multiple_of(3)).then(|| "2026-11-23 09:12:44.118+00".to_owned()),
                false,
            ),
            cell(Some(words.or("{\"2 × valve\",\"1 × pipe, 40 mm\"}")), false),
        ]
    };
    QueryTable {
        summary: "SELECT, 12 rows, 4 ms".into(),
        cut: None,
        shown: None,
        columns: vec![
            column("id", "int8", true),
            column("customer", "text", false),
            column("total", "numeric", true),
            column("paid_at", "timestamptz", false),
            column("lines", "text[]", false),
        ],
        rows: (1041..1053).map(row).collect(),
        file: Some("ana-dev-2026-11-24-120000.csv".into()),
        can_download: true,
    }
}

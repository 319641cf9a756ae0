//! Lists that are searched: a filter, a page, and the promise that a page is quick whatever is asked.
//!
//! A page looks at the nearest rows of an index only, at most [`SCAN`] of them. What an index finds by itself (one
//! equality, and times) goes in there; the rest of the filter is tried on these rows. A page may therefore hold fewer
//! rows than it might and still say where the next one begins.

use model::filter::{Check, Comparison, Filter, Operand, Test, Value as Wanted};

use crate::{
    Cursor, Db, Page, Result,
    row::Row,
    sql::{Built, Value},
};

/// How many rows a page looks at.
const SCAN: i64 = 10_000;

/// A page of a search.
#[derive(Debug)]
pub struct Found<T> {
    /// The rows, newest first.
    pub rows: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// What can be searched: a table with `created_at` and `id`, by which it is sorted, newest first.
pub(crate) struct List {
    /// The table.
    pub(crate) table: &'static str,
    /// What is read of it.
    pub(crate) columns: &'static str,
    /// The column that says whose a row is. It leads the index on `created_at` and `id`.
    pub(crate) owner: &'static str,
    /// Columns that have an index with owner, `created_at` and `id`; the most telling first.
    pub(crate) indexed: &'static [&'static str],
}

impl List {
    /// A page of the rows of `owner` that pass `filter`.
    pub(crate) async fn search(
        &self,
        db: &Db,
        owner: &str,
        filter: Option<&Filter>,
        page: &Page,
    ) -> Result<(Vec<Row>, Option<Cursor>)> {
        let mut rows = db.all_built(self.statement(owner, filter, page)).await?;
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        if rows.len() > limit {
            rows.truncate(limit);
            let next = rows.last().map(cursor).transpose()?;
            return Ok((rows, next));
        }
        if filter.is_none() {
            return Ok((rows, None));
        }
        let last = db.all_built(self.last_looked_at(owner, filter, page)).await?;
        let next = last.first().map(cursor).transpose()?;
        Ok((rows, next))
    }

    fn statement(&self, owner: &str, filter: Option<&Filter>, page: &Page) -> Built {
        let columns = self.columns;
        let mut built = Built::new();
        let Some(filter) = filter else {
            built.text("SELECT ").text(columns);
            self.push_nearest(&mut built, owner, None, page);
            built.text(" LIMIT ").bind(page.limit.saturating_add(1));
            return built;
        };
        built
            .text("SELECT ")
            .text(columns)
            .text(" FROM (SELECT ")
            .text(columns);
        self.push_nearest(&mut built, owner, Some(filter), page);
        built.text(" LIMIT ").bind(SCAN).text(") AS nearest WHERE ");
        push_filter(&mut built, filter);
        built
            .text(" ORDER BY created_at DESC, id DESC LIMIT ")
            .bind(page.limit.saturating_add(1));
        built
    }

    /// The place of the last row that a page looks at, if there are that many.
    fn last_looked_at(&self, owner: &str, filter: Option<&Filter>, page: &Page) -> Built {
        let mut built = Built::new();
        built.text("SELECT created_at, id");
        self.push_nearest(&mut built, owner, filter, page);
        built.text(" LIMIT 1 OFFSET ").bind(SCAN - 1);
        built
    }

    fn push_nearest(&self, built: &mut Built, owner: &str, filter: Option<&Filter>, page: &Page) {
        built
            .text(" FROM ")
            .text(self.table)
            .text(" WHERE ")
            .text(self.owner)
            .text(" = ")
            .bind(owner);
        let tests = filter.map(Filter::conjuncts).unwrap_or_default();
        if let Some(test) = self.indexed_test(&tests) {
            built.text(" AND ");
            push_test(built, test);
        }
        for test in tests {
            let source = test.operand.column.source;
            if source == "created_at"
                && matches!(test.check, Check::Compare(how, _) if how != Comparison::NotEqual)
            {
                built.text(" AND ");
                push_test(built, test);
            }
        }
        if let Some(after) = &page.after {
            built
                .text(" AND (created_at, id) < (")
                .bind(after.at)
                .text(", ")
                .bind(&after.id)
                .text(")");
        }
        built.text(" ORDER BY created_at DESC, id DESC");
    }

    fn indexed_test<'a>(&self, tests: &[&'a Test]) -> Option<&'a Test> {
        self.indexed.iter().find_map(|column| {
            tests.iter().copied().find(|test| {
                test.operand.column.source == *column
                    && matches!(test.check, Check::Compare(Comparison::Equal, _))
            })
        })
    }
}

fn cursor(row: &Row) -> Result<Cursor> {
    Ok(Cursor {
        at: row.time("created_at")?,
        id: row.text("id")?,
    })
}

fn push_filter(built: &mut Built, filter: &Filter) {
    match filter {
        Filter::All(parts) => push_joined(built, parts, " AND "),
        Filter::Any(parts) => push_joined(built, parts, " OR "),
        Filter::Not(part) => {
            built.text("NOT (");
            push_filter(built, part);
            built.text(")");
        }
        Filter::Test(test) => push_test(built, test),
    }
}

fn push_joined(built: &mut Built, parts: &[Filter], between: &'static str) {
    built.text("(");
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            built.text(between);
        }
        push_filter(built, part);
    }
    built.text(")");
}

fn push_test(built: &mut Built, test: &Test) {
    let operand = &test.operand;
    let not = |negated: bool| if negated { "NOT " } else { "" };
    match &test.check {
        Check::Compare(comparison, value) => {
            push_operand(built, operand);
            built.text(" ").text(comparison.sign()).text(" ").bind(value);
        }
        Check::Like {
            pattern,
            ignore_case,
            negated,
        } => {
            built.text(if *ignore_case { "lower(" } else { "(" });
            push_operand(built, operand);
            let pattern = match ignore_case {
                true => pattern.to_ascii_lowercase(),
                false => pattern.clone(),
            };
            built
                .text(") ")
                .text(not(*negated))
                .text("LIKE ")
                .bind(pattern)
                .text(" ESCAPE '\\'");
        }
        Check::In { values, negated } => {
            push_operand(built, operand);
            built.text(" ").text(not(*negated)).text("IN (");
            for (n, value) in values.iter().enumerate() {
                built.text(if n > 0 { ", " } else { "" }).bind(value);
            }
            built.text(")");
        }
        Check::Null { negated } => {
            push_operand(built, operand);
            built.text(" IS ").text(not(*negated)).text("NULL");
        }
    }
}

/// The column, or a part of its JSON as text. SQLite gives numbers for `true` and `false`; their JSON is the same on
/// both engines.
fn push_operand(built: &mut Built, operand: &Operand) {
    let source = operand.column.source;
    let Some((last, way)) = operand.path.split_last() else {
        built.text(source);
        return;
    };
    let push_way = |built: &mut Built| {
        built.text(source);
        for key in way {
            built.text(" -> ").bind(key);
        }
    };
    built.text("CASE WHEN (");
    push_way(built);
    built
        .text(" -> ")
        .bind(last)
        .text(") IN ('true', 'false') THEN (");
    push_way(built);
    built.text(" -> ").bind(last).text(") ELSE CAST(");
    push_way(built);
    built.text(" ->> ").bind(last).text(" AS TEXT) END");
}

impl From<&Wanted> for Value {
    fn from(wanted: &Wanted) -> Self {
        match wanted {
            Wanted::Text(text) => text.into(),
            Wanted::Number(number) => (*number).into(),
            Wanted::Time(at) => (*at).into(),
        }
    }
}

//! A statement, and what it gave.

use askama::Template;

use super::{Field, Frame};

/// `/workspace/{handle}/query`.
#[derive(Clone, Debug, Template)]
#[template(path = "workspaces/query.html")]
pub struct QueryPage {
    /// The frame.
    pub frame: Frame,
    /// The workspace's id, under which the browser keeps its statements.
    pub id: String,
    /// The workspace's handle.
    pub handle: String,
    /// Whether it takes queries; otherwise why not.
    pub waits: Option<String>,
    /// The statement.
    pub sql: Field,
    /// What stops a statement, in words.
    pub limits: String,
    /// Where it is wrong, and how many characters of it, both in characters, the first from 1.
    pub wrong_at: Option<(u32, usize)>,
    /// What became of it.
    pub outcome: Option<QueryOutcome>,
}

/// What became of a statement.
#[derive(Clone, Debug)]
pub enum QueryOutcome {
    /// It ran.
    Ran(QueryTable),
    /// Its plan was asked for.
    Planned(QueryPlan),
    /// It did not.
    Refused(QueryProblem),
}

impl QueryOutcome {
    /// Where the statement is wrong, and how many characters are.
    pub fn wrong_at(&self) -> Option<(u32, usize)> {
        match self {
            Self::Refused(QueryProblem { mark: Some(mark), .. }) => {
                Some((mark.position, mark.at.chars().count()))
            }
            _ => None,
        }
    }
}

/// How PostgreSQL goes about a statement.
#[derive(Clone, Debug)]
pub struct QueryPlan {
    /// Such as `EXPLAIN, 5 rows, 12 ms`.
    pub summary: String,
    /// Its lines.
    pub text: String,
    /// Whether it was asked for instead of running the statement.
    pub only_planned: bool,
}

/// A result, or its first rows.
#[derive(Clone, Debug)]
pub struct QueryTable {
    /// Such as `SELECT, 5 rows, 12 ms`.
    pub summary: String,
    /// Why there are not all rows.
    pub cut: Option<String>,
    /// How many of the rows are shown, when it is not all.
    pub shown: Option<String>,
    /// The columns; none when the statement gives no rows.
    pub columns: Vec<QueryColumn>,
    /// The rows.
    pub rows: Vec<Vec<QueryCell>>,
    /// The name of a file that the page itself can make, because all there is stands on it, letter by letter.
    pub file: Option<String>,
    /// Whether the statement can be run again for a file, because it only reads.
    pub can_download: bool,
}

/// The head of a column.
#[derive(Clone, Debug)]
pub struct QueryColumn {
    /// Its name.
    pub name: String,
    /// PostgreSQL's name of its type.
    pub data_type: String,
    /// Whether its values are numbers, which stand at the right.
    pub is_number: bool,
}

/// A value.
#[derive(Clone, Debug)]
pub struct QueryCell {
    /// Its text; `None` is NULL.
    pub text: Option<String>,
    /// Whether it is a number.
    pub is_number: bool,
}

/// Why a statement did not run.
#[derive(Clone, Debug)]
pub struct QueryProblem {
    /// What is wrong, in PostgreSQL's words or ours.
    pub message: String,
    /// More of it.
    pub detail: Option<String>,
    /// What may help.
    pub hint: Option<String>,
    /// PostgreSQL's code.
    pub sqlstate: Option<String>,
    /// Where in the statement.
    pub mark: Option<QueryMark>,
}

/// A line of the statement with the place that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryMark {
    /// Where the place is in the statement, in characters from 1.
    pub position: u32,
    /// Its number, from 1.
    pub line: usize,
    /// What stands before the place.
    pub before: String,
    /// The word or character that is wrong.
    pub at: String,
    /// What stands behind it.
    pub after: String,
}

impl QueryMark {
    /// The place at `position`, in characters from 1; none when the statement is shorter.
    pub fn find(sql: &str, position: u32) -> Option<Self> {
        let at = usize::try_from(position).ok()?.checked_sub(1)?;
        let (offset, _) = sql.char_indices().nth(at)?;
        let (before, rest) = sql.split_at(offset);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let (above, before) = before.split_at(start);
        let rest = rest.split('\n').next().unwrap_or_default();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let length = match word {
            0 => rest.chars().next().map_or(0, char::len_utf8),
            word => word,
        };
        let (marked, after) = rest.split_at(length);
        Some(Self {
            position,
            line: above.matches('\n').count() + 1,
            before: before.to_owned(),
            at: marked.to_owned(),
            after: after.trim_end().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(sql: &str, position: u32) -> Option<String> {
        QueryMark::find(sql, position)
            .map(|mark| format!("{} {}[{}]{}", mark.line, mark.before, mark.at, mark.after))
    }

    #[test]
    fn the_word_that_is_wrong_is_marked() {
        assert_eq!(mark("select nothing", 8).as_deref(), Some("1 select [nothing]"));
        assert_eq!(
            mark("select 1,\n  größe + €x\r\nfrom t", 13).as_deref(),
            Some("2   [größe] + €x")
        );
        assert_eq!(mark("select ,", 8).as_deref(), Some("1 select [,]"));
        assert_eq!(mark("a\n\nb", 2).as_deref(), Some("1 a[]"));
        assert_eq!(mark("select", 7), None);
        assert_eq!(mark("select", 0), None);
    }
}

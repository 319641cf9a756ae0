//! The `where` of lists (contract §1.10): text from outside becomes a typed [`Filter`] over columns that a list allows.
//!
//! [`parse`] is pure and total: any text gives a filter, nothing, or a sentence that says where it went wrong and what
//! to do. It builds no SQL; the store turns a filter into a statement with parameters.

mod error;
mod parser;
mod time;
mod tokens;

use jiff::Timestamp;

pub use error::FilterError;
pub use time::parse_time;

/// The longest text, in characters.
pub const MAX_LENGTH: usize = 2000;
/// How deep parentheses and `not` go.
pub const MAX_DEPTH: usize = 20;
/// How many tests a filter has.
pub const MAX_TESTS: usize = 50;
/// How many values an `in` lists.
pub const MAX_VALUES: usize = 100;
/// The longest pattern of a `like`, in characters.
pub const MAX_PATTERN: usize = 200;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// A time.
    Time,
    /// A JSON object.
    Json,
}

/// A column that may be asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in `where`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What the store reads it from. It comes from our own tables only, never from outside.
    pub source: &'static str,
}

/// What rows must be like.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of these.
    All(Vec<Filter>),
    /// Any of these.
    Any(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// One test of one column.
    Test(Test),
}

/// One test of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Of what.
    pub operand: Operand,
    /// Which.
    pub check: Check,
}

/// A column, or a part of the JSON in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    /// The column.
    pub column: &'static Column,
    /// The keys that lead to the part; empty for the column itself.
    pub path: Vec<String>,
}

/// What is tested.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// `= <> < <= > >=`
    Compare(Comparison, Value),
    /// `[not] like`, `[not] ilike`
    Like {
        /// With `%` for any text, `_` for any character, and `\` before one that means itself.
        pattern: String,
        /// Whether the case of ASCII letters does not matter.
        ignore_case: bool,
        /// Whether it must not match.
        negated: bool,
    },
    /// `[not] in (…)`
    In {
        /// At least one.
        values: Vec<Value>,
        /// Whether it must be none of them.
        negated: bool,
    },
    /// `is [not] null`
    Null {
        /// Whether there must be a value.
        negated: bool,
    },
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`, `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// Its sign in SQL.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// A value to compare with, of the column's kind; parts of JSON are text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A time.
    Time(Timestamp),
}

/// The filter that `text` describes over `columns`; `None` for blank text, which is no filter (contract §1.7). `now` is
/// what `now()` is.
pub fn parse(text: &str, columns: &'static [Column], now: Timestamp) -> Result<Option<Filter>, FilterError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if text.chars().count() > MAX_LENGTH {
        return Err(FilterError::new(
            MAX_LENGTH,
            format!("The filter is too long. Use at most {MAX_LENGTH} characters."),
        ));
    }
    let tokens = tokens::read(text)?;
    parser::Parser::new(text, &tokens, columns, now)
        .filter()
        .map(Some)
}

impl Filter {
    /// `column = value`
    pub fn equal(column: &'static Column, value: impl Into<String>) -> Self {
        Self::compare(column, Comparison::Equal, Value::Text(value.into()))
    }

    /// `column comparison value`
    pub fn compare(column: &'static Column, comparison: Comparison, value: Value) -> Self {
        let path = Vec::new();
        Self::Test(Test {
            operand: Operand { column, path },
            check: Check::Compare(comparison, value),
        })
    }

    /// Both of two filters, where there are two.
    pub fn both(left: Option<Self>, right: Option<Self>) -> Option<Self> {
        match (left, right) {
            (Some(left), Some(right)) => Some(Self::All(vec![left, right])),
            (one, other) => one.or(other),
        }
    }

    /// The tests that every row must pass, whatever else is asked.
    pub fn conjuncts(&self) -> Vec<&Test> {
        match self {
            Self::All(parts) => parts.iter().flat_map(Self::conjuncts).collect(),
            Self::Test(test) => vec![test],
            Self::Any(_) | Self::Not(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;

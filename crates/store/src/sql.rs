//! Statements and their parameters.

use jiff::Timestamp;
use model::{
    AnnouncementId, AuditId, CliLoginId, EmailId, MailId, MemberId, PasswordId, ProcessId, SessionId,
    SignInId, TokenId, UserId, WorkspaceId,
};

/// One statement in the subset that both engines speak, with the number of its parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    pub(crate) text: &'static str,
    pub(crate) parameters: usize,
}

/// The statement `text`; its parameters `$1`, `$2`, … are counted at compile time.
pub(crate) const fn sql(text: &'static str) -> Sql {
    Sql {
        text,
        parameters: highest_parameter(text.as_bytes()),
    }
}

const fn highest_parameter(text: &[u8]) -> usize {
    let (mut rest, mut highest) = (text, 0);
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'$' {
            let mut number = 0;
            while let [digit @ b'0'..=b'9', tail @ ..] = rest {
                number = number * 10 + (*digit - b'0') as usize;
                rest = tail;
            }
            if number > highest {
                highest = number;
            }
        }
    }
    highest
}

/// A value bound to a parameter. `NULL` keeps its type, because PostgreSQL wants to know it.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Bytes(Vec<u8>),
}

/// A statement that is put together when it is run. Its text comes from our own pieces; whatever comes from outside is
/// a parameter.
#[derive(Debug, Default)]
pub(crate) struct Built {
    text: String,
    values: Vec<Value>,
}

impl Built {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a piece of SQL.
    pub(crate) fn text(&mut self, piece: &'static str) -> &mut Self {
        self.text.push_str(piece);
        self
    }

    /// Adds a parameter.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push(PARAMETER);
        self
    }

    /// The text for PostgreSQL, and the values of its parameters.
    pub(crate) fn for_postgres(self) -> (String, Vec<Value>) {
        let mut pieces = self.text.split(PARAMETER);
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (at, piece) in pieces.enumerate() {
            text.push('$');
            text.push_str(&(at + 1).to_string());
            text.push_str(piece);
        }
        (text, self.values)
    }

    /// The same for SQLite. Its parameters have no number there: a `$1` is a name to SQLite, which it looks for among
    /// all before it.
    pub(crate) fn for_sqlite(self) -> (String, Vec<Value>) {
        (self.text.replace(PARAMETER, "?"), self.values)
    }
}

/// Stands for a parameter; no SQL has this character.
const PARAMETER: char = '\u{1a}';

macro_rules! value_from {
    ($($type:ty => |$v:ident| $make:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($v: $type) -> Self { $make }
        }
    )*};
}

value_from! {
    &str => |v| Self::Text(Some(v.to_owned()));
    String => |v| Self::Text(Some(v));
    &String => |v| Self::Text(Some(v.clone()));
    Option<String> => |v| Self::Text(v);
    &Option<String> => |v| Self::Text(v.clone());
    Option<&str> => |v| Self::Text(v.map(str::to_owned));
    i64 => |v| Self::Int(Some(v));
    Option<i64> => |v| Self::Int(v);
    bool => |v| Self::Int(Some(i64::from(v)));
    Timestamp => |v| Self::Int(Some(v.as_microsecond()));
    Option<Timestamp> => |v| Self::Int(v.map(|at| at.as_microsecond()));
    Vec<u8> => |v| Self::Bytes(v);
    &[u8] => |v| Self::Bytes(v.to_vec());
    &[u8; 32] => |v| Self::Bytes(v.to_vec());
    Option<AnnouncementId> => |v| Self::Text(v.map(|id| id.to_string()));
    Option<UserId> => |v| Self::Text(v.map(|id| id.to_string()));
    Option<WorkspaceId> => |v| Self::Text(v.map(|id| id.to_string()));
}

macro_rules! ids {
    ($($id:ty),*) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Self { Self::Text(Some(id.to_string())) }
        }
    )*};
}
ids!(
    AnnouncementId,
    AuditId,
    CliLoginId,
    EmailId,
    MailId,
    MemberId,
    PasswordId,
    ProcessId,
    SessionId,
    SignInId,
    TokenId,
    UserId,
    WorkspaceId
);

/// The values for a statement's parameters, in their order.
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::Value::from($value)),*] };
}
pub(crate) use params;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted() {
        assert_eq!(sql("SELECT 1").parameters, 0);
        assert_eq!(sql("SELECT $1, $2, $1").parameters, 2);
        assert_eq!(sql("VALUES ($12)").parameters, 12);
    }

    #[test]
    fn each_engine_has_its_parameters() {
        let built = || {
            let mut built = Built::new();
            built.text("VALUES (").bind("a").text(", ").bind(7).text(")");
            built
        };
        assert_eq!(built().for_postgres().0, "VALUES ($1, $2)");
        assert_eq!(built().for_sqlite().0, "VALUES (?, ?)");
        assert_eq!(built().for_sqlite().1.len(), 2);
    }
}

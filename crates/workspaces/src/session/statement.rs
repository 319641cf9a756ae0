//! One statement, by the extended protocol: prepared, described, and its rows fetched some at a time.

use std::collections::HashMap;

use bytes::BytesMut;
use postgres_protocol::{
    IsNull,
    message::{
        backend::{Message, RowDescriptionBody},
        frontend,
    },
};
use tokio_postgres::fallible_iterator::FallibleIterator;

use super::{
    Column, Kind, Row, Session, SqlError, StatementError, Unsupported,
    column::{Described, distinct},
    wire::Incoming,
};

/// What a statement says next.
#[derive(Debug)]
pub enum Step {
    /// A row.
    Row(Row),
    /// A row that is too long to be read, and with it all that follow.
    LongRow,
    /// As many rows as were asked for, and there may be more.
    Suspended,
    /// Its end, with what PostgreSQL calls it, such as `SELECT 5`.
    Done(String),
}

/// Statements that PostgreSQL runs, but that do nothing for whoever sends them alone.
const SESSION_CONTROL: [&str; 16] = [
    "BEGIN",
    "START TRANSACTION",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "PREPARE TRANSACTION",
    "PREPARE",
    "DEALLOCATE",
    "DEALLOCATE ALL",
    "DISCARD ALL",
    "LISTEN",
    "UNLISTEN",
    "SET",
    "RESET",
    "LOCK TABLE",
];

/// The types that no PostgreSQL has of itself: name, and of arrays the element and what stands between two.
const TYPES: &str = "SELECT t.oid, t.typname, e.typname, \
     CASE WHEN e.typtype = 'd' THEN e.typbasetype ELSE e.oid END, e.typdelim \
     FROM pg_catalog.pg_type t \
     LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' \
     WHERE t.oid IN ";
const TYPES_STATEMENT: &str = "standpipe_types";

impl Session {
    /// Has PostgreSQL understand `sql`; the columns that it will give, none if it gives no rows.
    pub async fn prepare(&mut self, sql: &str) -> Result<Vec<Column>, StatementError> {
        frontend::parse("", sql, [], self.wire.out())?;
        frontend::describe(b'S', "", self.wire.out())?;
        frontend::flush(self.wire.out());
        self.wire.send().await?;
        loop {
            match self.message().await? {
                Message::ParameterDescription(body) if body.parameters().count()? > 0 => {
                    return Err(StatementError::Unsupported(Unsupported::Parameters));
                }
                Message::RowDescription(body) => return self.columns(&body).await,
                Message::NoData => return Ok(Vec::new()),
                _ => {}
            }
        }
    }

    /// Makes what was prepared ready to be fetched from.
    pub fn start(&mut self) -> Result<(), StatementError> {
        Ok(bind("", self.wire.out())?)
    }

    /// Asks for so many more rows; [`Session::next`] gives them.
    pub async fn fetch(&mut self, rows: u16) -> Result<(), StatementError> {
        frontend::execute("", i32::from(rows), self.wire.out())?;
        frontend::flush(self.wire.out());
        Ok(self.wire.send().await?)
    }

    /// What the statement says next. Can be dropped and called again.
    pub async fn next(&mut self) -> Result<Step, StatementError> {
        loop {
            let message = match self.wire.next().await? {
                Incoming::Row(octets) => return Ok(Step::Row(Row::from_octets(octets))),
                Incoming::LongRow => return Ok(Step::LongRow),
                Incoming::Message(message) => message,
            };
            match message {
                Message::PortalSuspended => return Ok(Step::Suspended),
                Message::CommandComplete(body) => return done(body.tag()?),
                Message::EmptyQueryResponse => {
                    return Err(StatementError::Unsupported(Unsupported::Empty));
                }
                Message::CopyInResponse(_) | Message::CopyOutResponse(_) | Message::CopyData(_) => {
                    return Err(StatementError::Unsupported(Unsupported::Copy));
                }
                Message::ErrorResponse(body) => return Err(SqlError::parse(&body)?.into()),
                _ => {}
            }
        }
    }

    /// Reads until the statement ends or waits, and forgets what it says.
    pub async fn drain(&mut self) {
        while let Ok(Step::Row(_)) = self.next().await {}
    }

    /// Ends the statement: what it did is kept from here on, however many of its rows were read.
    pub async fn finish(&mut self) -> Result<(), StatementError> {
        frontend::sync(self.wire.out());
        self.wire.send().await?;
        loop {
            if let Message::ReadyForQuery(body) = self.message().await? {
                if body.status() != b'I' {
                    return Err(StatementError::Unsupported(Unsupported::SessionControl));
                }
                frontend::terminate(self.wire.out());
                return Ok(self.wire.send().await?);
            }
        }
    }

    async fn columns(&mut self, body: &RowDescriptionBody) -> Result<Vec<Column>, StatementError> {
        let fields: Vec<(String, u32)> = body
            .fields()
            .map(|field| Ok((field.name().to_owned(), field.type_oid())))
            .collect()?;
        let unknown: Vec<u32> = fields
            .iter()
            .map(|(_, oid)| *oid)
            .filter(|oid| Described::known(*oid).is_none())
            .collect();
        let own = if unknown.is_empty() {
            HashMap::new()
        } else {
            self.look_up(&unknown).await?
        };
        let names: Vec<String> = fields.iter().map(|(name, _)| name.clone()).collect();
        let columns = distinct(&names).into_iter().zip(fields);
        Ok(columns
            .map(|((name, original_name), (_, oid))| {
                let described = Described::known(oid)
                    .or_else(|| own.get(&oid).cloned())
                    .unwrap_or(Described::scalar("unknown", Kind::Text));
                Column {
                    name,
                    original_name,
                    data_type: described.name,
                    kind: described.kind,
                }
            })
            .collect())
    }

    /// The types `oids`, which somebody made in this database.
    async fn look_up(&mut self, oids: &[u32]) -> Result<HashMap<u32, Described>, StatementError> {
        let list: Vec<String> = oids.iter().map(u32::to_string).collect();
        let query = format!("{TYPES}({})", list.join(","));
        frontend::parse(TYPES_STATEMENT, &query, [], self.wire.out())?;
        bind(TYPES_STATEMENT, self.wire.out())?;
        frontend::execute("", 0, self.wire.out())?;
        frontend::flush(self.wire.out());
        self.wire.send().await?;
        let mut found = HashMap::new();
        while let Step::Row(row) = self.next().await? {
            found.extend(described(&row));
        }
        Ok(found)
    }

    /// The next message; an error is one.
    async fn message(&mut self) -> Result<Message, StatementError> {
        match self.wire.next().await? {
            Incoming::Message(Message::ErrorResponse(body)) => Err(SqlError::parse(&body)?.into()),
            Incoming::Message(message) => Ok(message),
            Incoming::Row(_) | Incoming::LongRow => {
                Err(StatementError::Lost("a row that nobody asked for".to_owned()))
            }
        }
    }
}

/// Every value in text.
fn bind(statement: &str, out: &mut BytesMut) -> std::io::Result<()> {
    let no_value = |(): (), _: &mut BytesMut| Ok(IsNull::Yes);
    frontend::bind("", statement, [], [], no_value, [], out).map_err(|error| match error {
        frontend::BindError::Conversion(_) => std::io::ErrorKind::InvalidInput.into(),
        frontend::BindError::Serialization(error) => error,
    })
}

fn done(tag: &str) -> Result<Step, StatementError> {
    if SESSION_CONTROL.contains(&tag) {
        return Err(StatementError::Unsupported(Unsupported::SessionControl));
    }
    Ok(Step::Done(tag.to_owned()))
}

/// A row of [`TYPES`].
fn described(row: &Row) -> Option<(u32, Described)> {
    let texts: Vec<Option<&str>> = row
        .values()
        .map(|value| std::str::from_utf8(value?).ok())
        .collect();
    let [Some(oid), Some(name), element, base, delimiter] = *texts.as_slice() else {
        return None;
    };
    let described = match (element, base, delimiter.and_then(|text| text.bytes().next())) {
        (Some(element), Some(base), Some(delimiter)) => {
            let kind = base
                .parse()
                .ok()
                .and_then(Described::known)
                .map_or(Kind::Text, |base| base.kind);
            Described::scalar(element, kind).in_array(delimiter)
        }
        _ => Described::scalar(name, Kind::Text),
    };
    Some((oid.parse().ok()?, described))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[Option<&str>]) -> Row {
        let mut octets = vec![0, 0];
        for value in values {
            match value {
                Some(text) => {
                    octets.extend((text.len() as u32).to_be_bytes());
                    octets.extend(text.as_bytes());
                }
                None => octets.extend((-1_i32).to_be_bytes()),
            }
        }
        Row::from_octets(octets.into())
    }

    #[test]
    fn own_types_are_text_and_their_arrays_are_arrays() {
        let mood = described(&row(&[Some("16400"), Some("mood"), None, None, None]));
        assert_eq!(mood, Some((16_400, Described::scalar("mood", Kind::Text))));
        let moods = row(&[
            Some("16401"),
            Some("_mood"),
            Some("mood"),
            Some("16400"),
            Some(","),
        ]);
        let (_, moods) = described(&moods).unwrap();
        assert_eq!(moods.name, "mood[]");
        // Of a domain over int4.
        let sizes = row(&[Some("1"), Some("_size"), Some("size"), Some("23"), Some(",")]);
        let (_, sizes) = described(&sizes).unwrap();
        assert!(matches!(sizes.kind, Kind::Array { of, .. } if *of == Kind::Number));
    }
}

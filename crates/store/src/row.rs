//! A row of either engine, read by column name.

use std::str::FromStr;

use jiff::Timestamp;
use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};

use crate::{Error, Result};

pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! get {
    ($row:expr, $column:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($column),
            Row::Postgres(row) => row.try_get($column),
        }
        .map_err(|_| Error::Unreadable($column))
    };
}

impl Row {
    pub(crate) fn text(&self, column: &'static str) -> Result<String> {
        get!(self, column)
    }

    pub(crate) fn opt_text(&self, column: &'static str) -> Result<Option<String>> {
        get!(self, column)
    }

    pub(crate) fn int(&self, column: &'static str) -> Result<i64> {
        get!(self, column)
    }

    pub(crate) fn opt_int(&self, column: &'static str) -> Result<Option<i64>> {
        get!(self, column)
    }

    pub(crate) fn bytes(&self, column: &'static str) -> Result<Vec<u8>> {
        get!(self, column)
    }

    pub(crate) fn opt_bytes(&self, column: &'static str) -> Result<Option<Vec<u8>>> {
        get!(self, column)
    }

    pub(crate) fn key(&self, column: &'static str) -> Result<[u8; 32]> {
        self.bytes(column)?
            .try_into()
            .map_err(|_| Error::Unreadable(column))
    }

    pub(crate) fn opt_key(&self, column: &'static str) -> Result<Option<[u8; 32]>> {
        self.opt_bytes(column)?
            .map(|bytes| bytes.try_into().map_err(|_| Error::Unreadable(column)))
            .transpose()
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp> {
        self.int(column).map(model::time::from_micros)
    }

    pub(crate) fn opt_time(&self, column: &'static str) -> Result<Option<Timestamp>> {
        Ok(self.opt_int(column)?.map(model::time::from_micros))
    }

    /// A column whose text is a value of the model.
    pub(crate) fn parse<T: FromStr>(&self, column: &'static str) -> Result<T> {
        self.text(column)?.parse().map_err(|_| Error::Unreadable(column))
    }

    pub(crate) fn opt_parse<T: FromStr>(&self, column: &'static str) -> Result<Option<T>> {
        self.opt_text(column)?
            .map(|text| text.parse().map_err(|_| Error::Unreadable(column)))
            .transpose()
    }

    /// A column whose text is one of an enum's words.
    pub(crate) fn word<T>(&self, column: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
        parse(&self.text(column)?).ok_or(Error::Unreadable(column))
    }
}

//! Pages of a list: how many, and after which row.

use jiff::Timestamp;

/// The place of a row in a list that is sorted by time and then id. API and console carry it as an opaque token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The row's time.
    pub at: Timestamp,
    /// The row's id.
    pub id: String,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone)]
pub struct Page {
    /// At most so many rows.
    pub limit: i64,
    /// Only rows behind this one.
    pub after: Option<Cursor>,
}

impl Page {
    /// The first `limit` rows.
    pub fn first(limit: i64) -> Self {
        Self { limit, after: None }
    }

    /// The cursor's time and id for an ascending list; without a cursor, a place before every row.
    pub(crate) fn ascending(&self) -> (i64, &str) {
        self.after
            .as_ref()
            .map_or((i64::MIN, ""), |cursor| (cursor.at.as_microsecond(), &cursor.id))
    }
}

impl Page {
    /// The same page with room for one row more, by which one sees whether there is another page.
    #[must_use]
    pub fn one_more(&self) -> Self {
        Self {
            limit: self.limit.saturating_add(1),
            after: self.after.clone(),
        }
    }

    /// Cuts `rows`, read with [`Page::one_more`], to the page, and says where the next one begins.
    pub fn cut<T>(&self, rows: &mut Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Option<Cursor> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return None;
        }
        rows.truncate(limit);
        rows.last().map(cursor)
    }
}

//! Pagination: `limit` and `next_token` in, `items` and `next_token` out (contract §0.7).

use app::{Cursor, Error, Page};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const DEFAULT_LIMIT: i64 = 25;
const LARGEST_LIMIT: i64 = 100;

/// The query of a list. `limit` is clamped, not refused: clients send 0 (contract §0.7).
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many to answer with: 1 to 100, where more is taken for 100 and less for 1.
    #[param(value_type = Option<i64>, default = 25, example = 25)]
    limit: Option<String>,
    /// The `next_token` of the page before, unchanged.
    next_token: Option<String>,
}

impl PageQuery {
    /// The page that is asked for.
    pub(crate) fn page(&self) -> Result<Page, Error> {
        let limit = match self.limit.as_deref() {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .parse::<i64>()
                .map_err(|_| Error::invalid("limit", "Use a number from 1 to 100."))?
                .clamp(1, LARGEST_LIMIT),
        };
        let after = match self.next_token.as_deref() {
            None | Some("") => None,
            Some(token) => Some(decode(token).ok_or_else(|| {
                Error::invalid("next_token", "Use the next_token of the page before, unchanged.")
            })?),
        };
        Ok(Page { limit, after })
    }
}

/// A page of a list. The last one has no `next_token` at all.
#[derive(Serialize, ToSchema)]
#[schema(as = List)]
pub(crate) struct ListView<T> {
    items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl<T> ListView<T> {
    /// `rows` as `T`, and where the next page begins.
    pub(crate) fn new<R>(rows: Vec<R>, next: Option<Cursor>, view: impl FnMut(R) -> T) -> Self {
        Self {
            items: rows.into_iter().map(view).collect(),
            next_token: next.as_ref().map(encode),
        }
    }
}

/// A cursor as an opaque text.
pub(crate) fn encode(cursor: &Cursor) -> String {
    BASE64URL_NOPAD.encode(format!("{}.{}", cursor.at.as_microsecond(), cursor.id).as_bytes())
}

/// The cursor of [`encode`].
pub(crate) fn decode(token: &str) -> Option<Cursor> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(token.as_bytes()).ok()?).ok()?;
    let (micros, id) = text.split_once('.')?;
    if id.contains(|character: char| !character.is_ascii_graphic()) {
        return None;
    }
    Some(Cursor {
        at: model::time::from_micros(micros.parse().ok()?),
        id: id.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_clamped_and_tokens_round_trip() {
        let page = |limit: &str, token: &str| {
            PageQuery {
                limit: (!limit.is_empty()).then(|| limit.to_owned()),
                next_token: Some(token.to_owned()),
            }
            .page()
        };
        assert_eq!(page("", "").unwrap().limit, 25);
        assert_eq!(page("0", "").unwrap().limit, 1);
        assert_eq!(page("1000", "").unwrap().limit, 100);
        assert!(page("x", "").is_err() && page("1", "x").is_err());
        let cursor = Cursor {
            at: model::time::from_micros(17),
            id: "t_1".to_owned(),
        };
        assert_eq!(page("1", &encode(&cursor)).unwrap().after, Some(cursor));
        let other = Cursor {
            at: model::time::from_micros(17),
            id: "t\0".to_owned(),
        };
        assert!(page("1", &encode(&other)).is_err());
    }
}

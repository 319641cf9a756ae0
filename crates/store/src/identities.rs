//! Accounts as others see them: found by name, listed by what their names contain.

use crate::{
    Db, Page, Result,
    sql::{Sql, params, sql},
    users::{UserRow, user_columns},
};

const FIND_IDENTITY: Sql = sql(concat!(
    "SELECT ",
    user_columns!(),
    " FROM users u WHERE u.handle = $1 OR u.id = $1"
));

/// The account of this handle or id: a handle has no `_`, so that one never reads as the other. A handle that was given
/// up is found as little as one that nobody ever had.
pub async fn find_identity(db: &Db, handle_or_id: &str) -> Result<Option<UserRow>> {
    db.one(FIND_IDENTITY, params![handle_or_id])
        .await?
        .as_ref()
        .map(UserRow::from_row)
        .transpose()
}

const LIST_IDENTITIES: Sql = sql(concat!(
    "SELECT ",
    user_columns!(),
    " FROM users u WHERE u.id > $2 AND (u.handle LIKE $1 ESCAPE '\\' OR lower(u.display_name) LIKE $1 ESCAPE '\\') \
     ORDER BY u.id LIMIT $3"
));

/// The accounts whose handle or display name contains `part`, whatever its case, by their ids,
/// which begin with the second in which they were made.
pub async fn list_identities(db: &Db, part: &str, page: &Page) -> Result<Vec<UserRow>> {
    let (_, after) = page.ascending();
    db.all(LIST_IDENTITIES, params![pattern(part), after, page.limit])
        .await?
        .iter()
        .map(UserRow::from_row)
        .collect()
}

/// `part` anywhere, taken literally.
fn pattern(part: &str) -> String {
    let mut pattern = String::from("%");
    for character in part.to_ascii_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[Sql] = &[FIND_IDENTITY, LIST_IDENTITIES];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_a_pattern_are_taken_literally() {
        assert_eq!(pattern("An_a%\\"), "%an\\_a\\%\\\\%");
        assert_eq!(pattern(""), "%%");
    }
}

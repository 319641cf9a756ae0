//! Columns: what they are called, and what their values are when they are more than text.

use std::collections::HashSet;

use tokio_postgres::types::{Kind as PgKind, Type};

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What it is called; no other column of the result is called so.
    pub name: String,
    /// What the statement calls it, when another column had the name already.
    pub original_name: Option<String>,
    /// PostgreSQL's name of its type, such as `int8`; of an array with `[]` behind that of its elements.
    pub data_type: String,
    /// What its values are.
    pub kind: Kind,
}

/// What the text of a value means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `t` or `f`.
    Boolean,
    /// A decimal number, `NaN` or an infinity.
    Number,
    /// JSON.
    Json,
    /// A point in time, in PostgreSQL's ISO form; with or without an offset.
    Timestamp,
    /// An array.
    Array {
        /// What its elements are.
        of: Box<Kind>,
        /// What stands between them.
        delimiter: u8,
    },
    /// Text, or a type that is best read as PostgreSQL writes it.
    Text,
}

/// A type's name and what its values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) kind: Kind,
}

impl Described {
    /// The type `oid`, if it is one that every PostgreSQL has.
    pub(super) fn known(oid: u32) -> Option<Self> {
        Type::from_oid(oid).map(|known| Self::of(&known))
    }

    fn of(known: &Type) -> Self {
        match known.kind() {
            // These two are written like no other array.
            PgKind::Array(_) if [Type::INT2_VECTOR, Type::OID_VECTOR].contains(known) => {
                Self::scalar(known.name(), Kind::Text)
            }
            PgKind::Array(element) => Self::of(element).in_array(delimiter(element)),
            _ => Self::scalar(known.name(), kind(known)),
        }
    }

    pub(super) fn scalar(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
        }
    }

    /// Arrays of this type.
    pub(super) fn in_array(self, delimiter: u8) -> Self {
        Self {
            name: format!("{}[]", self.name),
            kind: Kind::Array {
                of: Box::new(self.kind),
                delimiter,
            },
        }
    }
}

fn delimiter(element: &Type) -> u8 {
    if *element == Type::BOX { b';' } else { b',' }
}

fn kind(known: &Type) -> Kind {
    match *known {
        Type::BOOL => Kind::Boolean,
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID | Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC => {
            Kind::Number
        }
        Type::JSON | Type::JSONB => Kind::Json,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => Kind::Timestamp,
        _ => Kind::Text,
    }
}

/// Names under which each column is found: the second `a` becomes `a_1`, unless some column is called that.
pub(super) fn distinct(names: &[String]) -> Vec<(String, Option<String>)> {
    let all: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut taken: HashSet<String> = HashSet::new();
    names
        .iter()
        .map(|name| {
            if taken.insert(name.clone()) {
                return (name.clone(), None);
            }
            let mut free = (1..).map(|n| format!("{name}_{n}"));
            let other = free.find(|other| !all.contains(other.as_str()) && taken.insert(other.clone()));
            (other.unwrap_or_default(), Some(name.clone()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_name_of_its_own() {
        let names = ["a", "b", "a", "a_1", "a", "?column?"].map(str::to_owned);
        let distinct: Vec<String> = distinct(&names).into_iter().map(|(name, _)| name).collect();
        assert_eq!(distinct, ["a", "b", "a_2", "a_1", "a_3", "?column?"]);
    }

    #[test]
    fn types_are_named_as_people_write_them() {
        let name = |oid: Type| Described::known(oid.oid()).map(|known| known.name);
        assert_eq!(name(Type::INT8).as_deref(), Some("int8"));
        assert_eq!(name(Type::TEXT_ARRAY).as_deref(), Some("text[]"));
        assert_eq!(name(Type::INT2_VECTOR).as_deref(), Some("int2vector"));
        assert_eq!(Described::known(16_999), None);
    }

    #[test]
    fn boxes_stand_apart() {
        let boxes = Described::known(Type::BOX_ARRAY.oid()).unwrap();
        assert!(matches!(boxes.kind, Kind::Array { delimiter: b';', .. }));
    }
}

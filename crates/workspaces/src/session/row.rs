//! A row as it came: its values are found when they are asked for.

use bytes::Bytes;

/// A row. Its octets are those of the protocol's `DataRow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(Bytes);

impl Row {
    /// The row whose octets [`Row::octets`] gave.
    pub fn from_octets(octets: Bytes) -> Self {
        Self(octets)
    }

    /// What it is made of.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// Its values, in the order of the columns; `None` is NULL. A value that is cut off ends them.
    pub fn values(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut rest = self.0.get(2..).unwrap_or_default();
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_first_chunk::<4>()?;
            let (value, tail) = match usize::try_from(i32::from_be_bytes(*length)) {
                Ok(length) => {
                    let (value, tail) = tail.split_at_checked(length)?;
                    (Some(value), tail)
                }
                Err(_) => (None, tail),
            };
            rest = tail;
            Some(value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_not_empty() {
        let row = Row::from_octets(Bytes::from_static(b"\0\x03\0\0\0\x02ab\xff\xff\xff\xff\0\0\0\0"));
        let values: Vec<_> = row.values().collect();
        assert_eq!(values, [Some(&b"ab"[..]), None, Some(b"")]);
    }

    #[test]
    fn a_row_that_is_cut_off_ends() {
        for cut in [&b""[..], b"\0", b"\0\x01\0\0", b"\0\x01\0\0\0\x05ab"] {
            assert_eq!(Row::from_octets(Bytes::copy_from_slice(cut)).values().count(), 0);
        }
    }
}

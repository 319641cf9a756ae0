//! Is a kept session as fresh as a new one? `DISCARD ALL` takes back what a client did to its session. What it does not
//! take back is compared: the settings that role and database would begin with now (`ALTER ROLE … SET`), whose rights
//! the session has, and the value of each setting that a backend tells its client at the start. A session answers one
//! query when it has just begun, and again before it is given away: both answers must be the same, octet for octet.
//! So its client can be told what the first one was told, and nothing of it is wrong.

use std::io;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite};

use super::talk;
use crate::message::{HEADER, split_cstr};

/// Takes back what a client did.
const RESET: &str = "DISCARD ALL";

/// The question, and the answer of a new session.
pub(crate) struct Freshness {
    question: Bytes,
    answer: Vec<Bytes>,
}

impl Freshness {
    /// Asks a session that has just begun, and told its client `statuses`. `None` when it has no answer.
    pub(crate) async fn ask<S>(stream: &mut S, statuses: &[u8]) -> io::Result<Option<Self>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let said = talk::ask(stream, &talk::query(NUMBERS)).await?;
        let numbers = said.is_well.then(|| numbers(&said.rows)).flatten();
        let Some(question) = numbers.and_then(|numbers| question(numbers, statuses)) else {
            return Ok(None);
        };
        let answer = talk::ask(stream, &question).await?;
        Ok((answer.is_well && answer.rows.len() == 1).then_some(Self {
            question,
            answer: answer.rows,
        }))
    }

    /// Whether the session still answers the same.
    pub(crate) async fn holds<S>(&self, stream: &mut S) -> io::Result<bool>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let answer = talk::ask(stream, &self.question).await?;
        Ok(answer.is_well && answer.rows == self.answer)
    }
}

/// Takes back what a client did to its session; whether that went well.
pub(super) async fn reset<S>(stream: &mut S) -> io::Result<bool>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    Ok(talk::ask(stream, &talk::query(RESET)).await?.is_well)
}

/// Which rows of `pg_db_role_setting` a session begins with. Asked once: a session's database and role have the same
/// number to its end. Here and below every name is of `pg_catalog`, whatever search path the client has given its role.
const NUMBERS: &str = "SELECT d.oid, r.oid FROM pg_catalog.pg_database d, pg_catalog.pg_roles r WHERE d.datname \
     OPERATOR(pg_catalog.=) pg_catalog.current_database() AND r.rolname OPERATOR(pg_catalog.=) SESSION_USER";

/// The numbers of a session's database and role, in the answer to [`NUMBERS`].
fn numbers(rows: &[Bytes]) -> Option<[u32; 2]> {
    let [row] = rows else { return None };
    let mut row = row.clone();
    if row.try_get_u16().ok()? != 2 {
        return None;
    }
    let mut number = || {
        let length = usize::try_from(row.try_get_i32().ok()?).ok()?;
        let text = (length <= row.len()).then(|| row.split_to(length))?;
        std::str::from_utf8(&text).ok()?.parse().ok()
    };
    Some([number()?, number()?])
}

/// The question to a session of this database and role that told its client `statuses`. `None` when those are odd.
fn question([database, role]: [u32; 2], statuses: &[u8]) -> Option<Bytes> {
    let mut text = format!(
        "SELECT CURRENT_USER, SESSION_USER, (SELECT pg_catalog.string_agg(pg_catalog.concat(s.setdatabase, '.', \
         s.setrole, s.setconfig), ',' ORDER BY s.setdatabase USING OPERATOR(pg_catalog.<), s.setrole USING \
         OPERATOR(pg_catalog.<)) FROM pg_catalog.pg_db_role_setting s WHERE s.setdatabase OPERATOR(pg_catalog.=) ANY \
         ('{{0,{database}}}') AND s.setrole OPERATOR(pg_catalog.=) ANY ('{{0,{role}}}'))"
    );
    let mut rest = Bytes::copy_from_slice(statuses);
    while rest.has_remaining() {
        let (kind, length) = crate::message::parse_header(*rest.first_chunk()?, rest.len()).ok()?;
        let body = rest.get(HEADER..HEADER + length)?;
        if kind != b'S' {
            return None;
        }
        let (name, _) = split_cstr(body)?;
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
        if name.is_empty() || !name.iter().all(is_plain) {
            return None;
        }
        let name = std::str::from_utf8(name).ok()?;
        text.push_str(", pg_catalog.current_setting('");
        text.push_str(name);
        text.push_str("')");
        rest.advance(HEADER + length);
    }
    Some(talk::query(&text))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::message::put_message;

    fn statuses(list: &[(u8, &[u8])]) -> BytesMut {
        let mut out = BytesMut::new();
        for (kind, body) in list {
            put_message(&mut out, *kind, body);
        }
        out
    }

    #[test]
    fn each_setting_that_was_told_is_asked_for() {
        let told = statuses(&[(b'S', b"TimeZone\0UTC\0"), (b'S', b"server_version\x0015.1\0")]);
        let question = question([5, 16384], &told).unwrap();
        assert!(question.ends_with(
            b", pg_catalog.current_setting('TimeZone'), pg_catalog.current_setting('server_version')\0"
        ));
    }

    #[test]
    fn numbers_are_read_from_one_row_alone() {
        let row = Bytes::from_static(b"\0\x02\0\0\0\x015\0\0\0\x0516384");
        assert_eq!(numbers(std::slice::from_ref(&row)), Some([5, 16384]));
        assert_eq!(numbers(&[row.clone(), row]), None);
        for odd in [
            &b""[..],
            b"\0\x02\0\0\0\x015",
            b"\0\x02\0\0\0\x015\xff\xff\xff\xff",
            b"\0\x02\0\0\0\x09",
        ] {
            assert_eq!(numbers(&[Bytes::copy_from_slice(odd)]), None, "{odd:?}");
        }
    }

    #[test]
    fn odd_names_are_not_asked_for() {
        for told in [
            statuses(&[(b'S', b"a'b\0x\0")]),
            statuses(&[(b'S', b"\0x\0")]),
            statuses(&[(b'S', b"endless")]),
            statuses(&[(b'N', b"TimeZone\0UTC\0")]),
            BytesMut::from(&b"S\0\0"[..]),
            BytesMut::from(&b"S\0\0\0\x09a\0"[..]),
        ] {
            assert_eq!(question([5, 16384], &told), None, "{told:?}");
        }
    }
}

//! Is a kept session as fresh as a new one? `DISCARD ALL` takes back what a client did to its session. What it does not
//! take back is compared: the settings that role and database would begin with now (`ALTER ROLE … SET`), whose rights
//! the session has, when it read its server's configuration, and whether that is a standby. A session answers one query
//! when it has just begun, and again before it is given away: both answers must be the same, octet for octet. So each
//! setting has the value that it began with, and its client can be told what the first one was told; and a setting that
//! the backend tells anew meanwhile must be as it was told then.
//!
//! The query costs PostgreSQL as much as many a client's own statement. So it is asked again only if a transaction has
//! ended in this server since it was last answered, which one call of a function tells: roles, their settings and those
//! of databases change by transactions alone. A configuration that was read anew has changed the session's own settings
//! as it would a new one's, and what of it a client is told the session tells with the answer to that call.

use std::io;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite};

use super::talk;
use crate::message::{HEADER, parse_header, split_cstr};

/// Takes back what a client did.
const RESET: &str = "DISCARD ALL";

/// `txid_current_snapshot`, by its number in every version: which transactions have not ended, and the number of the
/// next. While it is the same, everybody sees the same.
const SNAPSHOT: u32 = 2944;

/// The question, and the answer of a new session.
pub(crate) struct Freshness {
    question: Bytes,
    answer: Vec<Bytes>,
    /// The snapshot right before the question was last answered so, after a reset.
    snapshot: Option<Bytes>,
}

impl Freshness {
    /// Asks a session that has just begun, and told its client `statuses`. `None` when it has no answer.
    pub(crate) async fn ask<S>(stream: &mut S, statuses: &[u8]) -> io::Result<Option<Self>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let said = talk::ask(stream, &talk::query(NUMBERS)).await?;
        let numbers = (said.is_well && said.statuses.is_empty())
            .then(|| numbers(&said.rows))
            .flatten();
        let Some(question) = numbers
            .zip(names(statuses))
            .map(|(numbers, names)| question(numbers, &names))
        else {
            return Ok(None);
        };
        let answer = talk::ask(stream, &question).await?;
        let is_answer = answer.is_well && answer.statuses.is_empty() && answer.rows.len() == 1;
        Ok(is_answer.then_some(Self {
            question,
            answer: answer.rows,
            snapshot: None,
        }))
    }

    /// Whether the session, which was reset, still answers the same.
    pub(crate) async fn holds<S>(&mut self, stream: &mut S) -> io::Result<bool>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let told = talk::ask(stream, &talk::call(SNAPSHOT)).await?;
        if !told.statuses.is_empty() {
            return Ok(false);
        }
        let snapshot = value(told);
        if snapshot.is_some() && snapshot == self.snapshot {
            return Ok(true);
        }
        let answer = talk::ask(stream, &self.question).await?;
        let holds = answer.is_well && answer.statuses.is_empty() && answer.rows == self.answer;
        self.snapshot = snapshot.filter(|_| holds);
        Ok(holds)
    }
}

/// What a function answered; `None` where there is no such function, or nothing came of it.
fn value(answer: talk::Answer) -> Option<Bytes> {
    let [value] = <[Bytes; 1]>::try_from(answer.rows)
        .ok()
        .filter(|_| answer.is_well)?;
    let length = value.clone().try_get_i32().ok()?;
    (length > 0).then_some(value)
}

/// Takes back what a client did to its session, which told its first client `statuses`; whether that went well.
pub(super) async fn reset<S>(stream: &mut S, statuses: &[u8]) -> io::Result<bool>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let answer = talk::ask(stream, &talk::query(RESET)).await?;
    let told = messages(statuses).unwrap_or_default();
    let is_as_told = |status: &Bytes| told.contains(&status.as_ref());
    Ok(answer.is_well && answer.statuses.iter().all(is_as_told))
}

/// The bodies of `ParameterStatus` messages, if there is nothing else.
fn messages(mut statuses: &[u8]) -> Option<Vec<&[u8]>> {
    let mut bodies = Vec::new();
    while let Some(header) = statuses.first_chunk() {
        let (kind, length) = parse_header(*header, statuses.len()).ok()?;
        bodies.push(statuses.get(HEADER..HEADER + length).filter(|_| kind == b'S')?);
        statuses = statuses.get(HEADER + length..)?;
    }
    statuses.is_empty().then_some(bodies)
}

/// The names of the settings that a backend told its client.
fn names(statuses: &[u8]) -> Option<Vec<&[u8]>> {
    let bodies = messages(statuses)?;
    bodies.into_iter().map(|body| Some(split_cstr(body)?.0)).collect()
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

/// The one setting that a backend tells its client, and that changes without the client and without the configuration.
const STANDBY: &str = "in_hot_standby";

/// The question to a session of this database and role that told its client the settings of these `names`.
fn question([database, role]: [u32; 2], names: &[&[u8]]) -> Bytes {
    let standby = match names.contains(&STANDBY.as_bytes()) {
        true => format!(", pg_catalog.current_setting('{STANDBY}')"),
        false => String::new(),
    };
    talk::query(&format!(
        "SELECT CURRENT_USER, SESSION_USER, pg_catalog.pg_conf_load_time(){standby}, ARRAY(SELECT \
         pg_catalog.concat(s.setdatabase, '.', s.setrole, s.setconfig) FROM pg_catalog.pg_db_role_setting s WHERE \
         s.setdatabase OPERATOR(pg_catalog.=) ANY ('{{0,{database}}}') AND \
         s.setrole OPERATOR(pg_catalog.=) ANY ('{{0,{role}}}'))"
    ))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::message::put_message;

    fn statuses(list: &[(u8, &[u8])]) -> BytesMut {
        let mut out = BytesMut::new();
        for (kind, body) in list {
            put_message(&mut out, *kind, body);
        }
        out
    }

    const ROW: &[u8] = b"\0\x01\0\0\0\x01x";

    fn snapshot(text: &[u8]) -> BytesMut {
        let length = i32::try_from(text.len()).unwrap().to_be_bytes();
        statuses(&[(b'V', &[&length, text].concat()), (b'Z', b"I")])
    }

    fn row(row: &[u8]) -> BytesMut {
        statuses(&[(b'T', b""), (b'D', row), (b'C', b"SELECT 1\0"), (b'Z', b"I")])
    }

    /// Whether a session holds that answers so, and whether it was asked the question.
    async fn holds(freshness: &mut Freshness, answers: &[BytesMut]) -> (bool, bool) {
        let (mut ours, mut theirs) = tokio::io::duplex(1024);
        let server = async {
            let mut asked = Vec::new();
            let call = talk::call(SNAPSHOT);
            for (length, answer) in [call.len(), freshness_question().len()].into_iter().zip(answers) {
                asked = vec![0; length];
                theirs.read_exact(&mut asked).await.unwrap();
                theirs.write_all(answer).await.unwrap();
            }
            asked == freshness_question()
        };
        let client = async {
            let held = freshness.holds(&mut ours).await;
            drop(ours);
            held
        };
        let (held, was_asked) = tokio::join!(client, server);
        (held.unwrap(), was_asked)
    }

    /// Of a session that was not asked again yet.
    fn begun() -> Freshness {
        Freshness {
            question: freshness_question(),
            answer: vec![Bytes::from_static(ROW)],
            snapshot: None,
        }
    }

    fn freshness_question() -> Bytes {
        talk::query("SELECT 'fresh'")
    }

    #[tokio::test]
    async fn the_question_is_asked_again_if_something_may_be_different() {
        let mut freshness = begun();
        let first = [snapshot(b"7:7:"), row(ROW)];
        assert_eq!(holds(&mut freshness, &first).await, (true, true));
        assert_eq!(holds(&mut freshness, &first[..1]).await, (true, false));
        let next = [snapshot(b"7:8:7"), row(ROW)];
        assert_eq!(holds(&mut freshness, &next).await, (true, true));
        assert_eq!(holds(&mut freshness, &next[..1]).await, (true, false));
        let other = [snapshot(b"8:8:"), row(b"\0\x01\0\0\0\x01y")];
        assert_eq!(holds(&mut freshness, &other).await, (false, true));
        assert_eq!(holds(&mut freshness, &other).await, (false, true), "and again");
    }

    #[tokio::test]
    async fn a_server_without_the_function_is_asked_each_time() {
        let mut freshness = begun();
        let unknown = statuses(&[(b'E', b"SERROR\0\0"), (b'Z', b"I")]);
        let nothing = statuses(&[(b'Z', b"I")]);
        let null = statuses(&[(b'V', b"\xff\xff\xff\xff"), (b'Z', b"I")]);
        for none in [unknown, nothing, null, snapshot(b"")] {
            for _ in 0..2 {
                let answers = [none.clone(), row(ROW)];
                assert_eq!(holds(&mut freshness, &answers).await, (true, true));
            }
        }
        let mut told = statuses(&[(b'S', b"TimeZone\0UTC\0")]);
        told.extend_from_slice(&snapshot(b"7:7:"));
        assert_eq!(
            holds(&mut freshness, &[told]).await,
            (false, false),
            "its settings change"
        );
    }

    #[test]
    fn a_standby_is_asked_for_where_it_was_told() {
        let is_asked = |names: &[&[u8]]| {
            question([5, 16384], names)
                .windows(14)
                .any(|text| text == STANDBY.as_bytes())
        };
        assert!(is_asked(&[b"TimeZone", b"in_hot_standby"]) && !is_asked(&[b"TimeZone"]));
    }

    #[tokio::test]
    async fn a_reset_session_may_tell_what_it_told_and_nothing_else() {
        let told = statuses(&[(b'S', b"TimeZone\0UTC\0"), (b'S', b"DateStyle\0ISO\0")]);
        let reset_to = async |anew: &[u8]| {
            let (mut ours, mut theirs) = tokio::io::duplex(1024);
            let mut answer = statuses(&[(b'S', anew), (b'C', b"DISCARD ALL\0"), (b'Z', b"I")]);
            theirs.write_all_buf(&mut answer).await.unwrap();
            reset(&mut ours, &told).await.unwrap()
        };
        assert!(reset_to(b"TimeZone\0UTC\0").await);
        assert!(!reset_to(b"TimeZone\0Europe/Zurich\0").await);
        assert!(!reset_to(b"search_path\0public\0").await);
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
    fn statuses_are_taken_apart_if_there_is_nothing_else() {
        let told = statuses(&[(b'S', b"TimeZone\0UTC\0"), (b'S', b"\0x\0")]);
        assert_eq!(names(&told), Some(vec![&b"TimeZone"[..], b""]));
        for told in [
            statuses(&[(b'S', b"endless")]),
            statuses(&[(b'N', b"TimeZone\0UTC\0")]),
            BytesMut::from(&b"S\0\0"[..]),
            BytesMut::from(&b"S\0\0\0\x09a\0"[..]),
        ] {
            assert_eq!(names(&told), None, "{told:?}");
        }
    }
}

//! What does a client ask for in its first packet? A strict reading: what we authorise on is byte for byte what we
//! understood, and what PostgreSQL would refuse we refuse.

mod options;

use std::collections::HashSet;

use bytes::{BufMut, Bytes, BytesMut};

use crate::{
    message::{CANCEL_REQUEST, CancelKey, put_message, split_cstr},
    refusal::Fatal,
};

/// Codes that stand where a startup packet has its version.
pub(crate) const SSL_REQUEST: u32 = 80_877_103;
pub(crate) const GSSENC_REQUEST: u32 = 80_877_104;

/// Protocol versions that we speak with clients. They differ only in the length of cancel keys.
pub(crate) const V3_0: u32 = 3 << 16;
pub(crate) const V3_2: u32 = V3_0 | 2;

const PAIRS: usize = 64;
const LONGEST_NAME: usize = 63;
const LONGEST_VALUE: usize = 4096;

/// The first packet that is not about encryption.
#[derive(Debug)]
pub(crate) enum FirstPacket {
    Cancel(CancelKey),
    Startup(Startup),
    /// A cancel request without a usable key: closed without a word, as a wrong one.
    Nonsense,
}

/// A client that wants a session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Startup {
    /// The version we shall speak.
    pub(crate) version: u32,
    /// The version asked for.
    requested: u32,
    /// Protocol options (`_pq_.…`) asked for; we have none.
    options: Vec<Bytes>,
    pub(crate) user: String,
    /// `None` when absent or empty.
    pub(crate) database: Option<String>,
    pub(crate) application_name: Option<String>,
    /// Every other parameter as sent, name and value each with its zero, for the backend.
    pub(crate) parameters: Bytes,
}

/// Reads the packet behind its length: `code`, and the `body` that follows.
pub(crate) fn parse(code: u32, body: &Bytes) -> Result<FirstPacket, Fatal> {
    if code == CANCEL_REQUEST {
        return Ok(CancelKey::parse(body).map_or(FirstPacket::Nonsense, FirstPacket::Cancel));
    }
    if code >> 16 != 3 {
        return Err(Fatal::unsupported_version(code));
    }
    let mut reader = Reader::default();
    reader.read_pairs(body)?;
    reader.finish(code).map(FirstPacket::Startup)
}

impl Startup {
    /// `NegotiateProtocolVersion`, when we do not do exactly what was asked.
    pub(crate) fn put_negotiation(&self, out: &mut BytesMut) {
        if self.version == self.requested && self.options.is_empty() {
            return;
        }
        let mut body = BytesMut::new();
        body.put_u32(self.version);
        body.put_u32(u32::try_from(self.options.len()).unwrap_or(u32::MAX));
        for name in &self.options {
            body.put_slice(name);
            body.put_u8(0);
        }
        put_message(out, b'v', &body);
    }
}

#[derive(Default)]
struct Reader {
    user: Option<String>,
    database: Option<String>,
    application_name: Option<String>,
    options: Vec<Bytes>,
    parameters: BytesMut,
    /// Names that may stand only once: two readings of one packet are an attack.
    once: HashSet<Vec<u8>>,
}

const LAYOUT: &str = "invalid startup packet layout: expected terminator as last byte";

impl Reader {
    fn read_pairs(&mut self, body: &Bytes) -> Result<(), Fatal> {
        let mut rest = body.as_ref();
        for _ in 0..=PAIRS {
            let (name, tail) = split_cstr(rest).ok_or(Fatal::protocol(LAYOUT))?;
            if name.is_empty() {
                return if tail.is_empty() {
                    Ok(())
                } else {
                    Err(Fatal::protocol(LAYOUT))
                };
            }
            let (value, tail) = split_cstr(tail).ok_or(Fatal::protocol(LAYOUT))?;
            self.take(body, name, value)?;
            rest = tail;
        }
        Err(Fatal::protocol("invalid startup packet: too many parameters"))
    }

    fn take(&mut self, body: &Bytes, name: &[u8], value: &[u8]) -> Result<(), Fatal> {
        check_pair(name, value)?;
        if name.starts_with(b"_pq_.") {
            self.options.push(body.slice_ref(name));
            return Ok(());
        }
        if matches!(name, b"user" | b"database" | b"options" | b"replication")
            && !self.once.insert(name.to_vec())
        {
            return Err(Fatal::protocol(
                "invalid startup packet: a parameter is given twice",
            ));
        }
        match name {
            b"user" => self.user = Some(text(value)?),
            b"database" => self.database = Some(text(value)?),
            b"replication" => refuse_replication(value)?,
            _ => self.pass_on(name, value)?,
        }
        Ok(())
    }

    /// A client can do with `SET` whatever it does here, so the backend alone judges these.
    fn pass_on(&mut self, name: &[u8], value: &[u8]) -> Result<(), Fatal> {
        match name {
            b"options" => options::check_options(value)?,
            _ => options::check_name(&String::from_utf8_lossy(name))?,
        }
        if name == b"application_name" {
            self.application_name = Some(printable(value));
        }
        for part in [name, value] {
            self.parameters.put_slice(part);
            self.parameters.put_u8(0);
        }
        Ok(())
    }

    fn finish(self, requested: u32) -> Result<Startup, Fatal> {
        let user = self
            .user
            .filter(|user| !user.is_empty())
            .ok_or(Fatal::no_user())?;
        if user.len() > LONGEST_NAME {
            return Err(Fatal::protocol(
                "invalid startup packet: the user name is too long",
            ));
        }
        Ok(Startup {
            version: if requested >= V3_2 { V3_2 } else { V3_0 },
            requested,
            options: self.options,
            user,
            database: self.database.filter(|name| !name.is_empty()),
            application_name: self.application_name.filter(|name| !name.is_empty()),
            parameters: self.parameters.freeze(),
        })
    }
}

fn check_pair(name: &[u8], value: &[u8]) -> Result<(), Fatal> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    if name.len() > LONGEST_NAME || !name.iter().all(plain) {
        return Err(Fatal::protocol("invalid startup packet: bad parameter name"));
    }
    if value.len() > LONGEST_VALUE {
        return Err(Fatal::protocol(
            "invalid startup packet: a parameter value is too long",
        ));
    }
    Ok(())
}

fn text(value: &[u8]) -> Result<String, Fatal> {
    std::str::from_utf8(value)
        .map(str::to_owned)
        .map_err(|_| Fatal::protocol("invalid startup packet: user and database must be UTF-8"))
}

/// `replication` may be given as long as it says no, in one of the ways that PostgreSQL reads as no.
fn refuse_replication(value: &[u8]) -> Result<(), Fatal> {
    let no = ["false", "off", "no", "0", "f", "n", "of"];
    if no.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes())) {
        Ok(())
    } else {
        Err(Fatal::replication())
    }
}

/// At most 64 octets without control characters, for lists and logs.
fn printable(value: &[u8]) -> String {
    let mut out = String::new();
    for symbol in String::from_utf8_lossy(value)
        .chars()
        .filter(|symbol| !symbol.is_control())
    {
        if out.len() + symbol.len_utf8() > 64 {
            break;
        }
        out.push(symbol);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(pairs: &[(&str, &str)]) -> Bytes {
        let mut out = BytesMut::new();
        for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
            out.put_slice(text.as_bytes());
            out.put_u8(0);
        }
        out.put_u8(0);
        out.freeze()
    }

    fn startup(code: u32, pairs: &[(&str, &str)]) -> Result<Startup, Fatal> {
        match parse(code, &body(pairs))? {
            FirstPacket::Startup(startup) => Ok(startup),
            other => panic!("{other:?}"),
        }
    }

    fn state(result: Result<Startup, Fatal>) -> &'static str {
        result.unwrap_err().sqlstate
    }

    #[test]
    fn user_and_database_are_ours_the_rest_is_the_backends() {
        let startup = startup(
            V3_0,
            &[
                ("user", "ana"),
                ("TimeZone", "UTC"),
                ("database", "a1b2c3"),
                ("options", "-c geqo=off"),
                ("application_name", "a\nb"),
                ("replication", "FALSE"),
            ],
        )
        .unwrap();
        assert_eq!(
            (startup.user.as_str(), startup.database.as_deref()),
            ("ana", Some("a1b2c3"))
        );
        assert_eq!(startup.application_name.as_deref(), Some("ab"));
        assert_eq!(
            startup.parameters,
            "TimeZone\0UTC\0options\0-c geqo=off\0application_name\0a\nb\0"
        );
    }

    #[test]
    fn an_empty_database_is_none() {
        assert_eq!(
            startup(V3_0, &[("user", "ana"), ("database", "")])
                .unwrap()
                .database,
            None
        );
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for name in ["user", "database", "options", "replication"] {
            let pairs = [("user", "ana"), (name, "off"), (name, "off")];
            assert_eq!(state(startup(V3_0, &pairs)), "08P01", "{name}");
        }
        for wire in [
            "",
            "user",
            "user\0ana",
            "user\0ana\0",
            "user\0ana\0\0x",
            "user\0\0",
            "user\0ana\0x\0\0",
        ] {
            let result = parse(V3_0, &Bytes::from_static(wire.as_bytes()));
            assert_eq!(result.unwrap_err().sqlstate, "08P01", "{wire:?}");
        }
        assert_eq!(state(startup(V3_0, &[("user", "a"), ("bad name", "x")])), "08P01");
        assert_eq!(state(startup(V3_0, &[("user", &"a".repeat(64))])), "08P01");
        assert_eq!(
            state(startup(V3_0, &[("user", "a"), ("x", &"v".repeat(4097))])),
            "08P01"
        );
        assert_eq!(state(startup(V3_0, &[("x", "1"); 65])), "08P01");
        let not_utf8 = Bytes::from_static(b"user\0\xff\0\0");
        assert_eq!(parse(V3_0, &not_utf8).unwrap_err().sqlstate, "08P01");
    }

    #[test]
    fn replication_and_strangers_are_refused() {
        for value in ["true", "on", "database", "1", ""] {
            let pairs = [("user", "ana"), ("replication", value)];
            assert_eq!(state(startup(V3_0, &pairs)), "0A000", "{value}");
        }
        assert_eq!(state(startup(V3_0, &[("database", "x")])), "28000");
        assert_eq!(state(startup(V3_0, &[("user", "")])), "28000");
        for code in [0, 2 << 16, 4 << 16, SSL_REQUEST, GSSENC_REQUEST] {
            assert_eq!(parse(code, &Bytes::new()).unwrap_err().sqlstate, "0A000");
        }
    }

    #[test]
    fn what_only_a_startup_packet_can_set_is_refused() {
        for pair in [("post_auth_delay", "600"), ("options", "-W 600")] {
            assert!(startup(V3_0, &[("user", "ana"), pair]).is_err(), "{pair:?}");
        }
    }

    #[test]
    fn versions_are_negotiated_down_never_up() {
        let answer = |code, pairs: &[(&str, &str)]| {
            let startup = startup(code, pairs).unwrap();
            let mut out = BytesMut::new();
            startup.put_negotiation(&mut out);
            (startup.version, out)
        };
        let ana = [("user", "ana")];
        assert_eq!(answer(V3_0, &ana), (V3_0, BytesMut::new()));
        assert_eq!(answer(V3_2, &ana), (V3_2, BytesMut::new()));
        assert_eq!(
            answer(V3_0 | 1, &ana),
            (V3_0, b"v\0\0\0\x0c\0\x03\0\0\0\0\0\0"[..].into())
        );
        let (version, wire) = answer(V3_0 | 9999, &[("user", "ana"), ("_pq_.grease", "1")]);
        assert_eq!(version, V3_2);
        assert_eq!(wire, b"v\0\0\0\x18\0\x03\0\x02\0\0\0\x01_pq_.grease\0"[..]);
        // An option that we do not have is answered even when the version is ours.
        assert!(!answer(V3_0, &[("user", "ana"), ("_pq_.x", "1")]).1.is_empty());
    }

    #[test]
    fn cancel_keys_of_impossible_length_are_nonsense() {
        let parse = |length| parse(CANCEL_REQUEST, &Bytes::from(vec![1; length])).unwrap();
        assert!(matches!(parse(8), FirstPacket::Cancel(_)));
        assert!(matches!(parse(36), FirstPacket::Cancel(_)));
        assert!(matches!(parse(7), FirstPacket::Nonsense));
        assert!(matches!(parse(261), FirstPacket::Nonsense));
    }

    #[test]
    fn application_names_are_cut_between_characters() {
        assert_eq!(printable("é".repeat(40).as_bytes()), "é".repeat(32));
        assert_eq!(printable(b"\x1b[31mred\xff"), "[31mred\u{fffd}");
    }

    proptest! {
        #[test]
        fn no_input_panics(code: u32, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let bytes = Bytes::from(bytes);
            let _ = parse(code, &bytes);
            let _ = parse(V3_0, &bytes);
            let _ = parse(CANCEL_REQUEST, &bytes);
        }

        #[test]
        fn other_parameters_pass_unchanged(
            pairs in prop::collection::vec(("[a-z_.]{1,20}", "[^\0]{0,30}"), 0..20)
        ) {
            let others: Vec<(&str, &str)> = pairs
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .filter(|(name, _)| {
                    options::check_name(name).is_ok() && !matches!(*name, "user" | "database" | "options" | "replication") && !name.starts_with("_pq_.")
                })
                .collect();
            let mut all = others.clone();
            all.insert(0, ("user", "ana"));
            let expected = body(&others);
            let startup = startup(V3_0, &all).unwrap();
            prop_assert_eq!(startup.parameters.as_ref(), expected.get(..expected.len() - 1).unwrap());
        }
    }
}

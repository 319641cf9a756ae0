//! How many answers does a network get? Whoever asks in another's name has us send that one the answers. So each network
//! gets so many of a kind in a second by UDP; of those beyond, every other one is an answer without content that says
//! to ask by TCP, where nobody can ask in another's name, and the rest is nothing. A resolver that is really there is
//! slowed down, never shut out.
//!
//! The table has a fixed size: strangers choose the addresses that packets come from, and so how many there are.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::Name,
};
use tokio::time::Instant;

use crate::network;

const BUCKETS: usize = 65_536;
/// Of the answers beyond the limit, one in so many says to ask by TCP.
const SLIP: u32 = 2;

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Send,
    /// Without content, and with the word to ask by TCP.
    Cut,
    Drop,
}

/// What is counted apart: what comes in numbers when it comes from one attack.
#[derive(Hash)]
enum Kind {
    /// About one name.
    Name(Name),
    /// That there is no such name, whichever.
    NoName,
    /// That something is wrong.
    Fault(u16),
}

pub(crate) struct Rate {
    per_second: f64,
    started: Instant,
    hasher: RandomState,
    buckets: Mutex<Box<[Bucket]>>,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    /// Whose it is.
    tag: u32,
    /// How many answers beyond those that were given it owes.
    used: f32,
    /// When that was, in milliseconds.
    at: u64,
    /// How many were beyond the limit.
    beyond: u32,
}

impl Rate {
    /// Of so many answers in a second; 0 is no limit.
    pub(crate) fn new(per_second: u32) -> Option<Self> {
        (per_second > 0).then(|| Self {
            per_second: per_second.into(),
            started: Instant::now(),
            hasher: RandomState::new(),
            buckets: Mutex::new(vec![Bucket::default(); BUCKETS].into_boxed_slice()),
        })
    }

    /// Counts `answer` to `client`, and says what becomes of it.
    pub(crate) fn judge(&self, client: IpAddr, answer: &Message) -> Verdict {
        let hash = self.hasher.hash_one((network(client), kind(answer)));
        let (index, tag) = (hash as usize % BUCKETS, (hash >> 32) as u32);
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        match buckets.get_mut(index) {
            Some(bucket) => bucket.take(tag, now, self.per_second),
            None => Verdict::Send,
        }
    }
}

impl Bucket {
    /// Two that share a bucket share its answers, until one of them has been silent for a second.
    fn take(&mut self, tag: u32, now: u64, per_second: f64) -> Verdict {
        let seconds = now.saturating_sub(self.at) as f64 / 1000.0;
        let used = (f64::from(self.used) - seconds * per_second).max(0.0);
        self.at = now;
        if used == 0.0 && self.tag != tag {
            (self.tag, self.beyond) = (tag, 0);
        }
        if used + 1.0 <= per_second {
            self.used = (used + 1.0) as f32;
            return Verdict::Send;
        }
        self.used = used as f32;
        self.beyond = self.beyond.wrapping_add(1);
        match self.beyond % SLIP {
            0 => Verdict::Cut,
            _ => Verdict::Drop,
        }
    }
}

fn kind(answer: &Message) -> Kind {
    match (answer.metadata.response_code, answer.queries.first()) {
        (ResponseCode::NoError, Some(query)) => Kind::Name(query.name().to_lowercase()),
        (ResponseCode::NXDomain, _) => Kind::NoName,
        (code, _) => Kind::Fault(code.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hickory_proto::{
        op::{MessageType, OpCode, Query},
        rr::RecordType,
    };
    use tokio::time::advance;

    use super::*;

    fn answer(name: &str, code: ResponseCode) -> Message {
        let mut message = Message::new(1, MessageType::Response, OpCode::Query);
        message.metadata.response_code = code;
        message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
        message
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_the_limit_every_other_answer_says_to_ask_by_tcp() {
        let rate = Rate::new(3).unwrap();
        let known = answer("ana-dev.db.example.com.", ResponseCode::NoError);
        let ask = |times| -> Vec<_> { (0..times).map(|_| rate.judge(ip("192.0.2.7"), &known)).collect() };
        use Verdict::{Cut, Drop, Send};
        assert_eq!(ask(7), [Send, Send, Send, Drop, Cut, Drop, Cut]);
        advance(Duration::from_millis(400)).await;
        assert_eq!(ask(2), [Send, Drop]);
        advance(Duration::from_secs(60)).await;
        assert_eq!(ask(4), [Send, Send, Send, Cut]);
    }

    #[tokio::test(start_paused = true)]
    async fn networks_names_and_faults_are_counted_apart() {
        let rate = Rate::new(1).unwrap();
        let known = answer("ana-dev.db.example.com.", ResponseCode::NoError);
        let ask = |client: &str, message: &Message| rate.judge(ip(client), message) == Verdict::Send;
        assert!(ask("192.0.2.7", &known) && !ask("192.0.2.200", &known));
        assert!(!ask(
            "192.0.2.7",
            &answer("ANA-DEV.db.example.com.", ResponseCode::NoError)
        ));
        assert!(ask("198.51.100.7", &known));
        assert!(ask("2001:db8:0:1::1", &known) && !ask("2001:db8:0:7f::1", &known));
        assert!(ask(
            "192.0.2.7",
            &answer("ana-prod.db.example.com.", ResponseCode::NoError)
        ));
        assert!(ask(
            "192.0.2.7",
            &answer("a.db.example.com.", ResponseCode::NXDomain)
        ));
        assert!(!ask(
            "192.0.2.7",
            &answer("b.db.example.com.", ResponseCode::NXDomain)
        ));
        assert!(ask("192.0.2.7", &answer("example.org.", ResponseCode::Refused)));
        assert!(!ask("192.0.2.7", &answer("example.net.", ResponseCode::Refused)));
    }

    #[tokio::test]
    async fn without_a_limit_nothing_is_counted() {
        assert!(Rate::new(0).is_none());
    }
}

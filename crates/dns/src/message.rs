//! What does a packet ask, and how large may its answer be?

use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query, ResponseCode},
    rr::{DNSClass, Name, RecordType},
};

/// What we send by UDP at most, and take: what passes everywhere in one piece (DNS Flag Day 2020).
pub const MOST_PAYLOAD: u16 = 1232;
/// What a client takes that does not say how much it takes (RFC 1035 §4.2.1).
const LEAST_PAYLOAD: u16 = 512;
const HEADER: usize = 12;
/// A question is followed by nothing but an OPT record and a signature.
const MOST_ADDITIONAL: u16 = 2;

/// What a packet turns out to be.
#[derive(Debug)]
pub enum Received {
    /// No question of anybody: too short, or itself an answer. It gets none, so that two servers never talk for ever.
    Nothing,
    /// Something that is answered with an error and nothing else.
    Faulty(Message),
    /// A question.
    Question(Question),
}

/// What somebody wants to know.
#[derive(Debug, Clone)]
pub struct Question {
    id: u16,
    recursion_desired: bool,
    query: Query,
    /// The payload that the client takes, if it speaks EDNS.
    payload: Option<u16>,
}

/// Reads a packet, whatever is in it.
pub fn read(packet: &[u8]) -> Received {
    let Some(header) = Header::read(packet) else {
        return Received::Nothing;
    };
    let faulty = |code| Received::Faulty(header.error(code));
    if header.op_code != OpCode::Query {
        return faulty(ResponseCode::NotImp);
    }
    if !header.counts_fit() {
        return faulty(ResponseCode::FormErr);
    }
    let Ok(message) = Message::from_vec(packet) else {
        return faulty(ResponseCode::FormErr);
    };
    let Some(query) = message.queries.into_iter().next() else {
        return faulty(ResponseCode::FormErr);
    };
    let question = Question {
        id: header.id,
        recursion_desired: header.recursion_desired,
        query,
        payload: message.edns.as_ref().map(Edns::max_payload),
    };
    if message.edns.is_some_and(|edns| edns.version() != 0) {
        return Received::Faulty(question.answer(ResponseCode::BADVERS));
    }
    Received::Question(question)
}

impl Question {
    /// The name, spelled as it came.
    pub fn name(&self) -> &Name {
        self.query.name()
    }

    /// The type of record that is asked for.
    pub fn kind(&self) -> RecordType {
        self.query.query_type()
    }

    /// The class, which is the Internet's or nothing that we know.
    pub fn class(&self) -> DNSClass {
        self.query.query_class()
    }

    /// An answer without records.
    pub fn answer(&self, code: ResponseCode) -> Message {
        let mut message = Message::new(self.id, MessageType::Response, OpCode::Query);
        message.metadata.recursion_desired = self.recursion_desired;
        message.metadata.response_code = code;
        message.add_query(self.query.clone());
        if self.payload.is_some() {
            let mut edns = Edns::new();
            edns.set_max_payload(MOST_PAYLOAD);
            edns.set_rcode_high(code.high());
            message.set_edns(edns);
        }
        message
    }

    /// The octets of `answer` for UDP: cut to nothing but the question, and marked so, where they are too many. `None`
    /// when it cannot be written.
    pub fn to_udp(&self, answer: &Message) -> Option<Vec<u8>> {
        let most = self
            .payload
            .unwrap_or(LEAST_PAYLOAD)
            .clamp(LEAST_PAYLOAD, MOST_PAYLOAD);
        let octets = to_octets(answer)?;
        match octets.len() <= most.into() {
            true => Some(octets),
            false => to_octets(&answer.truncate()),
        }
    }
}

/// The octets of `answer`; `None` when it cannot be written.
pub fn to_octets(answer: &Message) -> Option<Vec<u8>> {
    answer.to_vec().ok()
}

/// What stands at the head of a packet, read before anything that costs.
struct Header {
    id: u16,
    op_code: OpCode,
    recursion_desired: bool,
    counts: [u16; 4],
}

impl Header {
    /// `None` for what is no question at all.
    fn read(packet: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER] = packet.first_chunk()?;
        let [id @ .., _, _, _, _, _, _, _, _, _, _] = *header;
        let [_, _, flags, _, counts @ ..] = *header;
        let [a, b, c, d, e, f, g, h] = counts;
        let is_answer = flags & 0x80 != 0;
        (!is_answer).then_some(Self {
            id: u16::from_be_bytes(id),
            op_code: OpCode::from_u8((flags >> 3) & 0x0f),
            recursion_desired: flags & 1 != 0,
            counts: [[a, b], [c, d], [e, f], [g, h]].map(u16::from_be_bytes),
        })
    }

    /// One question (RFC 9619), no answer; who asks for the changes to a zone says which state they have (RFC 1995).
    fn counts_fit(&self) -> bool {
        let [questions, answers, authorities, additional] = self.counts;
        questions == 1 && answers == 0 && authorities <= 1 && additional <= MOST_ADDITIONAL
    }

    fn error(&self, code: ResponseCode) -> Message {
        let mut message = Message::error_msg(self.id, self.op_code, code);
        message.metadata.recursion_desired = self.recursion_desired;
        message
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(change: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        let name = Name::from_ascii("aNa-dEv.db.example.com.").unwrap();
        message.add_query(Query::query(name, RecordType::A));
        change(&mut message);
        message.to_vec().unwrap()
    }

    fn code(packet: &[u8]) -> ResponseCode {
        match read(packet) {
            Received::Faulty(message) => message.metadata.response_code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_question_is_echoed_letter_by_letter() {
        let Received::Question(question) = read(&packet(|_| {})) else {
            panic!("it is a question");
        };
        let answer = question.to_udp(&question.answer(ResponseCode::NXDomain)).unwrap();
        let answer = Message::from_vec(&answer).unwrap();
        assert!(answer.metadata.recursion_desired && !answer.metadata.recursion_available);
        assert_eq!((answer.metadata.id, answer.edns), (4711, None));
        assert_eq!(answer.queries[0].name().to_ascii(), "aNa-dEv.db.example.com.");
    }

    #[test]
    fn answers_and_scraps_get_nothing() {
        let mut answer = packet(|_| {});
        answer[2] |= 0x80;
        assert!(matches!(read(&answer), Received::Nothing));
        assert!(matches!(read(&packet(|_| {})[..11]), Received::Nothing));
        assert!(matches!(read(&[]), Received::Nothing));
    }

    #[test]
    fn what_is_no_question_is_told_so() {
        let whole = packet(|_| {});
        for cut in 12..whole.len() {
            assert_eq!(code(&whole[..cut]), ResponseCode::FormErr, "{cut}");
        }
        let two = packet(|message| {
            message.add_query(message.queries[0].clone());
        });
        assert_eq!(code(&two), ResponseCode::FormErr);
        let notify = packet(|message| message.metadata.op_code = OpCode::Notify);
        assert_eq!(code(&notify), ResponseCode::NotImp);
        let update = packet(|message| message.metadata.op_code = OpCode::Update);
        assert_eq!(code(&update), ResponseCode::NotImp);
    }

    #[test]
    fn a_later_edns_is_told_the_version_that_we_speak() {
        let later = packet(|message| {
            let mut edns = Edns::new();
            edns.set_version(1);
            message.set_edns(edns);
        });
        let Received::Faulty(answer) = read(&later) else {
            panic!("it is no question that we can answer");
        };
        let answer = Message::from_vec(&to_octets(&answer).unwrap()).unwrap();
        assert_eq!(
            u16::from(answer.metadata.response_code),
            u16::from(ResponseCode::BADVERS)
        );
        assert_eq!(
            answer.edns.map(|edns| (edns.version(), edns.max_payload())),
            Some((0, 1232))
        );
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read(packet in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = read(&packet);
        }

        #[test]
        fn a_question_with_faults_is_read(at in 0_usize..40, octet: u8) {
            let mut packet = packet(|_| {});
            let length = packet.len();
            packet[at % length] = octet;
            if let Received::Question(question) = read(&packet) {
                prop_assert!(question.to_udp(&question.answer(ResponseCode::Refused)).is_some());
            }
        }
    }
}

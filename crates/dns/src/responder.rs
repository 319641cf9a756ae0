//! From a packet to its answer.

use app::App;
use hickory_proto::op::{Message, ResponseCode};

use crate::{
    message::{self, Question, Received},
    rate::{Rate, Verdict},
    zone::{Subject, Zone},
};

/// What both doors share.
pub(crate) struct Responder {
    app: App,
    zone: Zone,
    rate: Option<Rate>,
}

impl Responder {
    pub(crate) fn new(app: App, zone: Zone, responses_per_second: u32) -> Self {
        Self {
            app,
            zone,
            rate: Rate::new(responses_per_second),
        }
    }

    /// The answer to a packet that came by UDP from `client`; `None` when it gets none.
    pub(crate) async fn over_udp(&self, packet: &[u8], client: std::net::IpAddr) -> Option<Vec<u8>> {
        let (question, answer) = match message::read(packet) {
            Received::Nothing => return None,
            Received::Faulty(answer) => (None, answer),
            Received::Question(question) => {
                let answer = self.answer(&question).await;
                (Some(question), answer)
            }
        };
        let verdict = match &self.rate {
            Some(rate) => rate.judge(client, &answer),
            None => Verdict::Send,
        };
        match (verdict, question) {
            (Verdict::Drop, _) => None,
            (Verdict::Cut, _) => message::to_octets(&answer.truncate()),
            (Verdict::Send, Some(question)) => question.to_udp(&answer),
            (Verdict::Send, None) => message::to_octets(&answer),
        }
    }

    /// The answer to a packet that came by TCP; `None` when it gets none.
    pub(crate) async fn over_tcp(&self, packet: &[u8]) -> Option<Vec<u8>> {
        match message::read(packet) {
            Received::Nothing => None,
            Received::Faulty(answer) => message::to_octets(&answer),
            Received::Question(question) => message::to_octets(&self.answer(&question).await),
        }
    }

    async fn answer(&self, question: &Question) -> Message {
        let subject = self.zone.subject(question);
        if subject != Subject::Host {
            return self.zone.answer(question, subject, false);
        }
        let name = question.name().to_lowercase().to_ascii();
        match self.app.has_host(name.trim_end_matches('.')).await {
            Ok(exists) => self.zone.answer(question, subject, exists),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a name cannot be looked up"
                );
                question.answer(ResponseCode::ServFail)
            }
        }
    }
}

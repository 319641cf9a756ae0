//! What stands in the zone, and what is answered? Without I/O: whether a host name is a workspace's is told from outside.

use std::net::IpAddr;

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{
        DNSClass, Name, RData, Record, RecordType,
        rdata::{CNAME, HINFO, NS, SOA},
    },
};

use crate::message::Question;

/// Seconds for which others may keep what they were told, that there is nothing too.
const TTL: u32 = 60;
/// The label of the name server that we are, where no others are named. A workspace's has a hyphen.
const OWN_NAME_SERVER: &str = "ns";
/// Where authorities of certificates look (RFC 8555 §8.4).
const CHALLENGE: &str = "_acme-challenge";

/// What an operator says of the zone.
#[derive(Debug, Clone, Default)]
pub struct ZoneSettings {
    /// The domain of workspace host names.
    pub domain: String,
    /// Where the gateway is reached, which is what each workspace's name leads to.
    pub addresses: Vec<IpAddr>,
    /// The zone's name servers, which are outside of it. Without any it is one within, at the gateway's addresses.
    pub name_servers: Vec<String>,
    /// Whom to write to about the zone.
    pub contact: Option<String>,
    /// Where the challenges of certificates' authorities are kept.
    pub challenge: Option<String>,
}

/// A setting that is no name.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no domain name")]
pub struct NameError(String);

/// The zone, without its workspaces.
#[derive(Debug)]
pub struct Zone {
    origin: Name,
    start: SOA,
    name_servers: Vec<Name>,
    own_name_server: Option<Name>,
    challenge: Option<(Name, Name)>,
    addresses: Vec<IpAddr>,
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Nothing of ours, or nothing that we tell anybody.
    Foreign,
    /// The domain itself.
    Origin,
    /// The name server within the zone.
    NameServer,
    /// The challenges of certificates' authorities.
    Challenge,
    /// What would be the host name of a workspace.
    Host,
    /// A name that can never exist.
    Nothing,
}

/// Where a name leads.
enum Leads<'a> {
    To(&'a [IpAddr]),
    Elsewhere(&'a Name),
    Nowhere,
}

impl Zone {
    /// The zone of these settings.
    pub fn new(settings: &ZoneSettings) -> Result<Self, NameError> {
        let origin = name(&settings.domain)?;
        let below = |label: &str| {
            origin
                .prepend_label(label)
                .map_err(|_| NameError(label.to_owned()))
        };
        let own = match settings.name_servers.is_empty() {
            true => Some(below(OWN_NAME_SERVER)?),
            false => None,
        };
        let named = settings.name_servers.iter().map(|text| name(text));
        let name_servers = named.chain(own.clone().map(Ok)).collect::<Result<Vec<_>, _>>()?;
        let primary = name_servers.first().cloned().unwrap_or_else(|| origin.clone());
        let challenge = match &settings.challenge {
            Some(target) => Some((below(CHALLENGE)?, name(target)?)),
            None => None,
        };
        Ok(Self {
            start: start(primary, contact(settings.contact.as_deref(), &origin)?),
            name_servers,
            own_name_server: own,
            challenge,
            addresses: settings.addresses.clone(),
            origin,
        })
    }

    /// What `question` is about.
    pub fn subject(&self, question: &Question) -> Subject {
        let name = question.name();
        let is_transfer = matches!(question.kind(), RecordType::AXFR | RecordType::IXFR);
        if question.class() != DNSClass::IN || is_transfer || !self.origin.zone_of(name) {
            return Subject::Foreign;
        }
        if *name == self.origin {
            return Subject::Origin;
        }
        if self.own_name_server.as_ref() == Some(name) {
            return Subject::NameServer;
        }
        if self.challenge.as_ref().is_some_and(|(from, _)| from == name) {
            return Subject::Challenge;
        }
        match name.num_labels() == self.origin.num_labels() + 1 {
            true => Subject::Host,
            false => Subject::Nothing,
        }
    }

    /// The answer to `question`, which is about `subject`; `exists` says whether a host is a workspace's.
    pub fn answer(&self, question: &Question, subject: Subject, exists: bool) -> Message {
        match subject {
            Subject::Foreign => question.answer(ResponseCode::Refused),
            Subject::Origin => self.answer_origin(question),
            Subject::NameServer => self.answer_name(question, &Leads::To(&self.addresses)),
            Subject::Host if exists => self.answer_name(question, &Leads::To(&self.addresses)),
            Subject::Challenge => {
                let target = self.challenge.as_ref().map(|(_, target)| target);
                self.answer_name(question, &target.map_or(Leads::Nowhere, Leads::Elsewhere))
            }
            Subject::Host | Subject::Nothing => {
                self.without(self.authoritative(question, ResponseCode::NXDomain))
            }
        }
    }

    fn answer_origin(&self, question: &Question) -> Message {
        let mut answer = self.authoritative(question, ResponseCode::NoError);
        match question.kind() {
            RecordType::SOA => {
                answer.add_answer(self.start_record(question.name()));
            }
            RecordType::NS => {
                let record = |server: &Name| record(question.name(), RData::NS(NS(server.clone())));
                answer.add_answers(self.name_servers.iter().map(record));
                if let Some(own) = &self.own_name_server {
                    answer.add_additionals(self.addresses.iter().map(|ip| record_of(own, *ip)));
                }
            }
            _ => return self.answer_name(question, &Leads::Nowhere),
        }
        answer
    }

    /// What is said of a name that exists.
    fn answer_name(&self, question: &Question, leads: &Leads) -> Message {
        let mut answer = self.authoritative(question, ResponseCode::NoError);
        let (name, kind) = (question.name(), question.kind());
        if kind == RecordType::ANY {
            // One small record instead of all there is (RFC 8482 §4.2).
            let refusal = HINFO::new("RFC8482".to_owned(), String::new());
            answer.add_answer(record(name, RData::HINFO(refusal)));
            return answer;
        }
        match leads {
            Leads::To(addresses) => {
                let records = addresses.iter().map(|ip| record_of(name, *ip));
                answer.add_answers(records.filter(|record| record.record_type() == kind));
            }
            Leads::Elsewhere(target) => {
                answer.add_answer(record(name, RData::CNAME(CNAME((*target).clone()))));
            }
            Leads::Nowhere => {}
        }
        match answer.answers.is_empty() {
            true => self.without(answer),
            false => answer,
        }
    }

    fn authoritative(&self, question: &Question, code: ResponseCode) -> Message {
        let mut answer = question.answer(code);
        answer.metadata.authoritative = true;
        answer
    }

    /// With the record that says for how long there is nothing (RFC 2308 §2).
    fn without(&self, mut answer: Message) -> Message {
        answer.add_authority(self.start_record(&self.origin));
        answer
    }

    fn start_record(&self, name: &Name) -> Record {
        record(name, RData::SOA(self.start.clone()))
    }
}

fn record(name: &Name, data: RData) -> Record {
    Record::from_rdata(name.clone(), TTL, data)
}

fn record_of(name: &Name, ip: IpAddr) -> Record {
    let data = match ip {
        IpAddr::V4(ip) => RData::A(ip.into()),
        IpAddr::V6(ip) => RData::AAAA(ip.into()),
    };
    record(name, data)
}

/// Nobody copies the zone, so that its number and its times are of no account; what counts is the last one, for how long
/// it is remembered that there is nothing.
fn start(primary: Name, contact: Name) -> SOA {
    SOA::new(primary, contact, 1, 3600, 600, 604_800, TTL)
}

fn name(text: &str) -> Result<Name, NameError> {
    let mut name = Name::from_ascii(text).map_err(|_| NameError(text.to_owned()))?;
    name.set_fqdn(true);
    Ok(name)
}

/// An address of e-mail as a name: what is before the `@` is its first label (RFC 1035 §8).
fn contact(address: Option<&str>, origin: &Name) -> Result<Name, NameError> {
    let (local, domain) = match address {
        None => ("hostmaster", origin.clone()),
        Some(address) => {
            let parts = address.split_once('@');
            let (local, domain) = parts.ok_or_else(|| NameError(address.to_owned()))?;
            (local, name(domain)?)
        }
    };
    domain
        .prepend_label(local.as_bytes())
        .map_err(|_| NameError(local.to_owned()))
}

#[cfg(test)]
mod tests;

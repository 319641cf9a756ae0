use hickory_proto::op::{MessageType, OpCode, Query};

use super::*;
use crate::message::{Received, read};

fn settings() -> ZoneSettings {
    ZoneSettings {
        domain: "db.example.com".to_owned(),
        addresses: ["192.0.2.1", "2001:db8::1", "192.0.2.2"]
            .map(|ip| ip.parse().unwrap())
            .to_vec(),
        ..ZoneSettings::default()
    }
}

fn question(name: &str, kind: RecordType, class: DNSClass) -> Question {
    let mut query = Query::query(Name::from_ascii(name).unwrap(), kind);
    query.set_query_class(class);
    let mut message = Message::new(1, MessageType::Query, OpCode::Query);
    message.add_query(query);
    match read(&message.to_vec().unwrap()) {
        Received::Question(question) => question,
        other => panic!("{other:?}"),
    }
}

/// What is answered about `name`, where `ana-dev` is a workspace's: the code, then all records.
fn ask(settings: &ZoneSettings, name: &str, kind: RecordType) -> (ResponseCode, String) {
    let zone = Zone::new(settings).unwrap();
    let question = question(name, kind, DNSClass::IN);
    let subject = zone.subject(&question);
    let exists = subject == Subject::Host && name.to_ascii_lowercase().starts_with("ana-dev.");
    let answer = zone.answer(&question, subject, exists);
    assert_eq!(
        answer.metadata.authoritative,
        subject != Subject::Foreign,
        "{name}"
    );
    assert!(!answer.metadata.recursion_available);
    assert!(answer.all_sections().all(|record| record.ttl == 60));
    let sections = [&answer.answers, &answer.authorities, &answer.additionals];
    let lines = sections.map(|records| {
        let line = |record: &Record| format!("{} {} {}", record.name, record.record_type(), record.data);
        records.iter().map(line).collect::<Vec<_>>().join("; ")
    });
    (answer.metadata.response_code, lines.join(" | "))
}

const START: &str = "db.example.com. SOA ns.db.example.com. hostmaster.db.example.com. 1 3600 600 604800 60";

#[test]
fn a_workspace_leads_to_the_gateway() {
    let ask = |name, kind| ask(&settings(), name, kind);
    let a = "ana-dev.db.example.com. A 192.0.2.1; ana-dev.db.example.com. A 192.0.2.2 |  | ";
    assert_eq!(
        ask("ana-dev.db.example.com.", RecordType::A),
        (ResponseCode::NoError, a.into())
    );
    let aaaa = "ana-dev.db.example.com. AAAA 2001:db8::1 |  | ";
    assert_eq!(
        ask("ana-dev.db.example.com.", RecordType::AAAA),
        (ResponseCode::NoError, aaaa.into())
    );
    let mixed = "aNA-deV.DB.exAmple.com. AAAA 2001:db8::1 |  | ";
    assert_eq!(
        ask("aNA-deV.DB.exAmple.com.", RecordType::AAAA),
        (ResponseCode::NoError, mixed.into())
    );
    let nothing = format!(" | {START} | ");
    assert_eq!(
        ask("ana-dev.db.example.com.", RecordType::TXT),
        (ResponseCode::NoError, nothing)
    );
    let any = "ana-dev.db.example.com. HINFO \"RFC8482\" \"\" |  | ";
    let (code, said) = ask("ana-dev.db.example.com.", RecordType::ANY);
    assert_eq!(code, ResponseCode::NoError);
    assert_eq!(said.replace("RFC8482 ", "\"RFC8482\" \"\""), any, "{said}");
}

#[test]
fn what_does_not_exist_is_said_not_to() {
    for name in [
        "ana-old.db.example.com.",
        "x.ana-dev.db.example.com.",
        "_acme-challenge.db.example.com.",
    ] {
        let (code, said) = ask(&settings(), name, RecordType::A);
        assert_eq!(
            (code, said),
            (ResponseCode::NXDomain, format!(" | {START} | ")),
            "{name}"
        );
        assert_eq!(ask(&settings(), name, RecordType::ANY).0, ResponseCode::NXDomain);
    }
}

#[test]
fn the_domain_has_its_start_and_its_name_servers() {
    let origin = "db.example.com.";
    assert_eq!(
        ask(&settings(), origin, RecordType::SOA),
        (ResponseCode::NoError, format!("{START} |  | "))
    );
    assert_eq!(
        ask(&settings(), origin, RecordType::A),
        (ResponseCode::NoError, format!(" | {START} | "))
    );
    let (_, said) = ask(&settings(), origin, RecordType::NS);
    let glue =
        "ns.db.example.com. A 192.0.2.1; ns.db.example.com. AAAA 2001:db8::1; ns.db.example.com. A 192.0.2.2";
    assert_eq!(said, format!("{origin} NS ns.db.example.com. |  | {glue}"));
    let (_, said) = ask(&settings(), "ns.db.example.com.", RecordType::AAAA);
    assert_eq!(said, "ns.db.example.com. AAAA 2001:db8::1 |  | ");
}

#[test]
fn an_operator_names_servers_contact_and_challenges() {
    let settings = ZoneSettings {
        name_servers: vec!["ns1.example.com".to_owned(), "ns2.example.com".to_owned()],
        contact: Some("dns.admin@example.com".to_owned()),
        challenge: Some("db.acme.example.com".to_owned()),
        ..settings()
    };
    let origin = "db.example.com.";
    let (_, said) = ask(&settings, origin, RecordType::NS);
    assert_eq!(
        said,
        format!("{origin} NS ns1.example.com.; {origin} NS ns2.example.com. |  | ")
    );
    let (_, said) = ask(&settings, origin, RecordType::SOA);
    assert_eq!(
        said,
        format!("{origin} SOA ns1.example.com. dns\\.admin.example.com. 1 3600 600 604800 60 |  | ")
    );
    assert_eq!(
        ask(&settings, "ns.db.example.com.", RecordType::A).0,
        ResponseCode::NXDomain
    );
    let challenge = "_acme-challenge.db.example.com.";
    let (_, said) = ask(&settings, challenge, RecordType::TXT);
    assert_eq!(said, format!("{challenge} CNAME db.acme.example.com. |  | "));
}

#[test]
fn others_names_classes_and_transfers_are_refused() {
    let zone = Zone::new(&settings()).unwrap();
    let name = "ana-dev.db.example.com.";
    for question in [
        question("example.com.", RecordType::A, DNSClass::IN),
        question("ana-dev.db.example.org.", RecordType::A, DNSClass::IN),
        question("ana-devdb.example.com.", RecordType::A, DNSClass::IN),
        question(".", RecordType::NS, DNSClass::IN),
        question(name, RecordType::A, DNSClass::CH),
        question("version.bind.", RecordType::TXT, DNSClass::CH),
        question("db.example.com.", RecordType::AXFR, DNSClass::IN),
        question("db.example.com.", RecordType::IXFR, DNSClass::IN),
    ] {
        let subject = zone.subject(&question);
        assert_eq!(subject, Subject::Foreign, "{question:?}");
        let answer = zone.answer(&question, subject, true);
        assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
        assert!(!answer.metadata.authoritative && answer.all_sections().next().is_none());
    }
}

#[test]
fn what_is_too_large_for_udp_is_cut_and_says_so() {
    let many = ZoneSettings {
        addresses: (0..100).map(|n| [192, 0, 2, n].into()).collect(),
        ..settings()
    };
    let zone = Zone::new(&many).unwrap();
    let question = question("ana-dev.db.example.com.", RecordType::A, DNSClass::IN);
    let answer = zone.answer(&question, Subject::Host, true);
    let octets = question.to_udp(&answer).unwrap();
    let cut = Message::from_vec(&octets).unwrap();
    assert!(octets.len() < 64 && cut.metadata.truncation && cut.answers.is_empty());
    let whole = Message::from_vec(&crate::message::to_octets(&answer).unwrap()).unwrap();
    assert!(!whole.metadata.truncation && whole.answers.len() == 100);
}

#[test]
fn a_setting_that_is_no_name_is_told() {
    let long = format!("{}.example.com", "a".repeat(64));
    let told = |settings: ZoneSettings| Zone::new(&settings).unwrap_err().to_string();
    assert_eq!(
        told(ZoneSettings {
            domain: long.clone(),
            ..settings()
        }),
        format!("{long:?} is no domain name")
    );
    let contact = Some("nobody".to_owned());
    assert_eq!(
        told(ZoneSettings {
            contact,
            ..settings()
        }),
        "\"nobody\" is no domain name"
    );
}

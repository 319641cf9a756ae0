//! Whatever comes as a DNS packet: nothing, an error that is no longer than it, or a question whose answer fits and can be
//! read again. Never a panic.

#![no_main]

use std::sync::LazyLock;

use dns::{
    Zone, ZoneSettings,
    message::{MOST_PAYLOAD, Received, read, to_octets},
};
use libfuzzer_sys::fuzz_target;

static ZONE: LazyLock<Zone> = LazyLock::new(|| {
    let settings = ZoneSettings {
        domain: "db.example.com".to_owned(),
        addresses: vec![[192, 0, 2, 1].into()],
        ..ZoneSettings::default()
    };
    Zone::new(&settings).expect("a zone")
});

fuzz_target!(|packet: &[u8]| {
    match read(packet) {
        Received::Nothing => {}
        Received::Faulty(answer) => {
            let octets = to_octets(&answer).expect("an error can be written");
            assert!(octets.len() <= packet.len() + 11, "an error is small");
        }
        Received::Question(question) => {
            for exists in [false, true] {
                let answer = ZONE.answer(&question, ZONE.subject(&question), exists);
                let octets = question.to_udp(&answer).expect("an answer can be written");
                assert!(octets.len() <= usize::from(MOST_PAYLOAD));
                // An answer is no question.
                assert!(matches!(read(&octets), Received::Nothing));
            }
        }
    }
});

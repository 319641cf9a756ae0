//! The first packet of a client: never a panic; what else must hold is said where it is asserted.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| gateway::fuzzing::first_packet(octets));

//! A hostile backend that is asked whether its session is fresh: never a panic; what else must hold is said where it is asserted.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| gateway::fuzzing::warm_answer(octets));

//! The tests that go through the front doors, in one binary: `api`, `conformance`, `console`, `gateway`, `dns`, `mail`, `cli`, `faults`. `testkit` is what they
//! stand on. Run them by `make test`, or by `scripts/with-postgres cargo nextest run -E 'binary(it)'`.

#[cfg(test)]
mod api;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod console;
#[cfg(test)]
mod dns;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod mail;

//! The clients that Pipes has, against this server: what they send, octet for octet, over TLS with our own authority,
//! and the rules by which they read what comes back (`pipes-contract.md` §2 to §5). `docs/reference/pipes-compatibility.md`
//! says which test holds which line of the contract's checklist.

mod client;
mod command_line;
mod decode;
mod plugin;
mod queries;
mod surface;
mod terraform;

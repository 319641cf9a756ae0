//! The gateway, as PostgreSQL clients see it.

mod cancel;
mod connection_string;
mod db_log;
mod drivers;
mod endings;
mod evictions;
mod isolation;
mod open_psql;
mod records;
mod refusals;
mod renames;
mod rotation;
mod smoke;
mod switches;
mod temporary;
mod wire;
mod world;

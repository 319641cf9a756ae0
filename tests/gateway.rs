//! The gateway, as PostgreSQL clients see it.

mod backends;
mod cancel;
mod connection_string;
mod connections;
mod db_log;
mod drivers;
mod endings;
mod evictions;
mod isolation;
mod limits;
mod members;
mod open_psql;
mod operator;
mod proxy;
mod recipes;
mod records;
mod refusals;
mod renames;
mod rotation;
mod served;
mod smoke;
mod switches;
mod temporary;
mod warm;
mod wire;
mod world;

//! Queries over the API, on a real PostgreSQL (contract §1.9).

mod forms;
mod refusals;
mod world;

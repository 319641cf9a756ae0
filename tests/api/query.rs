//! Queries over the API, on a real PostgreSQL (contract §1.9).

mod endings;
mod forms;
mod limits;
mod refusals;
mod types;
mod world;

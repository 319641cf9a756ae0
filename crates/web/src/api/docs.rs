//! The OpenAPI document, made of the attributes that register the handlers: what is served and what is said cannot differ.

mod document;
mod example;
pub(crate) mod kinds;
mod page;
pub(crate) mod path;
pub(crate) mod refused;
pub(crate) mod served;
#[cfg(test)]
mod tests;

pub(crate) use document::{Document, document, operations};
pub(crate) use served::{DOCS, Docs};

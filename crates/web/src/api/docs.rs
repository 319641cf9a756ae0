//! The OpenAPI document, made of the attributes that register the handlers: what is served and what is said cannot differ.

mod document;
pub(crate) mod kinds;
pub(crate) mod path;
pub(crate) mod refused;

pub(crate) use document::{Document, document, operations};

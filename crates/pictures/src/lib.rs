//! How a picture from outside becomes one of ours.
//!
//! Its bytes come by upload or, under the rules of [`Network`], from a web address. [`Studio`] decodes them within
//! limits that hold before anything is allocated, and draws them anew as a small WebP: nothing of the input survives,
//! neither metadata nor what was hidden in or behind the pixels.

mod address;
mod fetch;
mod network;
mod picture;
mod studio;

pub use address::is_public;
pub use fetch::{FETCH_MAX_BYTES, FetchError};
pub use network::{Network, Resolved};
pub use picture::{CONTENT_TYPE, MAX_BYTES, MAX_SIDE, Refused, SIDE, redraw};
pub use studio::Studio;

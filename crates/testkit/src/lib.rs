//! The real server in a test, and the people who use it.
//!
//! [`TestApp`] is a whole Standpipe on ports of its own, with a store of its own ([`Engine`]) and a clock that the test
//! moves. It hands out callers by type: [`Anonymous`], [`Bearer`] with a token, [`Browser`] that signed in through a
//! real mail from the [`Mailbox`]. [`Psql`] connects as a person does, [`Chromium`] looks at pages, and [`Binary`] runs
//! the built program itself, to be killed and started again. [`both_engines!`] makes one body two tests.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test fails by panicking, and reads the environment of its run"
)]

mod answer;
mod binary;
mod browser;
mod callers;
mod chromium;
mod cluster;
mod engine;
mod form_data;
mod leftovers;
mod mailbox;
mod parts;
mod patience;
mod psql;
mod server;
mod tamper;
mod test_app;
mod time;
mod web_host;

pub use answer::Answer;
pub use binary::{Binary, Running};
pub use browser::Browser;
pub use callers::{Anonymous, Bearer, client};
pub use chromium::Chromium;
pub use cluster::Cluster;
pub use engine::{Database, Engine, run_on_the_stores_server};
pub use form_data::FormData;
pub use mailbox::{BESIDE, Mail, Mailbox};
pub use parts::{driver_directory, find as program, has};
pub use patience::until;
pub use psql::{Psql, PsqlAnswer};
pub use test_app::{Builder, Person, TestApp};
pub use time::TestClock;
pub use web_host::{WebHost, WebPage};

/// Makes each body two tests, `NAME::sqlite` and `NAME::postgres`. It is handed a [`Builder`] for its engine.
///
/// ```ignore
/// testkit::both_engines! {
///     async fn a_token_opens_the_api(builder) {
///         let app = builder.start().await;
///         …
///     }
/// }
/// ```
#[macro_export]
macro_rules! both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($builder:ident) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "not every body needs its parent's names")]
            use super::*;

            async fn body($builder: $crate::Builder) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body($crate::TestApp::builder($crate::Engine::Sqlite)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body($crate::TestApp::builder($crate::Engine::Postgres)).await;
            }
        }
    )*};
}

//! The name server: it answers, by the rules of DNS, which workspaces' host names exist.
//!
//! A packet comes in by `udp` or `tcp`. [`message`] reads it, and says what is wrong with it where it is no question.
//! [`zone`] knows what a question is about, and makes the answer; what it cannot know is whether a host name is one of
//! a workspace, which `app` finds out by the rule that the gateway goes by, with one look-up for each question. So a
//! rename or a deletion shows in the next answer. `rate` sees to it that nobody is flooded by answers to questions
//! which others asked in their name.
//!
//! Nothing is ever asked on anybody's behalf: there is no recursion, no zone transfer, no update and no cache.

pub mod message;
mod rate;
mod responder;
mod tcp;
mod udp;
pub mod zone;

use std::{net::IpAddr, sync::Arc};

use app::App;
use tokio::net::{TcpListener, UdpSocket};
use tokio_util::sync::CancellationToken;

use responder::Responder;
pub use zone::{NameError, Zone, ZoneSettings};

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct DnsSettings {
    /// What stands in the zone besides workspaces.
    pub zone: ZoneSettings,
    /// Answers of one kind that one network gets in a second by UDP; 0 is no limit.
    pub responses_per_second: u32,
}

/// The name server, ready to serve.
pub struct Dns(Arc<Responder>);

impl Dns {
    /// A name server for the workspaces of `app`.
    pub fn new(app: App, settings: &DnsSettings) -> Result<Self, NameError> {
        let zone = Zone::new(&settings.zone)?;
        Ok(Self(Arc::new(Responder::new(
            app,
            zone,
            settings.responses_per_second,
        ))))
    }

    /// Answers at both sockets until `shutdown` is cancelled.
    pub async fn serve(self, udp: UdpSocket, tcp: TcpListener, shutdown: CancellationToken) {
        let over_udp = udp::serve(Arc::clone(&self.0), udp, shutdown.clone());
        let over_tcp = tcp::serve(self.0, tcp, shutdown);
        tokio::join!(over_udp, over_tcp);
    }
}

/// The part of a client's address that is taken for one network: a spoofer chooses what is behind it, and one
/// subscriber of IPv6 has all of it.
pub(crate) fn network(ip: IpAddr) -> IpAddr {
    model::prefix::prefix(ip, 24, 56)
}

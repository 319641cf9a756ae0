//! The gateway: the door through which PostgreSQL clients reach workspaces.
//!
//! A connection goes through these files, in this order. `listener` accepts it while `handshakes` has a place and its
//! network does not flood us, and gives it to one of the `carriers`. `proxy` learns who is behind one of the operator's
//! proxies. `opening` settles encryption (`tls`) and reads the first packet, `startup` understands it: a request to cancel
//! goes to `cancel`, a client that wants a session to `session`, which has the whole course in one place: `sasl` makes the
//! client prove its password (`scram`, `provers`), `app` decides what it may enter, `login` enters the backend with a
//! credential of ours, unless `warm` has a session of the same client before, and `relay` passes octets until one side
//! ends.
//! Whatever goes wrong has its SQLSTATE and its sentence in `refusal`.
//!
//! Host names are `app`'s business: it is told the server name that the client asked for.
//!
//! The gateway keeps no accounts: `app` says what counts at each login, so that a rotated password counts from the next
//! connection on, and open sessions never notice. It runs no SQL of its own in a session that somebody has,
//! and it parses nothing of one but message headers.

mod cancel;
mod carriers;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod handshakes;
mod listener;
mod login;
mod message;
mod opening;
mod provers;
mod proxy;
mod refusal;
mod relay;
mod sasl;
mod scram;
mod session;
mod startup;
mod stream;
mod tls;
mod warm;

use std::{net::IpAddr, sync::Arc, time::Duration};

use app::{App, connections::ConnectionAttempt};
use arc_swap::ArcSwap;
use handshakes::Place;
use ipnet::IpNet;
use rustls::sign::CertifiedKey;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use warm::WarmSettings;

/// How many clients from networks from which nobody came in before are looked up at once.
const STRANGERS: usize = 4;

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// From accepting a connection to its proof of the password.
    pub handshake_timeout: Duration,
    /// For reaching a backend and logging in to it.
    pub backend_timeout: Duration,
    /// From the startup packet to the challenge at least, so that nobody can measure whether a user was found; but not
    /// for a name by which somebody came in from there before.
    pub challenge_delay: Duration,
    /// A wrong password and an unknown user are answered after this time and a little jitter, however long the checks
    /// took.
    pub refusal_delay: Duration,
    /// How long a session with a statement or transaction under way may go on after the gateway was told to stop.
    pub drain_timeout: Duration,
    /// Connections that may be in their handshake at once; more are closed.
    pub handshakes: usize,
    /// So many of them from one IPv4 address or one /64 of IPv6.
    pub handshakes_per_network: usize,
    /// Threads that check proofs of passwords.
    pub provers: usize,
    /// Threads that carry connections.
    pub carriers: usize,
    /// How backend sessions are kept between two connections.
    pub warm: WarmSettings,
    /// The proxies that say, in the PROXY protocol, who is behind them; from others it is not taken.
    pub proxies: Vec<IpNet>,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            handshake_timeout: Duration::from_secs(15),
            backend_timeout: Duration::from_secs(10),
            challenge_delay: Duration::from_millis(2),
            refusal_delay: Duration::from_millis(300),
            drain_timeout: Duration::from_secs(10),
            handshakes: 1024,
            handshakes_per_network: 256,
            provers: cores.div_ceil(2),
            carriers: cores,
            warm: WarmSettings::default(),
            proxies: Vec::new(),
        }
    }
}

/// The gateway, ready to serve.
pub struct Gateway(Arc<Shared>);

/// What all connections share.
pub(crate) struct Shared {
    app: App,
    settings: GatewaySettings,
    tls: tls::Tls,
    cancels: Arc<cancel::Cancels>,
    provers: provers::Provers,
    carriers: carriers::Carriers,
    /// The turns of clients from new networks to be looked up.
    strangers: Semaphore,
    warm: Arc<warm::Warm>,
    /// Connections, and what outlives one for a moment.
    tasks: TaskTracker,
}

impl Shared {
    /// Whether a client at `ip` is listened to in its `place`: known to connect too often, it may be told so or not.
    fn hears(&self, place: &mut Place, ip: IpAddr) -> bool {
        let is_known = place.handshakes().remembers(ip);
        let attempt = self.app.connection_attempt(ip, is_known);
        place.is_throttled = attempt == ConnectionAttempt::Throttled;
        attempt != ConnectionAttempt::Flood && place.settle(ip)
    }
}

impl Gateway {
    /// A gateway before `app`. `certificate` is served to every client; what is stored there later is served to the
    /// next one.
    pub fn new(app: App, settings: GatewaySettings, certificate: Arc<ArcSwap<CertifiedKey>>) -> Self {
        Self(Arc::new(Shared {
            app,
            provers: provers::Provers::start(settings.provers),
            carriers: carriers::Carriers::start(settings.carriers),
            strangers: Semaphore::new(STRANGERS),
            warm: Arc::new(warm::Warm::new(settings.warm.clone())),
            settings,
            tls: tls::Tls::new(certificate),
            cancels: Arc::default(),
            tasks: TaskTracker::new(),
        }))
    }

    /// Serves `listener` until `shutdown` is cancelled: then nobody is let in any more, idle sessions end with `57P01`
    /// at once and busy ones within [`GatewaySettings::drain_timeout`]. Returns when the last one has ended.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) {
        listener::accept(self.0, listener, shutdown).await;
    }
}

//! What is done by the clock: last uses and the audit log's heads are written, what expired is removed, certificates
//! are renewed.

use std::{fmt::Display, sync::Arc, time::Duration};

use app::App;
use model::Clock;
use tokio::{
    sync::Notify,
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;

use crate::{audit_heads, data_dir::DataDir, tls::Certificate};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Goes on until `stopping`. What fails is logged and tried again the next time.
pub(crate) async fn run(
    app: App,
    clock: Clock,
    data_dir: DataDir,
    (mut certificate, reload): (Certificate, Arc<Notify>),
    stopping: CancellationToken,
) {
    const HEADS: &str = "the audit log's heads are not written";
    const CERTIFICATE: &str = "the certificate is not renewed; the one of before goes on serving";
    told(HEADS, audit_heads::write(&app, &data_dir).await);
    let (mut minutes, mut hours) = (every(MINUTE), every(HOUR));
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = minutes.tick() => {
                told("last uses are not written", app.flush_last_use().await);
                told("ended connections are not written", app.flush_db_log().await);
                told(CERTIFICATE, certificate.refresh(clock.now()));
            }
            () = reload.notified() => told(CERTIFICATE, certificate.reload(clock.now())),
            _ = hours.tick() => {
                told(HEADS, audit_heads::write(&app, &data_dir).await);
                told("what expired is not removed", app.remove_expired().await);
            }
        }
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn told<E: Display>(what: &str, result: Result<(), E>) {
    if let Err(error) = result {
        tracing::error!(%error, "{what}");
    }
}

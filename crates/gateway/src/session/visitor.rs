//! A client that has said who it is and where it wants to go: is it let in?

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use app::{
    connections::{
        Admission, BackendStream, ConnectionPlace, ConnectionRequest, DatabaseLogin, OpenConnection, Refusal,
    },
    db_log::LoggedConnection,
};
use bytes::{Bytes, BytesMut};
use model::scram::nonce;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::{Instant, sleep_until, timeout},
};

use super::{
    entry::{self, Session, Way},
    log::Line,
    within,
};
use crate::{
    Shared,
    cancel::{Registration, Target},
    handshakes::Place,
    message::{authentication, put_authentication},
    refusal::{Fatal, Refused, Stop},
    sasl,
    scram::server::Offer,
    startup::Startup,
    stream::{Client, close},
    tls::TlsFacts,
    warm::Warmth,
};

/// How long the account store may take for one answer.
pub(super) const STORE: Duration = Duration::from_secs(5);
/// How long a client may take to read that it is in.
const READY: Duration = Duration::from_secs(5);
/// The most that is added to the time of a refusal.
const JITTER_MS: u64 = 100;

pub(super) struct Visitor<'g, S> {
    shared: &'g Shared,
    stream: Client<S>,
    startup: Startup,
    offer: Offer,
    request: ConnectionRequest,
    deadline: Instant,
    /// Once its account, or the lack of one, was looked up.
    login: Option<DatabaseLogin>,
    /// Once the client has answered the challenge.
    proof_at: Option<Instant>,
    /// Where whoever is meant would go, while it is not known whether that is this client.
    foreseen: Option<Way>,
}

/// A backend session that belongs to a client.
pub(super) struct Entered {
    pub(super) backend: BackendStream,
    /// What the backend said from `ReadyForQuery` on; the client has it.
    pub(super) ready: Bytes,
    /// How the backend is asked to cancel.
    pub(super) target: Option<Target>,
    /// Tells when it must end.
    pub(super) open: OpenConnection,
    _place: ConnectionPlace,
    /// Notes in the workspace's log when it has.
    _logged: LoggedConnection,
    /// Takes the client's own key out of the map in the end.
    pub(super) registration: Option<Registration>,
    /// Where the backend's session can be kept when the client leaves.
    pub(super) warmth: Option<Warmth>,
}

impl<'g, S> Visitor<'g, S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    pub(super) fn new(
        shared: &'g Shared,
        stream: Client<S>,
        startup: Startup,
        tls: Option<TlsFacts>,
        request: ConnectionRequest,
        deadline: Instant,
    ) -> Self {
        Self {
            shared,
            stream,
            startup,
            offer: Offer {
                certificate_hash: tls.and_then(|tls| tls.certificate_hash),
            },
            request,
            deadline,
            login: None,
            proof_at: None,
            foreseen: None,
        }
    }

    pub(super) fn user(&self) -> &str {
        &self.startup.user
    }

    /// Where the client is.
    pub(super) fn peer(&self) -> IpAddr {
        self.request.peer.ip()
    }

    pub(super) fn into_stream(self) -> Client<S> {
        self.stream
    }

    /// The order is the security of it: the limits before any lookup, the proof before anything is said of accounts and
    /// databases, the limits and the count before a backend is entered, the record before the client is in.
    pub(super) async fn admit(&mut self, place: &Place) -> Result<Entered, Stop> {
        let is_known = place.handshakes().remembers(self.peer());
        let app = &self.shared.app;
        if place.is_throttled || app.is_login_blocked(self.peer(), self.user()) {
            return Err(Stop::refused(Refusal::TooManyAttempts, "throttled"));
        }
        let server_final = self.authenticate(place, is_known).await?;
        let mut way = self.authorise().await?;
        let open = self.count(&way.admission).await?;
        let session = self.enter(&mut way, &open.0).await?;
        self.welcome(&server_final, way.admission, session, open).await
    }

    /// The server's final message, to be sent when everything else has gone well.
    ///
    /// The account is looked up while the client thinks of its first message, and the challenge does not leave before
    /// [`crate::GatewaySettings::challenge_delay`]: a lookup that finds somebody takes longer than one that does not,
    /// and a client that sends both its messages at once could measure it. Where somebody came in by this name before,
    /// there is nothing to hide.
    async fn authenticate(&mut self, place: &Place, is_known: bool) -> Result<String, Stop> {
        let app = &self.shared.app;
        let hides = !place.handshakes().knows(self.peer(), self.user());
        let ask = sasl::ask(&mut self.stream, &self.startup, &self.offer);
        let look_up = look_up(self.shared, &self.startup.user, is_known, hides);
        let (first, login) = tokio::join!(within(self.deadline, ask), look_up);
        let (first, login) = (first?, self.login.insert(login?));
        let nonce = nonce(app.random());
        let proof = sasl::prove(&mut self.stream, first, &login.verifier, &nonce);
        let foresee = async {
            // Who is there may know that this name exists; to strangers nothing shows it.
            match hides {
                true => None,
                false => foresee(self.shared, login, &self.request, &self.startup.parameters).await,
            }
        };
        let (proof, foreseen) = tokio::join!(within(self.deadline, proof), foresee);
        let proof = proof?;
        self.foreseen = foreseen;
        self.proof_at = Some(Instant::now());
        let check = stored(std::future::ready(app.proof_check(login))).await?;
        // Less work than a way to another thread and back; what strangers could send by the thousand goes there.
        if let Some(verifier) = check.made().filter(|_| !hides) {
            return proof.verify(verifier);
        }
        let verify = move || Some(proof.verify(&check.verifier()?));
        let verified: Option<Option<Result<String, Stop>>> = self.shared.provers.run(is_known, verify).await;
        match verified {
            Some(Some(verified)) => verified,
            Some(None) => Err(Stop::refused(
                Refusal::Unavailable,
                "a verifier cannot be derived",
            )),
            None => Err(Stop::refused(
                Refusal::TooManyAttempts,
                "too many proofs to check",
            )),
        }
    }

    /// Where the client goes, now that its proof is right: as was foreseen, if that still holds.
    async fn authorise(&mut self) -> Result<Way, Stop> {
        let (app, foreseen) = (&self.shared.app, self.foreseen.take());
        let Some(login) = &self.login else {
            return Err(Stop::refused(Refusal::WrongPassword, "no login"));
        };
        let foreseen = match foreseen {
            Some(way) if app.still_admits(login, &way.admission) => return Ok(way),
            foreseen => foreseen,
        };
        let admitted = timeout(STORE, app.admit_connection(login, &self.request))
            .await
            .map_err(|_| slow())?;
        match admitted {
            Ok(admission) => {
                let way = Way::new(admission, &self.startup.parameters);
                Ok(match foreseen {
                    Some(foreseen) => way.with_reserved_of(foreseen),
                    None => way,
                })
            }
            Err(refusal @ (Refusal::HandleChanged | Refusal::HostChanged)) => {
                let change = Box::pin(stored(app.explain_names(login, &self.request))).await?;
                Err(match change {
                    Some(change) => Stop::answered(refusal, Fatal::explained(&change), "an old name"),
                    None => Stop::refused(refusal, "an old name"),
                })
            }
            Err(refusal) => Err(Stop::refused(refusal, "not admitted")),
        }
    }

    /// From here on it is ended with the others of its account; what ended them meanwhile ends it too.
    async fn count(&self, admission: &Admission) -> Result<(OpenConnection, ConnectionPlace), Stop> {
        let place = self.shared.app.enter_connection(admission, self.peer());
        let place = place.map_err(|refusal| Stop::refused(refusal, "a limit is reached"))?;
        let app = &self.shared.app;
        let arrival = self.request.arrival(app.now());
        let open = timeout(STORE, app.open_connection(admission, arrival))
            .await
            .map_err(|_| slow())?
            .map_err(|refusal| Stop::refused(refusal, "not counted"))?;
        Ok((open, place))
    }

    /// Enters and records it. A backend that hangs up while the right to it ends is no fault of the backend.
    async fn enter(&self, way: &mut Way, open: &OpenConnection) -> Result<Session, Stop> {
        let session = tokio::select! {
            biased;
            () = open.end().cancelled() => Err(Stop::refused(Refusal::EndedMeanwhile, "while it entered")),
            session = entry::enter(self.shared, way) => session,
        }?;
        let recorded = self
            .shared
            .app
            .record_connection_open(&way.admission, &self.request);
        recorded.map_err(unavailable)?;
        Ok(session)
    }

    /// Tells the client that it is in: one write, so that until here each failure is a clean error at startup.
    async fn welcome(
        &mut self,
        server_final: &str,
        admission: Admission,
        session: Session,
        (open, place): (OpenConnection, ConnectionPlace),
    ) -> Result<Entered, Stop> {
        let Session {
            stream: backend,
            welcome,
            warmth,
        } = session;
        let logged = self.shared.app.log_connection(&admission, &self.request);
        let target = welcome.key.map(|key| Target {
            address: Arc::new(admission.backend.address),
            key,
        });
        let registration = target.clone().map(|target| self.register(target));
        let mut out = BytesMut::new();
        put_authentication(&mut out, authentication::SASL_FINAL, server_final.as_bytes());
        put_authentication(&mut out, authentication::OK, b"");
        out.extend_from_slice(&welcome.notices);
        if let Some(registration) = &registration {
            registration.key.put_backend_key_data(&mut out);
        }
        out.extend_from_slice(&welcome.ready);
        self.send(&out).await?;
        Ok(Entered {
            backend,
            ready: welcome.ready,
            target,
            open,
            _place: place,
            _logged: logged,
            registration,
            warmth,
        })
    }

    fn register(&self, target: Target) -> Registration {
        let random = self.shared.app.random();
        self.shared.cancels.register(random, self.startup.version, target)
    }

    async fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        let sending = async {
            self.stream.write_all(octets).await?;
            self.stream.flush().await
        };
        within(Instant::now() + READY, sending).await
    }

    /// Records the refusal and answers it. A wrong password and an unknown user are answered after the same time, which
    /// does not depend on what there was to look up or to record.
    pub(super) async fn refuse(mut self, refused: Refused, place: Place, line: &mut Line) {
        let Refused {
            refusal,
            answer,
            detail,
        } = refused;
        self.foreseen = None;
        let answer = answer.unwrap_or_else(|| Fatal::of(&refusal, &self.request));
        line.refused(&answer, &format!("{}: {detail}", refusal.as_str()));
        let answer_at = self.proof_at.unwrap_or_else(Instant::now) + self.delay();
        let app = &self.shared.app;
        if let Err(error) = app.record_connection_refusal(self.login.as_ref(), &self.request, &refusal) {
            tracing::error!(
                connection.id = %self.request.connection_id,
                error = &error as &dyn std::error::Error,
                "a refused connection was not recorded"
            );
        }
        // Who only waits for the answer keeps nobody from a handshake.
        let Some(_seat) = place.wait() else { return };
        if refusal == Refusal::WrongPassword {
            sleep_until(answer_at).await;
        }
        close(&mut self.stream, Some(answer.encode())).await;
    }

    fn delay(&self) -> Duration {
        let [jitter] = self.shared.app.random().bytes();
        self.shared.settings.refusal_delay + Duration::from_millis(u64::from(jitter) * JITTER_MS / 255)
    }
}

/// While the client thinks of its proof: asks for what counts when the proof is right, and reserves the session that
/// waits for whoever is meant. Both are as if nobody had asked when the proof is wrong.
async fn foresee(
    shared: &Shared,
    login: &DatabaseLogin,
    request: &ConnectionRequest,
    parameters: &[u8],
) -> Option<Way> {
    let foreseen = async {
        shared.app.foresee_connection(login, request).await;
        shared.app.admit_connection(login, request).await.ok()
    };
    let admission = timeout(STORE, foreseen).await.ok()??;
    Some(Way::new(admission, parameters).reserve(shared))
}

/// The account of `user`, or the lack of one. Strangers are looked up a few at once, so that a crowd of them does not
/// stand before others in the store's line.
async fn look_up(shared: &Shared, user: &str, is_known: bool, hides: bool) -> Result<DatabaseLogin, Stop> {
    let turn = match is_known {
        true => None,
        false => timeout(STORE, shared.strangers.acquire())
            .await
            .map_err(|_| slow())?
            .ok(),
    };
    let challenge_at = Instant::now() + shared.settings.challenge_delay;
    let login = stored(shared.app.find_database_login(user)).await;
    drop(turn);
    if hides {
        sleep_until(challenge_at).await;
    }
    login
}

/// An answer of the account store, or the refusal for want of one.
async fn stored<T>(answer: impl Future<Output = Result<T, app::Error>>) -> Result<T, Stop> {
    match timeout(STORE, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(unavailable(error)),
        Err(_) => Err(slow()),
    }
}

fn slow() -> Stop {
    Stop::refused(Refusal::Unavailable, "the account store is slow")
}

fn unavailable(error: app::Error) -> Stop {
    Stop::refused(Refusal::Unavailable, error.to_string())
}

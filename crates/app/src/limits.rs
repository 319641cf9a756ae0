//! Rate limits: what a stranger can make us do, and how often.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, clock::Clock as _};
use model::{UserId, prefix::subscriber};

use crate::{Actor, App, Error, LimitSettings, Result};

pub(crate) struct Limits {
    sign_in_ip: DefaultKeyedRateLimiter<IpAddr>,
    sign_in_email: DefaultKeyedRateLimiter<(IpAddr, String)>,
    sign_in_email_everywhere: DefaultKeyedRateLimiter<String>,
    code_user: DefaultKeyedRateLimiter<UserId>,
    cli_login_ip: DefaultKeyedRateLimiter<IpAddr>,
    handle_ip: DefaultKeyedRateLimiter<IpAddr>,
    identity_ip: DefaultKeyedRateLimiter<IpAddr>,
    failure_ip: DefaultKeyedRateLimiter<IpAddr>,
    revocation_ip: DefaultKeyedRateLimiter<IpAddr>,
    connection_ip: DefaultKeyedRateLimiter<IpAddr>,
    new_network: DefaultKeyedRateLimiter<IpAddr>,
    new_networks: DefaultDirectRateLimiter,
    answer_ip: DefaultKeyedRateLimiter<IpAddr>,
    answers: DefaultDirectRateLimiter,
    connection_failure: DefaultKeyedRateLimiter<(IpAddr, String)>,
    unknown_name: DefaultKeyedRateLimiter<IpAddr>,
    unknown_names: DefaultDirectRateLimiter,
    refusal: DefaultKeyedRateLimiter<UserId>,
    avatar: DefaultKeyedRateLimiter<UserId>,
    attachment: DefaultKeyedRateLimiter<UserId>,
    access: DefaultKeyedRateLimiter<UserId>,
    blocked: Mutex<HashMap<(IpAddr, String), Instant>>,
    request_ip: Option<DefaultKeyedRateLimiter<IpAddr>>,
    request_account: Option<DefaultKeyedRateLimiter<UserId>>,
}

/// What becomes of a connection to the gateway before a word of it is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionAttempt {
    /// It is heard.
    Allowed,
    /// Its network connects too often; it is told so.
    Throttled,
    /// Its network was told often enough: the connection is closed without a word, so that it costs next to nothing.
    Flood,
}

/// Records a minute of refused names that nobody has, from one network.
const UNKNOWN_NAME_RECORDS: u32 = 30;
/// Records a minute of refused connections in one account's log.
const REFUSAL_RECORDS: u32 = 120;
/// How many times the mails that one network may ask for an address may be asked for by all networks together, and how
/// many times its records of names that nobody has all of them may leave.
const EVERYWHERE: u32 = 5;
/// Avatars that one account uploads or has fetched in an hour: each costs a second of a processor.
const AVATARS_PER_HOUR: u32 = 20;
/// Servers that one account has us connect to in an hour: each answer says what listens where.
const ATTACHMENTS_PER_HOUR: u32 = 30;
/// Accesses that one account gives in an hour: each is a mail to somebody else.
const ACCESSES_PER_HOUR: u32 = 200;
/// What part of the attempts from all networks from which nobody came in before one of them may make.
const NEW_NETWORK: u32 = 10;
/// Attempts that such a network may make at once: a pool that opens for the first time.
const NEW_NETWORK_BURST: u32 = 100;
/// How often in a minute one network is told that it tries to connect too often, and all new ones together; a second's
/// worth at once.
const ANSWERS_PER_NETWORK: u32 = 600;
const ANSWERS: u32 = 6000;
/// How long a handle is refused from an address after too many failures.
const BLOCK: Duration = Duration::from_secs(60);
/// Blocks kept at most; beyond it the per-address limit alone holds.
const MOST_BLOCKS: usize = 100_000;

fn per_minute(count: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
}

/// `count` a minute, of which `burst` at once.
fn evenly(count: u32, burst: u32) -> Quota {
    per_minute(count).allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
}

fn per_hour(count: u32) -> Quota {
    Quota::per_hour(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
}

/// A limiter of `count` a minute, or none.
fn optional<K: Hash + Eq + Clone>(count: u32) -> Option<DefaultKeyedRateLimiter<K>> {
    (count > 0).then(|| DefaultKeyedRateLimiter::keyed(per_minute(count)))
}

fn check<K: Hash + Eq + Clone>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<()> {
    limiter.check_key(key).map_err(|not_until| {
        let wait = not_until.wait_time_from(governor::clock::DefaultClock::default().now());
        Error::RateLimited {
            after_seconds: wait.as_secs() + 1,
        }
    })
}

impl Limits {
    pub(crate) fn new(settings: &LimitSettings) -> Self {
        Self {
            sign_in_ip: DefaultKeyedRateLimiter::keyed(per_minute(settings.sign_ins_per_ip)),
            sign_in_email: DefaultKeyedRateLimiter::keyed(per_hour(settings.sign_ins_per_email_per_hour)),
            sign_in_email_everywhere: DefaultKeyedRateLimiter::keyed(per_hour(
                settings.sign_ins_per_email_per_hour.saturating_mul(EVERYWHERE),
            )),
            code_user: DefaultKeyedRateLimiter::keyed(per_hour(settings.codes_per_user_per_hour)),
            cli_login_ip: DefaultKeyedRateLimiter::keyed(per_minute(settings.cli_logins_per_ip)),
            handle_ip: DefaultKeyedRateLimiter::keyed(per_minute(settings.handles_per_ip)),
            identity_ip: DefaultKeyedRateLimiter::keyed(per_minute(settings.identities_per_ip)),
            failure_ip: DefaultKeyedRateLimiter::keyed(per_minute(settings.failures_per_ip)),
            revocation_ip: DefaultKeyedRateLimiter::keyed(per_minute(settings.revocations_per_ip)),
            connection_ip: DefaultKeyedRateLimiter::keyed(per_minute(settings.connections_per_ip)),
            new_network: DefaultKeyedRateLimiter::keyed(evenly(
                settings.connections_from_new_networks / NEW_NETWORK,
                NEW_NETWORK_BURST.min(settings.connections_from_new_networks),
            )),
            // A second's worth at once.
            new_networks: DefaultDirectRateLimiter::direct(evenly(
                settings.connections_from_new_networks,
                settings.connections_from_new_networks / 60,
            )),
            answer_ip: DefaultKeyedRateLimiter::keyed(evenly(ANSWERS_PER_NETWORK, ANSWERS_PER_NETWORK / 60)),
            answers: DefaultDirectRateLimiter::direct(evenly(ANSWERS, ANSWERS / 60)),
            connection_failure: DefaultKeyedRateLimiter::keyed(per_minute(
                settings.connection_failures_per_handle,
            )),
            unknown_name: DefaultKeyedRateLimiter::keyed(per_minute(UNKNOWN_NAME_RECORDS)),
            unknown_names: DefaultDirectRateLimiter::direct(per_minute(UNKNOWN_NAME_RECORDS * EVERYWHERE)),
            refusal: DefaultKeyedRateLimiter::keyed(per_minute(REFUSAL_RECORDS)),
            avatar: DefaultKeyedRateLimiter::keyed(per_hour(AVATARS_PER_HOUR)),
            attachment: DefaultKeyedRateLimiter::keyed(per_hour(ATTACHMENTS_PER_HOUR)),
            access: DefaultKeyedRateLimiter::keyed(per_hour(ACCESSES_PER_HOUR)),
            blocked: Mutex::default(),
            request_ip: optional(settings.requests_per_ip),
            request_account: optional(settings.requests_per_account),
        }
    }

    /// A sign-in mail asked for by `ip`, to the address with `email_key`; the same for known and unknown ones.
    pub(crate) fn sign_in(&self, ip: IpAddr, email_key: &str) -> Result<()> {
        let from = subscriber(ip);
        check(&self.sign_in_ip, &from)?;
        check(&self.sign_in_email, &(from, email_key.to_owned()))?;
        check(&self.sign_in_email_everywhere, &email_key.to_owned())
    }

    /// A mail with a code that `user` asks for at `ip`.
    pub(crate) fn code(&self, ip: IpAddr, user: UserId) -> Result<()> {
        check(&self.sign_in_ip, &subscriber(ip))?;
        check(&self.code_user, &user)
    }

    /// A server that `user` has us connect to.
    pub(crate) fn attachment(&self, user: UserId) -> Result<()> {
        check(&self.attachment, &user)
    }

    /// A guess at a link or code.
    pub(crate) fn guess(&self, ip: IpAddr) -> Result<()> {
        check(&self.failure_ip, &subscriber(ip))
    }

    /// A command line that asks to be let in.
    pub(crate) fn cli_login(&self, ip: IpAddr) -> Result<()> {
        check(&self.cli_login_ip, &subscriber(ip))
    }

    /// A report of leaked credentials.
    pub(crate) fn revocation(&self, ip: IpAddr) -> Result<()> {
        check(&self.revocation_ip, &subscriber(ip))
    }

    /// A question whether a handle is free: by asking, or by claiming it.
    pub(crate) fn handle(&self, ip: IpAddr) -> Result<()> {
        check(&self.handle_ip, &subscriber(ip))
    }

    /// A look at somebody else's public name: by a stranger, or in a list.
    pub(crate) fn identity(&self, ip: IpAddr) -> Result<()> {
        check(&self.identity_ip, &subscriber(ip))
    }

    /// Counts a connection from `ip` to the gateway. `is_known`: somebody came in from there before. All the others share
    /// a number of attempts, so that who guesses from many networks takes nothing from the people who work here.
    pub(crate) fn connection(&self, ip: IpAddr, is_known: bool) -> ConnectionAttempt {
        let ip = subscriber(ip);
        let is_allowed = self.connection_ip.check_key(&ip).is_ok()
            && (is_known || self.new_network.check_key(&ip).is_ok() && self.new_networks.check().is_ok());
        let is_told = || self.answer_ip.check_key(&ip).is_ok() && (is_known || self.answers.check().is_ok());
        match is_allowed {
            true => ConnectionAttempt::Allowed,
            false if is_told() => ConnectionAttempt::Throttled,
            false => ConnectionAttempt::Flood,
        }
    }

    /// Whether `handle` is refused from `ip` for now, because too many logins as it failed from there.
    pub(crate) fn is_blocked(&self, ip: IpAddr, handle: &str) -> bool {
        let blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        let until = blocked.get(&(subscriber(ip), handle.to_owned()));
        until.is_some_and(|until| *until > Instant::now())
    }

    /// Whether the refusal of a name that nobody has is recorded, or only logged.
    pub(crate) fn unknown_name_record(&self, ip: IpAddr) -> bool {
        self.unknown_name.check_key(&subscriber(ip)).is_ok() && self.unknown_names.check().is_ok()
    }

    /// Whether the refusal of a connection of `user` is recorded, or only logged.
    pub(crate) fn refusal_record(&self, user: UserId) -> bool {
        self.refusal.check_key(&user).is_ok()
    }

    /// An avatar that `user` uploads or asks to be fetched.
    pub(crate) fn avatar(&self, user: UserId) -> Result<()> {
        check(&self.avatar, &user)
    }

    /// Somebody whom `user` lets into a workspace.
    pub(crate) fn access(&self, user: UserId) -> Result<()> {
        check(&self.access, &user)
    }

    /// Counts a database login that failed. After too many, this handle is refused from this address for a minute:
    /// per handle *and* address, so that no stranger can lock a person out.
    pub(crate) fn connection_failed(&self, ip: IpAddr, handle: &str) {
        let key = (subscriber(ip), handle.to_owned());
        if self.connection_failure.check_key(&key).is_err() {
            let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
            if blocked.len() < MOST_BLOCKS {
                tracing::warn!(network = %key.0, handle = ?key.1, "too many failed logins: refused for a minute");
                blocked.insert(key, Instant::now() + BLOCK);
            }
        }
    }

    /// Forgets keys that are at rest, so that memory stays bounded by what happens in an hour.
    pub(crate) fn forget_idle(&self) {
        self.sign_in_ip.retain_recent();
        self.sign_in_email.retain_recent();
        self.sign_in_email_everywhere.retain_recent();
        self.code_user.retain_recent();
        self.cli_login_ip.retain_recent();
        self.handle_ip.retain_recent();
        self.identity_ip.retain_recent();
        self.failure_ip.retain_recent();
        self.revocation_ip.retain_recent();
        self.connection_ip.retain_recent();
        self.new_network.retain_recent();
        self.answer_ip.retain_recent();
        self.connection_failure.retain_recent();
        self.unknown_name.retain_recent();
        self.refusal.retain_recent();
        self.request_ip
            .iter()
            .for_each(DefaultKeyedRateLimiter::retain_recent);
        self.request_account
            .iter()
            .for_each(DefaultKeyedRateLimiter::retain_recent);
        self.avatar.retain_recent();
        self.access.retain_recent();
        self.attachment.retain_recent();
        let now = Instant::now();
        self.blocked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, until| *until > now);
    }
}

impl App {
    /// Counts a request to console or API, whoever sends it.
    pub fn admit_request(&self, ip: IpAddr) -> Result<()> {
        match &self.0.limits.request_ip {
            Some(limiter) => check(limiter, &subscriber(ip)),
            None => Ok(()),
        }
    }

    /// Counts a request of somebody who is known by now.
    pub fn admit_request_of(&self, actor: &Actor) -> Result<()> {
        match &self.0.limits.request_account {
            Some(limiter) => check(limiter, &actor.id()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_one_key() {
        let a: IpAddr = "2001:db8::1".parse().unwrap();
        let b: IpAddr = "2001:db8::ffff".parse().unwrap();
        assert_eq!(subscriber(a), subscriber(b));
        assert_eq!(
            subscriber("::ffff:10.0.0.1".parse().unwrap()),
            "10.0.0.1".parse::<IpAddr>().unwrap()
        );
    }

    #[test]
    fn new_networks_share_what_they_may_try_and_known_ones_do_not_notice() {
        let limits = Limits::new(&LimitSettings {
            connections_from_new_networks: 1200,
            ..LimitSettings::default()
        });
        let is_allowed = |ip, is_known| limits.connection(ip, is_known) == ConnectionAttempt::Allowed;
        let strangers = (0..200u8).map(|n| IpAddr::from([10, 0, n, 1]));
        let tried = strangers.filter(|ip| is_allowed(*ip, false)).count();
        assert!((20..40).contains(&tried), "a second's worth: {tried}");
        let people = IpAddr::from([192, 0, 2, 1]);
        assert!(!is_allowed(people, false));
        assert!((0..200).all(|_| is_allowed(people, true)));

        let limits = Limits::new(&LimitSettings {
            connections_from_new_networks: 600_000,
            ..LimitSettings::default()
        });
        let is_allowed = |ip, is_known| limits.connection(ip, is_known) == ConnectionAttempt::Allowed;
        let tried = (0..1000).filter(|_| is_allowed(people, false)).count();
        assert!((100..300).contains(&tried), "one of them has its share: {tried}");
        assert!(is_allowed(IpAddr::from([10, 0, 0, 1]), false));
    }

    #[test]
    fn a_flood_is_told_so_a_few_times() {
        let limits = Limits::new(&LimitSettings {
            connections_from_new_networks: 0,
            connections_per_ip: 1,
            ..LimitSettings::default()
        });
        let told = |ip, is_known| {
            let all = (0..200).map(|_| limits.connection(ip, is_known));
            all.filter(|attempt| *attempt == ConnectionAttempt::Throttled)
                .count()
        };
        let strangers: usize = (0..100u8).map(|n| told(IpAddr::from([10, 0, n, 1]), false)).sum();
        assert!(
            (100..200).contains(&strangers),
            "all of them together: {strangers}"
        );
        let people = told(IpAddr::from([192, 0, 2, 1]), true);
        assert!(
            (10..30).contains(&people),
            "who is known is told for itself: {people}"
        );
    }

    #[test]
    fn guesses_from_everywhere_leave_few_records() {
        let limits = Limits::new(&LimitSettings::default());
        let networks = (0..200u8).map(|n| IpAddr::from([10, 0, n, 1]));
        let recorded = networks
            .flat_map(|ip| std::iter::repeat_n(ip, 10))
            .filter(|ip| limits.unknown_name_record(*ip))
            .count();
        assert!((150..160).contains(&recorded), "{recorded}");
    }

    #[test]
    fn a_burst_ends_with_a_time_to_wait() {
        let limits = Limits::new(&LimitSettings {
            sign_ins_per_ip: 2,
            ..LimitSettings::default()
        });
        let ip: IpAddr = "10.0.0.1".parse().unwrap();
        assert!(limits.sign_in(ip, "a").is_ok() && limits.sign_in(ip, "b").is_ok());
        assert!(matches!(
            limits.sign_in(ip, "c"),
            Err(Error::RateLimited {
                after_seconds: 1..=31
            })
        ));
        assert!(limits.sign_in("10.0.0.2".parse().unwrap(), "c").is_ok());
    }

    #[test]
    fn a_stranger_cannot_keep_a_person_out() {
        let limits = Limits::new(&LimitSettings {
            sign_ins_per_ip: 1000,
            sign_ins_per_email_per_hour: 2,
            ..LimitSettings::default()
        });
        let (stranger, person) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        for _ in 0..50 {
            let _ = limits.sign_in(stranger, "ana");
        }
        assert!(limits.sign_in(stranger, "ana").is_err());
        assert!(limits.sign_in(person, "ana").is_ok(), "from elsewhere it goes on");
        // But a mailbox is not filled from everywhere.
        let ips = (3..100).map(|n| IpAddr::from([10, 0, 0, n]));
        let sent = ips.filter(|ip| limits.sign_in(*ip, "ana").is_ok()).count();
        assert_eq!(sent, 7, "ten in all, three of which are gone");
    }
}

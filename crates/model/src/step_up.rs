//! Stepping up: a signed-in person confirms by a code from a mail that it is still them.

/// How long a code works: 10 minutes (ASVS 6.5.5).
pub const LIFETIME_SECONDS: i64 = 10 * 60;
/// How old a code may be when somebody asks again and no new mail is sent, so that it works long enough to be typed.
pub const REUSE_SECONDS: i64 = 5 * 60;
/// How many wrong codes end the session, however many mails were sent: who holds a stolen cookie alone gets 15 guesses
/// at a million.
pub const SESSION_TRIES: i64 = 15;
/// How long a request waits for its code: the form's answer is kept in the page, sealed.
pub const WAIT_SECONDS: i64 = 30 * 60;

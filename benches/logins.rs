//! Good logins while somebody guesses: what `scripts/bad-logins` runs. Bad ones are sent at a fixed rate from many
//! addresses of loopback, whether they are answered or not; a good one, from an address of its own, is made every few
//! milliseconds, by a driver that checks the server's proof, and timed, in turns: without bad ones, with them, and while
//! they go to a sink that resets each connection at once. The last says what attacker and system take from a good login
//! where all share the processors, whatever the gateway does. The attacker is a process of its own and as nice as can be:
//! on a network it would not take the server's processors.
//!   logins GATEWAY USER PASSWORD DATABASE RATE SECONDS NETWORKS USER_TO_GUESS
//!   logins attack GATEWAY RATE NETWORKS USER_TO_GUESS
//!   logins sink

#![expect(clippy::print_stdout, reason = "figures are what it is run for")]

use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    runtime::{Builder, Runtime},
    time::{interval, sleep, timeout},
};
use tokio_postgres::NoTls;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const WARM_UP: Duration = Duration::from_secs(1);
/// How long it is quiet, and how long there is an attack, in turns.
const TURN: Duration = Duration::from_secs(2);

/// How bad logins ended.
#[derive(Default)]
struct Seen {
    sent: AtomicU64,
    wrong_password: AtomicU64,
    throttled: AtomicU64,
    closed: AtomicU64,
}

async fn connect(gateway: SocketAddr, from: Ipv4Addr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((from, 0).into())?;
    Ok(socket.connect(gateway).await?)
}

fn message(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(0);
    [b"p", &length.to_be_bytes()[..], body].concat()
}

async fn read(stream: &mut TcpStream) -> Result<(u8, Vec<u8>)> {
    let kind = stream.read_u8().await?;
    let mut body = vec![0; (stream.read_u32().await? as usize).saturating_sub(4)];
    stream.read_exact(&mut body).await?;
    Ok((kind, body))
}

/// One guess; the SQLSTATE that it got.
async fn guess(gateway: SocketAddr, from: Ipv4Addr, user: &str) -> Result<String> {
    let mut stream = connect(gateway, from).await?;
    let pairs = format!("user\0{user}\0database\0a1b2c3\0\0");
    let length = u32::try_from(pairs.len() + 8)?;
    let startup = [
        &length.to_be_bytes()[..],
        &(3_u32 << 16).to_be_bytes(),
        pairs.as_bytes(),
    ]
    .concat();
    stream.write_all(&startup).await?;
    let (kind, mut body) = read(&mut stream).await?;
    if kind == b'R' {
        let first = b"n,,n=,r=clients";
        let length = u32::try_from(first.len())?.to_be_bytes();
        stream
            .write_all(&message(&[b"SCRAM-SHA-256\0", &length[..], first].concat()))
            .await?;
        let (_, challenge) = read(&mut stream).await?;
        let challenge = String::from_utf8_lossy(&challenge).into_owned();
        let nonce = challenge
            .split(',')
            .find_map(|part| part.split_once("r="))
            .map_or("", |(_, nonce)| nonce);
        let last = format!("c=biws,r={nonce},p={}=", "A".repeat(43));
        stream.write_all(&message(last.as_bytes())).await?;
        (_, body) = read(&mut stream).await?;
    }
    let text = String::from_utf8_lossy(&body).into_owned();
    Ok(text
        .split('\0')
        .find_map(|field| field.strip_prefix('C'))
        .unwrap_or_default()
        .to_owned())
}

impl Seen {
    /// Sent, wrong password, throttled, closed, and what had no answer yet.
    fn numbers(&self) -> [u64; 5] {
        let [sent, wrong, throttled, closed] =
            [&self.sent, &self.wrong_password, &self.throttled, &self.closed]
                .map(|count| count.load(Relaxed));
        let unanswered = sent.saturating_sub(wrong + throttled + closed);
        [sent, wrong, throttled, closed, unanswered]
    }
}

/// Guesses at `rate` a second until `end`.
async fn attack(
    gateway: SocketAddr,
    rate: u64,
    networks: u64,
    user: Option<String>,
    end: Instant,
    seen: Arc<Seen>,
) {
    let begun = Instant::now();
    let mut ticks = interval(Duration::from_millis(2));
    while Instant::now() < end {
        ticks.tick().await;
        let due = begun.elapsed().as_micros() as u64 * rate / 1_000_000;
        while seen.sent.load(Relaxed) < due {
            let number = seen.sent.fetch_add(1, Relaxed);
            let network = number % networks;
            let from = Ipv4Addr::new(127, 1, (network / 250) as u8, (network % 250 + 1) as u8);
            let user = user.clone().unwrap_or_else(|| format!("guess-{number}"));
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let outcome = match guess(gateway, from, &user).await {
                    Ok(state) if state == "28P01" => &seen.wrong_password,
                    Ok(state) if state == "53300" => &seen.throttled,
                    _ => &seen.closed,
                };
                outcome.fetch_add(1, Relaxed);
            });
        }
    }
}

/// How good logins went.
#[derive(Default)]
struct Times {
    /// Milliseconds of each.
    good: Vec<f64>,
    failed: u64,
}

impl Times {
    fn add(&mut self, other: Self) {
        self.good.extend(other.good);
        self.failed += other.failed;
    }

    /// Once they are sorted.
    fn quantile(&self, part: f64) -> f64 {
        let at = (self.good.len() as f64 * part) as usize;
        let at = at.min(self.good.len().saturating_sub(1));
        self.good.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// Good logins until `end`, one after the other.
fn work(gateway: SocketAddr, arguments: &[String], end: Instant) -> Result<Times> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(log_in(gateway, arguments, end)))
}

async fn log_in(gateway: SocketAddr, arguments: &[String], end: Instant) -> Times {
    let mut config = tokio_postgres::Config::new();
    if let [user, password, database] = arguments {
        config.user(user).password(password).dbname(database);
    }
    let mut times = Times::default();
    while Instant::now() < end {
        let begun = Instant::now();
        let login = async {
            let stream = connect(gateway, Ipv4Addr::new(127, 0, 0, 1)).await?;
            let (client, connection) = config.connect_raw(stream, NoTls).await?;
            let driven = tokio::spawn(connection);
            let took = begun.elapsed();
            client.simple_query("SELECT 1").await?;
            drop(client);
            let _ = driven.await;
            Result::Ok(took)
        };
        match timeout(Duration::from_secs(20), login).await {
            Ok(Ok(took)) => times.good.push(took.as_secs_f64() * 1000.0),
            _ => times.failed += 1,
        }
        sleep(Duration::from_millis(5)).await;
    }
    times
}

/// One turn of an attack by a process of its own.
fn start_attack(arguments: [&str; 4]) -> Result<Child> {
    let attacker = Command::new("nice")
        .args(["-n", "19"])
        .arg(std::env::current_exe()?)
        .arg("attack")
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()?;
    Ok(attacker)
}

/// Attacks for one turn, and prints what came of it.
fn attack_once(arguments: &[String]) -> Result<()> {
    let [gateway, rate, networks, guessed] = arguments else {
        return Err("attack GATEWAY RATE NETWORKS USER_TO_GUESS".into());
    };
    let (gateway, rate, networks) = (gateway.parse()?, rate.parse()?, networks.parse()?);
    let user = (guessed != "-").then(|| guessed.clone());
    let seen = Arc::new(Seen::default());
    let end = Instant::now() + TURN;
    Runtime::new()?.block_on(attack(gateway, rate, networks, user, end, Arc::clone(&seen)));
    println!("{}", seen.numbers().map(|number| number.to_string()).join(" "));
    Ok(())
}

/// A process to which bad logins can go instead, and where it listens.
fn start_sink() -> Result<(Child, String)> {
    let mut sink = Command::new(std::env::current_exe()?)
        .arg("sink")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut address = String::new();
    if let Some(out) = sink.stdout.take() {
        BufReader::new(out).read_line(&mut address)?;
    }
    Ok((sink, address.trim().to_owned()))
}

/// Resets whatever connects.
fn sink() -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let listener = socket.listen(1024)?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            let _ = stream.set_zero_linger();
        }
    })
}

/// Three kinds of turns, one after the other, so that whatever else the machine does meanwhile falls on all.
fn compare(gateway: &str, good: &[String], seconds: &str, bad: [&str; 3]) -> Result<()> {
    let address: SocketAddr = gateway.parse()?;
    let turns = (seconds.parse::<u64>()? / TURN.as_secs()).max(1);
    let (mut sink, sink_address) = start_sink()?;
    work(address, good, Instant::now() + WARM_UP)?;
    let mut kinds = [
        ("quiet", None, Times::default(), [0; 5]),
        ("attacked", Some(gateway), Times::default(), [0; 5]),
        ("sink attacked", Some(&*sink_address), Times::default(), [0; 5]),
    ];
    for _ in 0..turns {
        for (_, victim, times, seen) in &mut kinds {
            let [rate, networks, guessed] = bad;
            let attacker = victim.map(|victim| start_attack([victim, rate, networks, guessed]));
            times.add(work(address, good, Instant::now() + TURN)?);
            let Some(attacker) = attacker else { continue };
            let said = String::from_utf8(attacker?.wait_with_output()?.stdout)?;
            for (sum, number) in seen.iter_mut().zip(said.split_whitespace()) {
                *sum += number.parse::<u64>()?;
            }
        }
    }
    sink.kill()?;
    sink.wait()?;
    let seconds = TURN.as_secs_f64() * turns as f64;
    for (name, _, times, [sent, wrong_password, throttled, closed, unanswered]) in &mut kinds {
        times.good.sort_by(f64::total_cmp);
        println!(
            "{name:>13}: {} good logins ({} failed)   p50 {:.1} ms   p90 {:.1} ms   p99 {:.1} ms",
            times.good.len(),
            times.failed,
            times.quantile(0.5),
            times.quantile(0.9),
            times.quantile(0.99),
        );
        if *sent > 0 {
            println!(
                "{:>15}{:.0} bad logins/s, of {sent}: {wrong_password} wrong password, {throttled} throttled, {closed} \
                 closed, {unanswered} unanswered at the end",
                "",
                *sent as f64 / seconds,
            );
        }
    }
    let [quiet, attacked, aside] = kinds.map(|(_, _, times, _)| times.quantile(0.99));
    println!(
        "p99, attacked to quiet: {:.2}   with the sink attacked to quiet: {:.2}",
        attacked / quiet,
        aside / quiet
    );
    Ok(())
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|one| !one.starts_with("--"))
        .collect();
    match arguments.as_slice() {
        [first] if first == "sink" => sink(),
        [first, rest @ ..] if first == "attack" => attack_once(rest),
        [gateway, good @ .., rate, seconds, networks, guessed] => {
            compare(gateway, good, seconds, [rate, networks, guessed])
        }
        _ => Ok(()),
    }
}

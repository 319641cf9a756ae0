//! How many connections there may be, and how often somebody may fail: told to who has too many, and no stranger's doing
//! for anyone else.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use testkit::{both_engines, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    time::timeout,
};

use super::{
    proxy::{PROXY, header},
    wire::{Wire, attempt, startup},
    world::{Owner, Session, World, refusal},
};

const PATIENCE: Duration = Duration::from_secs(30);
const HERE: [u8; 4] = [127, 0, 0, 1];
const ELSEWHERE: [u8; 4] = [127, 0, 0, 2];

/// What a client at `address` is told of so many connections.
async fn told(world: &World, address: [u8; 4], owner: &Owner) -> String {
    let refused = Session::open_from(address, b"", world.app.addresses().gateway, owner).await;
    let (state, said) = refusal(refused);
    assert_eq!(state, "53300");
    said
}

/// A session of `owner` from `address`.
async fn open(world: &World, address: [u8; 4], owner: &Owner) -> Session {
    let opened = Session::open_from(address, b"", world.app.addresses().gateway, owner).await;
    opened.expect("a session")
}

/// A connection that is closed has its place for a moment more.
async fn is_let_in_again(world: &World, address: [u8; 4], owner: &Owner) -> Session {
    let gateway = world.app.addresses().gateway;
    until("the place comes back", PATIENCE, async || {
        Session::open_from(address, b"", gateway, owner).await.ok()
    })
    .await
}

/// What comes back for `octets`; nothing where the connection is closed at once.
async fn answer(gateway: SocketAddr, address: [u8; 4], octets: &[u8]) -> String {
    let mut answer = Vec::new();
    // A reset may come before a word is said, and before connecting is over.
    let asking = async {
        let socket = TcpSocket::new_v4()?;
        socket.bind((address, 0).into())?;
        let mut stream = socket.connect(gateway).await?;
        stream.write_all(octets).await?;
        stream.read_to_end(&mut answer).await
    };
    let _ = timeout(PATIENCE, asking).await.expect("it is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

both_engines! {
    async fn one_account_has_so_many_connections(builder) {
        let builder = builder.configure(|config| config.gateway.connections_per_account = 2);
        let Some(world) = World::new(builder).await else { return };
        let bob = Owner::new(&world.app, "bob").await;
        let (one, two) = (open(&world, HERE, &world.owner).await, open(&world, ELSEWHERE, &world.owner).await);
        assert_eq!(told(&world, HERE, &world.owner).await, "too many connections for role \"ana\"");
        let others = open(&world, HERE, &bob).await;
        drop(one);
        let again = is_let_in_again(&world, HERE, &world.owner).await;
        for session in [&two, &others, &again] {
            assert_eq!(session.ask("SELECT 1").await.unwrap(), "1");
        }
    }

    async fn one_workspace_and_one_network_have_so_many(builder) {
        let builder = builder.configure(|config| {
            config.gateway.connections_per_workspace = 1;
            config.gateway.connections_per_ip = 2;
        });
        let Some(world) = World::new(builder).await else { return };
        let (bob, eve) = (Owner::new(&world.app, "bob").await, Owner::new(&world.app, "eve").await);
        let _one = open(&world, HERE, &world.owner).await;
        let database = world.owner.database();
        assert_eq!(told(&world, ELSEWHERE, &world.owner).await, format!("too many connections for database \"{database}\""));
        let two = open(&world, HERE, &bob).await;
        assert_eq!(told(&world, HERE, &eve).await, "too many connections from your address");
        let _three = open(&world, ELSEWHERE, &eve).await;
        drop(two);
        let _again = is_let_in_again(&world, HERE, &bob).await;
    }

    async fn in_all_there_are_so_many(builder) {
        let builder = builder.configure(|config| config.gateway.connections = 2);
        let Some(world) = World::new(builder).await else { return };
        let bob = Owner::new(&world.app, "bob").await;
        let _kept = (open(&world, HERE, &world.owner).await, open(&world, HERE, &bob).await);
        assert_eq!(told(&world, ELSEWHERE, &bob).await, "sorry, too many clients already");
    }

    async fn guessing_ends_and_locks_nobody_out(builder) {
        let builder = builder.configure(|config| config.limits.connection_failures_per_handle = 3);
        let Some(world) = World::new(builder).await else { return };
        let gateway = world.app.addresses().gateway;
        for user in ["ana", "nobody"] {
            for _ in 0..4 {
                let seen = attempt(gateway, user).await.error;
                assert!(seen.windows(6).any(|part| part == b"C28P01"), "{}", String::from_utf8_lossy(&seen));
            }
            // What is counted is counted while the client waits for its answer.
            let refused = until("it is refused", PATIENCE, async || {
                let mut wire = Wire::connect(gateway).await;
                wire.send(&startup(&[("user", user)])).await;
                let (kind, body) = wire.message().await;
                (kind == b'E').then_some(body)
            })
            .await;
            let said = String::from_utf8_lossy(&refused);
            assert!(said.contains("C53300") && said.contains("HWait a minute"), "before any challenge: {said}");
        }
        // The right password does not help there, and nobody else notices: not she elsewhere, and not others here.
        assert_eq!(refusal(world.try_connect(world.owner.database(), &world.owner.password).await).0, "53300");
        let elsewhere = open(&world, ELSEWHERE, &world.owner).await;
        assert_eq!(elsewhere.ask("SELECT 1").await.unwrap(), "1");
        let bob = Owner::new(&world.app, "bob").await;
        assert_eq!(open(&world, HERE, &bob).await.ask("SELECT 1").await.unwrap(), "1");
    }

    async fn a_flood_is_not_listened_to_and_keeps_nobody_out(builder) {
        let builder = builder.configure(|config| {
            config.limits.connections_from_new_networks = 1;
            config.gateway.proxies = vec!["127.0.0.2".to_owned()];
        });
        let Some(world) = World::new(builder).await else { return };
        // The one connection that all new networks have in a minute; from here on she is known here.
        drop(open(&world, HERE, &world.owner).await);
        let gateway = world.app.addresses().gateway;
        let asked = startup(&[("user", "ana")]);
        let behind_proxy = [header([192, 0, 2, 7]), asked.clone()].concat();
        for (address, octets) in [([127, 0, 0, 3], asked), (PROXY, behind_proxy)] {
            // At once, so that there is no time for more answers.
            let all = join_all((0..100).map(|_| answer(gateway, address, &octets))).await;
            let told = all.iter().filter(|said| said.contains("C53300")).count();
            let unheard = all.iter().filter(|said| said.is_empty()).count();
            assert!(told >= 5, "a client that only tries too often reads why: {told}");
            assert!(unheard >= 5, "a flood is closed: {unheard}");
        }
        for _ in 0..20 {
            let session = open(&world, HERE, &world.owner).await;
            assert_eq!(session.ask("SELECT 1").await.unwrap(), "1");
        }
    }
}

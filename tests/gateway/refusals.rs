//! Who is not let in, and what they are told: enough for the one who has the password, nothing for anybody else.

use testkit::{Binary, Psql, both_engines};

use super::{
    open_psql::OpenPsql,
    wire::{Attempt, SSL_REQUEST, Wire, attempt, packet, password, startup},
    world::{Owner, World, refusal},
};

/// The whole message on the wire, for somebody called `user`.
fn wrong_password(user: &str) -> Vec<u8> {
    let hint = "The user name is your handle, and the password that of Settings, Profile. Copy the connection string from the workspace's page.";
    let fields =
        format!("SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"{user}\"\0H{hint}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    [b"E", &length.to_be_bytes()[..], fields.as_bytes()].concat()
}

both_engines! {
    async fn an_unknown_user_and_a_wrong_password_look_the_same(builder) {
        let app = builder.start().await;
        app.create_user("ana").await;
        app.create_user("off").await;
        app.app().admin_set_user_active("off", false).await.unwrap();
        let gateway = app.addresses().gateway;
        let mut salts = Vec::new();
        for user in ["ana", "off", "eve", "root", "Not A Handle", "ana", "off", "eve"] {
            let seen = attempt(gateway, user).await;
            assert_eq!(seen.error, wrong_password(user), "{}", String::from_utf8_lossy(&seen.error));
            assert_eq!((seen.iterations.as_str(), seen.salt.len()), ("4096", 24), "{user}");
            assert_eq!(seen.mechanisms, b"SCRAM-SHA-256\0\0", "neither MD5 nor a password in clear");
            salts.push(seen.salt);
        }
        assert_eq!(salts[..3], salts[5..], "a name keeps its salt");
        let distinct: std::collections::BTreeSet<_> = salts.iter().collect();
        assert_eq!(distinct.len(), 5, "each name has its own: {salts:?}");
    }

    async fn passwords_in_clear_and_md5_are_not_taken(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let real = app.password(&app.bearer(&ana).await, &ana).await;
        for answer in [format!("{real}\0"), "md5d41d8cd98f00b204e9800998ecf8427e\0".to_owned()] {
            let mut wire = Wire::connect(app.addresses().gateway).await;
            wire.send(&startup(&[("user", "ana")])).await;
            assert_eq!(wire.message().await.0, b'R');
            wire.send(&password(answer.as_bytes())).await;
            let rest = wire.rest().await;
            assert!(rest.starts_with(b"E") && rest.windows(6).any(|part| part == b"C08P01"), "{rest:?}");
        }
    }

    async fn databases_that_are_not_there_and_not_yours_are_one_answer(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Owner::new(&world.app, "bob").await;
        let second = world.app.create_workspace(&world.owner.bearer, &world.owner.person, "second").await;
        let second = second["database_name"].as_str().unwrap().to_owned();
        let own = world.owner.database().to_owned();

        for database in [bob.database(), "nowhere", "postgres", "template1", "ana", "standpipe"] {
            let refused = refusal(world.try_connect(database, &world.owner.password).await);
            assert_eq!(refused, ("3D000".to_owned(), format!("database \"{database}\" does not exist")));
        }
        let by_host = world.by_host().url;
        let to = |host: &str, database: &str| {
            let url = by_host.replace("@ana-dev.", &format!("@{host}.")).replace(&format!("/{own}?"), &format!("/{database}?"));
            Psql::new(url)
        };
        for (host, database) in [
            ("ana-dev", bob.database()),
            ("ana-dev", second.as_str()),
            ("ana-second", own.as_str()),
            ("bob-dev", own.as_str()),
            ("bob-dev", bob.database()),
            ("bob-dev", "postgres"),
            ("ana-nowhere", "postgres"),
            ("ana-nowhere", own.as_str()),
            ("nobody", own.as_str()),
        ] {
            let refused = to(host, database).run("SELECT 1").await;
            let said = format!("FATAL:  database \"{database}\" does not exist");
            assert!(!refused.ok && refused.err.contains(&said), "{host} {database}: {}", refused.err);
        }
        assert_eq!(to("ana-second", "postgres").run("SELECT current_database()").await.rows(), second);

        // Deleted: gone for new connections at once, and for open ones when its database is dropped.
        let session = world.connect().await;
        let mut psql = OpenPsql::start(&world.by_host());
        assert_eq!(psql.ask("SELECT 1;").await, "1");
        world.owner.bearer.delete("/api/latest/user/ana/workspace/dev").await.with_status(204);
        let refused = refusal(world.try_connect(&own, &world.owner.password).await);
        assert_eq!(refused.0, "3D000");
        let refused = world.by_host().run("SELECT 1").await;
        assert!(refused.err.contains(&format!("database \"{own}\" does not exist")), "{}", refused.err);
        assert_eq!(session.ended().await, "57P01");
        assert!(psql.ended().await.starts_with("57P01"));
    }

    async fn whose_handle_is_the_name_of_anothers_database_comes_in_by_their_host(builder) {
        let Some(mut world) = World::new(builder).await else { return };
        let theirs = world.owner.database().to_owned();
        world.owner = Owner::new(&world.app, &theirs).await;
        let own = world.owner.database().to_owned();
        // psql asks for a database by the user's name.
        let url = world.by_host().url.replace(&format!("/{own}?"), "/?");
        assert_eq!(Psql::new(url).run("SELECT current_database()").await.rows(), own);
    }

    async fn only_who_has_the_password_learns_of_a_suspension(builder) {
        let Some(world) = World::new(builder).await else { return };
        world.app.app().admin_set_user_active("ana", false).await.unwrap();
        let database = world.owner.database();
        let (state, said) = refusal(world.try_connect(database, &world.owner.password).await);
        assert_eq!((state.as_str(), said.as_str()), ("28000", "account is suspended"));
        assert_eq!(refusal(world.try_connect("nowhere", &world.owner.password).await).0, "28000");
        assert_eq!(refusal(world.try_connect(database, "wrong").await).0, "28P01");
        let refused = world.by_host().run("SELECT 1").await;
        assert!(refused.err.contains("account is suspended"), "{}", refused.err);
        world.app.app().admin_set_user_active("ana", true).await.unwrap();
        assert_eq!(world.by_host().run("SELECT 1").await.rows(), "1");
    }

    async fn replication_is_refused(builder) {
        let Some(world) = World::new(builder).await else { return };
        for value in ["true", "on", "1", "database"] {
            let refused = Psql::new(format!("{}&replication={value}", world.by_name().url)).run("IDENTIFY_SYSTEM").await;
            assert!(!refused.ok && refused.err.contains("replication connections are not supported"), "{}", refused.err);
        }
        let plain = Psql::new(format!("{}&replication=false", world.by_name().url));
        assert_eq!(plain.run("SELECT 1").await.rows(), "1");
    }

    async fn strangers_get_no_word(builder) {
        let app = builder.start().await;
        let strangers: [&[u8]; 7] = [
            b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"\0\0\0\0\0\0\0\0\0\0\0\0",
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x7f\xff\xff\xff\0\x03\0\0user\0ana\0\0",
            // CancelRequest with a key that nobody has.
            b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x07\0\0\0\x07",
        ];
        for octets in strangers {
            let mut wire = Wire::connect(app.addresses().gateway).await;
            wire.send(octets).await;
            assert_eq!(wire.rest().await, b"", "{}", String::from_utf8_lossy(octets));
        }
    }

    async fn what_is_sent_behind_the_request_for_tls_never_counts(builder) {
        let app = builder.start().await;
        let mut wire = Wire::connect(app.addresses().gateway).await;
        let injected = [packet(SSL_REQUEST, b""), startup(&[("user", "eve"), ("database", "a1b2c3")])].concat();
        wire.send(&injected).await;
        let answer = wire.rest().await;
        // `S`, and at most an alert of TLS.
        assert_eq!(answer.first(), Some(&b'S'));
        assert!(answer.get(1).is_none_or(|octet| *octet == 0x15) && answer.len() <= 8, "{answer:?}");

        let mut asked_twice = Wire::connect(app.addresses().gateway).await;
        asked_twice.send(&packet(SSL_REQUEST, b"")).await;
        asked_twice.send(&packet(SSL_REQUEST, b"")).await;
        let answer = asked_twice.rest().await;
        assert!(answer.first() == Some(&b'S') && answer.len() <= 8, "{answer:?}");
    }
}

async fn salts(binary: &Binary) -> Vec<Attempt> {
    let running = binary.serve();
    let mut seen = Vec::new();
    for user in ["ana", "eve"] {
        seen.push(attempt(running.addresses.gateway, user).await);
    }
    running.stop();
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_does_not_tell_who_is_known() {
    let binary = Binary::new(env!("CARGO_BIN_EXE_standpipe"));
    binary.ok(&["admin", "user", "create", "ana", "--email", "ana@example.com"]);
    let before = salts(&binary).await;
    assert_eq!(salts(&binary).await, before);
    // With another master key the mocks are others: they hang on nothing that a stranger can know.
    let other = Binary::new(env!("CARGO_BIN_EXE_standpipe"));
    assert_ne!(salts(&other).await[1].salt, before[1].salt);
}

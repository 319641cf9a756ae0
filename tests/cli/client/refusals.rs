//! What a client says when it cannot do what it should: what is wrong, and what to do.

use super::{World, binary};

#[test]
fn a_wrong_token_is_told_with_the_way_out() {
    let world = World::new().with_token();
    let world = World {
        binary: world.binary.env("STANDPIPE_TOKEN", "tpt_nonsense"),
        ..world
    };
    let said = world.fails(&["token", "list"]);
    assert!(
        said.starts_with("standpipe: ") && said.contains("standpipe login") && !said.contains("nonsense"),
        "{said}"
    );
}

#[test]
fn a_server_that_is_not_there() {
    let world = World::new().with_token();
    let said = world.fails(&["whoami", "--host", "http://localhost:1"]);
    assert!(
        said.contains("cannot reach http://localhost:1") && said.contains("--host or STANDPIPE_HOST"),
        "{said}"
    );
    // Something else that answers.
    let metrics = world.running.addresses.gateway.port();
    assert!(
        world
            .fails(&["whoami", "--host", &format!("http://localhost:{metrics}")])
            .contains("cannot reach")
    );
}

#[test]
fn a_certificate_that_nobody_vouches_for() {
    let world = World::new().with_token();
    let host = format!("localhost:{}", world.running.addresses.https.unwrap().port());
    let ca = world.binary.data_dir().join("tls/ca.pem");
    // On the server's own machine its authority is found by itself.
    assert_eq!(
        world.ok(&["whoami", "--host", &host]),
        format!("ana at https://{host}")
    );

    let World { binary, running } = world;
    let world = World {
        binary: binary.env("STANDPIPE_DATA_DIR", "/nowhere"),
        running,
    };
    let said = world.fails(&["whoami", "--host", &host]);
    assert!(said.contains("--ca FILE"), "{said}");
    world.ok(&["whoami", "--host", &host, "--ca", ca.to_str().unwrap()]);

    // Another installation's authority does not help, and a file without any says so.
    let other = super::binary();
    other.serve();
    let foreign = other.data_dir().join("tls/ca.pem");
    assert!(
        world
            .fails(&["whoami", "--host", &host, "--ca", foreign.to_str().unwrap()])
            .contains("--ca FILE")
    );
    let key = world.binary.directory().join("empty.pem");
    std::fs::write(&key, "nothing").unwrap();
    assert!(
        world
            .fails(&["whoami", "--host", &host, "--ca", key.to_str().unwrap()])
            .contains("no PEM certificate")
    );
    assert!(
        world
            .fails(&["whoami", "--host", &host, "--ca", "missing.pem"])
            .contains("cannot read missing.pem")
    );
}

#[test]
fn a_token_never_travels_in_clear() {
    let binary = binary().env("STANDPIPE_TOKEN", "tpt_x");
    assert!(
        binary
            .fails(1, &["whoami", "--host", "http://standpipe.example.com"])
            .contains("use https://")
    );
    for host in ["https://h/path", "h/", "ftp://h", "https://me:pw@h"] {
        let said = binary.fails(1, &["whoami", "--host", host]);
        assert!(
            host == "h/" || said.contains("write HOST[:PORT] or a URL"),
            "{said}"
        );
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let binary = binary();
    for arguments in [
        &["token"][..],
        &["token", "create", "extra"],
        &["workspace", "query"],
        &["whoami", "--nonsense"],
    ] {
        assert!(binary.fails(2, arguments).contains("Usage:"), "{arguments:?}");
    }
    assert!(!binary.data_dir().exists(), "nothing was made");
}

#[test]
fn no_colours_where_nobody_looks() {
    let world = World::new().with_token();
    for arguments in [&["token", "list"][..], &["profile", "show"], &["audit"]] {
        assert!(!world.ok(arguments).contains('\u{1b}'), "{arguments:?}");
    }
}

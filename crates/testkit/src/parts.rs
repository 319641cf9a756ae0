//! The parts of a machine that tests need. A missing one fails a test by its name, unless the run was told to go
//! without it (`STANDPIPE_TEST_WITHOUT=browser,…`): then the test ends early, and says so.

use std::path::PathBuf;

/// A part, the program that shows that it is there, and what to install.
const PARTS: &[(&str, &str, &str)] = &[
    ("browser", "chromium", "chromium and chromium-driver"),
    ("browser", "chromedriver", "chromium and chromium-driver"),
    ("psql", "psql", "postgresql-client"),
    ("postgres", "postgres", "postgresql"),
    ("curl", "curl", "curl"),
    ("openssl", "openssl", "openssl"),
    ("dns", "dig", "bind9-dnsutils"),
    ("resolver", "unbound", "unbound"),
    ("go", "go", "golang-go and golang-github-lib-pq-dev"),
    ("mta", "postfix", "postfix"),
    ("node", "node", "nodejs"),
    ("python", "python3", "python3 and python3-venv"),
    (
        "java",
        "javac",
        "default-jdk-headless and libpostgresql-jdbc-java",
    ),
];

/// Whether the test can go on with `part`. False where the run goes without it.
///
/// # Panics
/// Where it is missing and nobody said to go without.
pub fn has(part: &str) -> bool {
    let without = std::env::var("STANDPIPE_TEST_WITHOUT").unwrap_or_default();
    if without.split(',').any(|name| name.trim() == part) {
        eprintln!("went without {part}, as STANDPIPE_TEST_WITHOUT says");
        return false;
    }
    for (_, program, package) in PARTS.iter().filter(|(name, ..)| *name == part) {
        assert!(
            find(program).is_some(),
            "{part}: {program} is missing; install {package}, or set STANDPIPE_TEST_WITHOUT={part}"
        );
    }
    true
}

/// Where `scripts/drivers` put the drivers of other languages.
///
/// # Panics
/// Where they are not there.
pub fn driver_directory() -> PathBuf {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let cache = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let directory = variable("STANDPIPE_TEST_DRIVERS").or_else(|| Some(cache()?.join("standpipe/drivers")));
    let directory = directory.expect("a home directory");
    assert!(
        directory.is_dir(),
        "the drivers are missing; run `scripts/drivers`, or the tests by `make test`"
    );
    directory
}

/// Where `program` is: in `PATH`, where distributions keep PostgreSQL's, or where they keep servers.
pub fn find(program: &str) -> Option<PathBuf> {
    let postgres = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    standpipe::ambient::search_path()
        .into_iter()
        .chain(postgres.map(|version| version.path().join("bin")))
        .chain([PathBuf::from("/usr/sbin")])
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

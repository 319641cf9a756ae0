//! Addresses that nobody may be sent to. What needs a server is tested through the front door, in `tests/api`.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustls::RootCertStore;

use super::*;
use crate::{Resolved, is_public};

/// The internet, in which every name is at `at`; and how often a name was looked up.
fn internet(at: &[&str]) -> (Network, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let at: Vec<SocketAddr> = at
        .iter()
        .map(|ip| SocketAddr::new(ip.parse().unwrap(), 443))
        .collect();
    let resolve = move |_| -> Resolved {
        counted.fetch_add(1, Ordering::SeqCst);
        let at = at.clone();
        Box::pin(async move { Ok::<_, io::Error>(at) })
    };
    (Network::new(resolve, is_public, RootCertStore::empty()), asked)
}

#[tokio::test]
async fn addresses_inside_are_refused_in_every_spelling() {
    let (network, asked) = internet(&[]);
    for url in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://%31%32%37.0.0.1/",
        "https://１２７.０.０.１/",
        "https://0/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/",
        "https://192.168.0.1/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::127.0.0.1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://[ff02::1]/",
        // And what is no address of ours to fetch, wherever it leads.
        "http://1.1.1.1/",
        "https://1.1.1.1:8443/",
        "https://ana:secret@1.1.1.1/",
        "ftp://1.1.1.1/",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
    ] {
        let url = Url::parse(url).unwrap();
        assert_eq!(network.fetch(&url).await, Err(FetchError::Unreached), "{url}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0, "none of them was even looked up");
}

#[tokio::test]
async fn a_name_with_one_address_inside_is_refused() {
    let url = Url::parse("https://pictures.example/a.png").unwrap();
    for at in [
        &["127.0.0.1"][..],
        &["1.1.1.1", "10.0.0.1"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &[],
    ] {
        let (network, asked) = internet(at);
        assert_eq!(network.fetch(&url).await, Err(FetchError::Unreached), "{at:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{at:?}");
    }
}

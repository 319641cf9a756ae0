//! Behind a proxy that speaks the PROXY protocol: the client is who it says, for nobody but the operator's proxies.

use testkit::both_engines;

use super::{
    wire::{Wire, startup},
    world::{Session, World, refusal},
};

pub(super) const PROXY: [u8; 4] = [127, 0, 0, 2];
const HERE: [u8; 4] = [127, 0, 0, 1];

/// The header for a client at `ip`.
pub(super) fn header(ip: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend(ip);
    header.extend([10, 0, 0, 9, 0x13, 0x88, 0x23, 0xe9]);
    header
}

both_engines! {
    async fn the_client_behind_a_proxy_is_who_counts(builder) {
        let builder = builder.configure(|config| {
            config.gateway.proxies = vec!["127.0.0.2".to_owned()];
            config.gateway.connections_per_ip = 1;
        });
        let Some(world) = World::new(builder).await else { return };
        let gateway = world.app.addresses().gateway;
        let from = async |ip: [u8; 4]| Session::open_from(PROXY, &header(ip), gateway, &world.owner).await;
        let (one, two) = (from([192, 0, 2, 7]).await.unwrap(), from([192, 0, 2, 8]).await.unwrap());
        assert_eq!(one.ask("SELECT 1").await.unwrap(), two.ask("SELECT 1").await.unwrap());
        assert_eq!(refusal(from([192, 0, 2, 7]).await).1, "too many connections from your address");
        let ips: Vec<_> = world.owner.connections().await.iter().map(|record| record["actor_ip"].clone()).collect();
        assert_eq!(ips, ["192.0.2.7", "192.0.2.8", "192.0.2.7"]);
        // A proxy that looks whether we live speaks for itself.
        let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
        let itself = Session::open_from(PROXY, local, gateway, &world.owner).await;
        assert_eq!(itself.unwrap().ask("SELECT 1").await.unwrap(), "1");
    }

    async fn nobody_else_says_who_they_are_and_a_proxy_must(builder) {
        let app = builder.configure(|config| config.gateway.proxies = vec!["127.0.0.2/32".to_owned()]).start().await;
        let (gateway, asked) = (app.addresses().gateway, startup(&[("user", "ana")]));
        let with_header = [header([192, 0, 2, 7]), asked.clone()].concat();
        for (address, octets) in [(HERE, &with_header), (PROXY, &asked), (PROXY, &with_header[1..].to_vec())] {
            let mut wire = Wire::connect_from(address, gateway).await;
            wire.send(octets).await;
            assert_eq!(wire.rest().await, b"", "{address:?}");
        }
        for (address, octets) in [(HERE, &asked), (PROXY, &with_header)] {
            let mut wire = Wire::connect_from(address, gateway).await;
            wire.send(octets).await;
            assert_eq!(wire.message().await.0, b'R');
        }
    }
}

//! Whoever comes in while access is taken back is out afterwards.

use std::time::Duration;

use serde_json::json;
use testkit::both_engines;
use tokio::time::timeout;

use super::{
    super::world::{World, state},
    Guest, MEMBERS, SOON,
};

const ROUNDS: usize = 200;

both_engines! {
    async fn no_connection_outlives_its_access(builder) {
        let Some(world) = World::new(builder).await else { return };
        let bob = Guest::new(&world.app, "bob").await;
        let (mut opened, mut refused, mut ends) = (0, 0, Vec::new());
        for round in 0..ROUNDS {
            world.share(&bob, if round % 2 == 0 { "reader" } else { "operator" }).await;
            // A login takes some milliseconds; the end meets it at another place each time.
            let delay = Duration::from_micros(u64::try_from(round).unwrap() * 300 % 30_000);
            let take_back = async {
                tokio::time::sleep(delay).await;
                world.owner.bearer.delete(&bob.path()).await.with_status(200);
            };
            let (session, ()) = tokio::join!(bob.connect(&world), take_back);
            match session {
                Ok(session) => {
                    opened += 1;
                    ends.push(tokio::spawn(async move { timeout(SOON, session.ended()).await }));
                }
                Err(error) => {
                    refused += 1;
                    assert!(["3D000", "57P01", "57P03", "42501"].contains(&state(&error).as_str()), "{error:?}");
                }
            }
        }
        for end in ends {
            assert_eq!(end.await.unwrap().expect("a connection is left open"), "57P01");
        }
        assert!(opened > 0 && refused > 0, "{opened} opened, {refused} refused: they never met");
        assert_eq!(world.owner.bearer.get(MEMBERS).await.json()["items"], json!([]));
    }
}

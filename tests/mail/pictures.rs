//! Pictures of every mail, light and dark, wide and on a phone, in `target/tmp/mails`.

use std::{collections::BTreeMap, path::PathBuf};

use testkit::{Engine, TestApp};

use super::{
    everything::{self, Life, Post},
    sink::Sink,
};
use crate::console::window::Window;

const SCREENS: [(u32, &str); 2] = [(760, "wide"), (390, "phone")];

fn directory() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mails");
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// Every kind of mail: its HTML and its text.
async fn mails() -> Option<(TestApp, BTreeMap<String, (String, String)>)> {
    let sink = Sink::start().await?;
    let app = everything::server(sink.serves(TestApp::builder(Engine::Sqlite)))
        .start()
        .await;
    let mut post = Post::server(sink);
    Life::lead_to_its_end(&app, &mut post, "ana").await;
    let taken = post.rest().await;
    let part = |mail: &serde_json::Value, kind: &str| mail["parts"][kind].as_str().unwrap().to_owned();
    let mails = taken.iter().map(|mail| {
        let kind = mail["headers"]["X-Standpipe-Kind"].as_str().unwrap();
        (
            kind.to_owned(),
            (part(mail, "text/html"), part(mail, "text/plain")),
        )
    });
    Some((app, mails.collect()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mail_fits_its_screen() {
    let Some((app, mails)) = mails().await else {
        return;
    };
    let Some(window) = Window::open(&app).await else {
        return;
    };
    for (kind, (html, text)) in &mails {
        let file = directory().join(format!("{kind}.html"));
        std::fs::write(&file, html).unwrap();
        std::fs::write(directory().join(format!("{kind}.txt")), text).unwrap();
        window.show(&format!("file://{}", file.display())).await;
        for (width, screen) in SCREENS {
            for (dark, scheme) in [(false, "light"), (true, "dark")] {
                window.screen(width, 600, 1.0, dark).await;
                let tall = "return Math.max(600, document.documentElement.scrollHeight)";
                let tall = window.run(tall).await.as_u64().unwrap();
                let tall = u32::try_from(tall).unwrap();
                window.screen(width, tall, 1.0, dark).await;
                let sideways = "return document.documentElement.scrollWidth - innerWidth";
                let sideways = window.run(sideways).await;
                assert!(
                    sideways.as_i64().unwrap() <= 0,
                    "{kind} scrolls sideways at {width}"
                );
                let loads = "return performance.getEntriesByType('resource').length";
                assert_eq!(window.run(loads).await, 0, "{kind} loads something");
                let name = format!("{kind}-{screen}-{scheme}.png");
                window.picture(&directory().join(name)).await;
            }
        }
    }
    window.quit().await;
}

//! Avatars by their address on the web: fetched once, by a worker, and never from the inside (security A.5).
//!
//! In these tests 127.0.0.2 plays the internet: it is the one address that a fetch may connect to. 127.0.0.1 is the
//! inside, where a server listens that must never see anyone.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use app::Network;
use serde_json::{Value, json};
use testkit::{Bearer, Builder, Engine, TestApp, WebHost, WebPage, both_engines, until};

use super::avatar::{colour, path, png};

const OUTSIDE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));
const INSIDE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const UNREACHED: &str = "Nothing could be fetched from this address. It must be an https address that anyone on the \
                         internet can open without signing in.";
const PATIENCE: Duration = Duration::from_secs(20);

/// What a name resolves to, look-up by look-up; the last answer stays.
type Names = Arc<Mutex<HashMap<String, Vec<Vec<SocketAddr>>>>>;

/// A small internet, and the inside next to it.
struct World {
    outside: WebHost,
    inside: WebHost,
    names: Names,
}

impl World {
    async fn start() -> Self {
        let names = [
            "pictures.example",
            "rebinding.example",
            "two-faced.example",
            "inside.example",
        ];
        let outside = WebHost::start(OUTSIDE, &names, page).await;
        let inside = WebHost::start(INSIDE, &names, |_| WebPage::picture("image/png", &png([6, 6, 6]))).await;
        let (out, into) = (outside.address, inside.address);
        let known = [
            ("pictures.example", vec![vec![out]]),
            ("inside.example", vec![vec![into]]),
            ("two-faced.example", vec![vec![out, into]]),
            ("rebinding.example", vec![vec![out], vec![into]]),
            // Nobody listens there.
            ("closed.example", vec![vec![SocketAddr::new(OUTSIDE, 1)]]),
            // Somebody else's certificate.
            ("impostor.example", vec![vec![out]]),
        ];
        let known = known.map(|(name, answers)| (name.to_owned(), answers));
        Self {
            outside,
            inside,
            names: Arc::new(Mutex::new(known.into())),
        }
    }

    /// The network that `builder`'s server has.
    fn network(&self) -> Network {
        let names = self.names.clone();
        let resolve = move |name: String| {
            let mut names = names.lock().unwrap();
            let answers = names.get_mut(&name);
            let found = answers.map(|answers| match answers.len() {
                1 => answers[0].clone(),
                _ => answers.remove(0),
            });
            let found = found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound));
            Box::pin(async move { found }) as _
        };
        let roots = WebHost::roots(&[&self.outside, &self.inside]);
        Network::new(resolve, |ip| ip == OUTSIDE, roots).with_patience(Duration::from_millis(1500))
    }
}

/// The pages of the outside.
fn page(path: &str) -> WebPage {
    let to = |place: &str| WebPage::bare(&format!("302 Found\r\nLocation: {place}"));
    match path {
        "/me.png" | "/me.png?token=hush" => WebPage::picture("image/png", &png([10, 200, 10])),
        "/called-text" => WebPage::picture("text/html", &png([10, 10, 200])),
        "/called-picture" => WebPage::picture("image/png", b"<!doctype html><script>1</script>"),
        "/svg" => WebPage::picture("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        "/moved" => to("/me.png"),
        "/moved-away" => to("https://inside.example/"),
        "/moved-to-loopback" => to("https://127.0.0.1/"),
        "/moved-to-mapped" => to("https://[::ffff:127.0.0.1]/"),
        "/moved-to-metadata" => to("https://169.254.169.254/latest/meta-data/"),
        "/moved-to-plain" => to("http://pictures.example/me.png"),
        "/moved-to-port" => to("https://pictures.example:8443/me.png"),
        "/moved-to-file" => to("file:///etc/passwd"),
        "/again" => to("/again"),
        "/drip" => WebPage::Drip,
        "/endless" => WebPage::Endless,
        "/cut-off" => WebPage::CutOff,
        "/promises-10-gb" => WebPage::Whole(
            "200 OK\r\nContent-Length: 10737418240".to_owned(),
            vec![0; 2 << 20],
        ),
        _ => WebPage::bare("404 Not Found"),
    }
}

/// Asks for `url` to be the avatar of `handle`.
async fn ask(bearer: &Bearer, handle: &str, url: &str) {
    let update = json!({"avatar_url": url});
    bearer
        .patch(&format!("/api/v0/user/{handle}"), update)
        .await
        .with_status(200);
}

/// The newest process of `handle`, once it has ended.
async fn ended(bearer: &Bearer, handle: &str) -> Value {
    let list = format!("/api/v0/user/{handle}/process?limit=1");
    until("the fetch ends", PATIENCE, async || {
        let process = bearer.get(&list).await.with_status(200).json()["items"][0].clone();
        assert_eq!(process["type"], "user.avatar.fetch");
        matches!(process["state"].as_str(), Some("completed" | "failed")).then_some(process)
    })
    .await
}

both_engines! {
    async fn a_picture_on_the_web_is_fetched_once_and_served_from_here(builder) {
        let world = World::start().await;
        let app = builder.network(world.network()).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        ask(&bearer, "ana", "https://pictures.example/me.png?token=hush").await;
        let process = ended(&bearer, "ana").await;
        assert_eq!((process["state"].as_str(), process.get("state_reason")), (Some("completed"), None));

        let now = bearer.get("/api/v0/actor").await.json();
        assert!(now["avatar_url"].as_str().unwrap().contains("/api/v0/identity/u_"));
        for _ in 0..3 {
            let served = app.anonymous().get(&path(&now)).await.with_status(200);
            assert_eq!(colour(&served, 40), [10, 200, 10]);
        }
        assert_eq!(world.outside.connections(), 1, "once");

        // A client that sends the account back as it got it changes nothing.
        let url = now["avatar_url"].as_str().unwrap();
        ask(&bearer, "ana", url).await;
        assert_eq!(bearer.get("/api/v0/actor").await.json(), now);

        let log = bearer.get("/api/v0/user/ana/audit_log").await.json();
        let records: Vec<&Value> = log["items"].as_array().unwrap().iter()
            .filter(|row| row["action_type"].as_str().unwrap().starts_with("user.avatar")).collect();
        let (made, asked) = (records[0], records[1]);
        assert_eq!(records.len(), 2);
        assert_eq!((&asked["action_type"], &asked["actor_handle"]), (&json!("user.avatar.fetch"), &json!("ana")));
        assert_eq!((&made["action_type"], &made["actor_handle"]), (&json!("user.avatar.create"), &json!("system")));
        for record in records {
            assert_eq!(record["process_id"], process["id"]);
            assert_eq!(record["data"]["from"], "pictures.example/me.png", "without what may be a secret");
        }
    }

    async fn nobody_is_sent_inside(builder) {
        let world = World::start().await;
        let app = builder.network(world.network()).start().await;
        let inside = world.inside.address.port();
        // Each is refused in the same words, whether somebody is there or not.
        let refused = [
            "https://inside.example/",
            "https://two-faced.example/",
            "https://nobody.example/",
            "https://closed.example/",
            "https://impostor.example/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://localhost/",
            "https://pictures.example/moved-away",
            "https://pictures.example/moved-to-loopback",
            "https://pictures.example/moved-to-mapped",
            "https://pictures.example/moved-to-metadata",
            "https://pictures.example/moved-to-plain",
            "https://pictures.example/moved-to-port",
            "https://pictures.example/moved-to-file",
            "https://pictures.example/cut-off",
        ];
        let mut bearers = Vec::new();
        for (number, url) in refused.iter().enumerate() {
            let handle = format!("user{number}");
            let person = app.create_user(&handle).await;
            let bearer = app.bearer(&person).await;
            ask(&bearer, &handle, url).await;
            bearers.push((bearer, handle, url));
        }
        for (bearer, handle, url) in &bearers {
            let process = ended(bearer, handle).await;
            assert_eq!((&process["state"], &process["state_reason"]), (&json!("failed"), &json!(UNREACHED)), "{url}");
            let avatar = bearer.get("/api/v0/actor").await.json();
            assert!(!avatar["avatar_url"].as_str().unwrap().contains("?v="), "{url}");
        }
        // What cannot be right is refused before there is a process.
        let (bearer, handle, _) = &bearers[0];
        for url in [
            "http://pictures.example/me.png".to_owned(),
            "http://[::ffff:127.0.0.1]/".to_owned(),
            format!("https://127.0.0.1:{inside}/"),
            "https://ana:secret@pictures.example/me.png".to_owned(),
            "file:///etc/passwd".to_owned(),
            "gopher://127.0.0.1/".to_owned(),
        ] {
            let update = json!({"avatar_url": url});
            let error = bearer.patch(&format!("/api/v0/user/{handle}"), update).await.with_status(400).json();
            assert_eq!(error["validation_errors"][0]["location"], "avatar_url", "{url}");
        }
        assert_eq!(world.inside.connections(), 0, "the inside never saw anyone");
    }

    async fn a_name_that_changes_its_mind_gains_nothing(builder) {
        let world = World::start().await;
        let app = builder.network(world.network()).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        // Looked up once, and what was checked is what is connected to.
        ask(&bearer, "ana", "https://rebinding.example/me.png").await;
        assert_eq!(ended(&bearer, "ana").await["state"], "completed");
        assert_eq!(world.names.lock().unwrap()["rebinding.example"].len(), 1, "looked up once");
        // From now on it is inside.
        ask(&bearer, "ana", "https://rebinding.example/me.png").await;
        assert_eq!(ended(&bearer, "ana").await["state_reason"], UNREACHED);
        // Nor does it help to change it between two steps of one fetch.
        let (out, into) = (world.outside.address, world.inside.address);
        world.names.lock().unwrap().insert("rebinding.example".to_owned(), vec![vec![out], vec![into]]);
        ask(&bearer, "ana", "https://rebinding.example/moved").await;
        assert_eq!(ended(&bearer, "ana").await["state_reason"], UNREACHED);
        assert_eq!((world.inside.connections(), world.outside.connections()), (0, 2));
    }

    async fn what_comes_is_bounded_and_looked_at(builder) {
        let world = World::start().await;
        let app = builder.network(world.network()).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        for (path, words) in [
            ("/nothing", "answered 404"),
            ("/again", "leads on to others too often"),
            ("/drip", "did not arrive within"),
            ("/endless", "larger than 1 MB"),
            ("/promises-10-gb", "larger than 1 MB"),
            ("/called-picture", "PNG, JPEG, WebP or GIF"),
            ("/svg", "PNG, JPEG, WebP or GIF"),
        ] {
            ask(&bearer, "ana", &format!("https://pictures.example{path}")).await;
            let process = ended(&bearer, "ana").await;
            let reason = process["state_reason"].as_str().unwrap();
            assert!(process["state"] == "failed" && reason.contains(words), "{path}: {reason}");
        }
        // What it is called says nothing; it may lead on.
        for (place, expected) in [("/called-text", [10, 10, 200]), ("/moved", [10, 200, 10])] {
            ask(&bearer, "ana", &format!("https://pictures.example{place}")).await;
            assert_eq!(ended(&bearer, "ana").await["state"], "completed", "{place}");
            let now = bearer.get("/api/v0/actor").await.json();
            assert_eq!(colour(&app.anonymous().get(&path(&now)).await, 40), expected);
        }
    }

    async fn what_was_chosen_last_is_what_stays(builder) {
        let world = World::start().await;
        let app = builder.network(world.network()).start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        // While a slow one is under way the person uploads another.
        ask(&bearer, "ana", "https://pictures.example/drip").await;
        let form = testkit::FormData::picture(&png([250, 0, 0]));
        let uploaded = bearer.upload("/api/v0/user/ana/avatar", &form).await.with_status(201).json();
        let process = ended(&bearer, "ana").await;
        assert_eq!(process["state_reason"], "Another avatar was chosen meanwhile.");
        // A later one comes, and the upload before it goes.
        ask(&bearer, "ana", "https://pictures.example/me.png").await;
        assert_eq!(ended(&bearer, "ana").await["state"], "completed");
        assert_ne!(bearer.get("/api/v0/actor").await.json()["avatar_url"], uploaded["avatar_url"]);
        let reset = bearer.patch("/api/v0/user/ana", json!({"avatar_url": null})).await.with_status(200).json();
        assert!(!reset["avatar_url"].as_str().unwrap().contains("?v="));
    }
}

fn builder() -> Builder {
    TestApp::builder(Engine::Sqlite)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_shows_the_fetch_and_what_came_of_it() {
    let world = World::start().await;
    let mut app = builder().network(world.network()).start().await;
    let ana = app.create_user("ana").await;
    let (browser, bearer) = (app.signed_in(&ana).await, app.bearer(&ana).await);
    let (page, form) = ("/settings/profile", "/settings/profile/avatar");
    browser
        .submit(page, form, &[("avatar_url", "https://pictures.example/drip")])
        .await
        .with_status(303);
    let shown = browser.get(page).await.body;
    assert!(
        shown.contains("is being fetched") && shown.contains("Fetching the picture from"),
        "{shown}"
    );

    let process = ended(&bearer, "ana").await;
    let shown = browser.get(page).await.body;
    assert!(shown.contains("failed. The picture did not arrive within"));
    assert!(
        shown.contains("value=\"https://pictures.example/drip\""),
        "what was typed stays"
    );
    let own = format!("/activity/{}", process["id"].as_str().unwrap());
    let shown = browser.get(&own).await.with_status(200).body;
    assert!(shown.contains("Fetch avatar") && shown.contains("did not arrive within"));

    browser
        .submit(page, form, &[("avatar_url", "https://pictures.example/me.png")])
        .await
        .with_status(303);
    ended(&bearer, "ana").await;
    let shown = browser.get(page).await.body;
    assert!(shown.contains("Fetched from pictures.example just now.") && !shown.contains("did not arrive"));
    browser
        .submit(page, form, &[("avatar_url", "")])
        .await
        .with_status(303);
    assert!(browser.get(page).await.body.contains("Drawn from the id"));
}

//! Avatars by upload: what is taken, what is kept of it, how it is served, and Reset.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use serde_json::{Value, json};
use testkit::{Answer, Bearer, Engine, FormData, TestApp, both_engines};

const AVATAR: &str = "/api/v0/user/ana/avatar";

/// A picture of one colour.
pub(crate) fn png(colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(40, 40, Rgb(colour)));
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A photo as a telephone makes it: nearly 5 MB, with the place in its Exif segment.
fn photo() -> Vec<u8> {
    let mut seed = 1_u32;
    let photo = RgbImage::from_fn(2000, 1750, |_, _| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b, c, _] = seed.to_be_bytes();
        Rgb([a, b, c])
    });
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 80)
        .encode_image(&photo)
        .unwrap();
    // An Exif segment with one entry: GPSInfo, which stands for the place, and a canary behind it.
    let tiff = b"II*\0\x08\0\0\0\x01\0\x25\x88\x04\0\x01\0\0\0\x1a\0\0\0\0\0\0\0CANARY 52 31 12 N";
    let segment = [b"Exif\0\0".as_slice(), tiff].concat();
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &segment, &jpeg[2..]].concat()
}

/// The colour in the middle of a picture that was served, of `side` pixels.
#[track_caller]
pub(crate) fn colour(answer: &Answer, side: u32) -> [u8; 3] {
    assert_eq!(answer.header("content-type"), "image/webp");
    let picture = image::load_from_memory(&answer.bytes).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (side, side));
    picture.get_pixel(side / 2, side / 2).0
}

/// The path of a URL of this server.
pub(crate) fn path(url: &Value) -> String {
    let url = url["avatar_url"].as_str().unwrap();
    url[url.find("/api/").unwrap()..].to_owned()
}

async fn actions(bearer: &Bearer) -> Vec<String> {
    let log = bearer.get("/api/v0/user/ana/audit_log").await.json();
    let items = log["items"].as_array().unwrap().iter();
    items
        .map(|row| row["action_type"].as_str().unwrap().to_owned())
        .filter(|action| action.starts_with("user.avatar"))
        .collect()
}

both_engines! {
    async fn an_uploaded_picture_is_served_from_here_until_it_is_reset(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let before = bearer.get("/api/v0/actor").await.json();
        let generated = path(&before);
        let picture = app.anonymous().get(&generated).await.with_status(200);
        assert_eq!(picture.header("content-type"), "image/svg+xml");

        let form = FormData::picture(&png([200, 10, 10]));
        let made = bearer.upload(AVATAR, &form).await.with_status(201).json();
        let now = bearer.get("/api/latest/user/ana").await.json();
        assert_eq!(made, json!({"avatar_url": now["avatar_url"]}));
        let version = now["version_id"].as_i64().unwrap();
        let (id, base) = (now["id"].as_str().unwrap(), app.addresses().http.port());
        assert_eq!(now["avatar_url"], format!("http://localhost:{base}/api/v0/identity/{id}/avatar?v={version}"));

        // Anyone may see it, and keep it: its address has its version.
        let served = app.anonymous().get(&path(&now)).await.with_status(200);
        assert_eq!(colour(&served, 40), [200, 10, 10]);
        assert_eq!(served.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(served.header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(served.header("x-content-type-options"), "nosniff");
        assert_eq!(served.header("content-disposition"), "inline; filename=\"avatar.webp\"");
        assert_eq!(served.header("cross-origin-resource-policy"), "cross-origin");
        let again = app.anonymous().get_with(&path(&now), "if-none-match", served.header("etag")).await.with_status(304);
        assert!(again.bytes.is_empty() && again.header("etag") == served.header("etag"));
        for other in [format!("/api/latest/identity/{id}/avatar"), format!("/api/v0/identity/{id}/avatar?v=1")] {
            let answer = app.anonymous().get(&other).await.with_status(200);
            assert_eq!((answer.header("cache-control"), colour(&answer, 40)), ("public, no-cache", [200, 10, 10]));
        }

        // Another one has another address.
        let next = bearer.upload(AVATAR, &FormData::picture(&png([10, 200, 10]))).await.with_status(201).json();
        assert_ne!(path(&next), path(&now));
        assert_eq!(colour(&app.anonymous().get(&path(&next)).await, 40), [10, 200, 10]);

        let reset = bearer.delete(AVATAR).await.with_status(201).json();
        assert_eq!(path(&reset), generated);
        assert_eq!(app.anonymous().get(&generated).await.header("content-type"), "image/svg+xml");
        assert_eq!(app.anonymous().get(&path(&next)).await.header("content-type"), "image/svg+xml");
        // Twice is once.
        let version = bearer.get("/api/v0/actor").await.json()["version_id"].clone();
        bearer.delete(AVATAR).await.with_status(201);
        assert_eq!(bearer.get("/api/v0/actor").await.json()["version_id"], version);
        assert_eq!(actions(&bearer).await, ["user.avatar.delete", "user.avatar.create", "user.avatar.create"]);
    }

    async fn a_photo_of_5_mb_arrives_small_and_without_its_place(builder) {
        let app = builder.start().await;
        let ana = app.create_user("ana").await;
        let bearer = app.bearer(&ana).await;
        let photo = photo();
        assert!((4_500_000..5 * 1024 * 1024).contains(&photo.len()), "{}", photo.len());
        let form = FormData::default().file("anything", "IMG_0001.JPG", "image/jpeg", &photo);
        let made = bearer.upload(AVATAR, &form).await.with_status(201).json();
        let served = app.anonymous().get(&path(&made)).await.with_status(200);
        colour(&served, 256);
        for trace in ["CANARY", "Exif", "EXIF"] {
            assert!(!served.body.contains(trace), "{trace}");
        }
        assert!(served.bytes.len() < 260_000, "{}", served.bytes.len());
    }

    async fn what_is_refused_is_told_and_changes_nothing(builder) {
        let app = builder.start().await;
        let (ana, bob) = (app.create_user("ana").await, app.create_user("bob").await);
        let bearer = app.bearer(&ana).await;
        let before = bearer.get("/api/v0/actor").await.json();
        let good = png([1, 2, 3]);
        let mut bomb = good.clone();
        bomb[16..24].copy_from_slice(&[0, 0, 0xC3, 0x50, 0, 0, 0xC3, 0x50]);
        let crc = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc);
        let mut large = good.clone();
        large.resize(6 * 1024 * 1024, 0);
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
        for (what, bytes, words) in [
            ("an SVG", svg.as_slice(), "PNG, JPEG, WebP or GIF"),
            ("a page called a picture", b"<!doctype html>", "PNG, JPEG, WebP or GIF"),
            ("a bomb", &bomb, "4096 by 4096"),
            ("half a picture", &good[..good.len() / 2], "damaged or incomplete"),
            ("too many bytes", &large, "5 MB"),
            ("an empty file", b"", "Choose a picture"),
        ] {
            let error = bearer.upload(AVATAR, &FormData::picture(bytes)).await.with_status(400).json();
            assert!(error["detail"].as_str().unwrap().contains(words), "{what}: {error}");
            assert_eq!(error["validation_errors"][0]["location"], "avatar", "{what}");
        }
        // What Pipes' SDK sends: no boundary, no body. And other bodies that are no form.
        let whole = FormData::picture(&good).body();
        for (kind, body) in [
            ("multipart/form-data", Vec::new()),
            ("application/json", b"{}".to_vec()),
            ("multipart/form-data; boundary=other", whole.clone()),
            (FormData::content_type().as_str(), whole[..whole.len() - 40].to_vec()),
        ] {
            let error = bearer.post_as(AVATAR, kind, body).await.with_status(400).json();
            assert!(error["detail"].as_str().unwrap().contains("multipart/form-data"), "{kind}: {error}");
        }
        // Nor is anyone else's avatar there to be changed.
        let as_bob = app.bearer(&bob).await;
        as_bob.upload(AVATAR, &FormData::picture(&good)).await.with_status(404);
        as_bob.delete(AVATAR).await.with_status(404);
        app.anonymous().upload(AVATAR, &FormData::picture(&good)).await.with_status(401);
        assert_eq!(bearer.get("/api/v0/actor").await.json(), before);
        assert!(actions(&bearer).await.is_empty());
    }
}

/// The checksum of a chunk of a PNG (RFC 2083 §15).
fn crc(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                0xEDB8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            };
        }
    }
    (!crc).to_be_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_are_limited_per_account() {
    let app = TestApp::start(Engine::Sqlite).await;
    let (ana, bob) = (app.create_user("ana").await, app.create_user("bob").await);
    let (as_ana, as_bob) = (app.bearer(&ana).await, app.bearer(&bob).await);
    let form = FormData::picture(&png([1, 2, 3]));
    for _ in 0..20 {
        as_ana.upload(AVATAR, &form).await.with_status(201);
    }
    let refused = as_ana.upload(AVATAR, &form).await.with_status(429);
    assert!((1..=181).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    as_ana
        .patch(
            "/api/v0/user/ana",
            json!({"avatar_url": "https://example.com/a.png"}),
        )
        .await
        .with_status(429);
    as_bob
        .upload("/api/v0/user/bob/avatar", &form)
        .await
        .with_status(201);
    // What takes nothing is not limited.
    as_ana.delete(AVATAR).await.with_status(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_uploads_shows_and_resets_it() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let ana = app.create_user("ana").await;
    let browser = app.signed_in(&ana).await;
    let page = "/settings/profile";
    let upload = "/settings/profile/avatar/upload";
    let shown = browser.get(page).await;
    assert!(shown.body.contains("Drawn from the id"));

    browser
        .upload(page, upload, &png([9, 9, 250]))
        .await
        .with_status(303);
    let shown = browser.get(page).await;
    assert!(shown.body.contains("Avatar saved.") && shown.body.contains("Uploaded just now."));
    // In the bar, in the switcher, in the menu and in the card.
    let at = shown.body.find("/avatar?v=").unwrap();
    let version: String = shown.body[at + 10..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    assert_eq!(shown.body.matches(&format!("/avatar?v={version}\"")).count(), 4);

    // A refusal stands at the field, and so does the lack of a file.
    for (bytes, words) in [
        (b"<svg/>".as_slice(), "PNG, JPEG, WebP or GIF"),
        (b"", "Choose a picture first."),
    ] {
        let refused = browser.upload(page, upload, bytes).await.with_status(422);
        assert!(
            refused.body.contains("f-avatar-error") && refused.body.contains(words),
            "{words}"
        );
    }
    // A form of another session, or of none, changes nothing.
    for csrf in ["", "wrong"] {
        let form = FormData::default()
            .field("csrf", csrf)
            .file("avatar", "a", "image/png", &png([1, 1, 1]));
        browser.post_form_data(upload, &form).await.with_status(403);
    }
    browser
        .post_form_data(upload, &FormData::picture(&png([1, 1, 1])))
        .await
        .with_status(403);
    assert!(
        browser
            .get(page)
            .await
            .body
            .contains(&format!("/avatar?v={version}\""))
    );

    browser
        .submit(page, "/settings/profile/avatar/reset", &[])
        .await
        .with_status(303);
    let shown = browser.get(page).await;
    assert!(shown.body.contains("Drawn from the id") && !shown.body.contains("/avatar?v="));
}

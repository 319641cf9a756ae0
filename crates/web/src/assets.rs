//! The console's style sheet, script and pictures: embedded, named by their content, cached for ever.
//!
//! The style sheet and the script are written in parts that one can find by name, and served as one file each.

use std::{io::Write as _, sync::LazyLock};

use axum::{
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use crate::pages::AssetUrls;

/// The style sheet. Later parts build on earlier ones.
const CSS: &str = concat!(
    include_str!("../assets/css/colours.css"),
    include_str!("../assets/css/base.css"),
    include_str!("../assets/css/frame.css"),
    include_str!("../assets/css/controls.css"),
    include_str!("../assets/css/content.css"),
    include_str!("../assets/css/docs.css"),
    include_str!("../assets/css/narrow.css"),
);

/// The script. `start.js` comes first: it sets the theme before the page is painted.
const JS: &str = concat!(
    include_str!("../assets/js/start.js"),
    include_str!("../assets/js/step_up.js"),
    include_str!("../assets/js/secrets.js"),
    include_str!("../assets/js/menus.js"),
    include_str!("../assets/js/forms.js"),
    include_str!("../assets/js/keys.js"),
    include_str!("../assets/js/live.js"),
    include_str!("../assets/js/query.js"),
);

/// The browser's icon.
pub(crate) const FAVICON: &str = include_str!("../assets/favicon.svg");

/// How long a browser may keep an asset: its name changes with its content.
pub const CACHE_FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The style sheet as it is served.
pub(crate) fn css() -> String {
    slim(CSS)
}

/// The script as it is served.
pub(crate) fn js() -> String {
    slim(JS)
}

/// `text` without indentation, blank lines and lines that are a comment: for people, not for browsers.
fn slim(text: &str) -> String {
    let is_comment = |line: &str| line.starts_with("//") || line.starts_with("/*") && line.ends_with("*/");
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !is_comment(line));
    lines.fold(String::with_capacity(text.len()), |all, line| all + line + "\n")
}

struct Asset {
    name: String,
    content_type: &'static str,
    body: String,
    /// The body compressed, for browsers that take it: all do. It holds no secret that its length could betray.
    gzip: Vec<u8>,
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, body: String) -> Self {
        let digest = HEXLOWER.encode(&Sha256::digest(body.as_bytes()));
        let hash = digest.get(..12).unwrap_or(&digest);
        Self {
            name: format!("{stem}.{hash}.{extension}"),
            content_type,
            gzip: gzip(&body),
            body,
        }
    }

    fn url(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

/// `text` as gzip. Writing to memory does not fail; if it did, what is empty is never served.
fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(text.as_bytes());
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

/// What is embedded, hashed once. It depends on the binary alone.
static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        Asset::new("app", "css", "text/css; charset=utf-8", css()),
        Asset::new("app", "js", "text/javascript; charset=utf-8", js()),
        Asset::new("favicon", "svg", "image/svg+xml", FAVICON.to_owned()),
    ]
});

/// Where the pages find the assets.
pub fn urls() -> AssetUrls {
    let [css, js, favicon] = &*ASSETS;
    AssetUrls {
        css: css.url(),
        js: js.url(),
        favicon: favicon.url(),
    }
}

/// Whether a browser takes gzip. One that refuses it by `;q=0` is not known to exist, and gets it plain.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    accepted.is_some_and(|list| list.split(',').any(|coding| coding.trim() == "gzip"))
}

/// `GET /assets/{name}`.
pub async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let about = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, CACHE_FOR_EVER),
        (header::VARY, "accept-encoding"),
    ];
    if takes_gzip(&headers) && !asset.gzip.is_empty() {
        let encoding = [(header::CONTENT_ENCODING, "gzip")];
        return (about, encoding, asset.gzip.as_slice()).into_response();
    }
    (about, asset.body.as_str()).into_response()
}

/// How many bytes of style sheet and script travel to a browser that has neither yet.
#[cfg(test)]
pub(crate) fn travelling_bytes() -> usize {
    let [css, js, _] = &*ASSETS;
    css.gzip.len() + js.gzip.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_takes_gzip_gets_it() {
        let name = urls().css.trim_start_matches("/assets/").to_owned();
        let asked = |encoding: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, encoding.parse().unwrap());
            serve(Path(name.clone()), headers)
        };
        let coding = |response: &Response| response.headers().get(header::CONTENT_ENCODING).cloned();
        let packed = asked("gzip, deflate, br").await;
        assert_eq!(coding(&packed).unwrap(), "gzip");
        let packed = axum::body::to_bytes(packed.into_body(), usize::MAX)
            .await
            .unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*packed), &mut text).unwrap();
        assert_eq!(text, css());
        let plain = asked("identity").await;
        assert!(coding(&plain).is_none() && plain.headers().get(header::VARY).is_some());
    }

    #[test]
    fn names_follow_the_content() {
        let one = Asset::new("app", "css", "text/css", "a{}".to_owned());
        let two = Asset::new("app", "css", "text/css", "b{}".to_owned());
        assert_ne!(one.name, two.name);
        assert_eq!(
            one.name,
            Asset::new("app", "css", "text/css", "a{}".to_owned()).name
        );
        assert!(one.url().starts_with("/assets/app.") && one.url().ends_with(".css"));
    }

    #[test]
    fn slim_drops_what_only_people_read() {
        assert_eq!(
            slim("/* why */\n\na {\n  b: c;\n}\n  // how\n"),
            "a {\nb: c;\n}\n"
        );
    }

    #[test]
    fn every_name_given_out_is_served() {
        let urls = urls();
        for url in [urls.css, urls.js, urls.favicon] {
            assert!(ASSETS.iter().any(|asset| asset.url() == url));
        }
    }
}

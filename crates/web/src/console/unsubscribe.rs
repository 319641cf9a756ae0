//! `/unsubscribe/{mail}`: wanting no more mails of a category, without signing in.
//!
//! Mail programs send one POST as RFC 8058 says, without cookies; it ends the mails. What scanners do changes nothing: a
//! GET shows a page, and its button works in a browser that keeps the cookie which came with the page.

use app::Peer;
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;

use super::{
    answer::{Answer, outside, page, page_with},
    cookies::{self, Name},
    sign_in::set,
};
use crate::{
    Web,
    guards::Caller,
    pages::{UnsubscribePage, UnsubscribedPage},
};

/// What a mail program sends, or our page.
#[derive(Debug, Default, Deserialize)]
struct Sent {
    #[serde(rename = "List-Unsubscribe")]
    one_click: Option<String>,
    #[serde(default)]
    proof: String,
}

/// `GET /unsubscribe/{mail}`: changes nothing.
pub(crate) async fn show_unsubscribe(
    State(web): State<Web>,
    Caller(peer): Caller,
    Path(mail): Path<String>,
) -> Answer {
    ask(&web, &mail, &peer, StatusCode::OK)
}

/// The page with the button, and the cookie that it needs.
fn ask(web: &Web, mail: &str, peer: &Peer, status: StatusCode) -> Answer {
    let category = web.app.unsubscribe_category(mail, peer)?;
    let nonce = web.app.random().symbols(b"0123456789abcdefghijklmnopqrstuv", 26);
    let mut response: Response = page_with(
        status,
        &UnsubscribePage {
            outside: outside(),
            category: category.title(),
            proof: proof(web, mail, &nonce),
            again: status != StatusCode::OK,
        },
    )?;
    set(web, &mut response, Name::Unsubscribe, &nonce);
    Ok(response)
}

/// `POST /unsubscribe/{mail}`
pub(crate) async fn unsubscribe(
    State(web): State<Web>,
    Caller(peer): Caller,
    Path(mail): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let sent: Sent = serde_urlencoded::from_bytes(&body).unwrap_or_default();
    let by_program = sent.one_click.is_some_and(|word| word == "One-Click");
    let by_page = || {
        cookies::read(&web.app, web.scheme, &headers, Name::Unsubscribe)
            .is_some_and(|nonce| proof(&web, &mail, &nonce) == sent.proof)
    };
    if !by_program && !by_page() {
        return ask(&web, &mail, &peer, StatusCode::FORBIDDEN);
    }
    let category = web.app.unsubscribe(&mail, &peer).await?;
    let mut response = page(&UnsubscribedPage {
        outside: outside(),
        category: category.title(),
    })?;
    if !by_program {
        set(&web, &mut response, Name::Unsubscribe, "");
    }
    Ok(response)
}

fn proof(web: &Web, mail: &str, nonce: &str) -> String {
    web.app.keys().form_token(&format!("unsubscribe {mail} {nonce}"))
}

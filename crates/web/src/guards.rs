//! Who is calling: authorisation as extractor types, so that a handler without a guard shows in its signature.

use std::{convert::Infallible, marker::PhantomData};

use app::{Actor, App, Error, Peer, identities::Visitor};
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts, RawPathParams},
    http::{Extensions, HeaderMap, header, request::Parts},
};
use model::{scope::Capability, version::Expected};

use crate::{Web, api, limits::is_continuation, request::Noted};

/// The other end of a request, known or not.
pub(crate) struct Caller(pub(crate) Peer);

impl FromRequestParts<Web> for Caller {
    type Rejection = api::ApiError;

    async fn from_request_parts(parts: &mut Parts, _web: &Web) -> Result<Self, Self::Rejection> {
        Ok(Self(peer_of(&parts.extensions)?.clone()))
    }
}

/// Who is at the other end.
pub(crate) fn peer_of(extensions: &Extensions) -> Result<&Peer, Error> {
    extensions
        .get::<Peer>()
        .ok_or(Error::Internal("a request has no peer"))
}

/// Refuses an account that asks too often, but no page of a list after the first.
pub(crate) fn admit(app: &App, actor: &Actor, parts: &Parts) -> Result<(), Error> {
    let admitted = app.admit_request_of(actor);
    if is_continuation(&parts.method, &parts.uri) {
        return Ok(());
    }
    admitted
}

/// What a handler needs of a bearer token, as a type.
pub(crate) trait Need {
    const CAPABILITY: Capability;
}

/// The capabilities of [`Capability`] as types, for [`Bearer`].
pub(crate) mod needs {
    use super::{Capability, Need};

    macro_rules! needs {
        ($($name:ident),*) => {$(
            #[doc = concat!("Needs [`Capability::", stringify!($name), "`].")]
            pub(crate) struct $name;

            impl Need for $name {
                const CAPABILITY: Capability = Capability::$name;
            }
        )*};
    }
    needs!(Identify, EndItself, FindWorkspaces, RunQueries, Read, Change);
}

/// A person who sent a valid bearer token whose scope allows what the handler says that it needs. The API knows no
/// cookies.
pub(crate) struct Bearer<N: Need>(pub(crate) Actor, pub(crate) PhantomData<N>);

impl<N: Need> FromRequestParts<Web> for Bearer<N> {
    type Rejection = api::ApiError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Self::Rejection> {
        let Caller(peer) = Caller::from_request_parts(parts, web).await?;
        let token = bearer_token(&parts.headers).ok_or(Error::SignInRequired)?;
        let actor = web.app.authenticate_bearer(token, peer).await?;
        note(parts, &actor);
        admit(&web.app, &actor, parts)?;
        actor.may(N::CAPABILITY)?;
        refuse_old_handle(&web.app, &actor, parts).await?;
        Ok(Self(actor.expecting(expected(&parts.headers)), PhantomData))
    }
}

/// Somebody at what is public. A valid bearer token makes them known; any other is as if it was not sent (contract §1.2).
pub(crate) struct Public(pub(crate) Visitor);

impl FromRequestParts<Web> for Public {
    type Rejection = api::ApiError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Self::Rejection> {
        let Caller(peer) = Caller::from_request_parts(parts, web).await?;
        let actor = match bearer_token(&parts.headers) {
            Some(token) => web.app.authenticate_bearer(token, peer.clone()).await.ok(),
            None => None,
        };
        if let Some(actor) = &actor {
            note(parts, actor);
            admit(&web.app, actor, parts)?;
        }
        Ok(Self(Visitor { peer, actor }))
    }
}

/// Which version a client believes to change. Whatever changes something of a version asks the actor, under its lock.
fn expected(headers: &HeaderMap) -> Expected {
    let values = headers.get_all(header::IF_MATCH).iter();
    // What is no text is a tag that nothing has.
    Expected::from_values(values.map(|value| value.to_str().unwrap_or("?")))
}

/// Tells who still uses a handle that they gave up what happened to it, whatever resource below it they ask for.
async fn refuse_old_handle(app: &App, actor: &Actor, parts: &mut Parts) -> Result<(), Error> {
    // A path without parameters has none to read.
    let Ok(params) = RawPathParams::from_request_parts(parts, &()).await else {
        return Ok(());
    };
    match params.iter().find(|(name, _)| *name == "user") {
        Some((_, user)) => app.refuse_old_handle(actor, user).await,
        None => Ok(()),
    }
}

/// The text behind `Authorization: Bearer` (RFC 6750 §2.1; the scheme's letters do not matter).
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?.to_str().ok()?, values.next()) else {
        return None;
    };
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A person who is signed in at this browser. With an `Authorization` header beside it the cookie opens nothing.
pub(crate) struct Browser;

impl OptionalFromRequestParts<Web> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Option<Self>, Infallible> {
        let Ok(Caller(peer)) = Caller::from_request_parts(parts, web).await else {
            return Ok(None);
        };
        let actor = authenticate_browser(&web.app, web.scheme, &parts.headers, peer)
            .await
            .ok();
        if let Some(actor) = &actor {
            note(parts, actor);
        }
        Ok(actor.map(|_| Self))
    }
}

pub(crate) async fn authenticate_browser(
    app: &App,
    scheme: crate::Scheme,
    headers: &HeaderMap,
    peer: Peer,
) -> Result<Actor, Error> {
    if headers.contains_key(header::AUTHORIZATION) {
        return Err(Error::SignInRequired);
    }
    let cookie = crate::console::cookies::session(app, scheme, headers).ok_or(Error::SignInRequired)?;
    app.authenticate_session(&cookie, peer).await
}

pub(crate) fn note(parts: &Parts, actor: &Actor) {
    if let Some(noted) = parts.extensions.get::<Noted>() {
        noted.actor(actor);
    }
}

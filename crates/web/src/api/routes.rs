//! Routes that can be listed. axum's router tells nobody what is in it; this one does, so that a test can walk all of
//! the API and fail when it finds a route that it does not know.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    http::Method,
    routing::{MethodRouter, on},
};

use crate::Web;

/// One call of the API: a method, and a path below `/api/latest` with its parameters in braces.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: &'static str,
}

/// The resources of the API.
#[derive(Default)]
pub(crate) struct Resources {
    router: Router<Web>,
    routes: Vec<Route>,
}

impl Resources {
    /// Adds what `path` takes.
    pub(crate) fn route(mut self, path: &'static str, methods: Methods) -> Self {
        let routes = methods.taken.into_iter().map(|method| Route { method, path });
        self.routes.extend(routes);
        Self {
            router: self.router.route(path, methods.router),
            ..self
        }
    }

    pub(crate) fn into_router(self) -> Router<Web> {
        self.router
    }

    pub(crate) fn into_routes(self) -> Vec<Route> {
        self.routes
    }
}

/// What one path takes.
#[derive(Default)]
pub(crate) struct Methods {
    router: MethodRouter<Web>,
    taken: Vec<Method>,
}

impl Methods {
    /// Takes bodies of up to `most` bytes, where others take what all take.
    pub(crate) fn body_limit(mut self, most: usize) -> Self {
        self.router = self.router.layer(DefaultBodyLimit::max(most));
        self
    }
}

macro_rules! methods {
    ($($name:ident, $method:ident;)*) => {
        impl Methods {$(
            #[doc = concat!("Takes `", stringify!($method), "` too.")]
            #[allow(dead_code, clippy::allow_attributes, reason = "not every method comes second")]
            pub(crate) fn $name<H: Handler<T, Web>, T: 'static>(mut self, handler: H) -> Self {
                self.taken.push(Method::$method);
                self.router = self.router.merge(on(axum::routing::MethodFilter::$method, handler));
                self
            }
        )*}
        $(
            #[doc = concat!("A path that takes `", stringify!($method), "`.")]
            #[allow(dead_code, clippy::allow_attributes, reason = "not every method comes first")]
            pub(crate) fn $name<H: Handler<T, Web>, T: 'static>(handler: H) -> Methods {
                Methods::default().$name(handler)
            }
        )*
    };
}

methods! {
    get, GET;
    post, POST;
    patch, PATCH;
    put, PUT;
    delete, DELETE;
}

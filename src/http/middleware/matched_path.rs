//! Tells the request's log which route it took.
//!
//! In: a request behind the router, which knows its template. Out: the request. Must not know: anything else.
//! The template, never the path: paths hold record ids and, in families to come, tokens.

use std::task::{Context, Poll};

use axum::extract::MatchedPath;
use http::Request;
use tower::{Layer, Service};

use crate::http::request::request_log::RequestLog;

/// The layer; put on the router, so that it runs behind the match.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoteRoute;

impl<S> Layer<S> for NoteRoute {
    type Service = NotingRoute<S>;

    fn layer(&self, inner: S) -> NotingRoute<S> {
        NotingRoute(inner)
    }
}

/// The service.
#[derive(Debug, Clone)]
pub(super) struct NotingRoute<S>(S);

impl<S: Service<Request<B>>, B> Service<Request<B>> for NotingRoute<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        let (log, route) = (request.extensions().get::<RequestLog>(), request.extensions().get::<MatchedPath>());
        if let (Some(log), Some(route)) = (log, route) {
            log.route(route.as_str());
        }
        self.0.call(request)
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn noted(path: &str) -> Option<String> {
        let log = RequestLog::default();
        let router = Router::new().route("/a/{id}", get(async || "")).layer(NoteRoute);
        let request = Request::builder().uri(path).extension(log.clone()).body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap();
        log.take().route
    }

    #[tokio::test]
    async fn the_template_is_noted_not_the_path() {
        assert_eq!(noted("/a/17").await.as_deref(), Some("/a/{id}"));
        assert_eq!(noted("/b").await, None);
    }
}

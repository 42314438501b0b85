//! Records the matched route in the access log.
//!
//! In: a request after routing. Out: the same request. Must not know: anything else. The template is logged, never the
//! path: paths contain record ids.

use std::task::{Context, Poll};

use axum::extract::{MatchedPath, Request};
use tower::{Layer, Service};

use crate::http::request::request_facts::RequestFacts;

/// A layer of the router, where the matched route is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordMatchedPath;

impl<S> Layer<S> for RecordMatchedPath {
    type Service = MatchedPathService<S>;

    fn layer(&self, inner: S) -> MatchedPathService<S> {
        MatchedPathService(inner)
    }
}

/// Records the route, and passes the request on.
#[derive(Debug, Clone)]
pub(super) struct MatchedPathService<S>(S);

impl<S: Service<Request>> Service<Request> for MatchedPathService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> S::Future {
        let extensions = request.extensions();
        if let (Some(facts), Some(route)) = (RequestFacts::from_extensions(extensions), extensions.get()) {
            facts.log.route(MatchedPath::clone(route));
        }
        self.0.call(request)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn the_template_is_recorded_and_never_the_path() -> Result<(), Infallible> {
        let router = Router::new().route("/a/{b}", get(async || "")).layer(RecordMatchedPath);
        for (path, recorded) in [("/a/secret", Some("/a/{b}")), ("/secret", None)] {
            let facts = RequestFacts::default();
            let request = http::Request::builder().uri(path).extension(facts.clone()).body(Body::empty()).unwrap();
            router.clone().oneshot(request).await?;
            assert_eq!(facts.log.take().route.as_ref().map(MatchedPath::as_str), recorded);
        }
        Ok(())
    }
}

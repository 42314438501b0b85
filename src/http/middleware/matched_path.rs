//! Records the matched route in the access log.
//!
//! In: a request after routing. Out: its response. Must not know: anything else. The template is logged, never the
//! path: paths contain record ids.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

use crate::http::request::request_log::RequestLog;

/// For [`axum::middleware::from_fn`] on the router, where the matched route is known.
pub(super) async fn record_matched_path(request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    if let (Some(log), Some(route)) = (extensions.get::<RequestLog>(), extensions.get::<MatchedPath>()) {
        log.route(route.as_str());
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn recorded_route(path: &str) -> Option<String> {
        let log = RequestLog::default();
        let router = Router::new().route("/a/{id}", get(async || "")).layer(from_fn(record_matched_path));
        let request = Request::builder().uri(path).extension(log.clone()).body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap();
        log.take().route
    }

    #[tokio::test]
    async fn the_template_is_recorded_and_not_the_path() {
        assert_eq!(recorded_route("/a/17").await.as_deref(), Some("/a/{id}"));
        assert_eq!(recorded_route("/b").await, None);
    }
}

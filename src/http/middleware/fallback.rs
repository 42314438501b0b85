//! Requests without a handler: unknown paths, unknown methods, `OPTIONS`.
//!
//! In: a request that matches no route. Out: 404, 405 or, for `OPTIONS`, 204; the last two with `Allow`, which the
//! router adds. Must not know: routes. None of these needs a credential, as the OpenAPI document is public.

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::header::ALLOW;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};

use crate::error::Problem;
use crate::error_code::ErrorCode;

/// The router with a response to every request.
pub(super) fn with_fallbacks(router: Router) -> Router {
    router.fallback(unknown_route).method_not_allowed_fallback(unknown_method)
}

/// Answers a request to an unknown path.
pub(in crate::http) async fn unknown_route(method: Method, uri: Uri) -> Response {
    if method == Method::OPTIONS && uri.path() == "*" {
        return StatusCode::NO_CONTENT.into_response();
    }
    Problem::new(ErrorCode::UnknownRoute, "This path does not exist.").into_response()
}

async fn unknown_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let problem = Problem::new(ErrorCode::MethodNotAllowed, "This path does not support the method.");
    problem.hint("The header `Allow` lists the methods that it supports.").into_response()
}

/// Turns HEAD into a method that no route has, for paths without HEAD, so that the router answers 405.
pub(super) fn reject_head<B>(request: &mut Request<B>, without_head: &[&str]) {
    if request.method() == Method::HEAD && without_head.contains(&request.uri().path()) {
        *request.method_mut() = Method::TRACE;
    }
}

/// Corrects the `Allow` that the router sets: adds `OPTIONS`, which is always allowed, and removes HEAD for paths
/// without it.
pub(super) fn correct_allow(path: &str, without_head: &[&str], headers: &mut HeaderMap) {
    let Some(allow) = headers.get(ALLOW).and_then(|value| value.to_str().ok()) else { return };
    let has_head = !without_head.contains(&path.strip_suffix('/').unwrap_or(path));
    let is_allowed = |method: &&str| !method.is_empty() && *method != "OPTIONS" && (has_head || *method != "HEAD");
    let methods: Vec<&str> = allow.split(',').map(str::trim).filter(is_allowed).collect();
    if methods.is_empty() {
        return;
    }
    if let Ok(value) = HeaderValue::try_from(format!("{}, OPTIONS", methods.join(", "))) {
        headers.insert(ALLOW, value);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::{get, post};
    use tower::ServiceExt;

    use super::*;

    async fn ask(method: &str, path: &str) -> (u16, Option<ErrorCode>, Option<String>) {
        let router = Router::new().route("/a/{id}", get(async || "").put(async || "")).route("/b", post(async || ""));
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let mut response = with_fallbacks(router).oneshot(request).await.unwrap();
        correct_allow(path, &[], response.headers_mut());
        let code = response.extensions().get::<Problem>().map(|problem| problem.code);
        let allow = response.headers().get(ALLOW).map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), code, allow)
    }

    #[tokio::test]
    async fn options_lists_the_methods_of_a_route_with_head_where_get_exists() {
        assert_eq!(ask("OPTIONS", "/a/1").await, (204, None, Some("GET, HEAD, PUT, OPTIONS".to_owned())));
        assert_eq!(ask("OPTIONS", "/b").await, (204, None, Some("POST, OPTIONS".to_owned())));
        assert_eq!(ask("OPTIONS", "*").await, (204, None, None));
    }

    #[tokio::test]
    async fn unknown_methods_are_405_and_unknown_paths_404() {
        assert_eq!(
            ask("DELETE", "/b").await,
            (405, Some(ErrorCode::MethodNotAllowed), Some("POST, OPTIONS".to_owned()))
        );
        assert_eq!(ask("BREW", "/b").await, (405, Some(ErrorCode::MethodNotAllowed), Some("POST, OPTIONS".to_owned())));
        assert_eq!(ask("OPTIONS", "/c").await, (404, Some(ErrorCode::UnknownRoute), None));
        assert_eq!(ask("GET", "/c").await, (404, Some(ErrorCode::UnknownRoute), None));
    }
}

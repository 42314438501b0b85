//! Requests that no handler takes: unknown paths, unknown methods, `OPTIONS`.
//!
//! In: a request that fell through the router. Out: 404, 405 or, for `OPTIONS`, 204; the last two with `Allow`,
//! which the router adds. Must not know: routes. Needs no credential: what exists here is in the open document.

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::header::ALLOW;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};

use crate::error::Problem;
use crate::error_code::Code;
use crate::http::issues_by_get;

/// The router with an answer to everything.
pub(super) fn answer_unrouted(router: Router) -> Router {
    router.fallback(unknown_route).method_not_allowed_fallback(unknown_method)
}

async fn unknown_route(method: Method, uri: Uri) -> Response {
    if method == Method::OPTIONS && uri.path() == "*" {
        return StatusCode::NO_CONTENT.into_response();
    }
    Problem::new(Code::UnknownRoute, "There is nothing at this address.").into_response()
}

async fn unknown_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let problem = Problem::new(Code::MethodNotAllowed, "This address does not take this method.");
    problem.hint("The header `Allow` names those it takes.").into_response()
}

/// A HEAD where GET issues something becomes a method that no route takes, so that it is refused as such.
pub(super) fn refuse_head<B>(request: &mut Request<B>) {
    if request.method() == Method::HEAD && issues_by_get(request.uri().path()) {
        *request.method_mut() = Method::TRACE;
    }
}

/// `Allow` as it holds: `OPTIONS` is taken wherever another method is, and HEAD is not where GET issues something.
pub(super) fn correct_allow(path: &str, headers: &mut HeaderMap) {
    let Some(allowed) = headers.get(ALLOW).and_then(|value| value.to_str().ok()) else { return };
    let has_head = !issues_by_get(path.strip_suffix('/').unwrap_or(path));
    let is_taken = |method: &&str| !method.is_empty() && *method != "OPTIONS" && (has_head || *method != "HEAD");
    let methods: Vec<&str> = allowed.split(',').map(str::trim).filter(is_taken).collect();
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

    async fn ask(method: &str, path: &str) -> (u16, Option<Code>, Option<String>) {
        let router = Router::new().route("/a/{id}", get(async || "").put(async || "")).route("/b", post(async || ""));
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let mut answer = answer_unrouted(router).oneshot(request).await.unwrap();
        correct_allow(path, answer.headers_mut());
        let code = answer.extensions().get::<Problem>().map(|problem| problem.code);
        let allow = answer.headers().get(ALLOW).map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), code, allow)
    }

    #[tokio::test]
    async fn options_says_what_a_route_takes_and_head_where_get_is() {
        assert_eq!(ask("OPTIONS", "/a/1").await, (204, None, Some("GET, HEAD, PUT, OPTIONS".to_owned())));
        assert_eq!(ask("OPTIONS", "/b").await, (204, None, Some("POST, OPTIONS".to_owned())));
        assert_eq!(ask("OPTIONS", "*").await, (204, None, None));
    }

    #[tokio::test]
    async fn another_method_is_405_another_path_404() {
        assert_eq!(ask("DELETE", "/b").await, (405, Some(Code::MethodNotAllowed), Some("POST, OPTIONS".to_owned())));
        assert_eq!(ask("BREW", "/b").await, (405, Some(Code::MethodNotAllowed), Some("POST, OPTIONS".to_owned())));
        assert_eq!(ask("OPTIONS", "/c").await, (404, Some(Code::UnknownRoute), None));
        assert_eq!(ask("GET", "/c").await, (404, Some(Code::UnknownRoute), None));
    }
}

//! The middleware as a whole, around a small router.

use axum::routing::{get, post};
use http::StatusCode;
use http::header::{ALLOW, VARY};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::http::request::body::read_body;
use crate::http::response::problem::generic;
use crate::telemetry::log_context::LogContext;

fn router() -> Router {
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/length", post(async |body: Body| read_body(body, u64::MAX).await.map(|body| body.len().to_string())))
        .route("/axum", post(async |body: String| body.len().to_string()))
        .route("/problem", get(async || Problem::new(ErrorCode::UnknownModel, "There is no model `x`.")))
        .route("/credential", get(async || Problem::new(ErrorCode::CredentialMissing, "No credential.")))
        .route("/limited", get(async || Problem::new(ErrorCode::TooManyAttempts, "Too many.")))
        .route("/overload", get(async || Problem::new(ErrorCode::StoreUnavailable, "Too busy.")))
        .route("/panic", get(async || -> StatusCode { panic!("secret text") }))
        .route("/never", get(async || std::future::pending::<()>().await))
        .route(
            "/sent",
            get(async |request: Request<Body>| {
                format!("{:?}", RequestFacts::from_extensions(request.extensions()).unwrap().target)
            }),
        )
        .route(
            "/staged",
            get(async |request: Request<Body>| {
                let facts = RequestFacts::from_extensions(request.extensions()).unwrap();
                facts.timing.add("odoo", Duration::from_millis(4));
            }),
        )
        .route("/context", get(async || format!("{:?}", LogContext::current())))
        .route("/b/x", get(async || "x"))
        .route("/page", get(async || "page"))
        .route("/issue", get(async || "token"))
}

fn render_b(problem: &Problem, context: ErrorContext<'_>) -> Response {
    let mut response = generic(problem, context);
    *response.body_mut() = Body::from(format!(r#"{{"error": "{}"}}"#, problem.code.title()));
    response
}

fn handler(settings: &MiddlewareSettings) -> (Handler, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new());
    let errors = ErrorRenderers::default().under("/b", render_b);
    let policy = RoutePolicy { errors, without_cors: &["/page"], without_head: &["/issue"] };
    let stack = wrap(router(), policy, settings, Arc::clone(&metrics), Clock::system());
    (CurrentStack::new(stack).handler(), metrics)
}

async fn ask(settings: &MiddlewareSettings, request: http::request::Builder, body: impl Into<Body>) -> Response {
    handler(settings).0.oneshot(request.header("host", "gw.example").body(body.into()).unwrap()).await.unwrap()
}

async fn get_path(path: &str) -> Response {
    ask(&MiddlewareSettings::for_tests(), Request::get(path), "").await
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn json(response: Response) -> Value {
    serde_json::from_str(&text(response).await).unwrap()
}

#[tokio::test]
async fn a_response_has_the_common_headers() {
    let response =
        ask(&MiddlewareSettings::for_tests(), Request::get("/hello").header(X_REQUEST_ID, "abc-1"), "").await;
    let headers = response.headers();
    assert_eq!(headers[X_REQUEST_ID], "abc-1");
    assert_eq!(headers[VARY], "Accept, Accept-Encoding, Authorization, Prefer, Origin");
    assert!(headers["server-timing"].to_str().unwrap().starts_with("total;dur="));
    assert!(!headers.contains_key("access-control-allow-origin"));
    assert_eq!(text(response).await, "hello");
}

#[tokio::test]
async fn events_of_a_handler_have_the_request_id() {
    let request = Request::get("/context").header(X_REQUEST_ID, "abc-1");
    let response = ask(&MiddlewareSettings::for_tests(), request, "").await;
    assert_eq!(text(response).await, format!("{:?}", LogContext::of_request("abc-1".into())));
    assert_eq!(LogContext::current(), LogContext::default());
}

#[tokio::test]
async fn one_trailing_slash_is_ignored_and_the_original_target_is_kept() {
    assert_eq!(text(get_path("/hello/").await).await, "hello");
    assert_eq!(get_path("/hello//").await.status(), 404);
    assert_eq!(text(get_path("/sent/?a=/").await).await, "OriginalTarget(/sent/?a=/)");
}

#[tokio::test]
async fn a_problem_of_a_handler_is_rendered_with_the_request_id() {
    let response =
        ask(&MiddlewareSettings::for_tests(), Request::get("/problem/").header(X_REQUEST_ID, "abc-1"), "").await;
    assert_eq!(
        (response.status(), &response.headers()[CONTENT_TYPE]),
        (StatusCode::NOT_FOUND, &HeaderValue::from_static("application/problem+json"))
    );
    let body = json(response).await;
    assert_eq!(
        (&body["code"], &body["request_id"], &body["instance"]),
        (&"unknown_model".into(), &"abc-1".into(), &"/problem/".into())
    );
}

#[tokio::test]
async fn unknown_routes_and_methods_are_rendered_under_their_prefix() {
    assert_eq!(text(get_path("/b/nowhere").await).await, r#"{"error": "The route does not exist"}"#);
    let response = ask(&MiddlewareSettings::for_tests(), Request::delete("/b/x"), "").await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()[ALLOW]),
        (405, &HeaderValue::from_static("GET, HEAD, OPTIONS"))
    );
    assert_eq!(json(get_path("/nowhere").await).await["code"], "unknown_route");
}

#[tokio::test]
async fn options_needs_no_credential_and_head_has_no_body() {
    let response = ask(&MiddlewareSettings::for_tests(), Request::options("/length/"), "").await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()[ALLOW]),
        (204, &HeaderValue::from_static("POST, OPTIONS"))
    );
    let response = ask(&MiddlewareSettings::for_tests(), Request::head("/problem"), "").await;
    assert_ne!(response.headers()[CONTENT_LENGTH], "0");
    assert_eq!((response.status().as_u16(), text(response).await.as_str()), (404, ""));
}

#[tokio::test]
async fn a_panic_becomes_a_500_without_its_message() {
    let response = get_path("/panic").await;
    assert_eq!(response.status(), 500);
    let body = text(response).await;
    assert!(body.contains("internal_error") && !body.contains("secret"), "{body}");
}

#[tokio::test]
async fn malformed_requests_are_rejected_before_routing() {
    for request in [
        Request::get("/nowhere").header("host", "other"),
        Request::get("/nowhere").header("authorization", "a").header("authorization", "b"),
    ] {
        let response = ask(&MiddlewareSettings::for_tests(), request, "").await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()[CONNECTION]),
            (400, &HeaderValue::from_static("close"))
        );
    }
    let settings =
        MiddlewareSettings { public_hosts: vec!["api.example".to_owned()], ..MiddlewareSettings::for_tests() };
    assert_eq!(ask(&settings, Request::get("/hello"), "").await.status(), 421);
}

#[tokio::test]
async fn body_limits_apply_after_routing() {
    let settings = MiddlewareSettings {
        body: BodyLimits { largest: 4, ..BodyLimits::for_tests() },
        ..MiddlewareSettings::for_tests()
    };
    assert_eq!(text(ask(&settings, Request::post("/length"), "1234").await).await, "4");
    assert_eq!(ask(&settings, Request::post("/length"), "12345").await.status(), 413);
    assert_eq!(ask(&settings, Request::post("/nowhere"), "12345").await.status(), 404);
    assert_eq!(ask(&settings, Request::get("/length"), "12345").await.status(), 405);
    let gzip = Request::post("/length").header("content-encoding", "gzip");
    assert_eq!(ask(&MiddlewareSettings::for_tests(), gzip, "1234").await.status(), 415);
    let large = "x".repeat(3 << 20);
    assert_eq!(text(ask(&MiddlewareSettings::for_tests(), Request::post("/axum"), large).await).await, "3145728");
}

#[tokio::test(start_paused = true)]
async fn a_request_without_response_ends_at_the_deadline() {
    let response = get_path("/never").await;
    assert_eq!(response.status(), 504);
    assert_eq!(json(response).await["code"], "outcome_unknown");
}

#[tokio::test]
async fn stages_are_listed_in_server_timing() {
    let timing = get_path("/staged").await.headers()["server-timing"].to_str().unwrap().to_owned();
    assert!(timing.starts_with("odoo;dur=4.00, total;dur="), "{timing}");
}

#[tokio::test]
async fn cors_headers_are_for_configured_origins_also_on_errors() {
    let settings =
        MiddlewareSettings { cors_origins: vec!["https://app.example".to_owned()], ..MiddlewareSettings::for_tests() };
    let from = |origin: &str| Request::get("/problem").header("origin", origin);
    let response = ask(&settings, from("https://app.example"), "").await;
    assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example");
    assert_eq!(response.headers()[VARY], "Accept, Accept-Encoding, Authorization, Prefer, Origin");
    let response = ask(&settings, from("https://evil.example"), "").await;
    assert!(!response.headers().contains_key("access-control-allow-origin"));
    let preflight = |origin: &str| {
        Request::options("/hello").header("origin", origin).header("access-control-request-method", "GET")
    };
    let response = ask(&settings, preflight("https://app.example"), "").await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["access-control-max-age"]),
        (204, &HeaderValue::from_static("600"))
    );
    let response = ask(&settings, preflight("https://evil.example"), "").await;
    assert!(response.status() == 204 && !response.headers().contains_key("access-control-allow-methods"));
}

#[tokio::test(start_paused = true)]
async fn errors_of_every_layer_have_cors_headers_and_no_basic_challenge() {
    let settings = MiddlewareSettings {
        cors_origins: vec!["https://app.example".to_owned()],
        body: BodyLimits { largest: 4, ..BodyLimits::for_tests() },
        ..MiddlewareSettings::for_tests()
    };
    for (request, body, status) in [
        (Request::get("/hello").header("authorization", "a").header("authorization", "b"), "", 400),
        (Request::get("/credential"), "", 401),
        (Request::get("/problem"), "", 404),
        (Request::get("/nowhere"), "", 404),
        (Request::delete("/hello"), "", 405),
        (Request::post("/length"), "12345", 413),
        (Request::post("/length").header("content-encoding", "gzip"), "1234", 415),
        (Request::get("/limited"), "", 429),
        (Request::get("/panic"), "", 500),
        (Request::get("/overload"), "", 503),
        (Request::get("/never"), "", 504),
    ] {
        let response = ask(&settings, request.header("origin", "https://app.example"), body).await;
        let headers = response.headers();
        assert_eq!(response.status(), status);
        assert_eq!(headers["access-control-allow-origin"], "https://app.example", "{status}");
        let exposed = headers["access-control-expose-headers"].to_str().unwrap();
        for name in ["X-Request-Id", "Retry-After", "WWW-Authenticate", "Allow"] {
            assert!(exposed.split(", ").any(|known| known == name), "{status}: {exposed}");
        }
        assert!(headers[VARY].to_str().unwrap().ends_with(", Origin"), "{status}");
        let challenges: Vec<_> = headers.get_all("www-authenticate").iter().collect();
        assert!(!challenges.iter().any(|challenge| challenge.as_bytes().starts_with(b"Basic")), "{challenges:?}");
        assert_eq!(challenges.is_empty(), status != 401, "{challenges:?}");
    }
}

#[tokio::test]
async fn the_policy_exempts_paths_from_cors_and_head() {
    let settings =
        MiddlewareSettings { cors_origins: vec!["https://app.example".to_owned()], ..MiddlewareSettings::for_tests() };
    for path in ["/page", "/page/"] {
        let request = Request::get(path).header("origin", "https://app.example");
        let response = ask(&settings, request, "").await;
        assert!(!response.headers().contains_key("access-control-allow-origin"), "{path}");
    }
    for path in ["/issue", "/issue/"] {
        let response = ask(&settings, Request::head(path), "").await;
        let allow = HeaderValue::from_static("GET, OPTIONS");
        assert_eq!((response.status().as_u16(), &response.headers()[ALLOW]), (405, &allow), "{path}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_template() {
    let (handler, metrics) = handler(&MiddlewareSettings::for_tests());
    for path in ["/hello", "/hello/?token=secret", "/nowhere/secret"] {
        let request = Request::get(path).header("host", "x").body(Body::empty()).unwrap();
        drop(handler.clone().oneshot(request).await.unwrap());
    }
    let text = metrics.exposition().unwrap();
    assert!(text.contains(r#"requests_total{method="GET",route="/hello",status="200"} 2"#), "{text}");
    assert!(text.contains(r#"requests_total{method="GET",route="unmatched",status="404"} 1"#), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

/// The middleware with the HTTP server, over a connection in memory and with a paused clock.
mod over_a_connection {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;
    use crate::serve::{ServerSettings, serve_in_memory};
    use crate::telemetry::metrics::RequestLabels;

    const SHORT: Duration = Duration::from_millis(200);

    fn connect() -> (DuplexStream, Arc<Metrics>) {
        let body = BodyLimits { grace: SHORT, ..BodyLimits::for_tests() };
        let (handler, metrics) = handler(&MiddlewareSettings { body, ..MiddlewareSettings::for_tests() });
        let settings = ServerSettings { keep_alive_idle: SHORT, linger: SHORT, ..ServerSettings::for_tests() };
        (serve_in_memory(handler, settings, Arc::clone(&metrics)), metrics)
    }

    async fn send(bytes: &str) -> String {
        let (mut socket, _) = connect();
        socket.write_all(bytes.as_bytes()).await.unwrap();
        let mut response = String::new();
        socket.read_to_string(&mut response).await.unwrap();
        response
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_is_rejected_and_the_connection_closed() {
        let response = send("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc").await;
        assert!(response.starts_with("HTTP/1.1 400 ") && response.contains("body_timeout"), "{response}");
    }

    #[tokio::test(start_paused = true)]
    async fn expect_100_continue_is_confirmed_when_the_body_is_read() {
        let (mut socket, _) = connect();
        let head = b"POST /length HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
        socket.write_all(head).await.unwrap();
        let mut interim = [0; 25];
        socket.read_exact(&mut interim).await.unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        socket.write_all(b"abc").await.unwrap();
        let mut response = String::new();
        socket.read_to_string(&mut response).await.unwrap();
        assert!(response.ends_with("\r\n\r\n3"), "{response}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_missing_or_repeated_host_is_400_and_too_long_heads_are_414_and_431() {
        for fields in ["", "Host: x\r\nHost: x\r\n", "Host: x y\r\n"] {
            let response = send(&format!("GET /hello HTTP/1.1\r\n{fields}\r\n")).await;
            assert!(response.starts_with("HTTP/1.1 400 ") && response.contains("malformed_request"), "{response}");
        }
        let response = send(&format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(70_000))).await;
        assert!(response.starts_with("HTTP/1.1 414 ") && response.contains(r#""code":"uri_too_long""#));
        let response = send(&format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(33_000))).await;
        assert!(response.starts_with("HTTP/1.1 431 ") && response.contains(r#""code":"headers_too_large""#));
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_connection_ends_the_request_and_is_counted_as_499() {
        let (mut socket, metrics) = connect();
        socket.write_all(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        tokio::time::sleep(SHORT / 4).await;
        drop(socket);
        tokio::time::sleep(SHORT / 4).await;
        let labels = RequestLabels { method: "GET", route: "/never".to_owned(), status: 499 };
        assert_eq!((metrics.requests.get_or_create(&labels).get(), metrics.requests_in_flight.get()), (1, 0));
    }
}

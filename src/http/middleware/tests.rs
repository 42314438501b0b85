//! The layers together.

use axum::routing::{get, post};
use http::StatusCode;
use http::header::{ALLOW, VARY};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::http::response::problem::generic;

fn router() -> Router {
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/length", post(async |body: Body| read_body(body, u64::MAX).await.map(|body| body.len().to_string())))
        .route("/axum", post(async |body: String| body.len().to_string()))
        .route("/problem", get(async || Problem::new(Code::UnknownModel, "There is no model `x`.")))
        .route("/panic", get(async || -> StatusCode { panic!("secret text") }))
        .route("/never", get(async || std::future::pending::<()>().await))
        .route("/sent", get(async |request: Request<Body>| format!("{:?}", request.extensions().get::<SentTarget>())))
        .route(
            "/staged",
            get(async |request: Request<Body>| Stages::of(request.extensions()).note("odoo", Duration::from_millis(4))),
        )
        .route("/b/x", get(async || "x"))
}

fn family_b(problem: &Problem, occasion: Occasion<'_>) -> Response {
    let mut answer = generic(problem, occasion);
    *answer.body_mut() = Body::from(format!(r#"{{"error": "{}"}}"#, problem.code.title()));
    answer
}

fn handler(settings: &LayerSettings) -> (Handler, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new());
    (
        wrap(router(), ProblemBodies::default().under("/b", family_b), settings, Arc::clone(&metrics), Clock::system()),
        metrics,
    )
}

async fn ask(settings: &LayerSettings, request: http::request::Builder, body: impl Into<Body>) -> Response {
    handler(settings).0.oneshot(request.header("host", "gw.example").body(body.into()).unwrap()).await.unwrap()
}

async fn get_answer(path: &str) -> Response {
    ask(&LayerSettings::default(), Request::get(path), "").await
}

async fn text(answer: Response) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn json(answer: Response) -> Value {
    serde_json::from_str(&text(answer).await).unwrap()
}

#[tokio::test]
async fn an_ordinary_answer_has_its_headers() {
    let answer = ask(&LayerSettings::default(), Request::get("/hello").header(X_REQUEST_ID, "abc-1"), "").await;
    let headers = answer.headers();
    assert_eq!(headers[X_REQUEST_ID], "abc-1");
    assert_eq!(headers[VARY], "Accept, Accept-Encoding, Authorization, Prefer");
    assert!(headers["server-timing"].to_str().unwrap().starts_with("total;dur="));
    assert!(!headers.contains_key("access-control-allow-origin"));
    assert_eq!(text(answer).await, "hello");
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing_and_what_was_sent_is_kept() {
    assert_eq!(text(get_answer("/hello/").await).await, "hello");
    assert_eq!(get_answer("/hello//").await.status(), 404);
    assert_eq!(text(get_answer("/sent/?a=/").await).await, "Some(SentTarget(/sent/?a=/))");
}

#[tokio::test]
async fn a_problem_of_a_handler_is_rendered_with_the_request_id() {
    let answer = ask(&LayerSettings::default(), Request::get("/problem/").header(X_REQUEST_ID, "abc-1"), "").await;
    assert_eq!(
        (answer.status(), &answer.headers()[CONTENT_TYPE]),
        (StatusCode::NOT_FOUND, &HeaderValue::from_static("application/problem+json"))
    );
    let body = json(answer).await;
    assert_eq!(
        (&body["code"], &body["request_id"], &body["instance"]),
        (&"unknown_model".into(), &"abc-1".into(), &"/problem/".into())
    );
}

#[tokio::test]
async fn a_family_renders_its_own_unknown_routes_and_methods() {
    assert_eq!(text(get_answer("/b/nowhere").await).await, r#"{"error": "There is nothing at this address"}"#);
    let answer = ask(&LayerSettings::default(), Request::delete("/b/x"), "").await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()[ALLOW]),
        (405, &HeaderValue::from_static("GET, HEAD, OPTIONS"))
    );
    assert_eq!(json(get_answer("/nowhere").await).await["code"], "unknown_route");
}

#[tokio::test]
async fn options_needs_nothing_and_head_has_no_body() {
    let answer = ask(&LayerSettings::default(), Request::options("/length/"), "").await;
    assert_eq!((answer.status().as_u16(), &answer.headers()[ALLOW]), (204, &HeaderValue::from_static("POST, OPTIONS")));
    let answer = ask(&LayerSettings::default(), Request::head("/problem"), "").await;
    assert_ne!(answer.headers()[CONTENT_LENGTH], "0");
    assert_eq!((answer.status().as_u16(), text(answer).await.as_str()), (404, ""));
}

#[tokio::test]
async fn a_panic_is_a_500_that_tells_nothing() {
    let answer = get_answer("/panic").await;
    assert_eq!(answer.status(), 500);
    let body = text(answer).await;
    assert!(body.contains("internal_error") && !body.contains("secret"), "{body}");
}

#[tokio::test]
async fn malformed_requests_are_refused_before_routes() {
    for request in [
        Request::get("/nowhere").header("host", "other"),
        Request::get("/nowhere").header("authorization", "a").header("authorization", "b"),
    ] {
        let answer = ask(&LayerSettings::default(), request, "").await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()[CONNECTION]),
            (400, &HeaderValue::from_static("close"))
        );
    }
    let settings = LayerSettings { public_hosts: vec!["api.example".to_owned()], ..LayerSettings::default() };
    assert_eq!(ask(&settings, Request::get("/hello"), "").await.status(), 421);
}

#[tokio::test]
async fn bodies_are_limited_behind_the_route() {
    let settings =
        LayerSettings { body: BodyLimits { largest: 4, ..BodyLimits::default() }, ..LayerSettings::default() };
    assert_eq!(text(ask(&settings, Request::post("/length"), "1234").await).await, "4");
    assert_eq!(ask(&settings, Request::post("/length"), "12345").await.status(), 413);
    assert_eq!(ask(&settings, Request::post("/nowhere"), "12345").await.status(), 404);
    assert_eq!(ask(&settings, Request::get("/length"), "12345").await.status(), 405);
    let gzip = Request::post("/length").header("content-encoding", "gzip");
    assert_eq!(ask(&LayerSettings::default(), gzip, "1234").await.status(), 415);
    let large = "x".repeat(3 << 20);
    assert_eq!(text(ask(&LayerSettings::default(), Request::post("/axum"), large).await).await, "3145728");
}

#[tokio::test(start_paused = true)]
async fn a_request_has_a_last_deadline() {
    let answer = get_answer("/never").await;
    assert_eq!(answer.status(), 504);
    assert_eq!(json(answer).await["code"], "outcome_unknown");
}

#[tokio::test]
async fn stages_are_told() {
    let timing = get_answer("/staged").await.headers()["server-timing"].to_str().unwrap().to_owned();
    assert!(timing.starts_with("odoo;dur=4.00, total;dur="), "{timing}");
}

#[tokio::test]
async fn cors_is_for_the_configured_also_on_errors() {
    let settings = LayerSettings { cors_origins: vec!["https://app.example".to_owned()], ..LayerSettings::default() };
    let from = |origin: &str| Request::get("/problem").header("origin", origin);
    let answer = ask(&settings, from("https://app.example"), "").await;
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.example");
    assert_eq!(answer.headers()[VARY], "Accept, Accept-Encoding, Authorization, Prefer, Origin");
    let answer = ask(&settings, from("https://evil.example"), "").await;
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
    let preflight = |origin: &str| {
        Request::options("/hello").header("origin", origin).header("access-control-request-method", "GET")
    };
    let answer = ask(&settings, preflight("https://app.example"), "").await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["access-control-max-age"]),
        (204, &HeaderValue::from_static("600"))
    );
    let answer = ask(&settings, preflight("https://evil.example"), "").await;
    assert!(answer.status() == 204 && !answer.headers().contains_key("access-control-allow-methods"));
}

#[tokio::test]
async fn every_request_is_counted_under_its_template() {
    let (handler, metrics) = handler(&LayerSettings::default());
    for path in ["/hello", "/hello/?token=secret", "/nowhere/secret"] {
        let request = Request::get(path).header("host", "x").body(Body::empty()).unwrap();
        drop(handler.clone().oneshot(request).await.unwrap());
    }
    let text = metrics.exposition().unwrap();
    assert!(text.contains(r#"requests_total{method="GET",route="/hello",status="200"} 2"#), "{text}");
    assert!(text.contains(r#"requests_total{method="GET",route="unmatched",status="404"} 1"#), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

/// The layers behind the edge, as they are served.
mod over_a_socket {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::serve::{EdgeSettings, run};
    use crate::telemetry::metrics::RequestLabels;

    const SHORT: Duration = Duration::from_millis(200);

    async fn connect() -> (TcpStream, Arc<Metrics>) {
        let body = BodyLimits { grace: SHORT, ..BodyLimits::default() };
        let (handler, metrics) = handler(&LayerSettings { body, ..LayerSettings::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let edge = EdgeSettings { keep_alive_idle: SHORT, linger: SHORT, ..EdgeSettings::default() };
        tokio::spawn(run(listener, handler, edge, std::future::pending(), Arc::clone(&metrics)));
        (TcpStream::connect(address).await.unwrap(), metrics)
    }

    async fn say(bytes: &str) -> String {
        let (mut socket, _) = connect().await;
        socket.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_slow_body_is_told_so_and_the_connection_closed() {
        let answer = say("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc").await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("body_timeout"), "{answer}");
    }

    #[tokio::test]
    async fn a_client_may_ask_before_it_sends() {
        let (mut socket, _) = connect().await;
        let head = b"POST /length HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
        socket.write_all(head).await.unwrap();
        let mut interim = [0; 25];
        socket.read_exact(&mut interim).await.unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        socket.write_all(b"abc").await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("\r\n\r\n3"), "{answer}");
    }

    #[tokio::test]
    async fn no_host_or_two_are_400_and_a_target_too_long_is_414_with_a_body() {
        for fields in ["", "Host: x\r\nHost: x\r\n", "Host: x y\r\n"] {
            let answer = say(&format!("GET /hello HTTP/1.1\r\n{fields}\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("malformed_request"), "{answer}");
        }
        let answer = say(&format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(70_000))).await;
        assert!(answer.starts_with("HTTP/1.1 414 ") && answer.contains(r#""code":"uri_too_long""#));
        let answer = say(&format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(33_000))).await;
        assert!(answer.starts_with("HTTP/1.1 431 ") && answer.contains(r#""code":"headers_too_large""#));
    }

    #[tokio::test]
    async fn who_leaves_ends_the_request_and_is_counted() {
        let (mut socket, metrics) = connect().await;
        socket.write_all(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        tokio::time::sleep(SHORT / 4).await;
        drop(socket);
        tokio::time::sleep(SHORT / 4).await;
        let labels = RequestLabels { method: "GET", route: "/never".to_owned(), status: 499 };
        assert_eq!((metrics.requests.get_or_create(&labels).get(), metrics.requests_in_flight.get()), (1, 0));
    }
}

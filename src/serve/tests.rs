//! The edge against raw sockets, with deadlines shortened to a fraction of a second.

use std::future::pending;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::routing::{any, get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

const SHORT: Duration = Duration::from_millis(200);
const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

fn impatient() -> EdgeSettings {
    EdgeSettings {
        first_byte: SHORT,
        head: SHORT,
        keep_alive_idle: 3 * SHORT,
        slow_reader: SHORT,
        linger: SHORT,
        farewell: SHORT / 2,
        grace: 3 * SHORT,
        ..EdgeSettings::default()
    }
}

/// More than the buffers between two sockets hold, and an error at once behind its last byte.
#[derive(Default)]
struct Broken {
    given: usize,
}

const LAST_WORDS: &str = "last words";

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        self.given += 1;
        std::task::Poll::Ready(Some(match self.given {
            1..=200 => Ok(http_body::Frame::data(Bytes::from(vec![b'x'; 64 << 10]))),
            201 => Ok(http_body::Frame::data(Bytes::from(LAST_WORDS))),
            _ => Err(std::io::Error::other("broken")),
        }))
    }
}

struct Edge {
    address: SocketAddr,
    metrics: Arc<Metrics>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Stopped>,
}

impl Edge {
    async fn open(settings: EdgeSettings) -> Self {
        let router = Router::new()
            .route("/", get(async || "hello"))
            .route("/length", post(async |body: Bytes| body.len().to_string()))
            .route("/unread", post(async || "no, thanks"))
            .route("/large", get(async || Body::from(vec![b'x'; 32 << 20])))
            .route(
                "/slow",
                get(async || {
                    sleep(2 * SHORT).await;
                    "slowly"
                }),
            )
            .route(
                "/never",
                get(async || {
                    pending::<()>().await;
                    "never"
                }),
            )
            .route("/broken", get(async || Body::new(Broken::default())))
            .route("/target", any(async |request: Request| request.uri().to_string()))
            .fallback(async |request: Request| {
                let cut = request.extensions().get::<TargetTooLong>().is_some();
                if request.extensions().get::<HeadersTooLarge>().is_some() {
                    return "too large".to_owned();
                }
                format!("{} {cut}", request.uri().to_string().len())
            });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = Arc::new(Metrics::new());
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { drop(stopped.await) };
        let running = tokio::spawn(run(listener, Handler::new(router), settings, shutdown, Arc::clone(&metrics)));
        Self { address, metrics, stop, running }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// All that is answered to these bytes until the edge closes.
    async fn say(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut socket = self.connect().await;
        socket.write_all(bytes.as_ref()).await.unwrap();
        rest(&mut socket).await
    }

    fn ended(&self, why: &'static str) -> u64 {
        let labels = crate::telemetry::metrics::OutcomeLabels { outcome: why };
        self.metrics.connections_ended.get_or_create(&labels).get()
    }

    async fn stop(self) -> Stopped {
        self.stop.send(()).unwrap();
        self.running.await.unwrap()
    }
}

/// Everything until the end of the connection, be it orderly or a reset.
async fn rest(socket: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let read = timeout(Duration::from_secs(10), socket.read_to_end(&mut all)).await;
    assert!(read.is_ok(), "still open after {}", String::from_utf8_lossy(&all));
    String::from_utf8_lossy(&all).into_owned()
}

async fn read_answer(socket: &mut TcpStream) -> String {
    let mut buffer = vec![0; 4096];
    let read = timeout(Duration::from_secs(10), socket.read(&mut buffer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&buffer[..read]).into_owned()
}

fn last_line(answer: &str) -> &str {
    answer.rsplit("\r\n").next().unwrap()
}

fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).map(|one| one.get(..3).unwrap()).collect()
}

#[track_caller]
fn took_about(began: Instant, expected: Duration) {
    let took = began.elapsed();
    assert!(took >= expected * 9 / 10 && took < expected + Duration::from_secs(1), "{took:?}, not {expected:?}");
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let edge = Edge::open(impatient()).await;
    let began = Instant::now();
    assert_eq!(edge.say("").await, "");
    took_about(began, SHORT);
    assert_eq!(edge.ended("first_byte"), 1);
}

#[tokio::test]
async fn half_a_head_is_closed_also_when_it_dribbles() {
    let edge = Edge::open(impatient()).await;
    let mut socket = edge.connect().await;
    let began = Instant::now();
    socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    sleep(SHORT / 2).await;
    socket.write_all(b"X-Slow: y\r\n").await.unwrap();
    assert_eq!(rest(&mut socket).await, "");
    took_about(began, SHORT);
}

#[tokio::test]
async fn an_idle_connection_outlives_the_head_deadline_and_is_closed_later() {
    let edge = Edge::open(impatient()).await;
    let mut socket = edge.connect().await;
    socket.write_all(GET.as_bytes()).await.unwrap();
    read_answer(&mut socket).await;
    sleep(2 * SHORT).await;
    socket.write_all(GET.as_bytes()).await.unwrap();
    assert!(read_answer(&mut socket).await.ends_with("hello"));
    let began = Instant::now();
    assert_eq!(rest(&mut socket).await, "");
    took_about(began, 3 * SHORT);
    assert_eq!(edge.ended("idle"), 1);
}

#[tokio::test]
async fn the_second_head_has_its_deadline_too() {
    let edge = Edge::open(impatient()).await;
    let mut socket = edge.connect().await;
    socket.write_all(GET.as_bytes()).await.unwrap();
    read_answer(&mut socket).await;
    let began = Instant::now();
    socket.write_all(b"GET").await.unwrap();
    assert_eq!(rest(&mut socket).await, "");
    took_about(began, SHORT);
}

#[tokio::test]
async fn work_that_takes_longer_than_any_deadline_of_the_peer_is_not_cut() {
    let edge = Edge::open(impatient()).await;
    assert_eq!(last_line(&edge.say("GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await), "slowly");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_closed() {
    let edge = Edge::open(impatient()).await;
    let mut socket = edge.connect().await;
    socket.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    sleep(3 * SHORT).await;
    assert_eq!(edge.ended("slow_reader"), 1);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_sent_as_far_as_it_goes_and_not_ended() {
    let edge = Edge::open(impatient()).await;
    let mut socket = edge.connect().await;
    socket.write_all(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    // A reader who takes his time.
    sleep(SHORT / 4).await;
    let answer = rest(&mut socket).await;
    assert!(answer.ends_with(&format!("{LAST_WORDS}\r\n")), "{}", answer.get(answer.len() - 80..).unwrap());
}

#[tokio::test]
async fn one_address_has_its_share_of_connections_and_the_rest_is_told() {
    let edge = Edge::open(EdgeSettings { connections_per_address: 3, ..impatient() }).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut socket = edge.connect().await;
        socket.write_all(GET.as_bytes()).await.unwrap();
        read_answer(&mut socket).await;
        held.push(socket);
    }
    assert!(edge.say("").await.starts_with("HTTP/1.1 503 "));
    held.pop();
    sleep(SHORT / 4).await;
    assert!(read_after(&edge, GET).await.starts_with("HTTP/1.1 200 "));
}

async fn read_after(edge: &Edge, bytes: &str) -> String {
    let mut socket = edge.connect().await;
    socket.write_all(bytes.as_bytes()).await.unwrap();
    read_answer(&mut socket).await
}

#[tokio::test]
async fn hundreds_of_silent_connections_do_not_delay_a_fresh_one() {
    let edge = Edge::open(EdgeSettings::default()).await;
    let mut held = Vec::new();
    for _ in 0..400 {
        held.push(edge.connect().await);
    }
    let began = Instant::now();
    assert!(read_after(&edge, GET).await.ends_with("hello"));
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_could_be_framed_in_two_ways_is_400_and_closed() {
    let edge = Edge::open(impatient()).await;
    let smuggled = "0\r\n\r\nGET /target HTTP/1.1\r\nHost: x\r\n\r\n";
    for head in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nContent-Length: 9\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 4, 4\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\r\n chunked\r\n",
        "Content-Length : 4\r\n",
        "X: a\n",
        "X: a\0b\r\n",
        "X: a\rb\r\n",
        "X\n: a\r\n",
        ": a\r\n",
    ] {
        let answer = edge.say(format!("POST /length HTTP/1.1\r\nHost: x\r\n{head}\r\n{smuggled}")).await;
        assert_eq!(statuses(&answer), ["400"], "{head:?} was answered {answer}");
    }
    assert_eq!(statuses(&edge.say("GET / HTTP/1.1\nHost: x\n\n").await), ["400"]);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_and_scanned_each() {
    let edge = Edge::open(impatient()).await;
    let answer = edge
        .say("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /target?\"2\" HTTP/1.1\r\nHost: x\r\n\r\n\
             GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        .await;
    assert_eq!(statuses(&answer), ["200", "200", "400"], "{answer}");
    assert!(answer.contains("\r\n\r\n3HTTP/1.1") && answer.contains("/target?%222%22HTTP/1.1"), "{answer}");
}

#[tokio::test]
async fn an_unread_body_is_never_taken_for_a_request() {
    let edge = Edge::open(impatient()).await;
    let body = GET.repeat(3);
    let whole = format!("POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    assert_eq!(statuses(&edge.say(&whole).await), ["200"]);
    let mut socket = edge.connect().await;
    let (first, second) = whole.split_at(whole.len() - 30);
    socket.write_all(first.as_bytes()).await.unwrap();
    sleep(SHORT / 4).await;
    // The edge may have closed already; what counts is the answer.
    drop(socket.write_all(second.as_bytes()).await);
    assert_eq!(statuses(&rest(&mut socket).await), ["200"]);
}

#[tokio::test]
async fn a_refused_upload_still_sees_its_answer() {
    let edge = Edge::open(impatient()).await;
    let mut socket = edge.connect().await;
    let head = "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&vec![b'x'; 5_000_000]).await.unwrap();
    let answer = rest(&mut socket).await;
    assert!(answer.contains("connection: close") && answer.ends_with("no, thanks"), "{answer}");
}

#[tokio::test]
async fn a_chunked_body_is_read_and_ends_the_connection() {
    let edge = Edge::open(impatient()).await;
    let body = "3\r\na\"c\r\n2;x=\"y\"\r\nde\r\n0\r\n\r\n";
    let whole = format!("POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{body}{GET}");
    let answer = edge.say(whole).await;
    assert!(answer.contains("connection: close") && last_line(&answer) == "5", "{answer}");
}

#[tokio::test]
async fn every_byte_that_clients_put_into_a_target_arrives() {
    let edge = Edge::open(impatient()).await;
    for byte in (0x21..=0xff_u8).filter(|byte| *byte != 0x7f) {
        for path in ["/target?d=".as_bytes(), b"/"] {
            let request = [b"GET ", path, &[byte], b"z HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"].concat();
            let answer = edge.say(request).await;
            assert_eq!(statuses(&answer), ["200"], "{:?} after {path:?}", char::from(byte));
        }
    }
    let answer =
        edge.say("GET /target?domain=[(\"a\",\"=\",\"b\")] HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!(last_line(&answer), "/target?domain=[(%22a%22,%22=%22,%22b%22)]");
}

#[tokio::test]
async fn a_target_of_64_kib_passes_and_a_longer_one_is_marked() {
    let edge = Edge::open(impatient()).await;
    for (length, said) in [(65_534, "65534 false"), (65_535, "65534 true"), (200_000, "65534 true")] {
        let target = "a".repeat(length - 1);
        let answer = edge.say(format!("GET /{target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        assert_eq!(last_line(&answer), said);
    }
}

#[tokio::test]
async fn a_header_block_beyond_the_bounds_is_cut_and_marked() {
    let edge = Edge::open(impatient()).await;
    let many = "X: y\r\n".repeat(200);
    let large = format!("X: {}\r\n", "y".repeat(200_000));
    for fields in [many, large] {
        let answer = edge.say(format!("GET /any HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n")).await;
        assert_eq!((statuses(&answer), last_line(&answer)), (vec!["200"], "too large"));
    }
}

#[tokio::test]
async fn stopping_lets_the_request_in_flight_finish_and_closes_the_others_soon() {
    let edge = Edge::open(impatient()).await;
    let (mut busy, mut idle, mut silent) = (edge.connect().await, edge.connect().await, edge.connect().await);
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    idle.write_all(GET.as_bytes()).await.unwrap();
    read_answer(&mut idle).await;
    let (began, address) = (Instant::now(), edge.address);
    let stopping = tokio::spawn(edge.stop());
    assert_eq!((rest(&mut idle).await, rest(&mut silent).await), (String::new(), String::new()));
    assert!(began.elapsed() < SHORT, "{:?}", began.elapsed());
    assert!(TcpStream::connect(address).await.is_err());
    let answer = rest(&mut busy).await;
    assert!(answer.ends_with("slowly") && answer.contains("connection: close"), "{answer}");
    assert_eq!(stopping.await.unwrap(), Stopped { cut: 0 });
}

#[tokio::test]
async fn a_request_on_a_reused_connection_is_answered_while_stopping_and_is_its_last() {
    let edge = Edge::open(EdgeSettings { farewell: 10 * SHORT, grace: 20 * SHORT, ..impatient() }).await;
    let mut reused = edge.connect().await;
    reused.write_all(GET.as_bytes()).await.unwrap();
    assert!(!read_answer(&mut reused).await.contains("connection: close"));
    let address = edge.address;
    let stopping = tokio::spawn(edge.stop());
    while TcpStream::connect(address).await.is_ok() {
        sleep(SHORT / 20).await;
    }
    reused.write_all(GET.as_bytes()).await.unwrap();
    let answer = rest(&mut reused).await;
    assert!(answer.contains("connection: close") && answer.ends_with("hello"), "{answer}");
    assert_eq!(stopping.await.unwrap(), Stopped { cut: 0 });
}

#[tokio::test]
async fn what_outlives_the_grace_period_is_cut_and_counted() {
    let edge = Edge::open(impatient()).await;
    let mut socket = edge.connect().await;
    socket.write_all(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    sleep(SHORT / 4).await;
    let began = Instant::now();
    assert_eq!(edge.stop().await, Stopped { cut: 1 });
    took_about(began, 3 * SHORT);
}

mod http2 {
    use http_body_util::{BodyExt, Full};
    use hyper::client::conn::http2;
    use hyper_util::rt::{TokioExecutor, TokioIo};

    use super::*;

    async fn client(edge: &Edge) -> http2::SendRequest<Full<Bytes>> {
        let io = TokioIo::new(edge.connect().await);
        let (client, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        client
    }

    fn request(path: &str) -> http::Request<Full<Bytes>> {
        http::Request::get(format!("http://x{path}")).body(Full::default()).unwrap()
    }

    #[tokio::test]
    async fn prior_knowledge_is_understood_and_streams_run_side_by_side() {
        let edge = Edge::open(impatient()).await;
        let mut client = client(&edge).await;
        let began = Instant::now();
        let answers = [client.send_request(request("/slow")), client.send_request(request("/slow"))];
        for answer in answers {
            assert_eq!(answer.await.unwrap().collect().await.unwrap().to_bytes(), "slowly");
        }
        took_about(began, 2 * SHORT);
    }

    #[tokio::test]
    async fn an_idle_connection_is_closed() {
        let edge = Edge::open(impatient()).await;
        let mut client = client(&edge).await;
        client.send_request(request("/")).await.unwrap();
        sleep(4 * SHORT).await;
        assert_eq!(edge.ended("idle"), 1);
    }

    #[tokio::test]
    async fn a_peer_that_opens_no_window_is_closed() {
        let edge = Edge::open(impatient()).await;
        let mut client = client(&edge).await;
        let _unread = client.send_request(request("/large")).await.unwrap();
        sleep(3 * SHORT).await;
        assert_eq!(edge.ended("slow_reader"), 1);
    }

    #[tokio::test]
    async fn a_large_answer_arrives_whole() {
        let edge = Edge::open(impatient()).await;
        let answer = client(&edge).await.send_request(request("/large")).await.unwrap();
        assert_eq!(answer.collect().await.unwrap().to_bytes().len(), 32 << 20);
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_sent_as_far_as_it_goes_and_reset() {
        let edge = Edge::open(impatient()).await;
        let mut answer = client(&edge).await.send_request(request("/broken")).await.unwrap();
        let (mut length, mut last) = (0, Bytes::new());
        let error = loop {
            match answer.frame().await.expect("no end") {
                Ok(frame) => last = frame.into_data().unwrap(),
                Err(error) => break error,
            }
            length += last.len();
        };
        assert_eq!((length, last), (200 * (64 << 10) + LAST_WORDS.len(), Bytes::from(LAST_WORDS)), "{error}");
    }

    #[tokio::test]
    async fn stopping_lets_streams_finish() {
        let edge = Edge::open(impatient()).await;
        let mut client = client(&edge).await;
        let answer = client.send_request(request("/slow"));
        let answer = tokio::spawn(answer);
        sleep(SHORT / 4).await;
        assert_eq!(edge.stop().await, Stopped { cut: 0 });
        assert_eq!(answer.await.unwrap().unwrap().status(), 200);
    }
}

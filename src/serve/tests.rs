//! Tests of the server over in-memory connections and a paused clock. Tests about the kernel's part, such as closing
//! and rejecting connections, use TCP sockets.

use std::future::pending;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::routing::{any, get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;

const SHORT: Duration = Duration::from_millis(200);
const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

fn short_timeouts() -> ServerSettings {
    ServerSettings {
        first_byte: SHORT,
        head: SHORT,
        keep_alive_idle: 3 * SHORT,
        slow_reader: SHORT,
        linger: SHORT,
        idle_grace: SHORT / 2,
        grace: 3 * SHORT,
        ..ServerSettings::for_tests()
    }
}

/// A body that is larger than the buffers of a connection and fails immediately after its last chunk.
#[derive(Default)]
struct FailingBody {
    chunks: usize,
}

const LAST_CHUNK: &str = "last chunk";

impl http_body::Body for FailingBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        self.chunks += 1;
        std::task::Poll::Ready(Some(match self.chunks {
            1..=200 => Ok(http_body::Frame::data(Bytes::from(vec![b'x'; 64 << 10]))),
            201 => Ok(http_body::Frame::data(Bytes::from(LAST_CHUNK))),
            _ => Err(std::io::Error::other("broken")),
        }))
    }
}

fn handler() -> Handler {
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
        .route("/broken", get(async || Body::new(FailingBody::default())))
        .route("/target", any(async |request: Request| request.uri().to_string()))
        .fallback(async |request: Request| {
            let truncated = request.extensions().get::<TargetTooLong>().is_some();
            if request.extensions().get::<HeadersTooLarge>().is_some() {
                return "too large".to_owned();
            }
            format!("{} {truncated}", request.uri().to_string().len())
        });
    Handler::new(router)
}

/// A server whose connections are in memory, so that a paused clock advances only when both sides wait.
struct MemoryServer {
    acceptor: Acceptor,
    shutdown: ShutdownHandle,
}

impl MemoryServer {
    fn new(settings: ServerSettings) -> Self {
        let acceptor = Acceptor::new(handler(), settings, Arc::new(Metrics::new()));
        Self { acceptor, shutdown: ShutdownHandle::new() }
    }

    fn connect(&self) -> DuplexStream {
        let (client, server) = duplex(64 * 1024);
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let permit = self.acceptor.limit.acquire(address.ip()).unwrap();
        self.acceptor.spawn(permit, server, address, &self.shutdown);
        client
    }

    /// Sends bytes on a new connection and returns everything that the server sends until it closes the connection.
    async fn send(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut socket = self.connect();
        socket.write_all(bytes.as_ref()).await.unwrap();
        read_to_end(&mut socket).await
    }

    fn ended(&self, outcome: &'static str) -> u64 {
        let labels = crate::telemetry::metrics::OutcomeLabels { outcome };
        self.acceptor.metrics.connections_ended.get_or_create(&labels).get()
    }

    async fn stop(self) -> ShutdownReport {
        drain(&self.shutdown, self.acceptor.settings.grace).await
    }
}

/// A server that listens on a TCP port.
struct TcpServer {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<ShutdownReport>,
}

impl TcpServer {
    async fn start(settings: ServerSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { drop(stopped.await) };
        let task = tokio::spawn(run(listener, handler(), settings, shutdown, Arc::new(Metrics::new())));
        Self { address, stop, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn get(&self) -> String {
        let mut socket = self.connect().await;
        socket.write_all(GET.as_bytes()).await.unwrap();
        read_response(&mut socket).await
    }

    async fn stop(self) -> ShutdownReport {
        self.stop.send(()).unwrap();
        self.task.await.unwrap()
    }
}

/// Reads until the connection is closed or reset.
async fn read_to_end(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut all = Vec::new();
    let read = timeout(Duration::from_secs(10), socket.read_to_end(&mut all)).await;
    assert!(read.is_ok(), "still open after {}", String::from_utf8_lossy(&all));
    String::from_utf8_lossy(&all).into_owned()
}

async fn read_response(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut buffer = vec![0; 4096];
    let read = timeout(Duration::from_secs(10), socket.read(&mut buffer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&buffer[..read]).into_owned()
}

fn last_line(response: &str) -> &str {
    response.rsplit("\r\n").next().unwrap()
}

fn statuses(response: &str) -> Vec<&str> {
    response.split("HTTP/1.1 ").skip(1).map(|one| one.get(..3).unwrap()).collect()
}

/// The paused clock is exact, but tokio's timers are rounded up to milliseconds.
#[track_caller]
fn assert_elapsed(started: Instant, expected: Duration) {
    let elapsed = started.elapsed();
    assert!(elapsed >= expected && elapsed <= expected + Duration::from_millis(5), "{elapsed:?}, not {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed() {
    let server = MemoryServer::new(short_timeouts());
    let started = Instant::now();
    assert_eq!(server.send("").await, "");
    assert_elapsed(started, SHORT);
    assert_eq!(server.ended("first_byte"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_incomplete_head_is_closed_even_if_bytes_keep_arriving() {
    let server = MemoryServer::new(short_timeouts());
    let mut socket = server.connect();
    let started = Instant::now();
    socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    sleep(SHORT / 2).await;
    socket.write_all(b"X-Slow: y\r\n").await.unwrap();
    assert_eq!(read_to_end(&mut socket).await, "");
    assert_elapsed(started, SHORT);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_outlives_the_head_timeout_and_is_closed_later() {
    let server = MemoryServer::new(short_timeouts());
    let mut socket = server.connect();
    socket.write_all(GET.as_bytes()).await.unwrap();
    read_response(&mut socket).await;
    sleep(2 * SHORT).await;
    socket.write_all(GET.as_bytes()).await.unwrap();
    assert!(read_response(&mut socket).await.ends_with("hello"));
    let started = Instant::now();
    assert_eq!(read_to_end(&mut socket).await, "");
    assert_elapsed(started, 3 * SHORT);
    assert_eq!(server.ended("idle"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_head_timeout_applies_to_the_second_request() {
    let server = MemoryServer::new(short_timeouts());
    let mut socket = server.connect();
    socket.write_all(GET.as_bytes()).await.unwrap();
    read_response(&mut socket).await;
    let started = Instant::now();
    socket.write_all(b"GET").await.unwrap();
    assert_eq!(read_to_end(&mut socket).await, "");
    assert_elapsed(started, SHORT);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_is_slower_than_the_timeouts_is_not_interrupted() {
    let server = MemoryServer::new(short_timeouts());
    let response = server.send("GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!(last_line(&response), "slowly");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_closed() {
    let server = MemoryServer::new(short_timeouts());
    let mut socket = server.connect();
    socket.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    sleep(3 * SHORT).await;
    assert_eq!(server.ended("slow_reader"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_fails_is_sent_up_to_the_failure_and_not_terminated() {
    let server = MemoryServer::new(short_timeouts());
    let mut socket = server.connect();
    socket.write_all(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    // The failure happens while the client is not reading.
    sleep(SHORT / 4).await;
    let response = read_to_end(&mut socket).await;
    assert!(response.ends_with(&format!("{LAST_CHUNK}\r\n")), "{}", response.get(response.len() - 80..).unwrap());
}

#[tokio::test]
async fn connections_beyond_the_limit_of_an_address_are_answered_503() {
    let server = TcpServer::start(ServerSettings { connections_per_address: 3, ..ServerSettings::for_tests() }).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut socket = server.connect().await;
        socket.write_all(GET.as_bytes()).await.unwrap();
        read_response(&mut socket).await;
        open.push(socket);
    }
    assert!(read_to_end(&mut server.connect().await).await.starts_with("HTTP/1.1 503 "));
    open.pop();
    // The server accepts the next connection after it has noticed the closed one.
    let accepted = async {
        loop {
            let (mut socket, mut status) = (server.connect().await, [0; 12]);
            // Writing or reading fails if the server has rejected and closed the connection.
            let sent = socket.write_all(GET.as_bytes()).await;
            if sent.is_ok() && socket.read_exact(&mut status).await.is_ok() && &status == b"HTTP/1.1 200" {
                break;
            }
        }
    };
    timeout(Duration::from_secs(10), accepted).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn hundreds_of_silent_connections_do_not_delay_a_request() {
    let server = MemoryServer::new(ServerSettings::for_tests());
    let _silent: Vec<_> = (0..400).map(|_| server.connect()).collect();
    let started = Instant::now();
    let mut socket = server.connect();
    socket.write_all(GET.as_bytes()).await.unwrap();
    assert!(read_response(&mut socket).await.ends_with("hello"));
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn ambiguous_framing_is_400_and_closes_the_connection() {
    let server = MemoryServer::new(short_timeouts());
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
        let response = server.send(format!("POST /length HTTP/1.1\r\nHost: x\r\n{head}\r\n{smuggled}")).await;
        assert_eq!(statuses(&response), ["400"], "{head:?} returned {response}");
    }
    assert_eq!(statuses(&server.send("GET / HTTP/1.1\nHost: x\n\n").await), ["400"]);
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_order_and_each_head_is_scanned() {
    let server = MemoryServer::new(short_timeouts());
    let response = server
        .send("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /target?\"2\" HTTP/1.1\r\nHost: x\r\n\r\n\
             GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        .await;
    assert_eq!(statuses(&response), ["200", "200", "400"], "{response}");
    assert!(response.contains("\r\n\r\n3HTTP/1.1") && response.contains("/target?%222%22HTTP/1.1"), "{response}");
}

#[tokio::test(start_paused = true)]
async fn an_unread_body_is_not_parsed_as_a_request() {
    let server = MemoryServer::new(short_timeouts());
    let body = GET.repeat(3);
    let request = format!("POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    assert_eq!(statuses(&server.send(&request).await), ["200"]);
    let mut socket = server.connect();
    let (first, second) = request.split_at(request.len() - 30);
    socket.write_all(first.as_bytes()).await.unwrap();
    sleep(SHORT / 4).await;
    // The server may have closed the connection already; only the response matters.
    drop(socket.write_all(second.as_bytes()).await);
    assert_eq!(statuses(&read_to_end(&mut socket).await), ["200"]);
}

#[tokio::test]
async fn a_client_that_is_still_uploading_receives_the_response() {
    let server = TcpServer::start(short_timeouts()).await;
    let mut socket = server.connect().await;
    let head = "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&vec![b'x'; 5_000_000]).await.unwrap();
    let response = read_to_end(&mut socket).await;
    assert!(response.contains("connection: close") && response.ends_with("no, thanks"), "{response}");
}

#[tokio::test(start_paused = true)]
async fn a_chunked_body_is_read_and_closes_the_connection() {
    let server = MemoryServer::new(short_timeouts());
    let body = "3\r\na\"c\r\n2;x=\"y\"\r\nde\r\n0\r\n\r\n";
    let request = format!("POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{body}{GET}");
    let response = server.send(request).await;
    assert!(response.contains("connection: close") && last_line(&response) == "5", "{response}");
}

#[tokio::test(start_paused = true)]
async fn every_byte_of_a_target_is_accepted() {
    let server = MemoryServer::new(short_timeouts());
    for byte in (0x21..=0xff_u8).filter(|byte| *byte != 0x7f) {
        for path in ["/target?d=".as_bytes(), b"/"] {
            let request = [b"GET ", path, &[byte], b"z HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"].concat();
            let response = server.send(request).await;
            assert_eq!(statuses(&response), ["200"], "{:?} after {path:?}", char::from(byte));
        }
    }
    let response =
        server.send("GET /target?domain=[(\"a\",\"=\",\"b\")] HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!(last_line(&response), "/target?domain=[(%22a%22,%22=%22,%22b%22)]");
}

#[tokio::test(start_paused = true)]
async fn a_target_of_64_kib_is_accepted_and_a_longer_one_is_marked() {
    let server = MemoryServer::new(short_timeouts());
    for (length, expected) in [(65_534, "65534 false"), (65_535, "65534 true"), (200_000, "65534 true")] {
        let target = "a".repeat(length - 1);
        let response = server.send(format!("GET /{target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        assert_eq!(last_line(&response), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn headers_beyond_the_limit_are_truncated_and_marked() {
    let server = MemoryServer::new(short_timeouts());
    let many = "X: y\r\n".repeat(200);
    let large = format!("X: {}\r\n", "y".repeat(200_000));
    for fields in [many, large] {
        let response = server.send(format!("GET /any HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n")).await;
        assert_eq!((statuses(&response), last_line(&response)), (vec!["200"], "too large"));
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_requests_in_flight_and_closes_idle_connections_early() {
    let server = MemoryServer::new(short_timeouts());
    let (mut busy, mut idle, mut silent) = (server.connect(), server.connect(), server.connect());
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    idle.write_all(GET.as_bytes()).await.unwrap();
    read_response(&mut idle).await;
    let started = Instant::now();
    let stopping = tokio::spawn(server.stop());
    assert_eq!((read_to_end(&mut idle).await, read_to_end(&mut silent).await), (String::new(), String::new()));
    assert_elapsed(started, SHORT / 2);
    let response = read_to_end(&mut busy).await;
    assert!(response.ends_with("slowly") && response.contains("connection: close"), "{response}");
    assert_eq!(stopping.await.unwrap(), ShutdownReport { aborted: 0 });
}

#[tokio::test]
async fn the_listener_is_closed_at_shutdown() {
    let server = TcpServer::start(ServerSettings { idle_grace: Duration::ZERO, ..ServerSettings::for_tests() }).await;
    let address = server.address;
    assert!(server.get().await.ends_with("hello"));
    assert_eq!(server.stop().await, ShutdownReport { aborted: 0 });
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_reused_connection_receives_one_more_response_during_shutdown() {
    let server = MemoryServer::new(ServerSettings { idle_grace: 10 * SHORT, grace: 20 * SHORT, ..short_timeouts() });
    let mut reused = server.connect();
    reused.write_all(GET.as_bytes()).await.unwrap();
    assert!(!read_response(&mut reused).await.contains("connection: close"));
    let stopping = tokio::spawn(server.stop());
    sleep(SHORT).await;
    reused.write_all(GET.as_bytes()).await.unwrap();
    let response = read_to_end(&mut reused).await;
    assert!(response.contains("connection: close") && response.ends_with("hello"), "{response}");
    assert_eq!(stopping.await.unwrap(), ShutdownReport { aborted: 0 });
}

#[tokio::test(start_paused = true)]
async fn connections_that_outlive_the_grace_period_are_aborted_and_counted() {
    let server = MemoryServer::new(short_timeouts());
    let mut socket = server.connect();
    socket.write_all(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    sleep(SHORT / 4).await;
    let started = Instant::now();
    assert_eq!(server.stop().await, ShutdownReport { aborted: 1 });
    assert_elapsed(started, 3 * SHORT);
}

mod http2 {
    use http_body_util::{BodyExt, Full};
    use hyper::client::conn::http2;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::io::{AsyncRead, AsyncWrite};

    use super::*;

    async fn client(server: &MemoryServer) -> http2::SendRequest<Full<Bytes>> {
        client_over(server.connect()).await
    }

    async fn client_over(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> http2::SendRequest<Full<Bytes>> {
        let (client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
        tokio::spawn(connection);
        client
    }

    fn request(path: &str) -> http::Request<Full<Bytes>> {
        http::Request::get(format!("http://x{path}")).body(Full::default()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn prior_knowledge_is_accepted_and_streams_run_concurrently() {
        let server = MemoryServer::new(short_timeouts());
        let mut client = client(&server).await;
        let started = Instant::now();
        let responses = [client.send_request(request("/slow")), client.send_request(request("/slow"))];
        for response in responses {
            assert_eq!(response.await.unwrap().collect().await.unwrap().to_bytes(), "slowly");
        }
        assert_elapsed(started, 2 * SHORT);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_closed() {
        let server = MemoryServer::new(short_timeouts());
        let mut client = client(&server).await;
        client.send_request(request("/")).await.unwrap();
        sleep(4 * SHORT).await;
        assert_eq!(server.ended("idle"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_opens_no_window_is_closed() {
        let server = MemoryServer::new(short_timeouts());
        let mut client = client(&server).await;
        let _unread = client.send_request(request("/large")).await.unwrap();
        sleep(3 * SHORT).await;
        assert_eq!(server.ended("slow_reader"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_response_arrives_completely() {
        let server = MemoryServer::new(short_timeouts());
        let response = client(&server).await.send_request(request("/large")).await.unwrap();
        assert_eq!(response.collect().await.unwrap().to_bytes().len(), 32 << 20);
    }

    /// Over TCP: only a socket reports to HTTP/2 how much of the response the peer has received.
    #[tokio::test]
    async fn a_response_that_fails_is_sent_up_to_the_failure_and_reset() {
        let server = TcpServer::start(short_timeouts()).await;
        let mut client = client_over(server.connect().await).await;
        let mut response = client.send_request(request("/broken")).await.unwrap();
        let (mut length, mut last) = (0, Bytes::new());
        let error = loop {
            match response.frame().await.expect("no end") {
                Ok(frame) => last = frame.into_data().unwrap(),
                Err(error) => break error,
            }
            length += last.len();
        };
        assert_eq!((length, last), (200 * (64 << 10) + LAST_CHUNK.len(), Bytes::from(LAST_CHUNK)), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_waits_for_streams() {
        let server = MemoryServer::new(short_timeouts());
        let mut client = client(&server).await;
        let response = client.send_request(request("/slow"));
        let response = tokio::spawn(response);
        sleep(SHORT / 4).await;
        assert_eq!(server.stop().await, ShutdownReport { aborted: 0 });
        assert_eq!(response.await.unwrap().unwrap().status(), 200);
    }
}

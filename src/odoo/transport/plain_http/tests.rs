//! Responses as a server sends them, byte by byte, and what becomes of them. The tests of the client and of the outages
//! use the same path.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::{StatusCode, Url};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::exchange::{Exchange, LazyTimer};
use super::{MAX_HEAD, NOT_HTTP, read_head};
use crate::memory_budget::MemoryBudget;
use crate::odoo::error::TransportError;
use crate::odoo::request_target::ServiceUrl;
use crate::odoo::transport::{Connection, OutgoingCall, Protocol, Transport};
use crate::plan::Effect;

const BODY: &[u8] = b"<methodCall/>";
const CAP: usize = 20;
const KEEP_IDLE: Duration = Duration::from_secs(60);

/// A listening server that handles each connection with `serve`.
struct Server {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Server {
    async fn start<F: Future<Output = ()> + Send + 'static>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Self { address, accepted }
    }

    /// Answers each request with `response` in pieces of `piece` bytes, and closes the connection unless `keeps_open`.
    async fn answering(response: impl Into<Vec<u8>>, piece: usize, keeps_open: bool) -> Self {
        let response: Vec<u8> = response.into();
        Self::start(move |mut stream| {
            let response = response.clone();
            async move {
                stream.set_nodelay(true).unwrap();
                while read_request(&mut stream, BODY).await {
                    for piece in response.chunks(piece) {
                        // The client closes the connection when it rejects the response.
                        if stream.write_all(piece).await.is_err() {
                            return;
                        }
                        tokio::task::yield_now().await;
                    }
                    if !keeps_open {
                        return;
                    }
                }
            }
        })
        .await
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// Reads to the end of a request with this body; false if the client has closed the connection.
async fn read_request(stream: &mut TcpStream, body: &[u8]) -> bool {
    let mut request = Vec::new();
    while !request.ends_with(body) {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return false;
        }
    }
    true
}

fn transport() -> Transport {
    Transport::new(Duration::from_secs(5), KEEP_IDLE).unwrap()
}

#[derive(Clone, Copy)]
struct Request<'a> {
    service: fn(Url) -> ServiceUrl,
    connection: Connection,
    body: &'a [u8],
    timeout: Duration,
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self { service: ServiceUrl::new, connection: Connection::Pooled, body: BODY, timeout: Duration::from_secs(20) }
    }
}

async fn send(
    transport: &Transport,
    address: SocketAddr,
    request: Request<'_>,
) -> Result<(StatusCode, String), TransportError> {
    let url = (request.service)(Url::parse(&format!("http://{address}/xmlrpc/object")).unwrap());
    let call = OutgoingCall {
        url: &url,
        protocol: Protocol::Xml,
        database: None,
        connection: request.connection,
        body: &Bytes::copy_from_slice(request.body),
        response_timeout: request.timeout,
        total_timeout: request.timeout,
        answer_cap: CAP,
        memory: &MemoryBudget::new(1 << 20),
        effect: Effect::Read,
    };
    transport.send(call).await.map(|response| (response.status, response.text))
}

fn response(version: &str, fields: &str, body: &str) -> String {
    format!("{version} 200 OK\r\nContent-Type: text/xml\r\n{fields}\r\n{body}")
}

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

/// Responses that are read, with their text.
fn readable_responses() -> Vec<(String, &'static str)> {
    let hints = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n";
    let ok = |fields, body| response("HTTP/1.1", fields, body);
    vec![
        (ok("Content-Length: 2\r\n", "ab"), "ab"),
        (ok("Content-Length: 20\r\n", "abcdefghijklmnopqrst"), "abcdefghijklmnopqrst"),
        (ok("Content-Length: 0\r\n", ""), ""),
        (ok("Content-Length: 2\r\n", "abHTTP/1.1 200 OK"), "ab"),
        (ok("Content-Length: 2, 2\r\nContent-Length: 2\r\n", "ab"), "ab"),
        (response("HTTP/1.0", "Content-Length: 2\r\n", "ab"), "ab"),
        (response("HTTP/1.0", "", "ab"), "ab"),
        (ok("Connection: close\r\n", "ab"), "ab"),
        (ok("", ""), ""),
        (ok("Transfer-Encoding: chunked, x\r\n", "2\r\nab"), "2\r\nab"),
        (ok(CHUNKED, "1\r\na\r\n1;x=y\r\nb\r\n0\r\n\r\n"), "ab"),
        (ok(CHUNKED, "0\r\n\r\n"), ""),
        (ok(CHUNKED, "2\r\nab\r\n0\r\nA: b\r\n\r\nHTTP/1.1 200 OK"), "ab"),
        (ok("Transfer-Encoding: chunked\r\nContent-Length: 9\r\n", "2\r\nab\r\n0\r\n\r\n"), "ab"),
        (format!("{hints}{}", ok("Content-Length: 2\r\n", "ab")), "ab"),
        ("HTTP/1.1 200\nContent-Type: text/xml\nContent-Length: 2\n\nab".to_owned(), "ab"),
    ]
}

/// Responses that are not read, with the reason.
fn unusable_responses() -> Vec<(String, TransportError)> {
    use TransportError::{ClosedBeforeResponse, ClosedInResponse, Status, TooLarge, Unreadable};
    let ok = |fields, body| response("HTTP/1.1", fields, body);
    let retry_after = Some(Duration::from_secs(7));
    let many = "a: b\r\n".repeat(200);
    let compressed = Unreadable("it is compressed without a request for compression");
    vec![
        (String::new(), ClosedBeforeResponse),
        ("HTTP/1.1 200 OK\r\nContent-".to_owned(), ClosedBeforeResponse),
        ("HTTP/1.1 100 Continue\r\n\r\n".to_owned(), ClosedBeforeResponse),
        ("SSH-2.0-server\r\n".to_owned(), NOT_HTTP),
        ("HTTP/1.1 2x0 OK\r\n\r\n".to_owned(), NOT_HTTP),
        (ok("Content-Length: 2\r\nContent-Length: 3\r\n", "ab"), NOT_HTTP),
        (ok("Content-Length: -2\r\n", "ab"), NOT_HTTP),
        (response("HTTP/1.0", CHUNKED, "0\r\n\r\n"), NOT_HTTP),
        (ok(&many, "ab"), NOT_HTTP),
        (ok("Content-Length: 3\r\n", "ab"), ClosedInResponse),
        (ok(CHUNKED, "2\r\nab\r\n"), ClosedInResponse),
        (ok(CHUNKED, "2\r\nab\r\n0\r\n"), ClosedInResponse),
        (ok(CHUNKED, "2\r\nabc\r\n0\r\n\r\n"), ClosedInResponse),
        (ok(CHUNKED, "x\r\nab\r\n0\r\n\r\n"), ClosedInResponse),
        (ok("Content-Length: 21\r\n", "abcdefghijklmnopqrstu"), TooLarge(CAP)),
        (ok(CHUNKED, "15\r\nabcdefghijklmnopqrstu\r\n0\r\n\r\n"), TooLarge(CAP)),
        (ok("", "abcdefghijklmnopqrstu"), TooLarge(CAP)),
        (ok("Content-Encoding: gzip\r\nContent-Length: 2\r\n", "ab"), compressed),
        ("HTTP/1.1 503 Away\r\nRetry-After: 7\r\n\r\n".to_owned(), Status { status: 503, retry_after }),
        ("HTTP/1.1 101 Switch\r\n\r\n".to_owned(), Status { status: 101, retry_after: None }),
        ("HTTP/1.1 204 Empty\r\n\r\n".to_owned(), Status { status: 204, retry_after: None }),
    ]
}

/// Checks the meaning of all responses, sent in pieces of some sizes.
async fn assert_meanings(service: fn(Url) -> ServiceUrl) {
    let transport = transport();
    let request = Request { service, ..Request::default() };
    for (raw, text) in readable_responses() {
        for piece in [raw.len(), 7, 1] {
            let server = Server::answering(raw.as_str(), piece, false).await;
            let read = send(&transport, server.address, request).await;
            assert_eq!(read, Ok((StatusCode::OK, text.to_owned())), "{raw:?} by {piece}");
        }
    }
    for (raw, error) in unusable_responses() {
        for piece in [raw.len().max(1), 7, 1] {
            let server = Server::answering(raw.as_str(), piece, false).await;
            assert_eq!(send(&transport, server.address, request).await, Err(error), "{raw:?} by {piece}");
        }
    }
}

#[tokio::test]
async fn response_has_one_meaning_in_pieces_of_any_size() {
    assert_meanings(ServiceUrl::new).await;
}

#[tokio::test]
async fn client_for_tls_gives_responses_the_same_meaning() {
    assert_meanings(ServiceUrl::for_reqwest).await;
}

#[tokio::test]
async fn head_without_an_end_is_limited() {
    let endless = format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(1 << 20));
    let server = Server::answering(endless, 1 << 20, true).await;
    assert_eq!(send(&transport(), server.address, Request::default()).await, Err(NOT_HTTP));
}

const INFORMATIONAL: &str = "HTTP/1.1 102 Processing\r\n\r\n";

#[tokio::test]
async fn informational_responses_without_an_end_are_limited() {
    let endless = INFORMATIONAL.repeat(2 * MAX_HEAD / INFORMATIONAL.len());
    for piece in [100, 1 << 20] {
        let server = Server::answering(endless.as_str(), piece, true).await;
        assert_eq!(send(&transport(), server.address, Request::default()).await, Err(NOT_HTTP), "{piece}");
    }
}

#[tokio::test]
async fn informational_responses_that_always_arrive_do_not_extend_the_time_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    // More than one read returns, and the final response at once after them.
    let sent = INFORMATIONAL.repeat(1000) + &response("HTTP/1.1", "Content-Length: 0\r\n", "");
    server.write_all(sent.as_bytes()).await.unwrap();
    client.readable().await.unwrap();
    let mut exchange = Exchange::new(client, Zeroizing::new(Vec::new()), Bytes::new());
    let read = read_head(&mut exchange, Instant::now(), &mut LazyTimer::default()).await;
    assert_eq!(read.err(), Some(TransportError::TimedOut));
}

#[tokio::test]
async fn connection_is_reused_only_if_both_ends_permit_it() {
    let length = "Content-Length: 2\r\n";
    let both = "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n";
    let read = Request::default();
    let write = Request { connection: Connection::Fresh, ..read };
    for (raw, request, is_reused) in [
        (response("HTTP/1.1", length, "ab"), read, true),
        (response("HTTP/1.1", CHUNKED, "2\r\nab\r\n0\r\n\r\n"), read, true),
        (response("HTTP/1.0", "Content-Length: 2\r\nConnection: keep-alive\r\n", "ab"), read, true),
        (response("HTTP/1.1", length, "ab"), write, false),
        (response("HTTP/1.0", length, "ab"), read, false),
        (response("HTTP/1.1", "Content-Length: 2\r\nConnection: close\r\n", "ab"), read, false),
        (response("HTTP/1.1", length, "ab!"), read, false),
        (response("HTTP/1.1", CHUNKED, "2\r\nab\r\n0\r\n\r\n!"), read, false),
        (response("HTTP/1.1", both, "2\r\nab\r\n0\r\n\r\n"), read, false),
    ] {
        let server = Server::answering(raw.as_str(), raw.len(), true).await;
        let transport = transport();
        for _ in 0..3 {
            let text = send(&transport, server.address, request).await.map(|(_, text)| text);
            assert_eq!(text.as_deref(), Ok("ab"), "{raw:?}");
        }
        assert_eq!(server.accepted(), if is_reused { 1 } else { 3 }, "{raw:?}");
    }
}

#[tokio::test]
async fn early_response_is_read_while_the_request_is_not_sent_completely() {
    let server = Server::start(|mut stream| async move {
        stream.read_exact(&mut [0; 64]).await.unwrap();
        stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        // Neither reads the rest nor closes the connection.
        std::future::pending::<()>().await;
    })
    .await;
    let large = vec![b'x'; 32 << 20];
    let transport = transport();
    for _ in 0..2 {
        let sent = send(&transport, server.address, Request { body: &large, ..Request::default() }).await;
        assert_eq!(sent, Err(TransportError::Status { status: 413, retry_after: None }));
    }
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn request_is_sent_completely_after_an_informational_response() {
    let server = Server::start(|mut stream| async move {
        stream.read_exact(&mut [0; 64]).await.unwrap();
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
        assert!(read_request(&mut stream, BODY).await);
        stream.write_all(response("HTTP/1.0", "Content-Length: 2\r\n", "ab").as_bytes()).await.unwrap();
    })
    .await;
    let large = [vec![b'x'; 8 << 20], BODY.to_vec()].concat();
    let sent = send(&transport(), server.address, Request { body: &large, ..Request::default() }).await;
    assert_eq!(sent, Ok((StatusCode::OK, "ab".to_owned())));
}

#[tokio::test]
async fn closed_connection_is_not_confused_with_a_silent_one() {
    let transport = transport();
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(send(&transport, unused, Request::default()).await, Err(TransportError::NotConnected));

    let closing = Server::start(|mut stream| async move {
        stream.read_exact(&mut [0; 16]).await.unwrap();
    })
    .await;
    let large = vec![b'x'; 32 << 20];
    let sent = send(&transport, closing.address, Request { body: &large, ..Request::default() }).await;
    assert_eq!(sent, Err(TransportError::ClosedBeforeResponse));

    let brief = Request { timeout: Duration::from_millis(100), ..Request::default() };
    for raw in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 2\r\n\r\na"] {
        let silent = Server::answering(raw, 100, true).await;
        assert_eq!(send(&transport, silent.address, brief).await, Err(TransportError::TimedOut), "{raw:?}");
    }
}

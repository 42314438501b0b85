//! A scripted Odoo server for tests: it responds, stalls, or closes the connection.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the stub does with a request.
#[derive(Clone)]
pub(super) struct StubAction {
    pieces: Vec<Vec<u8>>,
    /// The pause before each piece.
    pause: Duration,
    keep_open: bool,
    /// Closes the connection when the next request arrives on it.
    closes_on_next: bool,
}

impl StubAction {
    pub(super) fn close() -> Self {
        Self { pieces: Vec::new(), pause: Duration::ZERO, keep_open: false, closes_on_next: false }
    }

    pub(super) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { pieces: vec![bytes.into()], ..Self::close() }
    }

    /// Like Odoo without a proxy: HTTP/1.0, then the connection is closed.
    pub(super) fn odoo(body: &str) -> Self {
        Self::raw(format!(
            "HTTP/1.0 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    /// Like a proxy in front of Odoo: HTTP/1.1, the connection stays open.
    pub(super) fn proxy(body: &str) -> Self {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n", body.len());
        Self { keep_open: true, ..Self::raw(head + body) }
    }

    /// Like a proxy whose keep-alive time ends when the next request arrives: it closes without reading the request.
    pub(super) fn closing_proxy(body: &str) -> Self {
        Self { closes_on_next: true, ..Self::proxy(body) }
    }

    pub(super) fn json(status: &str, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\n");
        Self::raw(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()))
    }

    pub(super) fn status(line: &str, headers: &str) -> Self {
        Self::raw(format!("HTTP/1.1 {line}\r\nContent-Type: text/html\r\nContent-Length: 6\r\n{headers}\r\n<html>"))
    }

    pub(super) fn with_header(mut self, header: &str) -> Self {
        let response = String::from_utf8(self.pieces.concat()).unwrap();
        self.pieces = vec![response.replacen("\r\n", &format!("\r\n{header}\r\n"), 1).into_bytes()];
        self
    }

    /// Leaves it to the client to close the connection.
    pub(super) fn kept_open(self) -> Self {
        Self { keep_open: true, ..self }
    }

    pub(super) fn after(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Sends pieces of `size` bytes, with the pause before each.
    pub(super) fn in_pieces(mut self, size: usize) -> Self {
        self.pieces = self.pieces.concat().chunks(size).map(<[u8]>::to_vec).collect();
        self
    }
}

#[derive(Default)]
struct StubCounters {
    requests: Mutex<Vec<String>>,
    accepted: AtomicUsize,
    interrupted: AtomicUsize,
    open: AtomicUsize,
    running: AtomicUsize,
    max_running: AtomicUsize,
}

/// A listening stub; it stops with the runtime of the test.
pub(super) struct Stub {
    pub(super) address: SocketAddr,
    counters: Arc<StubCounters>,
}

impl Stub {
    /// Answers the nth request, from 0, by `script(n)`.
    pub(super) async fn serve(script: impl Fn(usize) -> StubAction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counters = Arc::new(StubCounters::default());
        let (script, shared) = (Arc::new(script), Arc::clone(&counters));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, counters) = (Arc::clone(&script), Arc::clone(&shared));
                counters.accepted.fetch_add(1, Ordering::SeqCst);
                counters.open.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let _ = serve_connection(stream, &counters, &*script).await;
                    counters.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, counters }
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.counters.requests.lock().unwrap().clone()
    }

    pub(super) fn accepted(&self) -> usize {
        self.counters.accepted.load(Ordering::SeqCst)
    }

    /// How many requests met a connection that closed.
    pub(super) fn interrupted(&self) -> usize {
        self.counters.interrupted.load(Ordering::SeqCst)
    }

    pub(super) fn max_running(&self) -> usize {
        self.counters.max_running.load(Ordering::SeqCst)
    }

    /// How many connections stay open when everything has settled.
    pub(super) async fn left_open(&self) -> usize {
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.counters.open.load(Ordering::SeqCst)
    }
}

async fn serve_connection(
    mut stream: TcpStream,
    counters: &StubCounters,
    script: &(dyn Fn(usize) -> StubAction + Sync),
) -> std::io::Result<()> {
    let mut closes_on_next = false;
    while let Some(request) = read_request(&mut stream).await? {
        if closes_on_next {
            counters.interrupted.fetch_add(1, Ordering::SeqCst);
            break;
        }
        let number = {
            let mut requests = counters.requests.lock().unwrap();
            requests.push(request);
            requests.len() - 1
        };
        let running = counters.running.fetch_add(1, Ordering::SeqCst) + 1;
        counters.max_running.fetch_max(running, Ordering::SeqCst);
        let action = script(number);
        closes_on_next = action.closes_on_next;
        let written = write(&mut stream, &action).await;
        counters.running.fetch_sub(1, Ordering::SeqCst);
        written?;
        if !action.keep_open {
            break;
        }
    }
    Ok(())
}

async fn write(stream: &mut TcpStream, action: &StubAction) -> std::io::Result<()> {
    for piece in &action.pieces {
        tokio::time::sleep(action.pause).await;
        stream.write_all(piece).await?;
        stream.flush().await?;
    }
    Ok(())
}

/// The head and body of the next request, or `None` when the client has closed.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Ok(Some(text));
            }
        }
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    }
}

//! A small Odoo that does what a test says: answers, hangs, breaks off.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the stub does with a request.
#[derive(Clone)]
pub(super) struct Act {
    pieces: Vec<Vec<u8>>,
    /// Before each piece.
    pause: Duration,
    keep: bool,
    /// What comes on the same connection after this is cut.
    tired: bool,
}

impl Act {
    pub(super) fn close() -> Self {
        Self { pieces: Vec::new(), pause: Duration::ZERO, keep: false, tired: false }
    }

    pub(super) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { pieces: vec![bytes.into()], ..Self::close() }
    }

    /// As bare Odoo: HTTP/1.0, then the connection is closed.
    pub(super) fn odoo(body: &str) -> Self {
        Self::raw(format!(
            "HTTP/1.0 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    /// As a proxy in front of it: HTTP/1.1, the connection stays.
    pub(super) fn proxy(body: &str) -> Self {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n", body.len());
        Self { keep: true, ..Self::raw(head + body) }
    }

    /// As a proxy whose keep-alive time ends just when the next request comes: it closes, and has read nothing.
    pub(super) fn tired(body: &str) -> Self {
        Self { tired: true, ..Self::proxy(body) }
    }

    pub(super) fn json(status: &str, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\n");
        Self::raw(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()))
    }

    pub(super) fn status(line: &str, headers: &str) -> Self {
        Self::raw(format!("HTTP/1.1 {line}\r\nContent-Type: text/html\r\nContent-Length: 6\r\n{headers}\r\n<html>"))
    }

    pub(super) fn with_header(mut self, header: &str) -> Self {
        let answer = String::from_utf8(self.pieces.concat()).unwrap();
        self.pieces = vec![answer.replacen("\r\n", &format!("\r\n{header}\r\n"), 1).into_bytes()];
        self
    }

    /// Leaves it to the client to close the connection.
    pub(super) fn kept(self) -> Self {
        Self { keep: true, ..self }
    }

    pub(super) fn after(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// In pieces of `size` bytes, the pause before each.
    pub(super) fn in_pieces(mut self, size: usize) -> Self {
        self.pieces = self.pieces.concat().chunks(size).map(<[u8]>::to_vec).collect();
        self
    }
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    accepted: AtomicUsize,
    cut: AtomicUsize,
    open: AtomicUsize,
    working: AtomicUsize,
    most_working: AtomicUsize,
}

/// A listening stub; it ends with the test's runtime.
pub(super) struct Stub {
    pub(super) address: SocketAddr,
    seen: Arc<Seen>,
}

impl Stub {
    /// Answers the nth request, from 0, by `script(n)`.
    pub(super) async fn serve(script: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let (script, shared) = (Arc::new(script), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, seen) = (Arc::clone(&script), Arc::clone(&shared));
                seen.accepted.fetch_add(1, Ordering::SeqCst);
                seen.open.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let _ = attend(stream, &seen, &*script).await;
                    seen.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, seen }
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub(super) fn accepted(&self) -> usize {
        self.seen.accepted.load(Ordering::SeqCst)
    }

    /// How many requests met a connection that closed.
    pub(super) fn cut(&self) -> usize {
        self.seen.cut.load(Ordering::SeqCst)
    }

    pub(super) fn most_working(&self) -> usize {
        self.seen.most_working.load(Ordering::SeqCst)
    }

    /// How many connections stay open when everything has settled.
    pub(super) async fn left_open(&self) -> usize {
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.seen.open.load(Ordering::SeqCst)
    }
}

async fn attend(mut stream: TcpStream, seen: &Seen, script: &(dyn Fn(usize) -> Act + Sync)) -> std::io::Result<()> {
    let mut tired = false;
    while let Some(request) = read_request(&mut stream).await? {
        if tired {
            seen.cut.fetch_add(1, Ordering::SeqCst);
            break;
        }
        let number = {
            let mut requests = seen.requests.lock().unwrap();
            requests.push(request);
            requests.len() - 1
        };
        let working = seen.working.fetch_add(1, Ordering::SeqCst) + 1;
        seen.most_working.fetch_max(working, Ordering::SeqCst);
        let act = script(number);
        tired = act.tired;
        let written = write(&mut stream, &act).await;
        seen.working.fetch_sub(1, Ordering::SeqCst);
        written?;
        if !act.keep {
            break;
        }
    }
    Ok(())
}

async fn write(stream: &mut TcpStream, act: &Act) -> std::io::Result<()> {
    for piece in &act.pieces {
        tokio::time::sleep(act.pause).await;
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
            let length = head.to_ascii_lowercase().split("content-length: ").nth(1).unwrap().to_owned();
            if body.len() >= length.lines().next().unwrap().parse().unwrap() {
                return Ok(Some(text));
            }
        }
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    }
}

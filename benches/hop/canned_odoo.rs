//! An Odoo that answers recorded calls as fast as possible: in a process of its own, so that its processor time is not
//! counted to the hop in front of it.
//!
//! In: recorded calls with their responses. Out: a [`CannedOdoo`] that ends on drop. This binary, started with
//! [`ARGUMENT`], is the server: one thread per core, each with a runtime of its own.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::exchange::Connection;
use super::recording::Recording;

/// The first argument of the server's process.
pub(crate) const ARGUMENT: &str = "canned-odoo";

/// What the server does with a connection after a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connections {
    /// Waits for the next request, as a proxy in front of Odoo does.
    Kept,
    /// Closes it, as Odoo itself does.
    Closed,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct CannedOdoo {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl CannedOdoo {
    /// Writes the recorded responses to a file that [`start`](Self::start) reads.
    pub(crate) fn save(recording: &Recording, file: &Path) -> io::Result<()> {
        let responses = recording.responses();
        let answers: Vec<_> = responses
            .iter()
            .map(|(call, response)| (&call.path, String::from_utf8_lossy(&call.body), &**response))
            .collect();
        fs::write(file, serde_json::to_vec(&answers)?)
    }

    pub(crate) fn start(file: &Path, connections: Connections) -> io::Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .arg(ARGUMENT)
            .arg(file)
            .arg(if connections == Connections::Kept { "keep" } else { "close" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        if let Some(stdout) = &mut process.stdout {
            BufReader::new(stdout).read_line(&mut address)?;
        }
        Ok(Self { process, address: address.trim().parse().map_err(io::Error::other)? })
    }

    /// The number of calls so far.
    pub(crate) fn calls(&self) -> io::Result<f64> {
        let body = Connection::open(self.address)?.send(b"GET / HTTP/1.1\r\ncontent-length: 0\r\n\r\n")?;
        String::from_utf8_lossy(&body).parse().map_err(io::Error::other)
    }
}

impl Drop for CannedOdoo {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// The complete responses by path and body of the call.
#[derive(Debug)]
struct Answers {
    by_path: HashMap<Vec<u8>, HashMap<Vec<u8>, Vec<u8>>>,
    connections: Connections,
    calls: AtomicU64,
}

/// Serves until standard input ends, that is, at the latest when the benchmark ends.
pub(crate) fn serve(arguments: &[String]) -> io::Result<()> {
    let [file, mode] = arguments else { return Err(io::Error::other("expected a file and a mode")) };
    let connections = if mode == "keep" { Connections::Kept } else { Connections::Closed };
    let answers = Arc::new(Answers::load(Path::new(file), connections)?);
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    for _ in 0..std::thread::available_parallelism()?.get() {
        let (listener, answers) = (listener.try_clone()?, answers.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        std::thread::spawn(move || runtime.block_on(accept(listener, answers)));
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", listener.local_addr()?)?;
    stdout.flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

async fn accept(listener: std::net::TcpListener, answers: Arc<Answers>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (socket, _) = listener.accept().await?;
        // The peer notices a closed connection.
        tokio::spawn(exchange(socket, answers.clone()));
    }
}

async fn exchange(mut socket: TcpStream, answers: Arc<Answers>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut input = Vec::with_capacity(16 << 10);
    loop {
        let Some((head, length)) = message_length(&input) else {
            if socket.read_buf(&mut input).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let (head, body) = (input.get(..head).unwrap_or_default(), input.get(head..length).unwrap_or_default());
        answers.respond(&mut socket, head, body).await?;
        if answers.connections == Connections::Closed {
            return socket.shutdown().await;
        }
        input.drain(..length);
    }
}

/// The length of the head and of the complete first message, once all of it has arrived.
fn message_length(input: &[u8]) -> Option<(usize, usize)> {
    let head = memmem::find(input, b"\r\n\r\n")? + 4;
    let lines = std::str::from_utf8(input.get(..head)?).ok()?.split("\r\n");
    let body = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok());
    let length = head + body.unwrap_or(0);
    (input.len() >= length).then_some((head, length))
}

impl Answers {
    fn load(file: &Path, connections: Connections) -> io::Result<Self> {
        let recorded: Vec<(String, String, String)> = serde_json::from_slice(&fs::read(file)?)?;
        let mut by_path: HashMap<Vec<u8>, HashMap<Vec<u8>, Vec<u8>>> = HashMap::new();
        for (path, body, response) in recorded {
            let answer = message(connections, "200 OK", &response);
            by_path.entry(path.into_bytes()).or_default().insert(body.into_bytes(), answer);
        }
        Ok(Self { by_path, connections, calls: AtomicU64::new(0) })
    }

    async fn respond(&self, socket: &mut TcpStream, head: &[u8], body: &[u8]) -> io::Result<()> {
        if head.starts_with(b"GET ") {
            let calls = self.calls.load(Ordering::Relaxed).to_string();
            return socket.write_all(&message(self.connections, "200 OK", &calls)).await;
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        let path = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        match self.by_path.get(path).and_then(|answers| answers.get(body)) {
            Some(answer) => socket.write_all(answer).await,
            None => {
                let call = String::from_utf8_lossy(body.get(..body.len().min(2000)).unwrap_or_default());
                writeln!(io::stderr(), "a call that was not recorded: {}\n{call}", String::from_utf8_lossy(path))?;
                socket.write_all(&message(self.connections, "404 Not Found", "")).await
            }
        }
    }
}

fn message(connections: Connections, status: &str, body: &str) -> Vec<u8> {
    let connection = if connections == Connections::Kept { "keep-alive" } else { "close" };
    let head = format!("content-type: text/xml\r\ncontent-length: {}\r\nconnection: {connection}", body.len());
    format!("HTTP/1.1 {status}\r\n{head}\r\n\r\n{body}").into_bytes()
}

//! Clients that read exports without end.
//!
//! In: the address of a gateway, an API key. Out: the number of pages so far, and how often an export failed. Must not
//! know: what else the gateway does.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::request;

/// The pause after an export that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// Exports that run until they are stopped.
#[derive(Debug)]
pub(crate) struct Exports {
    state: Arc<State>,
    clients: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    is_stopped: AtomicBool,
    pages: AtomicU64,
    failures: AtomicU64,
}

impl Exports {
    pub(crate) fn start(count: usize, gateway: SocketAddr, key: &str) -> Self {
        let state = Arc::new(State::default());
        let request = request("/restapi/1.0/object/res.partner?fields=name", key, "application/x-ndjson");
        let client = |_| {
            let (state, request) = (state.clone(), request.clone());
            std::thread::spawn(move || {
                while !state.is_stopped() {
                    if export(&state, gateway, &request).is_err() && !state.is_stopped() {
                        state.failures.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(PAUSE);
                    }
                }
            })
        };
        let clients = (0..count).map(client).collect();
        Self { state, clients }
    }

    /// The pages so far: each has one line.
    pub(crate) fn pages(&self) -> u64 {
        self.state.pages.load(Ordering::Relaxed)
    }

    /// The exports that failed or were rejected so far.
    pub(crate) fn failures(&self) -> u64 {
        self.state.failures.load(Ordering::Relaxed)
    }
}

impl State {
    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }
}

/// Reads an export. An end is a failure: it has none.
fn export(state: &State, gateway: SocketAddr, request: &[u8]) -> io::Result<()> {
    let mut socket = TcpStream::connect(gateway)?;
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    socket.write_all(request)?;
    let mut buffer = vec![0; 16 << 10];
    let mut length = socket.read(&mut buffer)?;
    if !buffer.starts_with(b"HTTP/1.1 200") {
        return Err(io::Error::other("the export was rejected"));
    }
    while !state.is_stopped() {
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let read = buffer.get(..length).unwrap_or_default();
        // Each line ends with a brace; those of the chunks' heads do not.
        let lines = read.windows(2).filter(|pair| pair == b"}\n").count();
        state.pages.fetch_add(lines as u64, Ordering::Relaxed);
        length = socket.read(&mut buffer)?;
    }
    Ok(())
}

impl Drop for Exports {
    fn drop(&mut self) {
        self.state.is_stopped.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            let _ended = client.join();
        }
    }
}

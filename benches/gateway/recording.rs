//! A proxy between the gateway and Odoo that records calls, and plays the responses back without an Odoo.
//!
//! In: connections of the gateway. Out: Odoo's responses, live or recorded. The benchmark sends exactly the gateway's
//! bytes when it makes the same calls directly, and measures the gateway's own cost with Odoo's own responses.

use std::collections::HashMap;
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use super::exchange::{call, read_message};

/// A call as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Recorded {
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

/// Recorded calls and responses. Clones share the same recording.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recording(Arc<Mutex<Calls>>);

#[derive(Debug, Default)]
struct Calls {
    responses: HashMap<Recorded, Arc<str>>,
    order: Vec<Recorded>,
}

impl Recording {
    /// Removes and returns the calls since the last time.
    pub(crate) fn take_calls(&self) -> Vec<Recorded> {
        self.with(|calls| std::mem::take(&mut calls.order))
    }

    /// All recorded calls with their responses.
    pub(crate) fn responses(&self) -> Vec<(Recorded, Arc<str>)> {
        self.with(|calls| calls.responses.iter().map(|(call, text)| (call.clone(), text.clone())).collect())
    }

    /// Starts a proxy that forwards calls to `odoo` and records them.
    pub(crate) fn record(&self, odoo: SocketAddr) -> io::Result<SocketAddr> {
        let recording = self.clone();
        listen(move |recorded| {
            let response: Arc<str> = call(odoo, &recorded.path, &recorded.body)?.into();
            recording.with(|calls| {
                calls.responses.insert(recorded.clone(), response.clone());
                calls.order.push(recorded);
            });
            Ok(response)
        })
    }

    /// Starts a server that returns the recorded responses, and closes the connection of other calls.
    pub(crate) fn play(&self) -> io::Result<SocketAddr> {
        let responses = self.with(|calls| calls.responses.clone());
        listen(move |recorded| responses.get(&recorded).cloned().ok_or_else(|| io::ErrorKind::NotFound.into()))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Calls) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Listens as Odoo does: one call per connection, HTTP/1.0.
fn listen(response: impl Fn(Recorded) -> io::Result<Arc<str>> + Send + Sync + 'static) -> io::Result<SocketAddr> {
    const THREADS: usize = 8;
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0")?);
    let (address, response) = (listener.local_addr()?, Arc::new(response));
    for _ in 0..THREADS {
        let (listener, response) = (listener.clone(), response.clone());
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                // The peer notices a closed connection.
                let _result = socket.and_then(|socket| exchange(socket, &*response));
            }
        });
    }
    Ok(address)
}

fn exchange(socket: TcpStream, response: &dyn Fn(Recorded) -> io::Result<Arc<str>>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut reader = BufReader::new(socket);
    let (head, body) = read_message(&mut reader)?;
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let text = response(Recorded { path, body })?;
    let head = format!("HTTP/1.0 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", text.len());
    reader.get_mut().write_all(&[head.as_bytes(), text.as_bytes()].concat())
}

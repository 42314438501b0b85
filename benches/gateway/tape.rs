//! Between the gateway and Odoo: a tape that records calls, and plays their answers back without an Odoo.
//!
//! In: connections of the gateway. Out: Odoo's answers, live or from the tape. So "the same calls made directly" are
//! the very bytes that the gateway sends, and the gateway's own cost is measured with Odoo's own answers.

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

/// What was recorded. Clones write on the same tape.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tape(Arc<Mutex<Side>>);

#[derive(Debug, Default)]
struct Side {
    answers: HashMap<Recorded, Arc<str>>,
    order: Vec<Recorded>,
}

impl Tape {
    /// What was called since the last time this was asked.
    pub(crate) fn take_calls(&self) -> Vec<Recorded> {
        self.with(|side| std::mem::take(&mut side.order))
    }

    /// Listens, passes calls on to `odoo` and records.
    pub(crate) fn record(&self, odoo: SocketAddr) -> io::Result<SocketAddr> {
        let tape = self.clone();
        listen(move |recorded| {
            let answer: Arc<str> = call(odoo, &recorded.path, &recorded.body)?.into();
            tape.with(|side| {
                side.answers.insert(recorded.clone(), answer.clone());
                side.order.push(recorded);
            });
            Ok(answer)
        })
    }

    /// Listens and answers what was recorded; other calls are cut.
    pub(crate) fn play(&self) -> io::Result<SocketAddr> {
        let answers = self.with(|side| side.answers.clone());
        listen(move |recorded| answers.get(&recorded).cloned().ok_or_else(|| io::ErrorKind::NotFound.into()))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Side) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// As Odoo: one call a connection, HTTP/1.0.
fn listen(answer: impl Fn(Recorded) -> io::Result<Arc<str>> + Send + Sync + 'static) -> io::Result<SocketAddr> {
    const AT_ONCE: usize = 8;
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0")?);
    let (address, answer) = (listener.local_addr()?, Arc::new(answer));
    for _ in 0..AT_ONCE {
        let (listener, answer) = (listener.clone(), answer.clone());
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                // Whoever is cut notices.
                let _answered = socket.and_then(|socket| exchange(socket, &*answer));
            }
        });
    }
    Ok(address)
}

fn exchange(socket: TcpStream, answer: &dyn Fn(Recorded) -> io::Result<Arc<str>>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut reader = BufReader::new(socket);
    let (head, body) = read_message(&mut reader)?;
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let text = answer(Recorded { path, body })?;
    let head = format!("HTTP/1.0 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", text.len());
    reader.get_mut().write_all(&[head.as_bytes(), text.as_bytes()].concat())
}

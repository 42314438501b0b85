//! One HTTP exchange over a plain socket, so that the client adds little to the measured time.
//!
//! In: the bytes of a request. Out: the body of the response. Both sides of every comparison use it: to Odoo with a new
//! connection each time, because Odoo closes each one; to the gateway with a persistent connection.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

/// The database of the testbed.
pub(crate) const DATABASE: &str = "odoo19";

/// A persistent connection.
#[derive(Debug)]
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn open(to: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(to)?;
        socket.set_nodelay(true)?;
        Ok(Self(BufReader::with_capacity(64 << 10, socket)))
    }

    /// Sends a request and returns the body of the response. Fails if the status is not 200.
    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.0.get_mut().write_all(request)?;
        let (head, body) = read_message(&mut self.0)?;
        if is_success(&head) {
            Ok(body)
        } else {
            Err(protocol_error(&format!("{head}{}", String::from_utf8_lossy(&body))))
        }
    }
}

/// Posts a call on a new connection, as Odoo requires, and returns the text of the response. The request names the
/// database as the gateway does: without it Odoo 19 lists all databases first, which takes longer than a read.
pub(crate) fn call(odoo: SocketAddr, path: &str, body: &[u8]) -> io::Result<String> {
    let mut socket = TcpStream::connect(odoo)?;
    socket.set_nodelay(true)?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {odoo}\r\ncontent-type: text/xml\r\nx-odoo-database: {DATABASE}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(&[head.as_bytes(), body].concat())?;
    let mut response = BufReader::with_capacity(64 << 10, socket);
    let (head, body) = read_message(&mut response)?;
    if is_success(&head) { String::from_utf8(body).map_err(io::Error::other) } else { Err(protocol_error(&head)) }
}

/// Reads head and body of a message. The content length marks the end, because Odoo closes the connection long after
/// the last byte. Only exports are chunked.
pub(crate) fn read_message(from: &mut impl BufRead) -> io::Result<(String, Vec<u8>)> {
    let (head, length) = read_head(from)?;
    let mut body = Vec::new();
    if length.is_none() && head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        while read_chunk(from, &mut body)? {}
    } else {
        body.resize(length.ok_or_else(|| protocol_error("a message without a length"))?, 0);
        from.read_exact(&mut body)?;
    }
    Ok((head, body))
}

/// Reads a chunk. Returns whether more chunks follow.
fn read_chunk(from: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<bool> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let length = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
    let begin = body.len();
    body.resize(begin + length, 0);
    from.read_exact(body.get_mut(begin..).unwrap_or_default())?;
    from.read_line(&mut line)?;
    Ok(length > 0)
}

fn read_head(from: &mut impl BufRead) -> io::Result<(String, Option<usize>)> {
    let (mut head, mut length) = (String::new(), None);
    loop {
        let begin = head.len();
        if from.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = head.get(begin..).unwrap_or_default().trim_end();
        match line.split_once(':') {
            _ if line.is_empty() => return Ok((head, length)),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok(),
            _ => {}
        }
    }
}

fn is_success(head: &str) -> bool {
    head.split(' ').nth(1) == Some("200")
}

fn protocol_error(message: &str) -> io::Error {
    io::Error::other(message.to_owned())
}

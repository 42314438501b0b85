//! `odoo-gateway health`: requests `/livez` of the local gateway, for images without another HTTP client.
//!
//! In: the address of the listener for operators. Out: success, or the reason for a failure. Must not know: other
//! endpoints.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::config::local_address;

const TIMEOUT: Duration = Duration::from_secs(3);

/// Requests `/livez` at the address of the listener for operators.
///
/// # Errors
/// Fails if no response arrives in time, or its status is not 200.
pub(super) fn health(listen: SocketAddr) -> io::Result<()> {
    let gateway = local_address(listen);
    request_livez(gateway).map_err(|cause| {
        io::Error::new(cause.kind(), format!("the gateway does not respond at {gateway} (ops.listen): {cause}"))
    })
}

fn request_livez(gateway: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&gateway, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut status)?;
    if &status == b"HTTP/1.1 200" {
        return Ok(());
    }
    Err(io::Error::other(format!("/livez returned {:?}", String::from_utf8_lossy(&status))))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// The result for a gateway that sends this response.
    fn health_of(response: &'static str) -> io::Result<()> {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let listen = listener.local_addr().unwrap();
        let gateway = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 256]).unwrap();
            stream.write_all(response.as_bytes()).unwrap();
        });
        let result = health(listen);
        gateway.join().unwrap();
        result
    }

    #[test]
    fn only_status_200_is_healthy() {
        assert!(health_of("HTTP/1.1 200 OK\r\n\r\n").is_ok());
        assert!(health_of("HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap_err().to_string().contains("503"));
        assert!(health_of("").is_err());
    }

    #[test]
    fn a_gateway_that_does_not_listen_is_not_healthy() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(health(closed).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }
}

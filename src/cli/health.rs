//! `odoo-gateway health`: asks the running gateway whether it lives, for images that have no other client.
//!
//! In: the address of the operations listener. Out: yes, or why not. Must not know: what the gateway does.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(3);

/// Asks `/livez` at the address on which the gateway listens for operators.
///
/// # Errors
/// When nobody answers in time, or the answer is not a 200.
pub(super) fn health(listen: SocketAddr) -> io::Result<()> {
    let gateway = reachable(listen);
    ask(gateway).map_err(|cause| io::Error::new(cause.kind(), format!("no life at {gateway} (ops.listen): {cause}")))
}

fn ask(gateway: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&gateway, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut status)?;
    if &status == b"HTTP/1.1 200" {
        return Ok(());
    }
    Err(io::Error::other(format!("/livez answered {:?}", String::from_utf8_lossy(&status))))
}

/// Who listens on all addresses is found on the loopback one.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// What is said of a gateway that gives this answer.
    fn asked(answer: &'static str) -> io::Result<()> {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let listen = listener.local_addr().unwrap();
        let gateway = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 256]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let outcome = health(listen);
        gateway.join().unwrap();
        outcome
    }

    #[test]
    fn a_gateway_that_lives_is_told_from_one_that_does_not() {
        assert!(asked("HTTP/1.1 200 OK\r\n\r\n").is_ok());
        assert!(asked("HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap_err().to_string().contains("503"));
        assert!(asked("").is_err());
    }

    #[test]
    fn a_gateway_that_is_not_there_is_not_healthy() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(health(closed).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }
}

//! Leaves an address that another process listens at, too (`SO_REUSEPORT`), without losing a connection.
//!
//! The system assigns a client to one of the listeners when its first packet arrives. If that listener is closed before
//! the connection was accepted, the system resets the connection. So for a moment before, the first packets of further
//! clients are dropped: the clients send them again after a second, and the system assigns them to another listener.
//! Clients that have begun complete their connection and are accepted.
//!
//! In: a listener. Out: the same, for clients that have begun to connect. Must not know: requests.

use std::io;
use std::time::Duration;

use tokio::net::TcpListener;

/// How long clients that have begun to connect need at most: one round trip. Far below a second, so that a first packet
/// that is sent again reaches another listener.
pub(super) const HANDSHAKE: Duration = Duration::from_millis(300);

/// Drops the first packet of each client that begins to connect to this listener from now on.
///
/// # Errors
/// If the system has no packet filters.
#[cfg(target_os = "linux")]
pub(super) fn ignore_new_clients(listener: &TcpListener) -> io::Result<()> {
    use socket2::{SockFilter, SockRef};

    // Instructions of classic BPF (linux/bpf_common.h). A filter on a TCP socket begins to read at the TCP header.
    const LOAD_BYTE: u16 = 0x30;
    const AND: u16 = 0x54;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    const ACK: u32 = 0x10;
    const NOTHING: u32 = 0;
    const ALL: u32 = u32::MAX;
    SockRef::from(listener).attach_filter(&[
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(AND, 0, 0, SYN | ACK),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, NOTHING),
        SockFilter::new(RETURN, 0, 0, ALL),
    ])
}

/// Other systems have no such filters.
#[cfg(not(target_os = "linux"))]
pub(super) fn ignore_new_clients(_: &TcpListener) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::SocketAddr;

    use tokio::net::{TcpSocket, TcpStream};
    use tokio::time::timeout;

    use super::*;

    fn listen(address: SocketAddr) -> TcpListener {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseport(true).unwrap();
        socket.bind(address).unwrap();
        socket.listen(16).unwrap()
    }

    #[tokio::test]
    async fn client_of_a_listener_that_leaves_is_accepted_by_the_other_one() {
        let old = listen(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = old.local_addr().unwrap();
        // This client has begun: it stays with the old listener.
        let _begun = TcpStream::connect(address).await.unwrap();
        ignore_new_clients(&old).unwrap();
        let mut late = tokio::spawn(TcpStream::connect(address));
        assert!(timeout(HANDSHAKE, &mut late).await.is_err(), "its first packet is dropped");
        assert!(timeout(HANDSHAKE, old.accept()).await.is_ok(), "the first client is in the queue");
        assert!(timeout(HANDSHAKE, old.accept()).await.is_err(), "and no other");
        let new = listen(address);
        drop(old);
        let accepted = timeout(Duration::from_secs(10), new.accept()).await.expect("the client tries again").unwrap();
        let late = late.await.unwrap().expect("the client has not noticed anything");
        assert_eq!(accepted.1, late.local_addr().unwrap());
    }
}

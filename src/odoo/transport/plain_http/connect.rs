//! Opens a TCP connection to a host.
//!
//! In: an address. Out: a connection, or why there is none. Must not know: what is sent.
//!
//! If a name has IPv4 and IPv6 addresses, those of the second kind are tried when those of the first have failed or are
//! slow (RFC 8305).

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::odoo::request_target::HostAddress;

/// How long the addresses of the first kind are tried alone.
const FALLBACK_DELAY: Duration = Duration::from_millis(300);

/// Connects to the host. Each address of a name gets an equal part of `connect_timeout`; the caller limits the whole.
pub(super) async fn connect(address: &HostAddress, connect_timeout: Duration) -> io::Result<TcpStream> {
    let stream = match address {
        HostAddress::Numeric(address) => TcpStream::connect(*address).await?,
        HostAddress::Name(name, port) => {
            let addresses = lookup_host((name.as_str(), *port)).await?.collect();
            connect_to_any(addresses, connect_timeout).await?
        }
    };
    // Without it, a large request is only slower.
    stream.set_nodelay(true).ok();
    Ok(stream)
}

async fn connect_to_any(addresses: Vec<SocketAddr>, connect_timeout: Duration) -> io::Result<TcpStream> {
    let prefers_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, fallback): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == prefers_ipv6);
    let fallback_exists = !fallback.is_empty();
    let mut preferred = pin!(connect_in_order(preferred, connect_timeout));
    let fallback = pin!(connect_in_order(fallback, connect_timeout));
    if !fallback_exists {
        return preferred.await;
    }
    match timeout(FALLBACK_DELAY, preferred.as_mut()).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(_)) => return fallback.await,
        Err(_) => {}
    }
    match select(preferred, fallback).await {
        Either::Left((Ok(stream), _)) | Either::Right((Ok(stream), _)) => Ok(stream),
        Either::Left((Err(_), fallback)) => fallback.await,
        Either::Right((Err(_), preferred)) => preferred.await,
    }
}

async fn connect_in_order(addresses: Vec<SocketAddr>, connect_timeout: Duration) -> io::Result<TcpStream> {
    let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut last = io::Error::new(ErrorKind::NotFound, "the host name has no address");
    for address in addresses {
        match timeout(connect_timeout / count, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// An address without a listener.
    fn unused(host: &str) -> SocketAddr {
        let address: SocketAddr = format!("{host}:0").parse().unwrap();
        match std::net::TcpListener::bind(address) {
            Ok(listener) => listener.local_addr().unwrap(),
            // A machine without IPv6 cannot connect there, either.
            Err(_) => format!("{host}:9").parse().unwrap(),
        }
    }

    #[tokio::test]
    async fn name_and_number_are_connected() {
        let (_listener, address) = listener().await;
        let name = HostAddress::Name("localhost".to_owned(), address.port());
        for host in [HostAddress::Numeric(address), name] {
            let stream = connect(&host, SECOND).await.unwrap();
            assert_eq!((stream.peer_addr().unwrap(), stream.nodelay().unwrap()), (address, true), "{host:?}");
        }
        let refused = connect(&HostAddress::Numeric(unused("127.0.0.1")), SECOND).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn next_address_is_tried_if_one_fails() {
        let (_listener, address) = listener().await;
        for others in [vec![unused("127.0.0.1")], vec![unused("[::1]")], vec![unused("[::1]"), unused("127.0.0.1")]] {
            let addresses = [others, vec![address]].concat();
            let stream = connect_to_any(addresses.clone(), SECOND).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), address, "{addresses:?}");
        }
        assert!(connect_to_any(vec![unused("127.0.0.1"), unused("127.0.0.1")], SECOND).await.is_err());
        assert!(connect_to_any(Vec::new(), SECOND).await.is_err());
    }
}

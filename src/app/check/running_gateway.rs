//! What a gateway that runs on this machine has seen.
//!
//! In: the address of its listener for operators. Out: the value of a counter. Must not know: what it means. Usually no
//! gateway runs where the check does; that is no finding.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::local_address;

const LIMIT: Duration = Duration::from_secs(2);
/// The metrics of a gateway with many routes and databases.
const MAX_BYTES: u64 = 8 << 20;
const IGNORED_ADDRESSES: &str = "odoo_gateway_forwarded_addresses_ignored_total ";

/// In how many requests the gateway has ignored `X-Forwarded-For`.
pub(super) async fn ignored_forwarded_addresses(listen: SocketAddr) -> Option<u64> {
    counter(&timeout(LIMIT, metrics(local_address(listen))).await.ok()??)
}

async fn metrics(gateway: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(gateway).await.ok()?;
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut response = Vec::new();
    stream.take(MAX_BYTES).read_to_end(&mut response).await.ok()?;
    Some(String::from_utf8_lossy(&response).into_owned())
}

fn counter(metrics: &str) -> Option<u64> {
    metrics.lines().find_map(|line| line.strip_prefix(IGNORED_ADDRESSES)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::Metrics;

    #[test]
    fn the_counter_is_found_among_the_metrics_of_a_gateway() {
        let metrics = Metrics::new();
        metrics.forwarded_addresses_ignored.inc_by(3);
        assert_eq!(counter(&metrics.exposition().unwrap()), Some(3));
        assert_eq!(counter("HTTP/1.1 404 Not Found\r\n\r\n"), None);
    }
}

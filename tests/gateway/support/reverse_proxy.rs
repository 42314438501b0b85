//! A reverse proxy with the configuration that the project offers to operators.

use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};

use reqwest::Certificate;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

use super::testbed::start_tool;

/// A reverse proxy with a certificate of its own in front of gateways. It ends when it is dropped.
pub(crate) struct ReverseProxy {
    process: Child,
    folder: TempDir,
    pub(crate) http: u16,
    pub(crate) https: u16,
}

impl ReverseProxy {
    /// `gateways`: the addresses of the gateways.
    pub(crate) async fn start(kind: &str, gateways: &[&str], http: u16, https: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports: Vec<&str> = gateways.iter().map(|gateway| gateway.rsplit(':').next().unwrap()).collect();
        let path = folder.path().display().to_string();
        let arguments = ["proxy", kind, &path, &ports.join(","), &http.to_string(), &https.to_string()];
        let mut process = start_tool(&arguments, Stdio::piped(), Stdio::piped());
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("READY"), "its log is above");
        Self { process, folder, http, https }
    }

    /// A client at 127.0.0.2 that knows the name and the certificate of the proxy.
    pub(crate) fn client(&self) -> reqwest::Client {
        let certificate = std::fs::read(self.folder.path().join("certificate.pem")).unwrap();
        #[expect(clippy::disallowed_methods, reason = "this is a client of the gateway")]
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let client = client.resolve("api.example.com", ([127, 0, 0, 1], 0).into());
        let client = client.tls_certs_only([Certificate::from_pem(&certificate).unwrap()]);
        client.local_address("127.0.0.2".parse::<std::net::IpAddr>().unwrap()).build().unwrap()
    }

    /// Stops the proxy as the end of its standard input does.
    pub(crate) async fn stop(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().await.unwrap().success());
    }
}

/// Ports that nothing listens on.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = std::array::from_fn::<_, N, _>(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// A port that stays free after a process that listens on it has ended: the system uses it for no outgoing connection.
pub(crate) fn fixed_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Runs of the tests at the same time begin at different ports.
    let begin = 10_000 + u16::try_from(std::process::id() % 100).unwrap() * 90;
    let mut ports = std::iter::repeat_with(|| begin + NEXT.fetch_add(1, Ordering::Relaxed) % 90);
    ports.by_ref().find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

//! A proxy between the gateway and an Odoo that records the calls.
//!
//! In: the address of an Odoo. Out: an address that works the same, and the methods that were called there. Odoo
//! handles one request per connection, so a connection is a call.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};

use super::{Client, Gateway, Version, testbed};

/// A proxy that records calls; it ends with its runtime.
#[derive(Debug)]
pub(crate) struct RecordingProxy {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<RecordedCall>>>,
}

/// The name of a call (see [`name_of_call`]) and its body.
type RecordedCall = (String, String);

impl RecordingProxy {
    /// A proxy in front of the Odoo of this URL.
    pub(crate) async fn in_front_of(url: &str) -> Self {
        Self::start(url, "").await
    }

    /// A proxy in front of an Odoo that serves one database only, as most do. The Odoo 14 of the testbed serves several
    /// and selects one by the session, so the proxy adds a session cookie to each request.
    pub(crate) async fn in_front_of_single_database(version: Version) -> Self {
        let url = testbed().url(version);
        if version == Version::Odoo19 {
            return Self::in_front_of(url).await;
        }
        let page = Client::new(url.to_owned()).get("/web/login", &[("db", version.database())]).await;
        let cookies = page.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        let session =
            cookies.filter_map(|cookie| cookie.split(';').next()).find(|pair| pair.starts_with("session_id="));
        let session = session.expect("a session");
        Self::start(url, &format!("Cookie: {session}\r\n")).await
    }

    async fn start(url: &str, header: &str) -> Self {
        let header: Arc<str> = Arc::from(header);
        let odoo = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), calls: Arc::default() };
        let calls = proxy.calls.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, odoo.clone(), header.clone(), calls.clone()));
            }
        });
        proxy
    }

    /// The proxy's own URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Removes and returns the names of the calls since the last time, without the [probe](PROBE), which a gateway
    /// sends once.
    pub(crate) fn take_calls(&self) -> Vec<String> {
        self.take_calls_with_bodies().into_iter().map(|(name, _)| name).collect()
    }

    /// The same, with the bodies of the calls.
    pub(crate) fn take_calls_with_bodies(&self) -> Vec<RecordedCall> {
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.into_iter().filter(|(name, _)| name != PROBE).collect()
    }
}

async fn forward(mut client: TcpStream, odoo: String, header: Arc<str>, calls: Arc<Mutex<Vec<RecordedCall>>>) {
    let request = read_request(&mut client).await;
    let text = String::from_utf8_lossy(&request);
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
    calls.lock().unwrap().push((name_of_call(&request), body));
    let mut odoo = TcpStream::connect(odoo).await.unwrap();
    let head = request.windows(2).position(|pair| pair == b"\r\n").unwrap() + 2;
    odoo.write_all(&[&request[..head], header.as_bytes(), &request[head..]].concat()).await.unwrap();
    // The gateway may close the connection before the end of the response.
    let _ = copy(&mut odoo, &mut client).await;
}

/// Reads head and body of a request. The gateway always sends the length of a body.
async fn read_request(client: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase().split_once("content-length: ").map(|(_, rest)| rest.to_owned());
            let length: usize = length.map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
            if request.len() >= head.len() + 4 + length {
                return request;
            }
        }
        assert_ne!(client.read_buf(&mut request).await.unwrap(), 0, "the request is complete");
    }
}

/// The name of the gateway's probe for JSON-RPC.
pub(crate) const PROBE: &str = "jsonrpc?";

/// The name of a call: `model.method`, the name of another XML-RPC method, or `GET /path` for a page of the web client.
/// In XML-RPC the strings of an `execute_kw` are database, secret, model and method; in JSON-RPC they are in the
/// arguments; in JSON-2 model and method are in the path.
fn name_of_call(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    if text.starts_with("POST /jsonrpc ") {
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let call: serde_json::Value = serde_json::from_str(body).unwrap();
        let argument = |index: usize| call["params"]["args"][index].as_str().unwrap();
        return if argument(2).is_empty() { PROBE.to_owned() } else { format!("{}.{}", argument(3), argument(4)) };
    }
    let texts: Vec<&str> = text.split("<string>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    match texts.as_slice() {
        [_, _, model, method, ..] if text.contains("execute_kw") => format!("{model}.{method}"),
        [] if text.starts_with("POST /json/2/") => {
            let path = text.split(' ').nth(1).unwrap_or_default();
            path.trim_start_matches("/json/2/").replace('/', ".")
        }
        [] if !text.contains("<methodName>") => {
            text.split(['?', '\r']).next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned()
        }
        _ => text.split("<methodName>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default().to_owned(),
    }
}

/// A gateway with a recording proxy in front of its Odoo, and a client as the administrator.
pub(crate) async fn recorded_gateway(version: Version) -> (RecordingProxy, Gateway, Client) {
    let proxy = RecordingProxy::in_front_of(testbed().url(version)).await;
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__ODOO__0__URL", &proxy.url()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database()),
        ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", ""),
    ])
    .await;
    let admin = gateway.client().as_user("admin");
    (proxy, gateway, admin)
}

//! A proxy that stands between the gateway and an Odoo and notes the calls that pass.
//!
//! In: the address of an Odoo. Out: an address that is as good, and which methods were called there. Odoo answers one
//! request a connection, so a connection is a call.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};

use super::{Client, Gateway, Version, stand};

/// A proxy that notes calls; it ends with its runtime.
#[derive(Debug)]
pub(crate) struct Counting {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Noted>>>,
}

/// A call: what was called, and its body.
type Noted = (String, String);

impl Counting {
    /// A proxy before the Odoo of this URL.
    pub(crate) async fn before(url: &str) -> Self {
        Self::adding(url, "").await
    }

    /// A proxy before an Odoo that answers for one database alone, as most do. Odoo 14 knows the database of a request
    /// by its session then; the stand's has several, so the proxy brings a session with it.
    pub(crate) async fn before_single(version: Version) -> Self {
        let url = stand().url(version);
        if version == Version::Odoo19 {
            return Self::before(url).await;
        }
        let page = Client::new(url.to_owned()).get("/web/login", &[("db", version.database())]).await;
        let cookies = page.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        let session =
            cookies.filter_map(|cookie| cookie.split(';').next()).find(|pair| pair.starts_with("session_id="));
        let session = session.expect("a session");
        Self::adding(url, &format!("Cookie: {session}\r\n")).await
    }

    async fn adding(url: &str, header: &str) -> Self {
        let header: Arc<str> = Arc::from(header);
        let odoo = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let counting = Self { address: listener.local_addr().unwrap(), calls: Arc::default() };
        let calls = counting.calls.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, odoo.clone(), header.clone(), calls.clone()));
            }
        });
        counting
    }

    /// Its own URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was called since the last time somebody asked, as `model.method`. The [probe](PROBE), which comes once in a
    /// gateway's life, is left out.
    pub(crate) fn take(&self) -> Vec<String> {
        self.take_whole().into_iter().map(|(called, _)| called).collect()
    }

    /// The same with the bodies of the calls.
    pub(crate) fn take_whole(&self) -> Vec<Noted> {
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        calls.into_iter().filter(|(called, _)| called != PROBE).collect()
    }
}

async fn pass(mut client: TcpStream, odoo: String, header: Arc<str>, calls: Arc<Mutex<Vec<Noted>>>) {
    let request = read_request(&mut client).await;
    let text = String::from_utf8_lossy(&request);
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
    calls.lock().unwrap().push((called(&request), body));
    let mut odoo = TcpStream::connect(odoo).await.unwrap();
    let head = request.windows(2).position(|pair| pair == b"\r\n").unwrap() + 2;
    odoo.write_all(&[&request[..head], header.as_bytes(), &request[head..]].concat()).await.unwrap();
    // The gateway may go away before the answer is through; that is its own affair.
    let _ = copy(&mut odoo, &mut client).await;
}

/// Head and body, whose length the gateway always says when there is one.
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
        assert_ne!(client.read_buf(&mut request).await.unwrap(), 0, "a whole request");
    }
}

/// The question whether Odoo serves JSON-RPC.
pub(crate) const PROBE: &str = "jsonrpc?";

/// The texts of an `execute_kw` are database, secret, model, method. Over JSON-RPC they stand in the arguments. Over JSON-2 model and method are the path. A page of
/// the web client is noted as `GET /its/path`.
fn called(request: &[u8]) -> String {
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

/// A gateway of its own behind a proxy that counts, and its administrator.
pub(crate) async fn counted(version: Version) -> (Counting, Gateway, Client) {
    let counting = Counting::before(stand().url(version)).await;
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__ODOO__0__URL", &counting.url()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database()),
        ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", ""),
    ])
    .await;
    let admin = gateway.client().as_user("admin");
    (counting, gateway, admin)
}

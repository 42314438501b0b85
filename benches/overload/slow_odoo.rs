//! An Odoo with one contact, which answers each call after five milliseconds and counts how many it serves at once.
//!
//! In: XML-RPC over connections that are kept. Out: responses; the greatest number of concurrent calls. Must not know:
//! who calls.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::xml::{StubCall, fields_get, xmlrpc_response};

const ANSWER_TIME: Duration = Duration::from_millis(5);
const CONTACT: &str = "<struct><member><name>id</name><value><int>1</int></value></member><member><name>name</name>\
                       <value><string>Azure</string></value></member></struct>";

/// A running server; it ends with the process.
#[derive(Debug)]
pub(crate) struct SlowOdoo {
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    running: AtomicUsize,
    most: AtomicUsize,
}

impl SlowOdoo {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let (address, counts) = (listener.local_addr()?, Arc::new(Counts::default()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn({
            let counts = counts.clone();
            move || runtime.block_on(accept(listener, counts))
        });
        Ok(Self { address, counts })
    }

    /// The greatest number of calls that were served at once.
    pub(crate) fn most_calls_at_once(&self) -> usize {
        self.counts.most.load(Ordering::SeqCst)
    }
}

async fn accept(listener: std::net::TcpListener, counts: Arc<Counts>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (socket, _) = listener.accept().await?;
        // The gateway notices a connection that failed.
        tokio::spawn(serve(socket, counts.clone()));
    }
}

async fn serve(mut socket: TcpStream, counts: Arc<Counts>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    while let Some(call) = StubCall::receive(&mut socket).await {
        counts.most.fetch_max(counts.running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::sleep(ANSWER_TIME).await;
        // The gateway sends the next call when it has received this response.
        counts.running.fetch_sub(1, Ordering::SeqCst);
        let body = xmlrpc_response(&answer(&call.name));
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", body.len());
        socket.write_all((head + &body).as_bytes()).await?;
    }
    Ok(())
}

/// The result of a call. An export finds one contact per page, and always another page.
fn answer(name: &str) -> String {
    let list = |item: &str| format!("<array><data><value>{item}</value></data></array>");
    let text =
        |name: &str, text: &str| format!("<member><name>{name}</name><value><string>{text}</string></value></member>");
    match name {
        "version" => format!(
            "<struct>{}{}<member><name>server_version_info</name><value>{}</value></member><member>\
             <name>protocol_version</name><value><int>1</int></value></member></struct>",
            text("server_version", "19.0"),
            text("server_serie", "19.0"),
            list("<int>19</int>")
        ),
        "authenticate" => "<int>2</int>".to_owned(),
        "res.users.read" => list(&format!("<struct>{}{}</struct>", text("lang", "en_US"), text("tz", "UTC"))),
        "ir.model.display_name_for" => {
            list(&format!("<struct>{}{}</struct>", text("display_name", "Contact"), text("model", "res.partner")))
        }
        "res.partner.fields_get" => fields_get(&[("id", "integer"), ("name", "char")]),
        "res.partner.read" | "res.partner.search_read" => list(CONTACT),
        "res.partner.search" => list("<int>1</int>"),
        "res.partner.search_count" => "<int>1000000</int>".to_owned(),
        _ => "<boolean>1</boolean>".to_owned(),
    }
}

//! A small Odoo that returns configured responses, misbehaves on demand, and records the calls.
//!
//! It serves XML-RPC, one response per connection, and over JSON-2 only the owner of an API key ([`KEY_OWNER`]). It has
//! no `/jsonrpc` unless a test adds it. A call has a name such as `version`, `authenticate` or `res.partner.read`. By
//! default the stub responds as an Odoo 19 with one contact, to the user `admin` with the password [`PASSWORD`] or the
//! key [`KEY`].

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::xml::{JSONRPC, StubCall, partner_fields_get, xmlrpc_fault, xmlrpc_response};

/// The only valid password.
pub(crate) const PASSWORD: &str = "right-9bc1c2a7";

/// The only valid API key.
pub(crate) const KEY: &str = "9bc1c2a79bc1c2a79bc1c2a79bc1c2a79bc1c2a7";

/// The call that returns the owner of an API key, over JSON-2.
pub(crate) const KEY_OWNER: &str = "res.users.context_get";

/// How the stub responds to a call.
#[derive(Debug, Clone)]
pub(crate) enum StubReply {
    /// The bytes of an HTTP response; then the connection is closed.
    Bytes(Vec<u8>),
    /// No response until the test calls [`StubOdoo::release`]; then the default one.
    Hold,
}

impl StubReply {
    /// A result, given as an XML-RPC value.
    pub(crate) fn value(value: &str) -> Self {
        Self::xml(&xmlrpc_response(value))
    }

    pub(crate) fn fault(code: &str, text: &str) -> Self {
        Self::xml(&xmlrpc_fault(code, text))
    }

    /// Status 200 with an XML body.
    pub(crate) fn xml(body: &str) -> Self {
        Self::http("200 OK", "text/xml; charset=utf-8", body)
    }

    pub(crate) fn http(status: &str, kind: &str, body: &str) -> Self {
        let head = format!("HTTP/1.0 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        Self::Bytes((head + body).into_bytes())
    }

    /// Closes the connection without a response.
    pub(crate) fn cut() -> Self {
        Self::Bytes(Vec::new())
    }
}

#[derive(Default)]
struct State {
    replies: HashMap<String, StubReply>,
    once: HashMap<String, VecDeque<StubReply>>,
    containing: Vec<(String, &'static str, StubReply)>,
    check_durations: HashMap<String, Duration>,
    calls: Vec<StubCall>,
    concurrent_checks: usize,
    max_concurrent_checks: usize,
    call_duration: Duration,
    concurrent_calls: usize,
    max_concurrent_calls: usize,
    abandoned_calls: usize,
}

struct Shared {
    state: Mutex<State>,
    /// Notifies of every change of the state that a waiter may depend on.
    changed: watch::Sender<()>,
}

/// A listening stub; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct StubOdoo {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl StubOdoo {
    pub(crate) async fn start() -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// A stub at a free address.
    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        Self::listen(TcpListener::bind(address).await.unwrap())
    }

    fn listen(listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let stub =
            Self { address, shared: Arc::new(Shared { state: Mutex::default(), changed: watch::Sender::new(()) }) };
        let served = stub.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let stub = served.clone();
                tokio::spawn(async move { stub.handle(stream).await });
            }
        });
        stub
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on the stub responds to `name` with this.
    pub(crate) fn when(&self, name: &str, reply: StubReply) {
        self.state().replies.insert(name.to_owned(), reply);
    }

    /// From now on the stub responds to `name` with this if the call contains this text.
    pub(crate) fn when_containing(&self, name: &str, text: &'static str, reply: StubReply) {
        self.state().containing.push((name.to_owned(), text, reply));
    }

    /// The stub responds to the next call of `name` with this, then as before. Several replies are used in order.
    pub(crate) fn once(&self, name: &str, reply: StubReply) {
        self.state().once.entry(name.to_owned()).or_default().push_back(reply);
    }

    /// Held calls of `name` get the default response.
    pub(crate) fn release(&self, name: &str) {
        self.state().replies.remove(name);
        self.shared.changed.send_replace(());
    }

    /// From now on checking a password of this login takes this long.
    pub(crate) fn set_check_duration(&self, login: &str, time: Duration) {
        self.state().check_durations.insert(login.to_owned(), time);
    }

    /// From now on every call takes this long.
    pub(crate) fn set_call_duration(&self, time: Duration) {
        self.state().call_duration = time;
    }

    /// The highest number of concurrent calls since the last time.
    pub(crate) fn take_max_concurrent_calls(&self) -> usize {
        let mut state = self.state();
        let concurrent_calls = state.concurrent_calls;
        std::mem::replace(&mut state.max_concurrent_calls, concurrent_calls)
    }

    /// How often `name` was called.
    pub(crate) fn call_count(&self, name: &str) -> usize {
        self.state().calls.iter().filter(|call| call.name == name).count()
    }

    /// The names of all calls, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state().calls.iter().map(|call| call.name.clone()).collect()
    }

    /// The last request of this call, with its headers.
    pub(crate) fn last_text(&self, name: &str) -> String {
        let state = self.state();
        let call = state.calls.iter().rfind(|call| call.name == name);
        call.unwrap_or_else(|| panic!("{name} was not called")).text.clone()
    }

    /// The highest number of concurrent `authenticate` calls.
    pub(crate) fn max_concurrent_checks(&self) -> usize {
        self.state().max_concurrent_checks
    }

    /// How many held calls the gateway gave up.
    pub(crate) fn abandoned_calls(&self) -> usize {
        self.state().abandoned_calls
    }

    /// Waits until `name` was called this often.
    pub(crate) async fn wait_for_calls(&self, name: &str, times: usize) {
        let called = async {
            let mut changed = self.shared.changed.subscribe();
            while self.call_count(name) < times {
                changed.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), called).await;
        waited.unwrap_or_else(|_| panic!("{name} was not called {times} times; calls: {:?}", self.calls()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    async fn handle(&self, mut stream: TcpStream) {
        let Some(call) = StubCall::receive(&mut stream).await else { return };
        if call.name == JSONRPC && !self.state().replies.contains_key(JSONRPC) {
            let StubReply::Bytes(bytes) = StubReply::http("404 NOT FOUND", "text/html", "Not Found") else { return };
            let _ = stream.write_all(&bytes).await;
            return;
        }
        let time = self.begin_call();
        let reply = self.record(&call);
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
        let bytes = match reply {
            Some(StubReply::Bytes(bytes)) => Some(bytes),
            Some(StubReply::Hold) => self.wait_for_release(&call, &mut stream).await.then(|| default_response(&call)),
            None => Some(default_response(&call)),
        };
        if call.name == "authenticate" {
            let time = self.state().check_durations.get(&call.login).copied().unwrap_or_default();
            tokio::time::sleep(time).await;
            self.state().concurrent_checks -= 1;
        }
        // The gateway sends the next call when it has received this response.
        self.state().concurrent_calls -= 1;
        if let Some(bytes) = bytes {
            let _ = stream.write_all(&bytes).await;
        }
    }

    /// Counts a call. Returns how long it takes.
    fn begin_call(&self) -> Duration {
        let mut state = self.state();
        state.concurrent_calls += 1;
        state.max_concurrent_calls = state.max_concurrent_calls.max(state.concurrent_calls);
        state.call_duration
    }

    /// Records a call. Returns the reply that the test has configured for it.
    fn record(&self, call: &StubCall) -> Option<StubReply> {
        let mut state = self.state();
        state.calls.push(call.clone());
        if call.name == "authenticate" {
            state.concurrent_checks += 1;
            state.max_concurrent_checks = state.max_concurrent_checks.max(state.concurrent_checks);
        }
        let matches = |(name, text, _): &&(String, &str, StubReply)| *name == call.name && call.text.contains(text);
        let matching = state.containing.iter().find(matches).map(|(_, _, reply)| reply.clone());
        let reply = state
            .once
            .get_mut(&call.name)
            .and_then(VecDeque::pop_front)
            .or(matching)
            .or_else(|| state.replies.get(&call.name).cloned());
        drop(state);
        self.shared.changed.send_replace(());
        reply
    }

    /// Waits until the test releases the call. Returns whether the gateway still waits.
    async fn wait_for_release(&self, call: &StubCall, stream: &mut TcpStream) -> bool {
        let mut changed = self.shared.changed.subscribe();
        let released = async {
            while matches!(self.state().replies.get(&call.name), Some(StubReply::Hold)) {
                changed.changed().await.unwrap();
            }
        };
        tokio::select! {
            () = released => true,
            _ = stream.read_u8() => {
                self.state().abandoned_calls += 1;
                false
            }
        }
    }
}

fn json2_key_owner(key: &str) -> Vec<u8> {
    let (status, body) = match key {
        KEY => ("200 OK", r#"{"lang": "en_US", "tz": "UTC", "uid": 2}"#),
        _ => ("401 UNAUTHORIZED", r#"{"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"}"#),
    };
    let StubReply::Bytes(bytes) = StubReply::http(status, "application/json; charset=utf-8", body) else {
        unreachable!("a response is bytes")
    };
    bytes
}

/// The response of an Odoo 19 with one contact.
fn default_response(call: &StubCall) -> Vec<u8> {
    const AZURE: &str = "<struct><member><name>id</name><value><int>1</int></value></member><member><name>name</name>\
        <value><string>Azure</string></value></member></struct>";
    let list = |item: &str| format!("<array><data><value>{item}</value></data></array>");
    let text =
        |name: &str, text: &str| format!("<member><name>{name}</name><value><string>{text}</string></value></member>");
    let value = match call.name.as_str() {
        "version" => format!(
            "<struct>{}{}<member><name>server_version_info</name><value>{}</value></member><member>\
             <name>protocol_version</name><value><int>1</int></value></member></struct>",
            text("server_version", "19.0"),
            text("server_serie", "19.0"),
            list("<int>19</int>")
        ),
        "authenticate" if call.secret == PASSWORD => "<int>2</int>".to_owned(),
        "authenticate" => "<boolean>0</boolean>".to_owned(),
        KEY_OWNER => return json2_key_owner(&call.secret),
        "res.users.read" => list(&format!("<struct>{}{}</struct>", text("lang", "en_US"), text("tz", "UTC"))),
        "ir.model.display_name_for" => {
            list(&format!("<struct>{}{}</struct>", text("display_name", "Contact"), text("model", "res.partner")))
        }
        "res.partner.fields_get" => partner_fields_get(),
        "res.partner.read" | "res.partner.search_read" => list(AZURE),
        "res.partner.web_search_read" => {
            let length = "<member><name>length</name><value><int>1</int></value></member>";
            format!("<struct>{length}<member><name>records</name><value>{}</value></member></struct>", list(AZURE))
        }
        "res.partner.search" => list("<int>1</int>"),
        "res.partner.create" | "res.partner.search_count" => "<int>1</int>".to_owned(),
        _ => "<boolean>1</boolean>".to_owned(),
    };
    let StubReply::Bytes(bytes) = StubReply::value(&value) else { unreachable!("a value is bytes") };
    bytes
}

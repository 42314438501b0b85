//! A small Odoo that answers what it is told to, misbehaves on demand, and remembers what it was asked.
//!
//! It has no `/jsonrpc`, unless a test says otherwise. It speaks XML-RPC (and tells over JSON-2 whose a key is) as bare Odoo does: one answer a connection. What is asked has a name, as `version`,
//! `authenticate` or `res.partner.read`; unless a test says otherwise it answers as an Odoo 19 with one contact would,
//! to the user `admin` with the password [`PASSWORD`] or the key [`KEY`].

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::xml::{Asked, JSONRPC, answer, fault, partner_fields};

/// The only password that is right.
pub(crate) const PASSWORD: &str = "right-9bc1c2a7";

/// The only API key that is right.
pub(crate) const KEY: &str = "9bc1c2a79bc1c2a79bc1c2a79bc1c2a79bc1c2a7";

/// The question whose an API key is, over JSON-2.
pub(crate) const KEY_OWNER: &str = "res.users.context_get";

/// What is done with a question.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// The bytes of an HTTP answer; then the connection is closed.
    Bytes(Vec<u8>),
    /// No answer before the test [lets go](Stub::let_go); then the usual one.
    Hold,
}

impl Act {
    /// A result, given as an XML-RPC value.
    pub(crate) fn value(value: &str) -> Self {
        Self::xml(&answer(value))
    }

    pub(crate) fn fault(code: &str, text: &str) -> Self {
        Self::xml(&fault(code, text))
    }

    /// A 200 that says it is XML.
    pub(crate) fn xml(body: &str) -> Self {
        Self::http("200 OK", "text/xml; charset=utf-8", body)
    }

    pub(crate) fn http(status: &str, kind: &str, body: &str) -> Self {
        let head = format!("HTTP/1.0 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        Self::Bytes((head + body).into_bytes())
    }

    /// The connection is cut before a byte of an answer.
    pub(crate) fn cut() -> Self {
        Self::Bytes(Vec::new())
    }
}

#[derive(Default)]
struct State {
    acts: HashMap<String, Act>,
    once: HashMap<String, VecDeque<Act>>,
    saying: Vec<(String, &'static str, Act)>,
    checks: HashMap<String, Duration>,
    asked: Vec<Asked>,
    checking: usize,
    most_checking: usize,
    abandoned: usize,
}

struct Shared {
    state: Mutex<State>,
    /// Changes with every change of the state that somebody may wait for.
    changed: watch::Sender<()>,
}

/// A listening stub; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Stub {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Stub {
    pub(crate) async fn start() -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// A stub at an address where nobody listens now.
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
                tokio::spawn(async move { stub.attend(stream).await });
            }
        });
        stub
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on `name` is answered so.
    pub(crate) fn when(&self, name: &str, act: Act) {
        self.state().acts.insert(name.to_owned(), act);
    }

    /// From now on `name` is answered so when the question has this word in it.
    pub(crate) fn when_saying(&self, name: &str, word: &'static str, act: Act) {
        self.state().saying.push((name.to_owned(), word, act));
    }

    /// The next time `name` is answered so, then as before; said twice, the next two times in this order.
    pub(crate) fn once(&self, name: &str, act: Act) {
        self.state().once.entry(name.to_owned()).or_default().push_back(act);
    }

    /// What is held gets the usual answer.
    pub(crate) fn let_go(&self, name: &str) {
        self.state().acts.remove(name);
        self.shared.changed.send_replace(());
    }

    /// From now on a password of this login is checked for so long.
    pub(crate) fn checks_take(&self, login: &str, time: Duration) {
        self.state().checks.insert(login.to_owned(), time);
    }

    /// How often `name` was asked.
    pub(crate) fn asked(&self, name: &str) -> usize {
        self.state().asked.iter().filter(|asked| asked.name == name).count()
    }

    /// Everything that was asked, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.state().asked.iter().map(|asked| asked.name.clone()).collect()
    }

    /// How many questions named `authenticate` were under way at one time, at most.
    pub(crate) fn most_checks_at_once(&self) -> usize {
        self.state().most_checking
    }

    /// How many held questions the asking side gave up.
    pub(crate) fn abandoned(&self) -> usize {
        self.state().abandoned
    }

    /// Waits until `name` was asked so often.
    pub(crate) async fn until_asked(&self, name: &str, times: usize) {
        let asked = async {
            let mut changed = self.shared.changed.subscribe();
            while self.asked(name) < times {
                changed.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), asked).await;
        waited.unwrap_or_else(|_| panic!("{name} was not asked {times} times, but: {:?}", self.names()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    async fn attend(&self, mut stream: TcpStream) {
        let Some(asked) = Asked::read(&mut stream).await else { return };
        if asked.name == JSONRPC && !self.state().acts.contains_key(JSONRPC) {
            let Act::Bytes(bytes) = Act::http("404 NOT FOUND", "text/html", "Not Found") else { return };
            let _ = stream.write_all(&bytes).await;
            return;
        }
        let act = self.note(&asked);
        let bytes = match act {
            Some(Act::Bytes(bytes)) => Some(bytes),
            Some(Act::Hold) => self.held(&asked, &mut stream).await.then(|| usual(&asked)),
            None => Some(usual(&asked)),
        };
        if asked.name == "authenticate" {
            let time = self.state().checks.get(&asked.login).copied().unwrap_or_default();
            tokio::time::sleep(time).await;
            self.state().checking -= 1;
        }
        if let Some(bytes) = bytes {
            let _ = stream.write_all(&bytes).await;
        }
    }

    fn note(&self, asked: &Asked) -> Option<Act> {
        let mut state = self.state();
        state.asked.push(asked.clone());
        if asked.name == "authenticate" {
            state.checking += 1;
            state.most_checking = state.most_checking.max(state.checking);
        }
        let is_said = |(name, word, _): &&(String, &str, Act)| *name == asked.name && asked.text.contains(word);
        let said = state.saying.iter().find(is_said).map(|(_, _, act)| act.clone());
        let act = state
            .once
            .get_mut(&asked.name)
            .and_then(VecDeque::pop_front)
            .or(said)
            .or_else(|| state.acts.get(&asked.name).cloned());
        drop(state);
        self.shared.changed.send_replace(());
        act
    }

    /// Waits until the test lets go, and says whether the other side waits still.
    async fn held(&self, asked: &Asked, stream: &mut TcpStream) -> bool {
        let mut changed = self.shared.changed.subscribe();
        let let_go = async {
            while matches!(self.state().acts.get(&asked.name), Some(Act::Hold)) {
                changed.changed().await.unwrap();
            }
        };
        tokio::select! {
            () = let_go => true,
            _ = stream.read_u8() => {
                self.state().abandoned += 1;
                false
            }
        }
    }
}

fn key_owner(key: &str) -> Vec<u8> {
    let (status, body) = match key {
        KEY => ("200 OK", r#"{"lang": "en_US", "tz": "UTC", "uid": 2}"#),
        _ => ("401 UNAUTHORIZED", r#"{"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"}"#),
    };
    let Act::Bytes(bytes) = Act::http(status, "application/json; charset=utf-8", body) else {
        unreachable!("an answer is bytes")
    };
    bytes
}

/// What an Odoo 19 with one contact answers.
fn usual(asked: &Asked) -> Vec<u8> {
    const AZURE: &str = "<struct><member><name>id</name><value><int>1</int></value></member><member><name>name</name>\
        <value><string>Azure</string></value></member></struct>";
    let list = |item: &str| format!("<array><data><value>{item}</value></data></array>");
    let text =
        |name: &str, text: &str| format!("<member><name>{name}</name><value><string>{text}</string></value></member>");
    let value = match asked.name.as_str() {
        "version" => format!(
            "<struct>{}{}<member><name>server_version_info</name><value>{}</value></member><member>\
             <name>protocol_version</name><value><int>1</int></value></member></struct>",
            text("server_version", "19.0"),
            text("server_serie", "19.0"),
            list("<int>19</int>")
        ),
        "authenticate" if asked.secret == PASSWORD => "<int>2</int>".to_owned(),
        "authenticate" => "<boolean>0</boolean>".to_owned(),
        KEY_OWNER => return key_owner(&asked.secret),
        "res.users.read" => list(&format!("<struct>{}{}</struct>", text("lang", "en_US"), text("tz", "UTC"))),
        "ir.model.display_name_for" => list(&format!("<struct>{}</struct>", text("display_name", "Contact"))),
        "res.partner.fields_get" => partner_fields(),
        "res.partner.read" | "res.partner.search_read" => list(AZURE),
        "res.partner.web_search_read" => {
            let length = "<member><name>length</name><value><int>1</int></value></member>";
            format!("<struct>{length}<member><name>records</name><value>{}</value></member></struct>", list(AZURE))
        }
        "res.partner.search" => list("<int>1</int>"),
        "res.partner.create" | "res.partner.search_count" => "<int>1</int>".to_owned(),
        _ => "<boolean>1</boolean>".to_owned(),
    };
    let Act::Bytes(bytes) = Act::value(&value) else { unreachable!("a value is bytes") };
    bytes
}

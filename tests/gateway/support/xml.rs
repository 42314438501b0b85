//! As much XML-RPC (and JSON-2) as the stub Odoo needs: it reads what the gateway writes and nothing else.

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// A question.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `version`, `authenticate`, or model and method.
    pub(crate) name: String,
    /// The login of `authenticate`; empty otherwise.
    pub(crate) login: String,
    /// The password it came with; empty for `version`.
    pub(crate) secret: String,
    /// All of it, as it came.
    pub(crate) text: String,
}

/// The name of whatever is asked over JSON-RPC.
pub(crate) const JSONRPC: &str = "jsonrpc";

impl Asked {
    /// The question that comes on this connection, if one does.
    pub(crate) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut request = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&request);
            if let Some((path, rest)) = text.strip_prefix("POST /json/2/").and_then(|text| text.split_once(' '))
                && rest.ends_with("\r\n\r\n{}")
            {
                let secret = between(rest, "authorization: bearer ", "\r\n").next().unwrap_or_default().to_owned();
                return Some(Self { name: path.replace('/', "."), login: String::new(), secret, text: String::new() });
            }
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && head.starts_with("POST /jsonrpc ")
                && serde_json::from_str::<serde_json::Value>(body).is_ok()
            {
                let (name, text) = (JSONRPC.to_owned(), body.to_owned());
                return Some(Self { name, login: String::new(), secret: String::new(), text });
            }
            if text.ends_with("</methodCall>") || text.trim_end().ends_with("</methodCall>") {
                return Some(Self::of(&text));
            }
            if stream.read_buf(&mut request).await.ok()? == 0 {
                return None;
            }
        }
    }

    fn of(request: &str) -> Self {
        let method = between(request, "<methodName>", "</methodName>").next().unwrap();
        let mut texts = between(request, "<string>", "</string>").map(str::to_owned);
        let mut login = None;
        let (name, secret) = match method {
            // database, login, password
            "authenticate" => {
                login = texts.nth(1);
                (method.to_owned(), texts.next())
            }
            // database, password, model, method
            "execute_kw" => {
                let secret = texts.nth(1);
                (format!("{}.{}", texts.next().unwrap(), texts.next().unwrap()), secret)
            }
            _ => (method.to_owned(), None),
        };
        let (login, secret) = (login.unwrap_or_default(), secret.unwrap_or_default());
        Self { name, login, secret, text: request.to_owned() }
    }
}

fn between<'t>(text: &'t str, before: &'t str, after: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(before).skip(1).filter_map(move |rest| rest.split_once(after)).map(|(found, _)| found)
}

/// An answer with this value.
pub(crate) fn answer(value: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse><params><param><value>{value}</value></param></params></methodResponse>\n"
    )
}

/// A fault, its texts escaped.
pub(crate) fn fault(code: &str, text: &str) -> String {
    let member = |name: &str, text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        format!("<member><name>{name}</name><value><string>{text}</string></value></member>")
    };
    let (code, text) = (member("faultCode", code), member("faultString", text));
    format!(
        "<?xml version='1.0'?>\n<methodResponse><fault><value><struct>{code}{text}</struct></value></fault></methodResponse>\n"
    )
}

/// `fields_get` of a model with a name.
pub(crate) fn partner_fields() -> String {
    let field = |name: &str, kind: &str| {
        let text = |key: &str, value: &str| {
            format!("<member><name>{key}</name><value><string>{value}</string></value></member>")
        };
        let flag = |key: &str| format!("<member><name>{key}</name><value><boolean>1</boolean></value></member>");
        let (kind, label, flags) =
            (text("type", kind), text("string", name), ["store", "searchable", "sortable"].map(flag).concat());
        format!("<member><name>{name}</name><value><struct>{kind}{label}{flags}</struct></value></member>")
    };
    format!("<struct>{}{}</struct>", field("id", "integer"), field("name", "char"))
}

//! As much XML-RPC, JSON-RPC and JSON-2 as the stub Odoo needs: it parses exactly what the gateway sends.

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// A call that the stub received.
#[derive(Debug, Clone)]
pub(crate) struct StubCall {
    /// `version`, `authenticate`, or model and method.
    pub(crate) name: String,
    /// The login of `authenticate`; empty otherwise.
    pub(crate) login: String,
    /// The password or API key; empty for `version`.
    pub(crate) secret: String,
    /// The text of the request.
    pub(crate) text: String,
}

/// The name of every call over JSON-RPC.
pub(crate) const JSONRPC: &str = "jsonrpc";

impl StubCall {
    /// Receives the call of a connection; `None` if the connection ends before.
    pub(crate) async fn receive(stream: &mut TcpStream) -> Option<Self> {
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
                return Some(Self::parse_xmlrpc(&text));
            }
            if stream.read_buf(&mut request).await.ok()? == 0 {
                return None;
            }
        }
    }

    fn parse_xmlrpc(request: &str) -> Self {
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

/// An XML-RPC response with this value.
pub(crate) fn xmlrpc_response(value: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse><params><param><value>{value}</value></param></params>\
         </methodResponse>\n"
    )
}

/// An XML-RPC fault; escapes the texts.
pub(crate) fn xmlrpc_fault(code: &str, text: &str) -> String {
    let member = |name: &str, text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        format!("<member><name>{name}</name><value><string>{text}</string></value></member>")
    };
    let (code, text) = (member("faultCode", code), member("faultString", text));
    format!(
        "<?xml version='1.0'?>\n<methodResponse><fault><value><struct>{code}{text}</struct></value></fault>\
         </methodResponse>\n"
    )
}

/// The result of `fields_get` for a model with `id` and `name`.
pub(crate) fn partner_fields_get() -> String {
    fields_get(&[("id", "integer"), ("name", "char")])
}

/// The result of `fields_get` for a model with these stored fields, each with its type.
pub(crate) fn fields_get(fields: &[(&str, &str)]) -> String {
    let field = |(name, kind): &(&str, &str)| {
        let text = |key: &str, value: &str| {
            format!("<member><name>{key}</name><value><string>{value}</string></value></member>")
        };
        let flag = |key: &str| format!("<member><name>{key}</name><value><boolean>1</boolean></value></member>");
        let (kind, label, flags) =
            (text("type", kind), text("string", name), ["store", "searchable", "sortable"].map(flag).concat());
        format!("<member><name>{name}</name><value><struct>{kind}{label}{flags}</struct></value></member>")
    };
    format!("<struct>{}</struct>", fields.iter().map(field).collect::<String>())
}

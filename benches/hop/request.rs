//! A request that is sent many times: as bytes for a plain socket, and as Lua for wrk.
//!
//! In: method, target, credential, body. Out: bytes or Lua source. Must not know: who receives it.

use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::exchange::DATABASE;
use super::recording::Recorded;

/// A header with its value.
pub(crate) type Header = (&'static str, String);

/// The login and password of the testbed's administrator.
pub(crate) fn basic() -> Header {
    ("authorization", "Basic YWRtaW46YWRtaW4=".to_owned())
}

/// An API key of the gateway.
pub(crate) fn api_key(key: &str) -> Header {
    ("api-key", key.to_owned())
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct HttpRequest {
    method: &'static str,
    target: String,
    headers: Vec<Header>,
    body: Vec<u8>,
}

impl HttpRequest {
    pub(crate) fn get(target: &str, credential: Header) -> Self {
        Self { method: "GET", target: target.to_owned(), headers: vec![credential], body: Vec::new() }
    }

    pub(crate) fn with_json(method: &'static str, target: &str, credential: Header, body: String) -> Self {
        let headers = vec![credential, ("content-type", "application/json".to_owned())];
        Self { method, target: target.to_owned(), headers, body: body.into_bytes() }
    }

    /// A recorded call, sent to Odoo as the gateway sends it.
    pub(crate) fn direct(call: &Recorded) -> Self {
        let headers = vec![("content-type", "text/xml".to_owned()), ("x-odoo-database", DATABASE.to_owned())];
        Self { method: "POST", target: call.path.clone(), headers, body: call.body.clone() }
    }

    pub(crate) fn accept(mut self, media_type: &str) -> Self {
        self.headers.push(("accept", media_type.to_owned()));
        self
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: bench\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\n\r\n", self.body.len());
        [head.as_bytes(), &self.body].concat()
    }

    /// A call of wrk's `wrk.format`, which returns the bytes of a request.
    pub(crate) fn to_lua(&self) -> String {
        let mut headers = String::new();
        for (name, value) in &self.headers {
            headers += &format!("[{}] = {}, ", lua_string(name.as_bytes()), lua_string(value.as_bytes()));
        }
        let body = if self.body.is_empty() { "nil".to_owned() } else { lua_string(&self.body) };
        format!("wrk.format(\"{}\", {}, {{{headers}}}, {body})", self.method, lua_string(self.target.as_bytes()))
    }
}

/// A path with a query.
pub(crate) fn target(path: &str, query: &[(&str, &str)]) -> String {
    let encoded = query.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    format!("{path}?{}", encoded.collect::<Vec<_>>().join("&"))
}

fn lua_string(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b" -_./:=?&%,<>".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _written = write!(text, "\\{byte:03}");
        }
    }
    text + "\""
}

//! A successful response of Odoo.
//!
//! In: the text of an XML-RPC, JSON-RPC or JSON-2 response. Out: a [`Reply`] that owns the text and parses it on
//! demand. Must not know: HTTP, what was called.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::error::unreadable;
use super::rpc_codec::RpcResponse;
use super::xmlrpc::record_scan::RecordScan;
use super::{json2, jsonrpc, xmlrpc};
use crate::error::Problem;
use crate::memory_budget::MemoryShare;
use crate::value::Value;

/// Durations of the parts of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// Time in the queue.
    pub queued: Duration,
    /// Time from sending to the first byte of the response: Odoo's processing time.
    pub to_first_byte: Duration,
    /// Time from sending to the last byte of the response.
    pub to_last_byte: Duration,
    /// Number of attempts: 1, or 2 for a read whose first connection was closed.
    pub attempts: u8,
}

/// The content of a [`Reply`]. A clone shares the text.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// An XML-RPC response.
    Xml(Arc<String>),
    /// A JSON-RPC response.
    Json(Arc<String>),
    /// The result of a JSON-2 call.
    Json2(Arc<String>),
    /// The method returned `None`; over XML-RPC, Odoo reports this as a fault.
    Null,
    /// The method ran and its changes are committed, but its result cannot be transmitted.
    Omitted,
}

/// A successful response. Clones are cheap, and share the text and its part of the memory.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) body: Body,
    /// The reserved part of the memory for large responses, released with the last clone of the reply.
    pub(super) share: Option<Arc<MemoryShare>>,
    /// How long the call took; the last attempt if there were two.
    pub timing: Timing,
}

impl Reply {
    /// Parses the result. Its strings borrow from the reply.
    ///
    /// # Errors
    /// If the response is not valid XML-RPC or JSON-RPC.
    pub fn value(&self) -> Result<Value<'_>, Problem> {
        const FAULT: &str = "a fault instead of a result";
        match &self.body {
            Body::Null | Body::Omitted => Ok(Value::Null),
            Body::Xml(text) => match xmlrpc::response::parse(text).map_err(unreadable)? {
                RpcResponse::Result(value) => Ok(value),
                RpcResponse::Fault(_) => Err(unreadable(FAULT)),
            },
            Body::Json2(text) => jsonrpc::python_json::parse(text).map_err(unreadable),
            Body::Json(text) => match jsonrpc::response::parse(text).map_err(unreadable)? {
                RpcResponse::Result(value) => Ok(value),
                RpcResponse::Fault(_) => Err(unreadable(FAULT)),
            },
        }
    }

    /// The reply of a method that returns `None`, where no call was needed.
    pub(super) fn none() -> Self {
        Self { body: Body::Null, share: None, timing: Timing::default() }
    }

    /// How many records the result contains, and which, without parsing it; `None` if only parsing can tell.
    pub(super) fn scan_records(&self) -> Option<RecordScan> {
        match &self.body {
            Body::Xml(text) => xmlrpc::record_scan::scan(text),
            Body::Json2(text) => json2::record_scan::scan(text),
            Body::Json(_) | Body::Null | Body::Omitted => None,
        }
    }

    /// The complete XML-RPC response for a client that speaks XML-RPC itself; `None` if Odoo was called over JSON-RPC,
    /// for a result of JSON-2 that Odoo could not transmit over XML-RPC, and for a method without a result. Odoo 14 and
    /// 15 do not remove control characters, which XML parsers reject.
    ///
    /// The share is released: nothing is parsed anymore, and a client that reads slowly must not keep the responses of
    /// others from being read.
    #[must_use]
    pub fn into_xml(self) -> Option<Bytes> {
        let mut text = match self.body {
            Body::Xml(text) => Arc::unwrap_or_clone(text),
            Body::Json2(text) => return result_as_xml(&text),
            Body::Json(_) | Body::Null | Body::Omitted => return None,
        };
        if text.bytes().any(is_forbidden) {
            text.retain(|character| !u8::try_from(character).is_ok_and(is_forbidden));
        }
        Some(text.into())
    }

    /// Whether the method returned `None`.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self.body, Body::Null)
    }

    /// Whether the method ran, but its result cannot be transmitted.
    #[must_use]
    pub fn is_omitted(&self) -> bool {
        matches!(self.body, Body::Omitted)
    }

    /// The size of Odoo's response in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        match &self.body {
            Body::Xml(text) | Body::Json(text) | Body::Json2(text) => text.len(),
            Body::Null | Body::Omitted => 0,
        }
    }
}

/// A result of JSON-2 as Odoo would send it over XML-RPC.
fn result_as_xml(text: &str) -> Option<Bytes> {
    let mut value = jsonrpc::python_json::parse(text).ok()?;
    adapt_to_xml(&mut value)?;
    xmlrpc::response_writer::result(&value).ok().map(Bytes::from)
}

/// Removes characters that XML does not allow, as Odoo does. `None` for what Odoo cannot transmit over XML-RPC: `None`
/// within a result, and integers of more than 32 bits.
fn adapt_to_xml(value: &mut Value<'_>) -> Option<()> {
    match value {
        Value::Null => None,
        Value::Int(int) => i32::try_from(*int).ok().map(drop),
        Value::Bool(_) | Value::Float(_) => Some(()),
        Value::Text(text) => {
            remove_forbidden(text);
            Some(())
        }
        Value::List(items) => items.iter_mut().try_for_each(adapt_to_xml),
        Value::Map(members) => members.iter_mut().try_for_each(|(name, value)| {
            remove_forbidden(name);
            adapt_to_xml(value)
        }),
    }
}

fn remove_forbidden(text: &mut Cow<'_, str>) {
    if text.bytes().any(is_forbidden) {
        text.to_mut().retain(|character| !u8::try_from(character).is_ok_and(is_forbidden));
    }
}

/// Whether XML 1.0 does not allow this control character.
fn is_forbidden(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_budget::MemoryBudget;

    #[test]
    fn xml_response_has_no_control_characters() {
        let reply = |body| Reply { body, share: None, timing: Timing::default() };
        for (text, expected) in [("<a>é\t\r\n</a>", "<a>é\t\r\n</a>"), ("\u{1}<b>\u{0}\u{7f}</b>", "<b>\u{7f}</b>")] {
            let xml = reply(Body::Xml(Arc::new(text.to_owned()))).into_xml();
            assert_eq!(xml.as_deref(), Some(expected.as_bytes()));
        }
        for body in [Body::Json(Arc::default()), Body::Null, Body::Omitted] {
            assert!(reply(body).into_xml().is_none());
        }
    }

    #[test]
    fn result_of_json2_is_written_as_xml_if_odoo_could_do_the_same() {
        let xml = |text: &str| {
            let body = Body::Json2(Arc::new(text.to_owned()));
            Reply { body, share: None, timing: Timing::default() }.into_xml()
        };
        let text = xml(r#"[{"id": 7, "name": "a\u0001 & b", "ok": true, "amount": 1.5}]"#).unwrap();
        let text = std::str::from_utf8(&text).unwrap();
        let Ok(RpcResponse::Result(value)) = xmlrpc::response::parse(text) else { panic!("{text}") };
        let record = vec![
            ("id".into(), Value::Int(7)),
            ("name".into(), "a & b".into()),
            ("ok".into(), Value::Bool(true)),
            ("amount".into(), Value::Float(1.5)),
        ];
        assert_eq!(value, Value::List(vec![Value::Map(record)]));
        for other in ["[null]", "2147483648", "NaN", "[1"] {
            assert_eq!(xml(other), None, "{other}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn xml_response_holds_no_memory_of_the_database_while_a_client_reads_it() {
        let memory = MemoryBudget::new(4096);
        let share = memory.reserve(4096, Duration::ZERO).await.map(Arc::new);
        let reply = Reply { body: Body::Xml(Arc::new("<a/>".to_owned())), share, timing: Timing::default() };
        assert!(memory.reserve(1, Duration::from_secs(1)).await.is_none());
        let xml = reply.into_xml();
        assert!(memory.reserve(4096, Duration::from_secs(1)).await.is_some());
        assert_eq!(xml.as_deref(), Some(b"<a/>".as_slice()));
    }
}

//! Serializes JSON-RPC calls.
//!
//! In: the arguments of `execute_kw`. Out: the JSON, in memory that is wiped on drop, because the arguments contain
//! the password. Must not know: HTTP, models. What XML-RPC cannot transmit is rejected here too, so that a call has
//! the same meaning over both protocols.

use std::io;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use zeroize::Zeroizing;

use crate::odoo::rpc_codec::MAX_DEPTH;
use crate::odoo::xmlrpc::Buffer;
use crate::odoo::xmlrpc::writer::{UnsupportedKind, UnsupportedValue, validate};
use crate::value::{Member, Value};

const _: () = assert!(MAX_DEPTH < 128, "serde_json does not limit the depth; Python's limit is about a thousand");

/// The call that tests whether Odoo fully serves `/jsonrpc`: it must reject the empty password before it does anything
/// else. Odoo 14 and 15 also serve the URL if they cannot derive the database from the request, but then return no
/// faults.
#[must_use]
pub fn probe(database: &str) -> Vec<u8> {
    let args = (database, 1, "", "res.users", "context_get", [0_u8; 0]);
    serde_json::to_vec(&Envelope::new(args)).unwrap_or_default()
}

/// The parts of a call other than its arguments.
#[derive(Clone, Copy)]
pub struct CallHead<'a> {
    /// The database.
    pub database: &'a str,
    /// The user's id.
    pub uid: i64,
    /// The user's password or key.
    pub password: &'a str,
    /// The model.
    pub model: &'a str,
    /// The method.
    pub method: &'a str,
    /// Maximum size of the call, in bytes.
    pub max_bytes: usize,
}

/// Serializes a call.
///
/// # Errors
/// If an argument cannot be transmitted.
pub fn execute_kw(
    head: CallHead<'_>,
    args: &[Value<'_>],
    kwargs: &[Member<'_>],
) -> Result<Zeroizing<Vec<u8>>, UnsupportedValue> {
    validate("password", &head.password.into())?;
    for (index, value) in args.iter().enumerate() {
        validate(&format!("args[{index}]"), value)?;
    }
    for (name, value) in kwargs {
        validate("kwargs", &name.as_ref().into())?;
        validate(&format!("kwargs.{}", name.chars().take(64).collect::<String>()), value)?;
    }
    let CallHead { database, uid, password, model, method, max_bytes } = head;
    let size = size_of_all(args).saturating_add(size_of_members(kwargs));
    write_json(&Envelope::new((database, uid, password, model, method, args, Members(kwargs))), size, max_bytes)
        .map_err(|max| UnsupportedValue { path: "args".to_owned(), kind: UnsupportedKind::TooLarge(max) })
}

/// Serializes values that are known to be representable. `size` is an estimate.
///
/// # Errors
/// With `max_bytes`, if the JSON would be larger.
pub(in crate::odoo) fn write_json(
    content: &impl Serialize,
    size: usize,
    max_bytes: usize,
) -> Result<Zeroizing<Vec<u8>>, usize> {
    let mut out = Writer(Buffer::with_capacity(1024).at_most(max_bytes));
    out.0.reserve(size);
    // Serialization of these values cannot fail.
    let _ = serde_json::to_writer(&mut out, content);
    match out.0.overflow() {
        Some(max) => Err(max),
        None => Ok(out.0.into_bytes()),
    }
}

/// Estimates the size of the serialized value, without escapes, so that a large call is written without moving it.
pub(in crate::odoo) fn size_of(value: &Value<'_>) -> usize {
    /// A short number and a comma.
    const SCALAR: usize = 8;
    match value {
        Value::Text(text) => text.len().saturating_add(SCALAR),
        Value::List(items) => size_of_all(items),
        Value::Map(members) => size_of_members(members),
        _ => SCALAR,
    }
}

fn size_of_all(items: &[Value<'_>]) -> usize {
    items.iter().map(size_of).fold(4, usize::saturating_add)
}

fn size_of_members(members: &[Member<'_>]) -> usize {
    let size_of = |(key, value): &Member<'_>| key.len().saturating_add(4).saturating_add(size_of(value));
    members.iter().map(size_of).fold(4, usize::saturating_add)
}

#[derive(serde::Serialize)]
struct Envelope<A> {
    jsonrpc: &'static str,
    method: &'static str,
    id: u8,
    params: Params<A>,
}

#[derive(serde::Serialize)]
struct Params<A> {
    service: &'static str,
    method: &'static str,
    args: A,
}

impl<A> Envelope<A> {
    fn new(args: A) -> Self {
        Self { jsonrpc: "2.0", method: "call", id: 1, params: Params { service: "object", method: "execute_kw", args } }
    }
}

struct Members<'a>(&'a [Member<'a>]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

struct Writer(Buffer);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: CallHead<'_> = CallHead {
        database: "prod",
        uid: 7,
        password: "p\"w",
        model: "res.partner",
        method: "name_search",
        max_bytes: usize::MAX,
    };

    #[test]
    fn call_is_serialized_completely() {
        let kwargs = [("limit".into(), Value::Int(1)), ("context".into(), Value::Map(Vec::new()))];
        let call = execute_kw(HEAD, &["é".into(), Value::Null], &kwargs).unwrap();
        assert_eq!(
            std::str::from_utf8(&call).unwrap(),
            r#"{"jsonrpc":"2.0","method":"call","id":1,"params":{"service":"object","method":"execute_kw","args":["prod",7,"p\"w","res.partner","name_search",["é",null],{"limit":1,"context":{}}]}}"#
        );
    }

    #[test]
    fn values_that_xml_rpc_cannot_transmit_are_rejected_with_the_same_message() {
        let error = |args: &[Value<'_>]| execute_kw(HEAD, args, &[]).unwrap_err().to_string();
        let record = Value::Map(vec![("name".into(), "a\u{1}".into())]);
        assert_eq!(
            error(&[vec![Value::Int(1), record].into()]),
            "args[0][1].name contains the character U+0001, which cannot be sent to Odoo"
        );
        assert_eq!(error(&[Value::Float(f64::NAN)]), "args[0] is not a finite number");
        let nested = (0..=MAX_DEPTH).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        assert!(error(&[nested]).ends_with("is nested more than 64 levels deep"));
        let kwargs = [("context".into(), Value::Map(vec![("a".into(), "\u{7}".into())]))];
        assert_eq!(
            execute_kw(HEAD, &[], &kwargs).unwrap_err().to_string(),
            "kwargs.context.a contains the character U+0007, which cannot be sent to Odoo"
        );
    }

    #[test]
    fn probe_has_an_empty_password() {
        assert_eq!(
            String::from_utf8(probe("prod")).unwrap(),
            r#"{"jsonrpc":"2.0","method":"call","id":1,"params":{"service":"object","method":"execute_kw","args":["prod",1,"","res.users","context_get",[]]}}"#
        );
    }
}

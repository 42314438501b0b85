//! The writer of calls.
//!
//! In: the arguments of `execute_kw`. Out: the JSON, in memory that is wiped on drop, because a password stands among
//! them. Must not know: HTTP, models. What XML-RPC refuses to send is refused here too: a call means the same whatever
//! way it takes.

use std::io;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use zeroize::Zeroizing;

use crate::odoo::xmlrpc::write::{Unencodable, What, check};
use crate::odoo::xmlrpc::{Buffer, MAX_DEPTH};
use crate::value::{Member, Value};

const _: () = assert!(MAX_DEPTH < 128, "serde_json counts no levels when it writes; Python reads about a thousand");

/// The call that tells whether Odoo answers at `/jsonrpc` in full: with an empty password it must be refused, before
/// anything is looked at. Odoo 14 and 15 serve the address also where they cannot tell the database from the request,
/// but send no fault there.
#[must_use]
pub fn probe(database: &str) -> Vec<u8> {
    let args = (database, 1, "", "res.users", "context_get", [0_u8; 0]);
    serde_json::to_vec(&Envelope::of(args)).unwrap_or_default()
}

/// Who calls which method.
#[derive(Clone, Copy)]
pub struct Head<'a> {
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
    /// The most bytes that the call may have.
    pub most: usize,
}

/// Writes a call.
///
/// # Errors
/// When an argument cannot be carried.
pub fn execute_kw(
    head: Head<'_>,
    args: &[Value<'_>],
    kwargs: &[Member<'_>],
) -> Result<Zeroizing<Vec<u8>>, Unencodable> {
    check("password", &head.password.into())?;
    for (index, value) in args.iter().enumerate() {
        check(&format!("args[{index}]"), value)?;
    }
    for (name, value) in kwargs {
        check("kwargs", &name.as_ref().into())?;
        check(&format!("kwargs.{}", name.chars().take(64).collect::<String>()), value)?;
    }
    let Head { database, uid, password, model, method, most } = head;
    let mut out = Writer(Buffer::with_capacity(1024).at_most(most));
    // Neither a value of ours nor memory can make it fail.
    let _ =
        serde_json::to_writer(&mut out, &Envelope::of((database, uid, password, model, method, args, Members(kwargs))));
    match out.0.overflow() {
        Some(most) => Err(Unencodable { path: "args".to_owned(), what: What::TooLarge(most) }),
        None => Ok(out.0.into_bytes()),
    }
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
    fn of(args: A) -> Self {
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

    const HEAD: Head<'_> = Head {
        database: "prod",
        uid: 7,
        password: "p\"w",
        model: "res.partner",
        method: "name_search",
        most: usize::MAX,
    };

    #[test]
    fn a_call_is_written_whole() {
        let kwargs = [("limit".into(), Value::Int(1)), ("context".into(), Value::Map(Vec::new()))];
        let call = execute_kw(HEAD, &["é".into(), Value::Null], &kwargs).unwrap();
        assert_eq!(
            std::str::from_utf8(&call).unwrap(),
            r#"{"jsonrpc":"2.0","method":"call","id":1,"params":{"service":"object","method":"execute_kw","args":["prod",7,"p\"w","res.partner","name_search",["é",null],{"limit":1,"context":{}}]}}"#
        );
    }

    #[test]
    fn what_xml_rpc_refuses_is_refused_with_the_same_words() {
        let refused = |args: &[Value<'_>]| execute_kw(HEAD, args, &[]).unwrap_err().to_string();
        let record = Value::Map(vec![("name".into(), "a\u{1}".into())]);
        assert_eq!(
            refused(&[vec![Value::Int(1), record].into()]),
            "args[0][1].name holds the character U+0001, which cannot be sent to Odoo"
        );
        assert_eq!(refused(&[Value::Float(f64::NAN)]), "args[0] is not a finite number");
        let nested = (0..=MAX_DEPTH).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        assert!(refused(&[nested]).ends_with("is nested more than 64 deep"));
        let kwargs = [("context".into(), Value::Map(vec![("a".into(), "\u{7}".into())]))];
        assert_eq!(
            execute_kw(HEAD, &[], &kwargs).unwrap_err().to_string(),
            "kwargs.context.a holds the character U+0007, which cannot be sent to Odoo"
        );
    }

    #[test]
    fn the_probe_is_refused_before_anything_is_looked_at() {
        assert_eq!(
            String::from_utf8(probe("prod")).unwrap(),
            r#"{"jsonrpc":"2.0","method":"call","id":1,"params":{"service":"object","method":"execute_kw","args":["prod",1,"","res.users","context_get",[]]}}"#
        );
    }
}

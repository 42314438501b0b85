//! Serializes the body of a JSON-2 call.
//!
//! In: named arguments. Out: the JSON. Must not know: HTTP, models. Everything that JSON and PostgreSQL represent is
//! sent, also control characters, which XML-RPC cannot transmit.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use zeroize::Zeroizing;

use super::named_arguments::NamedArguments;
use crate::odoo::jsonrpc::writer::{size_of, write_json};
use crate::odoo::xmlrpc::writer::{UnsupportedKind, UnsupportedValue};

/// Serializes arguments that are known to be representable, into at most `max_bytes`.
///
/// # Errors
/// If the call would be larger.
pub(in crate::odoo) fn body(
    arguments: &NamedArguments<'_>,
    max_bytes: usize,
) -> Result<Zeroizing<Vec<u8>>, UnsupportedValue> {
    let values = arguments.members.iter().map(|(name, value)| name.len().saturating_add(size_of(value)));
    let size = arguments.ids.map_or(0, size_of).saturating_add(values.fold(0, usize::saturating_add));
    write_json(&Members(arguments), size, max_bytes)
        .map_err(|max| UnsupportedValue { path: "args".to_owned(), kind: UnsupportedKind::TooLarge(max) })
}

struct Members<'a>(&'a NamedArguments<'a>);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let NamedArguments { ids, members } = self.0;
        let mut map = out.serialize_map(Some(members.len() + usize::from(ids.is_some())))?;
        if let Some(ids) = ids {
            map.serialize_entry("ids", ids)?;
        }
        for (name, value) in members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn ids_arguments_and_context_are_members() {
        let (ids, name, context) = (vec![Value::Int(7)].into(), "a\u{1}é\"".into(), Value::Map(Vec::new()));
        let arguments = NamedArguments { ids: Some(&ids), members: vec![("name", &name), ("context", &context)] };
        let text = body(&arguments, usize::MAX).unwrap();
        assert_eq!(std::str::from_utf8(&text).unwrap(), r#"{"ids":[7],"name":"a\u0001é\"","context":{}}"#);
        let none = NamedArguments { ids: None, members: Vec::new() };
        assert_eq!(body(&none, usize::MAX).unwrap().as_slice(), b"{}");
    }

    #[test]
    fn size_is_limited() {
        let text = Value::from("a".repeat(2000));
        let arguments = NamedArguments { ids: None, members: vec![("name", &text)] };
        let error = body(&arguments, 1500).unwrap_err();
        assert_eq!(error.to_string(), "args makes the call to Odoo larger than 1500 bytes");
    }
}

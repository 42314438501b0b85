//! The tree of values that clients and Odoo exchange.
//!
//! In: the contents of a literal, a JSON body or an XML-RPC response. Out: JSON (through serde) and XML-RPC. Must not
//! know: models, fields, HTTP. Strings borrow from the parsed bytes if they contain no escapes, so that a page of a
//! thousand records does not cost a thousand allocations per column.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// A value that JSON, Python literals and XML-RPC have in common. Maps keep the order of their members.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    /// `null`, `None`, `<nil/>`.
    #[default]
    Null,
    /// `true` and `false`; Odoo also returns `false` for an empty field.
    Bool(bool),
    /// A signed integer of up to 64 bits.
    Int(i64),
    /// A double. Odoo can return infinities and NaN; they become `null` in JSON.
    Float(f64),
    /// A string; binary fields are base64 strings.
    Text(Cow<'a, str>),
    /// A list or tuple.
    List(Vec<Value<'a>>),
    /// A dictionary with string keys, each at most once.
    Map(Vec<Member<'a>>),
}

/// A key and its value.
pub type Member<'a> = (Cow<'a, str>, Value<'a>);

impl<'a> Value<'a> {
    /// The value with owned strings.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(b) => Value::Bool(b),
            Value::Int(i) => Value::Int(i),
            Value::Float(f) => Value::Float(f),
            Value::Text(t) => Value::Text(Cow::Owned(t.into_owned())),
            Value::List(items) => Value::List(items.into_iter().map(Value::into_owned).collect()),
            Value::Map(members) => {
                Value::Map(members.into_iter().map(|(k, v)| (Cow::Owned(k.into_owned()), v.into_owned())).collect())
            }
        }
    }

    /// The same value, with strings that borrow from this one.
    #[must_use]
    pub fn as_borrowed(&self) -> Value<'_> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(b) => Value::Bool(*b),
            Value::Int(i) => Value::Int(*i),
            Value::Float(f) => Value::Float(*f),
            Value::Text(t) => Value::Text(Cow::Borrowed(t)),
            Value::List(items) => Value::List(items.iter().map(Value::as_borrowed).collect()),
            Value::Map(members) => {
                Value::Map(members.iter().map(|(k, v)| (Cow::Borrowed(k.as_ref()), v.as_borrowed())).collect())
            }
        }
    }

    /// The value of `key` in a map; `None` for a missing key and for values that are not maps.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.as_map()?.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// The members of a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&[Member<'a>]> {
        match self {
            Value::Map(members) => Some(members),
            _ => None,
        }
    }

    /// The items of a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value<'a>]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer of an integer.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(i) => Some(*i),
            _ => None,
        }
    }

    /// The kind of value, as error messages name it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "an object",
        }
    }

    /// Whether the value is `null` or `false`, the two forms of an empty field.
    #[must_use]
    pub fn is_null_or_false(&self) -> bool {
        matches!(self, Value::Null | Value::Bool(false))
    }

    /// Whether Python, and so Odoo, treats the value as false: null, false, zero, an empty text, list or map.
    #[must_use]
    pub fn is_falsy(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Bool(boolean) => !boolean,
            Value::Int(number) => *number == 0,
            Value::Float(number) => *number == 0.0,
            Value::Text(text) => text.is_empty(),
            Value::List(items) => items.is_empty(),
            Value::Map(members) => members.is_empty(),
        }
    }

    /// The value as JSON for error messages, truncated to `limit` characters with `…`.
    #[must_use]
    pub fn excerpt(&self, limit: usize) -> String {
        // A value can be as large as a body: only a little more than the visible part is serialized.
        let json = serde_json::to_string(&self.head(&mut limit.saturating_add(1))).unwrap_or_default();
        match json.char_indices().nth(limit) {
            Some((cut, _)) => format!("{}…", json.get(..cut).unwrap_or_default()),
            None => json,
        }
    }

    /// The start of the value: its JSON has at least `room` characters, if that of the complete value has.
    fn head(&self, room: &mut usize) -> Value<'_> {
        *room = room.saturating_sub(1);
        match self {
            Value::Text(text) => Value::Text(Cow::Borrowed(truncate(text, room))),
            Value::List(items) => {
                let mut head = Vec::new();
                for item in items {
                    if *room == 0 {
                        break;
                    }
                    head.push(item.head(room));
                }
                Value::List(head)
            }
            Value::Map(members) => {
                let mut head = Vec::new();
                for (key, value) in members {
                    if *room == 0 {
                        break;
                    }
                    let key = Cow::Borrowed(truncate(key, room));
                    head.push((key, value.head(room)));
                }
                Value::Map(head)
            }
            scalar => scalar.clone(),
        }
    }
}

/// The first `room` characters; reduces `room` by their number.
fn truncate<'t>(text: &'t str, room: &mut usize) -> &'t str {
    let end = text.char_indices().nth(*room).map_or(text.len(), |(end, _)| end);
    let head = text.get(..end).unwrap_or_default();
    *room -= head.chars().count().min(*room);
    head
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => out.serialize_unit(),
            Value::Bool(b) => out.serialize_bool(*b),
            Value::Int(i) => out.serialize_i64(*i),
            Value::Float(f) if f.is_finite() => out.serialize_f64(*f),
            Value::Float(_) => out.serialize_unit(),
            Value::Text(t) => out.serialize_str(t),
            Value::List(items) => {
                let mut list = out.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Value::Map(members) => {
                let mut map = out.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}

impl From<i64> for Value<'_> {
    fn from(i: i64) -> Self {
        Value::Int(i)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::Text(Cow::Owned(text))
    }
}

impl<'a> From<Vec<Value<'a>>> for Value<'a> {
    fn from(items: Vec<Value<'a>>) -> Self {
        Value::List(items)
    }
}

impl<'a> FromIterator<Value<'a>> for Value<'a> {
    fn from_iter<I: IntoIterator<Item = Value<'a>>>(items: I) -> Self {
        Value::List(items.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_the_order_of_members_and_writes_non_finite_numbers_as_null() {
        let value = Value::Map(vec![
            ("z".into(), Value::Float(f64::NAN)),
            ("a".into(), Value::List(vec![Value::Int(-1), Value::Float(0.5), Value::Null])),
        ]);
        assert_eq!(serde_json::to_string(&value).unwrap(), r#"{"z":null,"a":[-1,0.5,null]}"#);
    }

    /// A body of a million values becomes a tree of as many values or members: a larger one needs more memory than the
    /// limit on values assumes.
    #[test]
    fn value_and_member_are_small() {
        assert!(size_of::<Value<'_>>() <= 32, "{} bytes", size_of::<Value<'_>>());
        assert!(size_of::<Member<'_>>() <= 56, "{} bytes", size_of::<Member<'_>>());
    }

    #[test]
    fn borrowed_value_is_equal_and_copies_no_text() {
        let owned = || Value::Text(Cow::Owned("text".to_owned()));
        let value = Value::Map(vec![
            ("a".to_owned().into(), Value::List(vec![owned(), Value::Int(1), Value::Null, Value::Bool(true)])),
            ("b".into(), Value::Float(0.5)),
        ]);
        let borrowed = value.as_borrowed();
        assert_eq!(borrowed, value);
        let is_borrowed = |(name, _): &Member<'_>| matches!(name, Cow::Borrowed(_));
        assert!(borrowed.as_map().unwrap().iter().all(is_borrowed));
        assert!(matches!(owned().as_borrowed(), Value::Text(Cow::Borrowed("text"))));
    }

    #[test]
    fn an_excerpt_is_truncated_at_characters_not_bytes() {
        assert_eq!(Value::from("äöüß").excerpt(3), "\"äö…");
        assert_eq!(Value::from("ä").excerpt(3), "\"ä\"");
        let items = |count| Value::List(vec![Value::Int(1); count]);
        assert_eq!((items(2).excerpt(5), items(3).excerpt(5)), ("[1,1]".to_owned(), "[1,1,…".to_owned()));
        assert_eq!(Value::Map(vec![("ab".into(), items(9))]).excerpt(7), "{\"ab\":[…");
        assert_eq!(Value::from("😀".repeat(1_000_000)).excerpt(3), "\"😀😀…");
    }
}

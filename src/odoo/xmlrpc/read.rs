//! The reader of XML-RPC values, made for answers of a megabyte: one pass, no events, no copies.
//!
//! In: a cursor that stands before a `<value>`. Out: a [`Value`] whose texts borrow from the answer. Must not know:
//! HTTP, models, what Odoo means by it.
//!
//! ```text
//! value   ::= '<value>' ( text | typed ) '</value>' | '<value/>'
//! typed   ::= 'int' | 'i1' | 'i2' | 'i4' | 'i8' | 'biginteger'      a signed integer of up to 64 bits
//!           | 'boolean'  0 | 1            | 'double'  also 'inf' and 'nan', as Python writes them
//!           | 'string' | 'dateTime.iso8601'                          text, as it stands
//!           | 'base64'                                               text, without its white space
//!           | 'nil' | 'ex:nil'
//!           | 'array'  '<data>' value* '</data>'
//!           | 'struct' ( '<member>' '<name>' text '</name>' value '</member>' )*
//! ```
//!
//! Each typed element may be empty (`<string/>`). An integer beyond 64 bits is refused: a float in its place would be
//! another number. So is a member that is named twice: which of the two was meant, nobody knows.

use std::borrow::Cow;
use std::collections::HashSet;

use super::MAX_DEPTH;
pub use super::cursor::Unreadable;
use super::cursor::{Content, Cursor, Tag, tag};
use crate::value::{Member, Value};

const VALUE: Tag = tag!("value");
const STRING: Tag = tag!("string");
const INT: Tag = tag!("int");
const BOOLEAN: Tag = tag!("boolean");
const ARRAY: Tag = tag!("array");
const DATA: Tag = tag!("data");
const STRUCT: Tag = tag!("struct");
const MEMBER: Tag = tag!("member");
const NAME: Tag = tag!("name");

const NARROW: &str = "an integer of at most 64 bits";
const FLAT: &str = "at most 64 nested values";
const UNIQUE: &str = "a struct that names no member twice";

impl Unreadable {
    /// Whether it is XML-RPC, but holds what no [`Value`] can.
    #[must_use]
    pub fn cannot_be_carried(&self) -> bool {
        [NARROW, FLAT, UNIQUE].contains(&self.expected)
    }
}

/// Reads values; remembers the shape of the last struct, because the next one mostly has the same.
pub(super) struct Reader<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    members: usize,
}

impl<'c, 'a> Reader<'c, 'a> {
    pub(super) fn new(cursor: &'c mut Cursor<'a>) -> Self {
        Self { cursor, members: 0 }
    }

    /// Reads the `<value>` that stands here, `depth` lists and structs deep.
    pub(super) fn value(&mut self, depth: usize) -> Result<Value<'a>, Unreadable> {
        match self.cursor.open(&VALUE)? {
            Some(Content::Full) => {}
            Some(Content::Empty) => return Ok(Value::Text(Cow::Borrowed(""))),
            None => return Err(self.cursor.unreadable("a value")),
        }
        let value = self.content(depth)?;
        self.close(&VALUE, "the end of a value")?;
        Ok(value)
    }

    /// What stands inside a `<value>`: a typed element, or text.
    fn content(&mut self, depth: usize) -> Result<Value<'a>, Unreadable> {
        if let Some(value) = self.usual(depth)? {
            return Ok(value);
        }
        let text = self.cursor.text()?;
        if self.cursor.is_at_close() {
            return Ok(Value::Text(text));
        }
        if !text.trim().is_empty() {
            return Err(self.cursor.unreadable("the end of a value"));
        }
        match self.usual(depth)? {
            Some(value) => Ok(value),
            None => self.unusual(depth),
        }
    }

    /// The types that Odoo sends most, told by one comparison each.
    #[inline]
    fn usual(&mut self, depth: usize) -> Result<Option<Value<'a>>, Unreadable> {
        if self.cursor.stands(&STRING) {
            let text = self.cursor.text()?;
            self.close(&STRING, "the end of a text")?;
            Ok(Some(Value::Text(text)))
        } else if self.cursor.stands(&INT) {
            let int = self.integer()?;
            self.close(&INT, "the end of an integer")?;
            Ok(Some(int))
        } else if self.cursor.stands(&BOOLEAN) {
            let boolean = self.boolean()?;
            self.close(&BOOLEAN, "the end of a boolean")?;
            Ok(Some(boolean))
        } else if self.cursor.stands(&ARRAY) {
            self.list(depth).map(Some)
        } else if self.cursor.stands(&STRUCT) {
            self.map(depth).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Any type in any form.
    fn unusual(&mut self, depth: usize) -> Result<Value<'a>, Unreadable> {
        let unknown = self.cursor.unreadable("a type of XML-RPC");
        let (name, content) = self.cursor.open_any()?;
        if content == Content::Empty {
            return empty(name).ok_or(unknown);
        }
        let value = match name {
            "array" => return self.list(depth),
            "struct" => return self.map(depth),
            "int" | "i1" | "i2" | "i4" | "i8" | "biginteger" => self.integer()?,
            "boolean" => self.boolean()?,
            "double" => self.double()?,
            "string" | "dateTime.iso8601" => Value::Text(self.cursor.text()?),
            "base64" => Value::Text(without_white_space(self.cursor.text()?)),
            "nil" | "ex:nil" => {
                self.cursor.skip_between()?;
                Value::Null
            }
            _ => return Err(unknown),
        };
        if self.cursor.close_named(name) { Ok(value) } else { Err(self.cursor.unreadable("the end of the element")) }
    }

    fn integer(&mut self) -> Result<Value<'a>, Unreadable> {
        let refused = self.cursor.unreadable(NARROW);
        self.cursor.text()?.trim().parse().map(Value::Int).map_err(|_| refused)
    }

    fn double(&mut self) -> Result<Value<'a>, Unreadable> {
        let refused = self.cursor.unreadable("a double");
        self.cursor.text()?.trim().parse().map(Value::Float).map_err(|_| refused)
    }

    fn boolean(&mut self) -> Result<Value<'a>, Unreadable> {
        let refused = self.cursor.unreadable("a boolean, 0 or 1");
        match self.cursor.text()?.trim() {
            "0" => Ok(Value::Bool(false)),
            "1" => Ok(Value::Bool(true)),
            _ => Err(refused),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value<'a>, Unreadable> {
        let depth = self.deeper(depth)?;
        let mut items = Vec::new();
        match self.cursor.open(&DATA)? {
            Some(Content::Full) => {
                while !self.cursor.close(&DATA)? {
                    items.push(self.value(depth)?);
                }
            }
            Some(Content::Empty) => {}
            None => return Err(self.cursor.unreadable("the data of an array")),
        }
        self.close(&ARRAY, "the end of an array")?;
        Ok(Value::List(items))
    }

    fn map(&mut self, depth: usize) -> Result<Value<'a>, Unreadable> {
        let depth = self.deeper(depth)?;
        // The hint is taken, not read: each struct can make at most one other one reserve as much as it has itself.
        let mut members = Vec::with_capacity(std::mem::take(&mut self.members));
        while !self.cursor.close(&STRUCT)? {
            members.push(self.member(depth)?);
        }
        if names_repeat(&members) {
            return Err(self.cursor.unreadable(UNIQUE));
        }
        self.members = members.len();
        Ok(Value::Map(members))
    }

    #[inline]
    fn member(&mut self, depth: usize) -> Result<Member<'a>, Unreadable> {
        match self.cursor.open(&MEMBER)? {
            Some(Content::Full) => {}
            _ => return Err(self.cursor.unreadable("a member of a struct")),
        }
        let name = self.name()?;
        let value = self.value(depth)?;
        self.close(&MEMBER, "the end of a member")?;
        Ok((name, value))
    }

    #[inline]
    fn name(&mut self) -> Result<Cow<'a, str>, Unreadable> {
        match self.cursor.open(&NAME)? {
            Some(Content::Full) => {
                let name = self.cursor.text()?;
                self.close(&NAME, "the end of a name")?;
                Ok(name)
            }
            Some(Content::Empty) => Ok(Cow::Borrowed("")),
            None => Err(self.cursor.unreadable("a name of a member")),
        }
    }

    #[inline(always)]
    fn close(&mut self, tag: &Tag, expected: &'static str) -> Result<(), Unreadable> {
        if self.cursor.close(tag)? { Ok(()) } else { Err(self.cursor.unreadable(expected)) }
    }

    fn deeper(&self, depth: usize) -> Result<usize, Unreadable> {
        if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(self.cursor.unreadable(FLAT)) }
    }
}

fn empty(name: &str) -> Option<Value<'static>> {
    match name {
        "nil" | "ex:nil" => Some(Value::Null),
        "string" | "base64" => Some(Value::Text(Cow::Borrowed(""))),
        "struct" => Some(Value::Map(Vec::new())),
        _ => None,
    }
}

fn without_white_space(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains(char::is_whitespace) { Cow::Owned(text.split_whitespace().collect()) } else { text }
}

/// Few names are compared with each other, many go through a set: never more than linear time.
fn names_repeat(members: &[Member<'_>]) -> bool {
    if members.len() > 16 {
        let mut seen = HashSet::with_capacity(members.len());
        return !members.iter().all(|(name, _)| seen.insert(name.as_ref()));
    }
    let mut rest = members;
    while let Some(((name, _), others)) = rest.split_first() {
        if others.iter().any(|(other, _)| other == name) {
            return true;
        }
        rest = others;
    }
    false
}

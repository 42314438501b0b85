//! Parses XML-RPC values. Optimized for responses of megabytes: one pass, no events, no copies.
//!
//! In: a cursor at a `<value>`. Out: a [`Value`] whose strings borrow from the response. Must not know: HTTP, models,
//! what Odoo means by the values.
//!
//! ```text
//! value   ::= '<value>' ( text | typed ) '</value>' | '<value/>'
//! typed   ::= 'int' | 'i1' | 'i2' | 'i4' | 'i8' | 'biginteger'      a signed integer of up to 64 bits
//!           | 'boolean'  0 | 1            | 'double'  also 'inf' and 'nan', as Python writes them
//!           | 'string' | 'dateTime.iso8601'                          the text, unchanged; in a call, Odoo's form
//!                                                                    of a date and time
//!           | 'base64'                                               the text, without white space
//!           | 'nil' | 'ex:nil'
//!           | 'array'  '<data>' value* '</data>'
//!           | 'struct' ( '<member>' '<name>' text '</name>' value '</member>' )*
//! ```
//!
//! Each typed element may be empty (`<string/>`). An integer over 64 bits is rejected, because a float would have
//! another value. A struct with a duplicate name is rejected, because it cannot be decided which member is meant.

use std::borrow::Cow;

use super::cursor::{Content, Cursor, Tag, tag};
use crate::odoo::rpc_codec::{DEPTH, INTEGER, MAX_DEPTH, MalformedResponse, UNIQUE_NAMES, has_duplicate_names};
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

/// Structs with more members are not compared with the next one.
const MAX_KNOWN_NAMES: usize = 256;

/// Parses values. It expects that a struct has the same members as the one before at the same depth: the records of a
/// list have the same fields.
pub(super) struct ValueParser<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    /// The names of the latest struct at each depth, which are unique.
    known_names: Vec<Vec<&'a str>>,
    /// Whether a date and time gets the form that Odoo expects in a call.
    converts_datetimes: bool,
}

impl<'c, 'a> ValueParser<'c, 'a> {
    pub(super) fn new(cursor: &'c mut Cursor<'a>) -> Self {
        Self { cursor, known_names: Vec::new(), converts_datetimes: false }
    }

    /// For the values of a call.
    pub(super) fn of_call(cursor: &'c mut Cursor<'a>) -> Self {
        Self { converts_datetimes: true, ..Self::new(cursor) }
    }

    /// Parses the `<value>` at the cursor, which is nested in `depth` arrays and structs.
    pub(super) fn value(&mut self, depth: usize) -> Result<Value<'a>, MalformedResponse> {
        if let Some(value) = self.cursor.usual_scalar() {
            return Ok(value);
        }
        match self.cursor.open(&VALUE)? {
            Some(Content::Full) => {}
            Some(Content::Empty) => return Ok(Value::Text(Cow::Borrowed(""))),
            None => return Err(self.cursor.error("a value")),
        }
        let value = self.content(depth)?;
        self.close(&VALUE, "the end of a value")?;
        Ok(value)
    }

    /// Parses the content of a `<value>`: a typed element, or text.
    fn content(&mut self, depth: usize) -> Result<Value<'a>, MalformedResponse> {
        if let Some(value) = self.usual_type(depth)? {
            return Ok(value);
        }
        let text = self.cursor.text()?;
        if self.cursor.is_at_close() {
            return Ok(Value::Text(text));
        }
        if !text.trim().is_empty() {
            return Err(self.cursor.error("the end of a value"));
        }
        match self.usual_type(depth)? {
            Some(value) => Ok(value),
            None => self.any_type(depth),
        }
    }

    /// The types that Odoo sends most, in their usual form, each recognized by one comparison.
    #[inline]
    fn usual_type(&mut self, depth: usize) -> Result<Option<Value<'a>>, MalformedResponse> {
        if self.cursor.consume_open(&ARRAY) {
            self.list(depth).map(Some)
        } else if self.cursor.consume_open(&STRUCT) {
            self.map(depth).map(Some)
        } else if self.cursor.consume_open(&STRING) {
            let text = self.cursor.text()?;
            self.close(&STRING, "the end of a string")?;
            Ok(Some(Value::Text(text)))
        } else if self.cursor.consume_open(&INT) {
            let int = self.integer()?;
            self.close(&INT, "the end of an integer")?;
            Ok(Some(int))
        } else if self.cursor.consume_open(&BOOLEAN) {
            let boolean = self.boolean()?;
            self.close(&BOOLEAN, "the end of a boolean")?;
            Ok(Some(boolean))
        } else {
            Ok(None)
        }
    }

    /// Any type in any form.
    fn any_type(&mut self, depth: usize) -> Result<Value<'a>, MalformedResponse> {
        let unknown = self.cursor.error("a type of XML-RPC");
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
            "dateTime.iso8601" if self.converts_datetimes => Value::Text(odoo_datetime(self.cursor.text()?)),
            "string" | "dateTime.iso8601" => Value::Text(self.cursor.text()?),
            "base64" => Value::Text(without_white_space(self.cursor.text()?)),
            "nil" | "ex:nil" => {
                self.cursor.skip_between()?;
                Value::Null
            }
            _ => return Err(unknown),
        };
        if self.cursor.close_named(name) { Ok(value) } else { Err(self.cursor.error("the end of the element")) }
    }

    fn integer(&mut self) -> Result<Value<'a>, MalformedResponse> {
        let error = self.cursor.error(INTEGER);
        self.cursor.text()?.trim().parse().map(Value::Int).map_err(|_| error)
    }

    fn double(&mut self) -> Result<Value<'a>, MalformedResponse> {
        let error = self.cursor.error("a double");
        self.cursor.text()?.trim().parse().map(Value::Float).map_err(|_| error)
    }

    fn boolean(&mut self) -> Result<Value<'a>, MalformedResponse> {
        let error = self.cursor.error("a boolean, 0 or 1");
        match self.cursor.text()?.trim() {
            "0" => Ok(Value::Bool(false)),
            "1" => Ok(Value::Bool(true)),
            _ => Err(error),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value<'a>, MalformedResponse> {
        let depth = self.nested(depth)?;
        let mut items = Vec::new();
        match self.cursor.open(&DATA)? {
            Some(Content::Full) => {
                self.cursor.skip_line_feed();
                while self.cursor.is_at_open(&VALUE) || !self.cursor.close(&DATA)? {
                    items.push(self.value(depth)?);
                }
            }
            Some(Content::Empty) => {}
            None => return Err(self.cursor.error("the data of an array")),
        }
        self.close(&ARRAY, "the end of an array")?;
        Ok(Value::List(items))
    }

    fn map(&mut self, depth: usize) -> Result<Value<'a>, MalformedResponse> {
        let depth = self.nested(depth)?;
        let known_names = self.known_names.get_mut(depth).map(std::mem::take).unwrap_or_default();
        let mut members = Vec::with_capacity(known_names.len());
        // The number of members at the start that have the known names.
        let mut known = 0;
        self.cursor.skip_line_feed();
        while self.cursor.is_at_open(&MEMBER) || !self.cursor.close(&STRUCT)? {
            self.open_member()?;
            let known_name = known_names.get(members.len()).filter(|_| known == members.len());
            let name = match known_name.filter(|name| self.cursor.consume_name(name)) {
                Some(name) => {
                    known += 1;
                    Cow::Borrowed(*name)
                }
                None => self.name()?,
            };
            let value = self.value(depth)?;
            self.close(&MEMBER, "the end of a member")?;
            members.push((name, value));
        }
        if known < members.len() && has_duplicate_names(&members) {
            return Err(self.cursor.error(UNIQUE_NAMES));
        }
        let is_known = known == members.len() && known == known_names.len();
        self.remember_names(depth, if is_known { known_names } else { borrowed_names(&members) });
        Ok(Value::Map(members))
    }

    fn remember_names(&mut self, depth: usize, names: Vec<&'a str>) {
        if self.known_names.len() <= depth {
            self.known_names.resize_with(depth + 1, Vec::new);
        }
        if let Some(known) = self.known_names.get_mut(depth) {
            *known = names;
        }
    }

    #[inline]
    fn open_member(&mut self) -> Result<(), MalformedResponse> {
        match self.cursor.open(&MEMBER)? {
            Some(Content::Full) => {
                self.cursor.skip_line_feed();
                Ok(())
            }
            _ => Err(self.cursor.error("a member of a struct")),
        }
    }

    fn name(&mut self) -> Result<Cow<'a, str>, MalformedResponse> {
        match self.cursor.open(&NAME)? {
            Some(Content::Full) => {
                let name = self.cursor.text()?;
                self.close(&NAME, "the end of a name")?;
                Ok(name)
            }
            Some(Content::Empty) => Ok(Cow::Borrowed("")),
            None => Err(self.cursor.error("a name of a member")),
        }
    }

    #[inline(always)]
    fn close(&mut self, tag: &Tag, expected: &'static str) -> Result<(), MalformedResponse> {
        if self.cursor.close(tag)? { Ok(()) } else { Err(self.cursor.error(expected)) }
    }

    fn nested(&self, depth: usize) -> Result<usize, MalformedResponse> {
        if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(self.cursor.error(DEPTH)) }
    }
}

/// The names of few members; none if one of them is not written as it is.
fn borrowed_names<'a>(members: &[Member<'a>]) -> Vec<&'a str> {
    let borrowed = |(name, _): &Member<'a>| match name {
        Cow::Borrowed(name) => Some(*name),
        Cow::Owned(_) => None,
    };
    let few = Some(members).filter(|members| members.len() <= MAX_KNOWN_NAMES).unwrap_or_default();
    few.iter().map(borrowed).collect::<Option<_>>().unwrap_or_default()
}

fn empty(name: &str) -> Option<Value<'static>> {
    match name {
        "nil" | "ex:nil" => Some(Value::Null),
        "string" | "base64" => Some(Value::Text(Cow::Borrowed(""))),
        "struct" => Some(Value::Map(Vec::new())),
        _ => None,
    }
}

/// `20240102T03:04:05` or `2024-01-02T03:04:05` as `2024-01-02 03:04:05`. Another text is not changed: Odoo rejects it.
fn odoo_datetime(text: Cow<'_, str>) -> Cow<'_, str> {
    let Some((date, time)) = text.trim().split_once('T') else { return text };
    let digits = date.replace('-', "");
    let time = time.trim_end_matches('Z');
    let is_date = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    match (digits.get(..4), digits.get(4..6), digits.get(6..)) {
        (Some(year), Some(month), Some(day)) if is_date => Cow::Owned(format!("{year}-{month}-{day} {time}")),
        _ => text,
    }
}

fn without_white_space(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains(char::is_whitespace) { Cow::Owned(text.split_whitespace().collect()) } else { text }
}

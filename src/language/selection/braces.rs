//! The brace notation.
//!
//! ```text
//! selection = "{" item { "," item } "}"                  white space is allowed between all of these
//! item      = "*" | "-" name | name [ selection ]        at most 8 levels of braces
//! name      = [A-Za-z_][A-Za-z0-9_]*
//! ```
//!
//! In: text. Out: a selection, or the first error. Must not know: which fields exist. Linear; recursion is limited by
//! the depth of braces.

use super::level::{Conflict, Level};
use super::{MAX_DEPTH, Selection, SelectionItem};
use crate::language::syntax_error::{SyntaxError, position, quote_head};
use crate::names::FieldName;

pub(super) fn parse(text: &str) -> Result<Selection, SyntaxError> {
    let mut cursor = Cursor { text, offset: 0, open: Vec::new() };
    cursor.skip_space();
    if cursor.peek() != Some(b'{') {
        return Err(cursor.unexpected("\"{\"").with_hint("write the fields in braces: {id, name}"));
    }
    let selection = cursor.parse_selection()?;
    match cursor.peek() {
        None => Ok(selection),
        Some(_) => Err(cursor.unexpected("the end of the text")),
    }
}

/// A position in the text. The space after every token is skipped.
struct Cursor<'a> {
    text: &'a str,
    offset: usize,
    /// The offsets of the open braces.
    open: Vec<usize>,
}

impl Cursor<'_> {
    /// Parses a selection in braces.
    fn parse_selection(&mut self) -> Result<Selection, SyntaxError> {
        self.open_brace()?;
        let mut level = Level::default();
        loop {
            let start = self.offset;
            let item = self.parse_item()?;
            level.add(item).map_err(|conflict| self.conflict(start, &conflict))?;
            if self.consume(b'}') {
                self.open.pop();
                return Ok(level.into_selection());
            }
            if !self.consume(b',') {
                return Err(self.unexpected("\",\" or \"}\""));
            }
        }
    }

    fn open_brace(&mut self) -> Result<(), SyntaxError> {
        if self.open.len() == MAX_DEPTH {
            return Err(SyntaxError::new(
                position(self.text, self.offset),
                format!("at most {MAX_DEPTH} levels of braces"),
                "one more",
            ));
        }
        self.open.push(self.offset);
        self.consume(b'{');
        Ok(())
    }

    fn parse_item(&mut self) -> Result<SelectionItem, SyntaxError> {
        if self.consume(b'*') {
            return Ok(SelectionItem::All);
        }
        if self.consume(b'-') {
            return self.parse_exception();
        }
        let name = self.parse_name("a field, \"*\" or \"-\"").map_err(|error| match self.peek() {
            Some(b'}') => error.with_hint("{*} selects all fields"),
            _ => error,
        })?;
        let nested = if self.peek() == Some(b'{') { Some(self.parse_selection()?) } else { None };
        Ok(SelectionItem::Field { name, nested })
    }

    fn parse_exception(&mut self) -> Result<SelectionItem, SyntaxError> {
        let name = self.parse_name("a field to exclude")?;
        if self.peek() == Some(b'{') {
            let hint = "{*, rel{-name}} excludes a field of the related records";
            return Err(self.unexpected("\",\" or \"}\" after a field to exclude").with_hint(hint));
        }
        Ok(SelectionItem::Except(name))
    }

    fn parse_name(&mut self, expected: &str) -> Result<FieldName, SyntaxError> {
        let rest = self.rest();
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let name = FieldName::parse(rest.get(..end).unwrap_or_default()).map_err(|_| self.unexpected(expected))?;
        self.offset += end;
        self.skip_space();
        Ok(name)
    }

    /// The error for what was found here. At the end of the text it names the brace that is not closed.
    fn unexpected(&self, expected: &str) -> SyntaxError {
        let found = quote_head(self.rest());
        let here = position(self.text, self.offset);
        match self.open.last() {
            Some(opener) if self.peek().is_none() => {
                let opener = position(self.text, *opener);
                SyntaxError::new(here, format!("{expected} inside the {{ at position {opener}"), found)
            }
            _ => SyntaxError::new(here, expected, found),
        }
    }

    fn conflict(&self, start: usize, conflict: &Conflict) -> SyntaxError {
        let found = quote_head(self.text.get(start..).unwrap_or_default());
        let error = SyntaxError::new(position(self.text, start), conflict.expected, found);
        match conflict.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn consume(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.offset += 1;
            self.skip_space();
        }
        found
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.offset += 1;
        }
    }
}

//! The language of braces.
//!
//! ```text
//! selection = "{" item { "," item } "}"                  white space is free between all of these
//! item      = "*" | "-" name | name [ selection ]        braces at most 8 deep
//! name      = [A-Za-z_][A-Za-z0-9_]*
//! ```
//!
//! In: text. Out: a selection, or the first mistake. Must not know: which fields there are. Linear; recursion is
//! bounded by the depth of braces.

use super::level::{Clash, Level};
use super::{DEEPEST, Item, Selection};
use crate::language::error::{SyntaxError, position, quote_head};
use crate::names::FieldName;

pub(super) fn read(text: &str) -> Result<Selection, SyntaxError> {
    let mut cursor = Cursor { text, at: 0, open: Vec::new() };
    cursor.skip_space();
    if cursor.peek() != Some(b'{') {
        return Err(cursor.refuse("\"{\"").hint("fields stand in braces: {id, name}"));
    }
    let selection = cursor.selection()?;
    match cursor.peek() {
        None => Ok(selection),
        Some(_) => Err(cursor.refuse("the end of the text")),
    }
}

/// A place in the text. After every token the space behind it is skipped.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// Where the braces that are open were opened.
    open: Vec<usize>,
}

impl Cursor<'_> {
    /// The braces here.
    fn selection(&mut self) -> Result<Selection, SyntaxError> {
        self.enter()?;
        let mut level = Level::default();
        loop {
            let start = self.at;
            let item = self.item()?;
            level.add(item).map_err(|clash| self.clash(start, &clash))?;
            if self.eat(b'}') {
                self.open.pop();
                return Ok(level.into_selection());
            }
            if !self.eat(b',') {
                return Err(self.refuse("\",\" or \"}\""));
            }
        }
    }

    fn enter(&mut self) -> Result<(), SyntaxError> {
        if self.open.len() == DEEPEST {
            return Err(SyntaxError::new(
                position(self.text, self.at),
                format!("at most {DEEPEST} levels of braces"),
                "one more",
            ));
        }
        self.open.push(self.at);
        self.eat(b'{');
        Ok(())
    }

    fn item(&mut self) -> Result<Item, SyntaxError> {
        if self.eat(b'*') {
            return Ok(Item::All);
        }
        if self.eat(b'-') {
            return self.exception();
        }
        let name = self.name("a field, \"*\" or \"-\"").map_err(|error| match self.peek() {
            Some(b'}') => error.hint("{*} shows all fields"),
            _ => error,
        })?;
        let within = if self.peek() == Some(b'{') { Some(self.selection()?) } else { None };
        Ok(Item::Field { name, within })
    }

    fn exception(&mut self) -> Result<Item, SyntaxError> {
        let name = self.name("a field to leave out")?;
        if self.peek() == Some(b'{') {
            let hint = "{*, rel{-name}} leaves a field out of the records behind a relation";
            return Err(self.refuse("\",\" or \"}\" behind a field to leave out").hint(hint));
        }
        Ok(Item::Except(name))
    }

    fn name(&mut self, expected: &str) -> Result<FieldName, SyntaxError> {
        let rest = self.rest();
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let name = FieldName::parse(rest.get(..end).unwrap_or_default()).map_err(|_| self.refuse(expected))?;
        self.at += end;
        self.skip_space();
        Ok(name)
    }

    /// `expected` instead of what stands here. At the end of the text it is told which brace was never closed.
    fn refuse(&self, expected: &str) -> SyntaxError {
        let found = quote_head(self.rest());
        let here = position(self.text, self.at);
        match self.open.last() {
            Some(opener) if self.peek().is_none() => {
                let opener = position(self.text, *opener);
                SyntaxError::new(here, format!("{expected} inside the {{ at position {opener}"), found)
            }
            _ => SyntaxError::new(here, expected, found),
        }
    }

    fn clash(&self, start: usize, clash: &Clash) -> SyntaxError {
        let found = quote_head(self.text.get(start..).unwrap_or_default());
        let error = SyntaxError::new(position(self.text, start), clash.expected, found);
        match clash.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        if here {
            self.at += 1;
            self.skip_space();
        }
        here
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }
}

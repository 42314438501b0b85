//! The cursor over one text, and the readers of what is neither text nor number nor container: document, value, word.
//!
//! In: text, dialect, limits. Out: values, or the first mistake. After every token the space behind it is skipped, so
//! that each reader starts at the first byte of what it reads.

use std::borrow::Cow;

use super::parse_error::{Mistake, Reading};
use super::{Limits, MOST_VALUES};
use crate::value::Value;

/// Which language the text is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// RFC 8259.
    Json,
    /// Python literals, and `true`, `false`, `null`.
    Python,
}

/// A place in a text, and what may still be read from there.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) dialect: Dialect,
    pub(super) limits: Limits,
    pub(super) depth: usize,
    nodes: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect, limits: Limits) -> Self {
        Self { text, at: 0, dialect, limits, depth: 0, nodes: 0 }
    }

    /// The whole text as one value.
    pub(super) fn document(&mut self) -> Reading<Value<'a>> {
        match self.roots(Self::value)? {
            (only, None) => Ok(only),
            (first, Some(others)) => Ok(std::iter::once(first).chain(others).collect()),
        }
    }

    /// The whole text, its values read by `item`: one, and in Python all that follow a comma.
    pub(super) fn roots<T>(&mut self, item: impl Fn(&mut Self) -> Reading<T>) -> Reading<(T, Option<Vec<T>>)> {
        self.skip_space();
        let first = item(self)?;
        let mut others = None;
        while self.is_python() && self.eat(b',') {
            let others = others.get_or_insert_with(Vec::new);
            if self.peek().is_some() {
                others.push(item(self)?);
            }
        }
        self.end().map(|()| (first, others))
    }

    /// One value and the space behind it.
    pub(super) fn value(&mut self) -> Reading<Value<'a>> {
        self.count_node()?;
        self.uncounted()
    }

    /// The same for a key, which counts as part of its member.
    pub(super) fn uncounted(&mut self) -> Reading<Value<'a>> {
        match self.peek() {
            Some(b'"') => self.text().map(Value::Text),
            Some(b'[') => self.items(b']', Self::value).map(|(items, _)| Value::List(items)),
            Some(b'{') => self.members(Self::value).map(Value::Map),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'\'') if self.is_python() => self.text().map(Value::Text),
            Some(b'(') if self.is_python() => self.tuple(),
            Some(b'+' | b'.') if self.is_python() && !self.rest().starts_with("..") => self.number(),
            Some(b'A'..=b'Z' | b'a'..=b'z' | b'_') => self.word(),
            _ => Err(self.no_value()),
        }
    }

    fn text(&mut self) -> Reading<Cow<'a, str>> {
        match self.dialect {
            Dialect::Json => self.json_text(),
            Dialect::Python => self.python_text(),
        }
    }

    fn word(&mut self) -> Reading<Value<'a>> {
        if self.is_python() && self.opens_text() {
            return self.text().map(Value::Text);
        }
        let letters = self.rest().bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let value = match (self.slice(self.at, self.at + letters), self.dialect) {
            ("true", _) | ("True", Dialect::Python) => Value::Bool(true),
            ("false", _) | ("False", Dialect::Python) => Value::Bool(false),
            ("null", _) | ("None", Dialect::Python) => Value::Null,
            _ => return Err(self.no_value()),
        };
        self.at += letters;
        self.skip_space();
        Ok(value)
    }

    /// A hint for what stands where a value should have ended.
    pub(super) fn why_no_comma(&self) -> Option<&'static str> {
        match self.peek()? {
            b'+' | b'-' | b'*' | b'/' | b'%' | b'|' | b'&' | b'(' | b'.' => {
                Some("nothing is evaluated: write the value itself")
            }
            b'#' => Some("comments are not accepted"),
            _ => None,
        }
    }

    fn end(&self) -> Reading<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Mistake::new(self.at, "the end of the text").hint(self.why_no_comma())),
        }
    }

    fn count_node(&mut self) -> Reading<()> {
        self.nodes += 1;
        if self.nodes <= self.limits.nodes {
            return Ok(());
        }
        Err(match self.limits.bytes {
            Some(_) => Mistake::new(self.at, format!("at most {} values", self.limits.nodes)).found("one more"),
            None => {
                Mistake::new(self.at, format!("at most {MOST_VALUES} values in a body")).found("one more").too_many()
            }
        })
    }

    fn no_value(&self) -> Box<Mistake> {
        Mistake::new(self.at, "a value").hint(self.why_no_value())
    }

    fn why_no_value(&self) -> Option<&'static str> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        match first {
            '\'' | 'T' | 'F' | 'N' | '(' if !self.is_python() => {
                Some("this must be JSON: \"text\", true, false, null, [...]")
            }
            'N' | 'I' | 'n' | 'i' if is_no_finite_number(rest) => Some("only finite numbers are accepted"),
            '_' | 'a'..='z' | 'A'..='Z' => Some("texts need quotes, and nothing is evaluated"),
            '“' | '”' | '‘' | '’' | '«' | '»' => Some("texts need straight quotes, \" or '"),
            '#' => Some("comments are not accepted"),
            _ => None,
        }
    }

    pub(super) fn is_python(&self) -> bool {
        self.dialect == Dialect::Python
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The text between two byte offsets at characters.
    pub(super) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Takes `byte` and the space behind it, if it stands here.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        if here {
            self.at += 1;
            self.skip_space();
        }
        here
    }

    pub(super) fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            self.at += match byte {
                b' ' | b'\n' | b'\r' | b'\t' => 1,
                b'\x0c' if self.is_python() => 1,
                b'\\' if self.is_python() => match line_break(self.slice(self.at + 1, self.text.len())) {
                    0 => return,
                    length => 1 + length,
                },
                _ => return,
            };
        }
    }
}

/// How many bytes the line break at the head of `rest` has; 0 when there is none.
pub(super) fn line_break(rest: &str) -> usize {
    match rest.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

fn is_no_finite_number(rest: &str) -> bool {
    ["NaN", "nan", "Infinity", "inf"].iter().any(|name| rest.starts_with(name))
}

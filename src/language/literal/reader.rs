//! The cursor over one text and the readers of what holds other values: lists, tuples, dictionaries, the document.
//!
//! In: text, dialect, limits. Out: values, or the first mistake. After every token the space behind it is skipped, so
//! that each reader starts at the first byte of what it reads.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::Limits;
use super::mistake::{Mistake, Reading};
use crate::value::Value;

/// A key and what was read behind it.
type Pair<'a, T> = (Cow<'a, str>, T);

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
    limits: Limits,
    depth: usize,
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

    fn tuple(&mut self) -> Reading<Value<'a>> {
        let (mut items, ends_in_comma) = self.items(b')', Self::value)?;
        match items.pop() {
            Some(only) if items.is_empty() && !ends_in_comma => Ok(only),
            Some(last) => {
                items.push(last);
                Ok(Value::List(items))
            }
            None => Ok(Value::List(items)),
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

    /// What stands between the bracket here and `close`, each read by `item`, and whether a comma came last.
    pub(super) fn items<T>(&mut self, close: u8, item: impl Fn(&mut Self) -> Reading<T>) -> Reading<(Vec<T>, bool)> {
        let opener = self.enter()?;
        let mut items = Vec::new();
        if self.leave(close) {
            return Ok((items, false));
        }
        loop {
            items.push(item(self).map_err(|mistake| self.left_open(mistake, opener))?);
            if self.leave(close) {
                return Ok((items, false));
            }
            self.comma(close, opener)?;
            if self.is_python() && self.leave(close) {
                return Ok((items, true));
            }
        }
    }

    /// The members of the dictionary here, the values read by `item`.
    pub(super) fn members<T>(&mut self, item: impl Fn(&mut Self) -> Reading<T>) -> Reading<Vec<Pair<'a, T>>> {
        self.items(b'}', |reader| reader.member(&item)).map(|(members, _)| last_wins(members))
    }

    fn member<T>(&mut self, item: impl Fn(&mut Self) -> Reading<T>) -> Reading<Pair<'a, T>> {
        let at = self.at;
        let key = match self.dialect {
            Dialect::Json if self.peek() != Some(b'"') => return Err(Mistake::new(at, "a text as key")),
            Dialect::Json => Value::Text(self.json_text()?),
            Dialect::Python => self.value()?,
        };
        if !self.eat(b':') {
            let set = matches!(self.peek(), Some(b',' | b'}')) && self.is_python();
            let hint = set.then_some("sets are not accepted: write a list, [...]");
            return Err(Mistake::new(self.at, "\":\" after the key").hint(hint));
        }
        match key {
            Value::Text(key) => Ok((key, item(self)?)),
            other => Err(Mistake::new(at, "a text as key").found(other.kind())),
        }
    }

    fn enter(&mut self) -> Reading<usize> {
        let opener = self.at;
        if self.depth >= self.limits.depth {
            let most = format!("at most {} brackets in each other", self.limits.depth);
            return Err(Mistake::new(opener, most).found("one more"));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        Ok(opener)
    }

    fn leave(&mut self, close: u8) -> bool {
        let closed = self.eat(close);
        self.depth -= usize::from(closed);
        closed
    }

    fn comma(&mut self, close: u8, opener: usize) -> Reading<()> {
        if self.eat(b',') {
            return Ok(());
        }
        let expected = format!("\",\" or \"{}\"", char::from(close));
        Err(Mistake::new(self.at, expected).closing(opener).hint(self.why_no_comma()))
    }

    fn why_no_comma(&self) -> Option<&'static str> {
        match self.peek()? {
            b'+' | b'-' | b'*' | b'/' | b'%' | b'|' | b'&' | b'(' | b'.' => {
                Some("nothing is evaluated: write the value itself")
            }
            b'#' => Some("comments are not accepted"),
            _ => None,
        }
    }

    /// A mistake at the end of the text also tells which bracket was never closed.
    fn left_open(&self, mistake: Box<Mistake>, opener: usize) -> Box<Mistake> {
        if mistake.at >= self.text.len() { mistake.inside(opener) } else { mistake }
    }

    fn end(&self) -> Reading<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Mistake::new(self.at, "the end of the text").hint(self.why_no_comma())),
        }
    }

    fn count_node(&mut self) -> Reading<()> {
        self.nodes += 1;
        match self.limits.nodes {
            Some(most) if self.nodes > most => {
                Err(Mistake::new(self.at, format!("at most {most} values")).found("one more"))
            }
            _ => Ok(()),
        }
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
    fn eat(&mut self, byte: u8) -> bool {
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

/// Each key once: where it came first, with the value that came last. Linear, whoever chose the keys.
fn last_wins<'a, T>(members: Vec<Pair<'a, T>>) -> Vec<Pair<'a, T>> {
    if !repeats(&members) {
        return members;
    }
    let mut places: HashMap<Cow<'a, str>, usize> = HashMap::new();
    let mut kept: Vec<Pair<'a, T>> = Vec::new();
    for (key, value) in members {
        let place = *places.entry(key.clone()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(first) => first.1 = value,
            None => kept.push((key, value)),
        }
    }
    kept
}

/// Few members are compared in pairs, which is quicker than hashing them.
fn repeats<T>(members: &[Pair<'_, T>]) -> bool {
    if members.len() > 8 {
        let mut seen = HashSet::with_capacity(members.len());
        return !members.iter().all(|(key, _)| seen.insert(key.as_ref()));
    }
    members.iter().enumerate().any(|(index, (key, _))| members.iter().take(index).any(|(earlier, _)| earlier == key))
}

//! Lists, tuples and dictionaries.
//!
//! In: the reader at a bracket. Out: what is between it and its counterpart, each item read by a function that
//! the caller brings: [`Reader::value`] makes trees, `locate` only notes where the items begin.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::parse_error::{Mistake, Reading};
use super::reader::{Dialect, Reader};
use crate::value::Value;

/// A key and what was read behind it.
pub(super) type Pair<'a, T> = (Cow<'a, str>, T);

impl<'a> Reader<'a> {
    /// A tuple; brackets around one value without a comma are that value.
    pub(super) fn tuple(&mut self) -> Reading<Value<'a>> {
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
                return Ok((fitted(items), false));
            }
            self.comma(close, opener)?;
            if self.is_python() && self.leave(close) {
                return Ok((fitted(items), true));
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
            Dialect::Python => self.uncounted()?,
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
            let most = format!("at most {} levels of brackets", self.limits.depth);
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

    /// A mistake at the end of the text also tells which bracket was never closed.
    fn left_open(&self, mistake: Box<Mistake>, opener: usize) -> Box<Mistake> {
        if mistake.at >= self.text.len() { mistake.inside(opener) } else { mistake }
    }
}

/// A list takes room for four items at once. A million lists of one item each must not.
fn fitted<T>(mut items: Vec<T>) -> Vec<T> {
    if items.len() * 2 <= items.capacity() {
        items.shrink_to_fit();
    }
    items
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

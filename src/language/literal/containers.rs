//! Lists, tuples and dictionaries.
//!
//! ```text
//! list  = "[" [ items ] "]"
//! tuple = "(" [ items ] ")"                        "(" value ")" is the value
//! items = value { "," value } [ "," ]              the last comma only in Python
//! dict  = "{" [ pair { "," pair } [ "," ] ] "}"    pair = key ":" value
//! ```
//!
//! In: the parser at a bracket. Out: the contents, each item parsed by a function of the caller:
//! [`Parser::parse_value`] builds trees, `locate` only records offsets. Must not know: strings, numbers.

use std::borrow::Cow;
use std::hash::{BuildHasher as _, RandomState};

use super::error::{LiteralError, ParseResult};
use super::limits::{Limits, MAX_DEPTH};
use super::parser::{Notation, Parser};
use crate::value::Value;

/// From this number of items on, a full list reserves space for all that follow.
const LONG_LIST: usize = 4096;
/// The number of characters of a repeated key that an error shows.
const SHOWN_KEY: usize = 64;

/// A key and the result of parsing its value.
pub(super) type Pair<'a, T> = (Cow<'a, str>, T);

impl<'a> Parser<'a> {
    /// Parses a tuple; parentheses around one value without a comma are that value.
    pub(super) fn parse_tuple(&mut self) -> ParseResult<Value<'a>> {
        let (mut items, ends_in_comma) = self.parse_items(b')', Self::parse_value)?;
        match items.pop() {
            Some(only) if items.is_empty() && !ends_in_comma => Ok(only),
            Some(last) => {
                items.push(last);
                Ok(Value::List(items))
            }
            None => Ok(Value::List(items)),
        }
    }

    /// Parses the items up to `close`, each by `item`. Also returns whether a trailing comma was found.
    pub(super) fn parse_items<T>(
        &mut self,
        close: u8,
        item: impl Fn(&mut Self) -> ParseResult<T>,
    ) -> ParseResult<(Vec<T>, bool)> {
        let opener = self.open_bracket()?;
        let mut items = Vec::new();
        if self.close_bracket(close) {
            return Ok((items, false));
        }
        loop {
            let next = item(self).map_err(|error| self.with_open_bracket(error, opener))?;
            self.reserve_for_rest(&mut items, opener);
            items.push(next);
            if self.close_bracket(close) {
                return Ok((shrunk(items), false));
            }
            self.expect_comma(close, opener)?;
            if self.is_python() && self.close_bracket(close) {
                return Ok((shrunk(items), true));
            }
        }
    }

    /// Parses the members of a dictionary, the values by `item`.
    pub(super) fn parse_members<T>(
        &mut self,
        item: impl Fn(&mut Self) -> ParseResult<T>,
    ) -> ParseResult<Vec<Pair<'a, T>>> {
        let opener = self.offset;
        let (members, _) = self.parse_items(b'}', |parser| parser.parse_member(&item))?;
        let replacements = find_replacements(&members);
        match replacements.iter().map(|(_, later)| *later).min() {
            None => Ok(members),
            Some(repeated) if self.unique_keys => {
                drop(members);
                Err(self.repeated_key(opener, repeated))
            }
            Some(_) => Ok(keep_last_values(members, replacements)),
        }
    }

    /// The error for the member with this index, whose key occurred before. The object is parsed again, so that the
    /// members of valid objects need no positions.
    #[cold]
    fn repeated_key(&self, opener: usize, index: usize) -> Box<LiteralError> {
        let mut parser = Parser::new(self.text, self.notation, Limits::trusted());
        parser.offset = opener;
        let keys = parser.parse_items(b'}', |parser| {
            let at = parser.offset;
            parser.parse_member(Self::parse_value).map(|(key, _)| (at, key))
        });
        let key = keys.ok().and_then(|(keys, _)| keys.into_iter().nth(index));
        let (at, key) = key.unwrap_or((opener, Cow::Borrowed("")));
        let key: String = key.chars().take(SHOWN_KEY).collect();
        LiteralError::new(at, "each name once in an object")
            .found(format!("\"{key}\" again"))
            .hint(Some("send one value for each name"))
    }

    fn parse_member<T>(&mut self, item: impl Fn(&mut Self) -> ParseResult<T>) -> ParseResult<Pair<'a, T>> {
        let at = self.offset;
        let key = match self.notation {
            Notation::Json if self.peek() != Some(b'"') => return Err(LiteralError::new(at, "a string as key")),
            Notation::Json => Value::Text(self.parse_json_text()?),
            Notation::Python => self.parse_uncounted()?,
        };
        if !self.consume(b':') {
            let set = matches!(self.peek(), Some(b',' | b'}')) && self.is_python();
            let hint = set.then_some("sets are not accepted: write a list, [...]");
            return Err(LiteralError::new(self.offset, "\":\" after the key").hint(hint));
        }
        match key {
            Value::Text(key) => Ok((key, item(self)?)),
            other => Err(LiteralError::new(at, "a string as key").found(other.kind())),
        }
    }

    fn open_bracket(&mut self) -> ParseResult<usize> {
        let opener = self.offset;
        if self.depth >= MAX_DEPTH {
            let most = format!("at most {MAX_DEPTH} levels of brackets");
            return Err(LiteralError::new(opener, most).found("one more"));
        }
        self.depth += 1;
        self.offset += 1;
        self.skip_space();
        Ok(opener)
    }

    fn close_bracket(&mut self, close: u8) -> bool {
        let closed = self.consume(close);
        self.depth -= usize::from(closed);
        closed
    }

    fn expect_comma(&mut self, close: u8, opener: usize) -> ParseResult<()> {
        if self.consume(b',') {
            return Ok(());
        }
        let expected = format!("\",\" or \"{}\"", char::from(close));
        Err(LiteralError::new(self.offset, expected).closing(opener).hint(self.missing_comma_hint()))
    }

    /// Reserves space for the items that follow when a long list is full. A list that grows by doubling needs three
    /// times its memory while it is moved. The estimate assumes that the rest of the text contains items of the same
    /// length; space that is not used does not become resident.
    fn reserve_for_rest<T>(&self, items: &mut Vec<T>, opener: usize) {
        let count = items.len();
        if count < LONG_LIST || count < items.capacity() {
            return;
        }
        let parsed = self.offset.saturating_sub(opener).max(1);
        let following = (self.text.len() - self.offset).saturating_mul(count + 1) / parsed;
        // A little more, because the items differ. At least a quarter, so that the number of moves stays logarithmic, and
        // never more than may follow.
        let more = (following + following / 32).max(count / 4).min(self.remaining_values());
        items.reserve_exact(more + 1);
    }

    /// An error at the end of the text also names the bracket that is not closed.
    fn with_open_bracket(&self, error: Box<LiteralError>, opener: usize) -> Box<LiteralError> {
        if error.offset >= self.text.len() { error.inside(opener) } else { error }
    }
}

/// A list allocates space for four items at once. A million lists of one item must not keep it.
fn shrunk<T>(mut items: Vec<T>) -> Vec<T> {
    if items.len() * 2 <= items.capacity() {
        items.shrink_to_fit();
    }
    items
}

/// Keeps each key once: in its first place, with its last value.
fn keep_last_values<T>(mut members: Vec<Pair<'_, T>>, replacements: Vec<(usize, usize)>) -> Vec<Pair<'_, T>> {
    let mut is_replaced = vec![false; members.len()];
    for (first, later) in replacements {
        // The keys are equal: this moves the later value to the first place.
        members.swap(first, later);
        if let Some(is_replaced) = is_replaced.get_mut(later) {
            *is_replaced = true;
        }
    }
    let mut is_replaced = is_replaced.into_iter();
    members.retain(|_| is_replaced.next() != Some(true));
    members
}

fn has_equal_pair<T>(members: &[Pair<'_, T>]) -> bool {
    members.iter().enumerate().any(|(index, (key, _))| members.iter().take(index).any(|(earlier, _)| earlier == key))
}

/// The indexes of members that have the same key: the first one, and each later one, in the order of the text. Sorted
/// hashes need a sixth of the memory of a hash map, which for hostile keys would exceed that of the members.
fn find_replacements<T>(members: &[Pair<'_, T>]) -> Vec<(usize, usize)> {
    // A few members are compared in pairs, which is faster than hashing.
    if members.len() <= 16 && !has_equal_pair(members) {
        return Vec::new();
    }
    let hasher = RandomState::new();
    let place = |index: u32| usize::try_from(index).unwrap_or(usize::MAX);
    let key = |index: u32| members.get(place(index)).map(|(key, _)| key.as_ref());
    // Half of a hash: few different keys share it, and those are compared.
    let half_of_hash = |key: &str| u32::try_from(hasher.hash_one(key) >> 32).unwrap_or_default();
    let mut order: Vec<(u32, u32)> =
        members.iter().zip(0..).map(|((key, _), index)| (half_of_hash(key), index)).collect();
    order.sort_unstable_by(|(one_hash, one), (other_hash, other)| {
        one_hash.cmp(other_hash).then_with(|| key(*one).cmp(&key(*other))).then(one.cmp(other))
    });
    let have_same_key = |one: &(u32, u32), other: &(u32, u32)| one.0 == other.0 && key(one.1) == key(other.1);
    let mut replacements = Vec::new();
    for equal in order.chunk_by(have_same_key) {
        if let [(_, first), later @ ..] = equal {
            replacements.extend(later.iter().map(|(_, later)| (place(*first), place(*later))));
        }
    }
    replacements
}

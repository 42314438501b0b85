//! Domains: conditions in Odoo's prefix notation, from a tree into what the plan can check against a schema.
//!
//! In: a [`Value`] or the text of one. Out: a [`Domain`] whose shape, operators and operands are right. Must not
//! know: which fields exist, of which type they are, which version the server has.
//!
//! ```text
//! domain   = "[" { "&" | "|" | "!" | term } "]"       operands enough for every operator; more are joined by "&"
//! term     = "[" path "," operator "," value "]" | "[1, '=', 1]" | "[0, '=', 1]"
//! path     = field { "." name }
//! value    = scalar | list of scalars | domain        a domain with "any", "not any"; null is false
//! ```
//!
//! The `&` between terms that follow each other stays implied, as Odoo has it: so the item at index 3 of a domain is
//! the item at index 3 of what the client wrote, and two domains are joined by writing one behind the other.

mod operator;
mod parse;
mod path;

pub use operator::Operator;
pub use path::{DatePart, FieldPath};

use std::borrow::Cow;

use crate::language::error::{SyntaxError, TreeError};
use crate::language::literal::{self, Limits};
use crate::value::Value;

/// A condition on records. Empty: all records.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Domain<'a> {
    items: Vec<Item<'a>>,
}

/// What a domain is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Item<'a> {
    /// `&`: the two operands behind it hold.
    And,
    /// `|`: one of the two operands behind it holds.
    Or,
    /// `!`: the operand behind it does not hold.
    Not,
    /// `(1, '=', 1)`: all records.
    True,
    /// `(0, '=', 1)`: no record.
    False,
    /// A condition on a field.
    Term(Term<'a>),
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Term<'a> {
    /// The field, reached over relations.
    pub path: FieldPath<'a>,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with.
    pub value: TermValue<'a>,
}

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum TermValue<'a> {
    /// A scalar, never null, or a list of them; always a list with `in` and `not in`.
    Value(Value<'a>),
    /// The condition of `any` and `not any`, on the records the field refers to.
    Sub(Domain<'a>),
}

/// Items that form exactly one operand, so that it can replace a term behind any `&`, `|` or `!`.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand<'a>(Vec<Item<'a>>);

impl<'a> Operand<'a> {
    /// The operand `(1, '=', 1)`: all records.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![Item::True])
    }

    /// One term.
    #[must_use]
    pub fn term(term: Term<'a>) -> Self {
        Self(vec![Item::Term(term)])
    }

    /// All of these hold; of none: all records.
    #[must_use]
    pub fn all_of(operands: Vec<Self>) -> Self {
        Self::join(operands, Item::And, Item::True)
    }

    /// One of these holds; of none: no record.
    #[must_use]
    pub fn any_of(operands: Vec<Self>) -> Self {
        Self::join(operands, Item::Or, Item::False)
    }

    /// A tree of even depth: Odoo and its database nest what stands behind each operator.
    fn join(operands: Vec<Self>, operator: Item<'a>, none: Item<'a>) -> Self {
        let mut row = operands;
        while row.len() > 1 {
            let mut pairs = Vec::with_capacity(row.len().div_ceil(2));
            let mut operands = row.into_iter();
            while let Some(first) = operands.next() {
                pairs.push(match operands.next() {
                    None => first,
                    Some(second) => Self([vec![operator.clone()], first.0, second.0].concat()),
                });
            }
            row = pairs;
        }
        row.pop().unwrap_or(Self(vec![none]))
    }
}

impl<'a> Domain<'a> {
    /// Reads a literal and checks it.
    ///
    /// # Errors
    /// When `text` is no literal within `limits`, or no domain.
    pub fn read(text: &'a str, limits: Limits) -> Result<Self, SyntaxError> {
        Self::from_value(literal::read(text, limits)?).map_err(|error| error.in_text(text))
    }

    /// Checks a tree that was read before, as a member of a JSON body.
    ///
    /// # Errors
    /// When it is no domain.
    pub fn from_value(value: Value<'a>) -> Result<Self, TreeError> {
        parse::domain(value)
    }

    /// The condition that an operand states.
    #[must_use]
    pub fn from_operand(operand: Operand<'a>) -> Self {
        Self { items: operand.0 }
    }

    /// The condition that one term states.
    #[must_use]
    pub fn of(term: Term<'a>) -> Self {
        Self { items: vec![Item::Term(term)] }
    }

    /// Records for which this and the other condition hold.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.items.extend(other.items);
        self
    }

    /// Whether nothing is asked of the records.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.items.is_empty()
    }

    /// All items, in prefix order.
    #[must_use]
    pub fn items(&self) -> &[Item<'a>] {
        &self.items
    }

    /// The terms with their child index (of which [`TreeError::at`] is made). Terms inside of `any` are not among
    /// them: they speak of another model.
    pub fn terms(&self) -> impl Iterator<Item = (usize, &Term<'a>)> {
        self.items.iter().enumerate().filter_map(|(index, item)| match item {
            Item::Term(term) => Some((index, term)),
            _ => None,
        })
    }

    /// The same domain with each term replaced by an operand that means it. `rewrite` gets the term's child index.
    ///
    /// # Errors
    /// The first error of `rewrite`.
    pub fn try_rewrite<'b, E>(
        &self,
        mut rewrite: impl FnMut(usize, &Term<'a>) -> Result<Operand<'b>, E>,
    ) -> Result<Domain<'b>, E> {
        let mut items = Vec::with_capacity(self.items.len());
        for (index, item) in self.items.iter().enumerate() {
            match item {
                Item::And => items.push(Item::And),
                Item::Or => items.push(Item::Or),
                Item::Not => items.push(Item::Not),
                Item::True => items.push(Item::True),
                Item::False => items.push(Item::False),
                Item::Term(term) => items.extend(rewrite(index, term)?.0),
            }
        }
        Ok(Domain { items })
    }

    /// The domain as Odoo gets it.
    #[must_use]
    pub fn into_value(self) -> Value<'a> {
        self.items.into_iter().map(Item::into_value).collect()
    }

    /// A copy of the domain as Odoo gets it.
    #[must_use]
    pub fn to_value(&self) -> Value<'a> {
        self.clone().into_value()
    }

    /// The domain with every text copied out of what it borrowed from.
    #[must_use]
    pub fn into_owned(self) -> Domain<'static> {
        Domain { items: self.items.into_iter().map(Item::into_owned).collect() }
    }
}

impl<'a> Item<'a> {
    fn into_value(self) -> Value<'a> {
        match self {
            Self::And => Value::from("&"),
            Self::Or => Value::from("|"),
            Self::Not => Value::from("!"),
            Self::True => Value::List(vec![Value::Int(1), Value::from("="), Value::Int(1)]),
            Self::False => Value::List(vec![Value::Int(0), Value::from("="), Value::Int(1)]),
            Self::Term(term) => term.into_value(),
        }
    }

    fn into_owned(self) -> Item<'static> {
        match self {
            Self::And => Item::And,
            Self::Or => Item::Or,
            Self::Not => Item::Not,
            Self::True => Item::True,
            Self::False => Item::False,
            Self::Term(Term { path, operator, value }) => {
                Item::Term(Term { path: path.into_owned(), operator, value: value.into_owned() })
            }
        }
    }
}

impl<'a> Term<'a> {
    fn into_value(self) -> Value<'a> {
        let value = match self.value {
            TermValue::Value(value) => value,
            TermValue::Sub(domain) => domain.into_value(),
        };
        Value::List(vec![Value::Text(self.path.into_text()), Value::Text(Cow::Borrowed(self.operator.as_str())), value])
    }
}

impl TermValue<'_> {
    fn into_owned(self) -> TermValue<'static> {
        match self {
            Self::Value(value) => TermValue::Value(value.into_owned()),
            Self::Sub(domain) => TermValue::Sub(domain.into_owned()),
        }
    }
}

#[cfg(test)]
mod tests;

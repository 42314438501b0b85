//! Domains: conditions in Odoo's prefix notation.
//!
//! ```text
//! domain   = "[" { "&" | "|" | "!" | term } "]"       enough operands for every operator; others are joined by "&"
//! term     = "[" path "," operator "," value "]" | "[1, '=', 1]" | "[0, '=', 1]"
//! path     = field { "." name }
//! value    = scalar | list of scalars | domain        a domain with "any", "not any"; null is false
//! ```
//!
//! In: a [`Value`] or its text. Out: a [`Domain`] with correct shape, operators and operands. Must not know: which
//! fields exist, their types, the version of the server.
//!
//! The `&` between terms in sequence stays implicit, as in Odoo: so the item at index 3 of a domain is the item at
//! index 3 of what the client wrote, and two domains are joined by concatenation.

mod operator;
mod parse;
mod path;

pub use operator::Operator;
pub use path::{DatePart, FieldPath};

use std::borrow::Cow;

use crate::language::literal::{self, Limits};
use crate::language::syntax_error::SyntaxError;
use crate::language::tree_error::TreeError;
use crate::value::Value;

/// A condition on records. Empty: all records.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Domain<'a> {
    items: Vec<DomainItem<'a>>,
}

/// An item of a domain.
#[derive(Debug, Clone, PartialEq)]
pub enum DomainItem<'a> {
    /// `&`: both following operands hold.
    And,
    /// `|`: one of the two following operands holds.
    Or,
    /// `!`: the following operand does not hold.
    Not,
    /// `(1, '=', 1)`: all records.
    True,
    /// `(0, '=', 1)`: no record.
    False,
    /// A condition on a field. Boxed, because a domain can have very many operators, which need no room for a term.
    Term(Box<Term<'a>>),
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Term<'a> {
    /// The field, possibly of a related record.
    pub path: FieldPath<'a>,
    /// The operator.
    pub operator: Operator,
    /// The value.
    pub value: TermValue<'a>,
}

/// The value of a term.
#[derive(Debug, Clone, PartialEq)]
pub enum TermValue<'a> {
    /// A scalar, never null, or a list of them; always a list with `in` and `not in`.
    Value(Value<'a>),
    /// The condition of `any` and `not any` on the related records.
    Domain(Domain<'a>),
}

/// Items that form exactly one operand, so that it can replace a term after any `&`, `|` or `!`.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand<'a>(Vec<DomainItem<'a>>);

impl<'a> Operand<'a> {
    /// The operand `(1, '=', 1)`: all records.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![DomainItem::True])
    }

    /// One term.
    #[must_use]
    pub fn term(term: Term<'a>) -> Self {
        Self(vec![DomainItem::Term(Box::new(term))])
    }

    /// All of these; without any: all records.
    #[must_use]
    pub fn all_of(operands: Vec<Self>) -> Self {
        Self::join(operands, DomainItem::And, DomainItem::True)
    }

    /// One of these; without any: no record.
    #[must_use]
    pub fn any_of(operands: Vec<Self>) -> Self {
        Self::join(operands, DomainItem::Or, DomainItem::False)
    }

    /// A balanced tree: Odoo and its database nest the operands of each operator.
    fn join(operands: Vec<Self>, operator: DomainItem<'a>, none: DomainItem<'a>) -> Self {
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
    /// Parses a domain.
    ///
    /// # Errors
    /// `text` is not a literal within `limits`, or not a domain.
    pub fn parse(text: &'a str, limits: Limits<'_>) -> Result<Self, SyntaxError> {
        Self::from_value(literal::parse(text, limits)?).map_err(|error| error.in_text(text))
    }

    /// Converts a tree, such as a member of a JSON body.
    ///
    /// # Errors
    /// `value` is not a domain.
    pub fn from_value(value: Value<'a>) -> Result<Self, TreeError> {
        parse::parse_domain(value)
    }

    /// The domain of an operand.
    #[must_use]
    pub fn from_operand(operand: Operand<'a>) -> Self {
        Self { items: operand.0 }
    }

    /// The domain of one term.
    #[must_use]
    pub fn from_term(term: Term<'a>) -> Self {
        Self { items: vec![DomainItem::Term(Box::new(term))] }
    }

    /// The domain of records for which both conditions hold.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.items.extend(other.items);
        self
    }

    /// Whether the domain matches all records.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.items.is_empty()
    }

    /// All items, in prefix order.
    #[must_use]
    pub fn items(&self) -> &[DomainItem<'a>] {
        &self.items
    }

    /// The terms with their child index (a step of [`TreeError::path`]). Terms inside `any` are not included: they
    /// belong to another model.
    pub fn terms(&self) -> impl Iterator<Item = (usize, &Term<'a>)> {
        self.items.iter().enumerate().filter_map(|(index, item)| match item {
            DomainItem::Term(term) => Some((index, term.as_ref())),
            _ => None,
        })
    }

    /// The same domain with each term replaced by an equivalent operand. `rewrite` is called with the term's child
    /// index.
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
                DomainItem::And => items.push(DomainItem::And),
                DomainItem::Or => items.push(DomainItem::Or),
                DomainItem::Not => items.push(DomainItem::Not),
                DomainItem::True => items.push(DomainItem::True),
                DomainItem::False => items.push(DomainItem::False),
                DomainItem::Term(term) => items.extend(rewrite(index, term)?.0),
            }
        }
        Ok(Domain { items })
    }

    /// The domain in Odoo's notation.
    #[must_use]
    pub fn into_value(self) -> Value<'a> {
        self.items.into_iter().map(DomainItem::into_value).collect()
    }

    /// A copy of the domain in Odoo's notation.
    #[must_use]
    pub fn to_value(&self) -> Value<'a> {
        self.clone().into_value()
    }

    /// The domain with owned texts.
    #[must_use]
    pub fn into_owned(self) -> Domain<'static> {
        Domain { items: self.items.into_iter().map(DomainItem::into_owned).collect() }
    }
}

impl<'a> DomainItem<'a> {
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

    fn into_owned(self) -> DomainItem<'static> {
        match self {
            Self::And => DomainItem::And,
            Self::Or => DomainItem::Or,
            Self::Not => DomainItem::Not,
            Self::True => DomainItem::True,
            Self::False => DomainItem::False,
            Self::Term(term) => {
                let Term { path, operator, value } = *term;
                DomainItem::Term(Box::new(Term { path: path.into_owned(), operator, value: value.into_owned() }))
            }
        }
    }
}

impl<'a> Term<'a> {
    fn into_value(self) -> Value<'a> {
        let value = match self.value {
            TermValue::Value(value) => value,
            TermValue::Domain(domain) => domain.into_value(),
        };
        Value::List(vec![Value::Text(self.path.into_text()), Value::Text(Cow::Borrowed(self.operator.as_str())), value])
    }
}

impl TermValue<'_> {
    fn into_owned(self) -> TermValue<'static> {
        match self {
            Self::Value(value) => TermValue::Value(value.into_owned()),
            Self::Domain(domain) => TermValue::Domain(domain.into_owned()),
        }
    }
}

#[cfg(test)]
mod tests;

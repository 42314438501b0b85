//! The models of a rule: `*`, `sale.*`, `sale.order`.
//!
//! In: text. Out: a [`ModelPattern`]. Must not know: operations, fields.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::administrative::is_administrative;
use crate::names::ModelName;

/// Which models a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelPattern {
    /// `*`: every model that is not administrative.
    Any,
    /// `sale.*`: the models with this prefix that are not administrative; `sale` itself does not match.
    Prefix(ModelName),
    /// `sale.order`: this model, administrative or not.
    Exact(ModelName),
}

impl ModelPattern {
    /// Parses `*`, `sale.*` or `sale.order`.
    ///
    /// # Errors
    /// `text` is none of these.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = |_| format!("expected *, a model such as sale.order or a pattern such as sale.*, found {text:?}");
        match text.strip_suffix(".*") {
            _ if text == "*" => Ok(Self::Any),
            Some(prefix) => ModelName::parse(prefix).map(Self::Prefix).map_err(invalid),
            None => ModelName::parse(text).map(Self::Exact).map_err(invalid),
        }
    }

    /// Whether a model matches.
    #[must_use]
    pub fn matches(&self, model: &ModelName) -> bool {
        match self {
            Self::Exact(name) => name == model,
            Self::Any => !is_administrative(model),
            Self::Prefix(prefix) => {
                let rest = model.as_str().strip_prefix(prefix.as_str());
                rest.is_some_and(|rest| rest.starts_with('.')) && !is_administrative(model)
            }
        }
    }

    /// Whether every model that matches `other` also matches this pattern.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match other {
            Self::Exact(model) => self.matches(model),
            Self::Any => *self == Self::Any,
            Self::Prefix(inner) => match self {
                Self::Any => true,
                Self::Exact(_) => false,
                Self::Prefix(outer) => {
                    let rest = inner.as_str().strip_prefix(outer.as_str());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                }
            },
        }
    }
}

impl fmt::Display for ModelPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => out.write_str("*"),
            Self::Prefix(prefix) => write!(out, "{prefix}.*"),
            Self::Exact(name) => name.fmt(out),
        }
    }
}

impl Serialize for ModelPattern {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ModelPattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

//! Which models a rule is about: `*`, `sale.*`, `sale.order`.
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
    /// `sale.*`: the models below a prefix that are not administrative; `sale` alone is not among them.
    Below(ModelName),
    /// `sale.order`: this model, administrative or not.
    Exactly(ModelName),
}

impl ModelPattern {
    /// Reads `*`, `sale.*` or `sale.order`.
    ///
    /// # Errors
    /// When `text` is none of these.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = |_| format!("expected *, a model such as sale.order or a pattern such as sale.*, found {text:?}");
        match text.strip_suffix(".*") {
            _ if text == "*" => Ok(Self::Any),
            Some(prefix) => ModelName::parse(prefix).map(Self::Below).map_err(refuse),
            None => ModelName::parse(text).map(Self::Exactly).map_err(refuse),
        }
    }

    /// Whether a model is among them.
    #[must_use]
    pub fn matches(&self, model: &ModelName) -> bool {
        match self {
            Self::Exactly(name) => name == model,
            Self::Any => !is_administrative(model),
            Self::Below(prefix) => {
                let rest = model.as_str().strip_prefix(prefix.as_str());
                rest.is_some_and(|rest| rest.starts_with('.')) && !is_administrative(model)
            }
        }
    }

    /// Whether every model of `other` is among them.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match other {
            Self::Exactly(model) => self.matches(model),
            Self::Any => *self == Self::Any,
            Self::Below(inner) => match self {
                Self::Any => true,
                Self::Exactly(_) => false,
                Self::Below(outer) => {
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
            Self::Below(prefix) => write!(out, "{prefix}.*"),
            Self::Exactly(name) => name.fmt(out),
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

//! OAuth scopes, by which an application requests less than it may have.
//!
//! ```text
//! scope       = scope-token *( 1*" " scope-token )         RFC 6749 section 3.3; without tokens: "all"
//! scope-token = "all" | operation [ ":" pattern ]
//! operation   = "read" | "create" | "update" | "delete" | "execute"
//! pattern     = model | prefix ".*" | "*"                  as in the rules of a scope
//! ```
//!
//! Scope tokens only restrict: the result is what the application's scope allows *and* one of the tokens names.
//! Methods and fields are those of the application.
//!
//! In: a `scope` parameter. Out: [`OAuthScope`], printed in the same form. Must not know: the other parameters of
//! OAuth requests.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ModelPattern, Operation};
use crate::names::ModelName;

/// The requested scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OAuthScope {
    /// Everything in the application's scope.
    All,
    /// What one of the tokens names.
    Only(BTreeSet<OAuthScopeToken>),
}

/// An operation, on all models or on some.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OAuthScopeToken {
    /// The operation.
    pub operation: Operation,
    /// The models; `None`: all.
    pub models: Option<ModelPattern>,
}

/// The maximum number of scope tokens.
const MAX_TOKENS: usize = 100;

impl OAuthScope {
    /// Parses a `scope` parameter.
    ///
    /// # Errors
    /// The first invalid token.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = BTreeSet::new();
        let mut all = false;
        for (at, token) in text.split(' ').filter(|token| !token.is_empty()).enumerate() {
            if at == MAX_TOKENS {
                return Err(format!("expected at most {MAX_TOKENS} scope tokens"));
            }
            if token == "all" {
                all = true;
            } else {
                tokens.insert(OAuthScopeToken::parse(token)?);
            }
        }
        Ok(if all || tokens.is_empty() { Self::All } else { Self::Only(tokens) })
    }

    /// Whether the scope includes an operation on a model.
    #[must_use]
    pub fn includes(&self, model: &ModelName, operation: Operation) -> bool {
        let names = |token: &OAuthScopeToken| {
            token.operation == operation && token.models.as_ref().is_none_or(|models| models.matches(model))
        };
        match self {
            Self::All => true,
            Self::Only(tokens) => tokens.iter().any(names),
        }
    }

    /// Whether the scope includes an operation on every model.
    #[must_use]
    pub fn includes_every_model(&self, operation: Operation) -> bool {
        let names = |token: &OAuthScopeToken| token.operation == operation && token.models.is_none();
        match self {
            Self::All => true,
            Self::Only(tokens) => tokens.iter().any(names),
        }
    }

    /// Whether the scope includes everything in `other`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(own), Self::Only(others)) => {
                others.iter().all(|others| own.iter().any(|own| own.covers(others)))
            }
        }
    }
}

impl OAuthScopeToken {
    fn parse(token: &str) -> Result<Self, String> {
        let (operation, models) = token.split_once(':').map_or((token, None), |(name, models)| (name, Some(models)));
        let operation = match operation {
            "read" => Operation::Read,
            "create" => Operation::Create,
            "update" => Operation::Update,
            "delete" => Operation::Delete,
            "execute" => Operation::Execute,
            _ => {
                return Err("expected scope tokens: all, or read, create, update, delete or execute, \
                            optionally followed by :MODEL"
                    .into());
            }
        };
        let models = models.map(ModelPattern::parse).transpose();
        let models = models.map_err(|_| "expected a model, or a pattern such as sale.*, after the colon")?;
        Ok(Self { operation, models })
    }

    fn covers(&self, other: &Self) -> bool {
        self.operation == other.operation
            && match (&self.models, &other.models) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(own), Some(others)) => own.covers(others),
            }
    }
}

impl fmt::Display for OAuthScopeToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.operation.as_str())?;
        self.models.as_ref().map_or(Ok(()), |models| write!(out, ":{models}"))
    }
}

impl fmt::Display for OAuthScope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => out.write_str("all"),
            Self::Only(tokens) => {
                let tokens: Vec<_> = tokens.iter().map(ToString::to_string).collect();
                out.write_str(&tokens.join(" "))
            }
        }
    }
}

impl Serialize for OAuthScope {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OAuthScope {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> OAuthScope {
        OAuthScope::parse(text).unwrap()
    }

    #[test]
    fn scopes_print_as_they_are_parsed() {
        for (text, printed) in [
            ("", "all"),
            ("read all", "all"),
            ("update  read read", "read update"),
            ("read:sale.order create:sale.* execute:*", "read:sale.order create:sale.* execute:*"),
        ] {
            assert_eq!(tokens(text).to_string(), printed);
            assert_eq!(tokens(printed), tokens(text));
        }
        for invalid in ["openid", "read:", "read:Sale", "READ", "read,write", "read:a:b", "read\tupdate"] {
            assert!(OAuthScope::parse(invalid).is_err(), "{invalid}");
        }
        let many: Vec<String> = (0..=MAX_TOKENS).map(|at| format!("read:m{at}")).collect();
        assert!(OAuthScope::parse(&many.join(" ")).is_err());
    }

    #[test]
    fn a_scope_covers_narrower_scopes_and_never_wider_ones() {
        for (wide, narrow) in [
            ("all", "read"),
            ("read", "read:sale.order"),
            ("read:sale.*", "read:sale.order"),
            ("read:*", "read:sale.*"),
        ] {
            assert!(tokens(wide).covers(&tokens(narrow)), "{wide} covers {narrow}");
            assert!(tokens(wide).covers(&tokens(wide)));
            assert!(!tokens(narrow).covers(&tokens(wide)), "{narrow} does not cover {wide}");
        }
        assert!(!tokens("read:*").covers(&tokens("read:res.users")), "administrative models must be named");
        assert!(!tokens("read").covers(&tokens("read update")));
    }
}

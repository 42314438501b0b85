//! Scopes in the words of OAuth, by which an application asks for less than it may.
//!
//! ```text
//! scope     = word *( 1*" " word )                       RFC 6749 section 3.3; without any: "all"
//! word      = "all" | operation [ ":" pattern ]
//! operation = "read" | "create" | "update" | "delete" | "execute"
//! pattern   = model | prefix ".*" | "*"                  as in the rules of a scope
//! ```
//!
//! Words only narrow: what is reached is what the application's scope allows *and* one of the words names. Methods and
//! fields are the application's own.
//!
//! In: a scope parameter. Out: [`ScopeWords`], printed in the same form. Must not know: OAuth's requests.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ModelPattern, Operation};
use crate::names::ModelName;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeWords {
    /// Whatever there is.
    All,
    /// What one of the words names.
    Only(BTreeSet<ScopeWord>),
}

/// An operation, on all models or on some.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopeWord {
    /// What is done.
    pub operation: Operation,
    /// To which models; `None`: to all.
    pub models: Option<ModelPattern>,
}

/// No client needs more.
const MOST_WORDS: usize = 100;

impl ScopeWords {
    /// Reads a scope parameter.
    ///
    /// # Errors
    /// The first word that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = BTreeSet::new();
        let mut all = false;
        for (at, word) in text.split(' ').filter(|word| !word.is_empty()).enumerate() {
            if at == MOST_WORDS {
                return Err(format!("there are more than {MOST_WORDS} words"));
            }
            if word == "all" {
                all = true;
            } else {
                words.insert(ScopeWord::parse(word)?);
            }
        }
        Ok(if all || words.is_empty() { Self::All } else { Self::Only(words) })
    }

    /// Whether an operation on a model is among them.
    #[must_use]
    pub fn name(&self, model: &ModelName, operation: Operation) -> bool {
        let names = |word: &ScopeWord| {
            word.operation == operation && word.models.as_ref().is_none_or(|models| models.matches(model))
        };
        match self {
            Self::All => true,
            Self::Only(words) => words.iter().any(names),
        }
    }

    /// Whether an operation is among them for every model.
    #[must_use]
    pub fn name_everywhere(&self, operation: Operation) -> bool {
        let names = |word: &ScopeWord| word.operation == operation && word.models.is_none();
        match self {
            Self::All => true,
            Self::Only(words) => words.iter().any(names),
        }
    }

    /// Whether everything in `other` is among them.
    #[must_use]
    pub fn cover(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(mine), Self::Only(theirs)) => {
                theirs.iter().all(|theirs| mine.iter().any(|mine| mine.covers(theirs)))
            }
        }
    }
}

impl ScopeWord {
    fn parse(word: &str) -> Result<Self, String> {
        let (operation, models) = word.split_once(':').map_or((word, None), |(name, models)| (name, Some(models)));
        let operation = match operation {
            "read" => Operation::Read,
            "create" => Operation::Create,
            "update" => Operation::Update,
            "delete" => Operation::Delete,
            "execute" => Operation::Execute,
            _ => return Err("a word is all, or read, create, update, delete or execute, alone or with :MODEL".into()),
        };
        let models = models.map(ModelPattern::parse).transpose();
        Ok(Self { operation, models: models.map_err(|_| "after the colon stands a model, or a pattern as sale.*")? })
    }

    fn covers(&self, other: &Self) -> bool {
        self.operation == other.operation
            && match (&self.models, &other.models) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(mine), Some(theirs)) => mine.covers(theirs),
            }
    }
}

impl fmt::Display for ScopeWord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.operation.as_str())?;
        self.models.as_ref().map_or(Ok(()), |models| write!(out, ":{models}"))
    }
}

impl fmt::Display for ScopeWords {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => out.write_str("all"),
            Self::Only(words) => {
                let words: Vec<_> = words.iter().map(ToString::to_string).collect();
                out.write_str(&words.join(" "))
            }
        }
    }
}

impl Serialize for ScopeWords {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ScopeWords {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> ScopeWords {
        ScopeWords::parse(text).unwrap()
    }

    #[test]
    fn words_print_as_they_are_read() {
        for (text, printed) in [
            ("", "all"),
            ("read all", "all"),
            ("update  read read", "read update"),
            ("read:sale.order create:sale.* execute:*", "read:sale.order create:sale.* execute:*"),
        ] {
            assert_eq!(words(text).to_string(), printed);
            assert_eq!(words(printed), words(text));
        }
        for wrong in ["openid", "read:", "read:Sale", "READ", "read,write", "read:a:b", "read\tupdate"] {
            assert!(ScopeWords::parse(wrong).is_err(), "{wrong}");
        }
        let many: Vec<String> = (0..=MOST_WORDS).map(|at| format!("read:m{at}")).collect();
        assert!(ScopeWords::parse(&many.join(" ")).is_err());
    }

    #[test]
    fn what_is_covered_never_grows() {
        for (wide, narrow) in [
            ("all", "read"),
            ("read", "read:sale.order"),
            ("read:sale.*", "read:sale.order"),
            ("read:*", "read:sale.*"),
        ] {
            assert!(words(wide).cover(&words(narrow)), "{wide} covers {narrow}");
            assert!(words(wide).cover(&words(wide)));
            assert!(!words(narrow).cover(&words(wide)), "{narrow} does not cover {wide}");
        }
        assert!(!words("read:*").cover(&words("read:res.users")), "administrative models only by name");
        assert!(!words("read").cover(&words("read update")));
    }
}

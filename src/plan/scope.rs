//! What a credential may do, on top of what Odoo lets its user do.
//!
//! In: rules, as an administrator wrote them. Out: [`Scope`], which answers whether an operation, a method or a field
//! of a model is within. Must not know: credentials, wishes, Odoo's own rights. Nothing is allowed that no rule allows.
//!
//! ```text
//! scope      = "all" | "nothing" | [ rule, … ] | { "within": scope, "only": words }      words: of OAuth, see there
//! rule       = { "models": pattern, "operations": [ operation, … ], "methods"?: [ method, … ], "fields"?: fields }
//! pattern    = "*" | model | prefix ".*"       administrative models are never within a pattern, only by name;
//!                                              nor are methods that render templates or answer signed links, unless
//!                                              they are listed
//! operation  = "read" | "create" | "update" | "delete" | "execute"
//! fields     = "all" | { "only": [ field, … ] } | { "except": [ field, … ] }
//! ```
//!
//! # Several rules
//!
//! Of the rules whose models and operations match, one is enough: each adds to what the others allow, also fields. What
//! one of them says to `except` is taken from all of them. So `*` may be read, and of `res.partner` all but `credit`.
//!
//! A model that delegates (`_inherits`) to an administrative model needs rules for both. A field that holds a secret is
//! within a rule only where `only` names it. Fields that depend on what `except` names need a schema to be told: the guard
//! takes them away.

mod administrative;
mod delegation;
mod oauth_scope;
mod pattern;
mod secrets;
mod serialization;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use self::administrative::{is_administrative, is_administrative_method};
pub(super) use self::delegation::delegated_by;
pub use self::oauth_scope::{ScopeWord, ScopeWords};
pub use self::pattern::ModelPattern;
pub(super) use self::secrets::is_secret;
use self::serialization::WrittenRule;
use crate::names::{FieldName, MethodName, ModelName};

/// What is done to records (contract section 2, "What a permission means").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Look at records, names, fields, counts.
    Read,
    /// Make records.
    Create,
    /// Change records.
    Update,
    /// Delete records.
    Delete,
    /// Call any other public method.
    Execute,
}

impl Operation {
    /// The word for it, in rules and in refusals.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Execute => "execute",
        }
    }
}

/// What a credential may do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything that Odoo lets the user do.
    All,
    /// Nothing.
    #[default]
    Nothing,
    /// What the rules allow, and nothing without one.
    #[serde(untagged)]
    Rules(Vec<Rule>),
    /// What a scope allows and words name.
    #[serde(untagged)]
    Narrowed(Narrowed),
}

/// What a scope allows and words name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Narrowed {
    /// The scope.
    pub within: Box<Scope>,
    /// The words.
    pub only: ScopeWords,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenRule")]
pub struct Rule {
    /// Which models.
    pub models: ModelPattern,
    /// Which operations.
    pub operations: BTreeSet<Operation>,
    /// Which methods `execute` covers; without a list all but those that render templates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<BTreeSet<MethodName>>,
    /// Which fields, for the operations that say fields: read, create, update.
    #[serde(skip_serializing_if = "FieldRule::is_all")]
    pub fields: FieldRule,
}

/// Which fields of a model a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldRule {
    /// Every field.
    #[default]
    All,
    /// Only these; for reading, `id` and `display_name` are always among them.
    Only(BTreeSet<FieldName>),
    /// Every field but these, whatever other rules say.
    Except(BTreeSet<FieldName>),
}

/// Why a text is no scope: which rule, which key, what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct ScopeError {
    /// As `scope[1].operations[0]`.
    pub place: String,
    /// What was expected and what was found.
    pub reason: String,
}

impl Scope {
    /// Reads the form that [`Scope::to_json`] writes.
    ///
    /// # Errors
    /// The first thing that does not fit, with its place.
    pub fn from_json(text: &str) -> Result<Self, ScopeError> {
        serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|error| {
            let place = match error.path().to_string() {
                root if root == "." => "scope".to_owned(),
                path => format!("scope{path}"),
            };
            ScopeError { place, reason: error.into_inner().to_string() }
        })
    }

    /// The scope as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| r#""nothing""#.to_owned())
    }

    /// Whether nothing needs to be asked.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// Only what `words` name of it. What was narrowed before is narrowed anew.
    ///
    /// # Errors
    /// The word that names nothing of it.
    pub fn narrowed(self, words: ScopeWords) -> Result<Self, ScopeWord> {
        let within = match self {
            Self::Narrowed(before) => before.within,
            other => Box::new(other),
        };
        match words {
            ScopeWords::All => Ok(*within),
            ScopeWords::Only(words) => match words.iter().find(|word| !within.reaches(word)) {
                Some(nothing) => Err(nothing.clone()),
                None => Ok(Self::Narrowed(Narrowed { within, only: ScopeWords::Only(words) })),
            },
        }
    }

    /// The words that narrow it.
    #[must_use]
    pub fn words(&self) -> ScopeWords {
        match self {
            Self::Narrowed(narrowed) => narrowed.only.clone(),
            _ => ScopeWords::All,
        }
    }

    /// Whether a word names anything of it.
    fn reaches(&self, word: &ScopeWord) -> bool {
        match (self, &word.models) {
            (Self::All, _) => true,
            (_, Some(ModelPattern::Exactly(model))) => self.allows(model, word.operation),
            (Self::Nothing, _) => false,
            (Self::Rules(rules), _) => rules.iter().any(|rule| rule.operations.contains(&word.operation)),
            (Self::Narrowed(narrowed), _) => narrowed.within.reaches(word),
        }
    }

    /// The scope that decides about an operation on a model: what is narrowed, or nothing where the words name nothing.
    fn deciding(&self, model: &ModelName, operation: Operation) -> &Self {
        match self {
            Self::Narrowed(narrowed) if narrowed.only.name(model, operation) => {
                narrowed.within.deciding(model, operation)
            }
            Self::Narrowed(_) => &Self::Nothing,
            other => other,
        }
    }

    /// Whether an operation is allowed on some of the model's records. `execute`: whether some method may be called.
    #[must_use]
    pub fn allows(&self, model: &ModelName, operation: Operation) -> bool {
        let scope = self.deciding(model, operation);
        let itself = scope.is_all() || scope.matching(model, operation).next().is_some();
        itself && delegated_by(model).filter(is_administrative).all(|to| self.allows(&to, operation))
    }

    /// Whether an operation may name a field, to show it, to search by it or to set it.
    #[must_use]
    pub fn allows_field(&self, model: &ModelName, operation: Operation, field: &str) -> bool {
        if self.is_all() {
            return true;
        }
        if !self.allows(model, operation) || (is_secret(model, field) && !self.names_field(model, operation, field)) {
            return false;
        }
        let scope = self.deciding(model, operation);
        if scope.is_all() {
            return true;
        }
        // Odoo reads some texts as a field and something more; an exception must not be got round by spelling.
        if FieldName::parse(field).is_err() {
            return false;
        }
        let mut allowed = false;
        for rule in scope.matching(model, operation) {
            match &rule.fields {
                FieldRule::All => allowed = true,
                FieldRule::Only(names) => allowed |= names.contains(field) || is_shown_anyway(operation, field),
                FieldRule::Except(names) if names.contains(field) => return false,
                FieldRule::Except(_) => allowed = true,
            }
        }
        allowed
    }

    /// Whether `only` of some rule names a field.
    #[must_use]
    pub fn names_field(&self, model: &ModelName, operation: Operation, field: &str) -> bool {
        let scope = self.deciding(model, operation);
        let names = |rule: &Rule| matches!(&rule.fields, FieldRule::Only(names) if names.contains(field));
        scope.matching(model, operation).any(names)
    }

    /// Whether `except` of some rule takes a field away from an operation on a model.
    #[must_use]
    pub fn excepts_field(&self, model: &ModelName, operation: Operation, field: &str) -> bool {
        let scope = self.deciding(model, operation);
        let excepts = |rule: &Rule| matches!(&rule.fields, FieldRule::Except(names) if names.contains(field));
        scope.matching(model, operation).any(excepts)
    }

    /// Whether a rule for this very model takes fields away.
    #[must_use]
    pub fn excepts_fields_of(&self, model: &ModelName, operation: Operation) -> bool {
        let is_exactly = |rule: &Rule| matches!(&rule.models, ModelPattern::Exactly(name) if name == model);
        let scope = self.deciding(model, operation);
        scope.matching(model, operation).any(|rule| is_exactly(rule) && rule.has_exceptions())
    }

    /// Whether some rule takes fields of this name away, of whatever model; without a name: any field.
    #[must_use]
    pub fn excepts_somewhere(&self, operation: Operation, field: Option<&str>) -> bool {
        let excepts = |rule: &Rule| match (&rule.fields, field) {
            (FieldRule::Except(names), Some(field)) => names.contains(field),
            _ => field.is_none() && rule.has_exceptions(),
        };
        match self {
            Self::Rules(rules) => rules.iter().any(|rule| rule.operations.contains(&operation) && excepts(rule)),
            Self::Narrowed(narrowed) => narrowed.within.excepts_somewhere(operation, field),
            Self::All | Self::Nothing => false,
        }
    }

    /// Whether every field of a model, also one that nobody has heard of yet, is allowed for an operation.
    #[must_use]
    pub fn allows_all_fields(&self, model: &ModelName, operation: Operation) -> bool {
        let is_only = |rule: &Rule| matches!(rule.fields, FieldRule::Only(_));
        let (mut except, mut whole) = (false, false);
        let scope = self.deciding(model, operation);
        for rule in scope.matching(model, operation) {
            except |= rule.has_exceptions();
            whole |= !is_only(rule);
        }
        scope.is_all() || (whole && !except)
    }

    /// Whether every model may be read that is not administrative.
    #[must_use]
    pub fn reads_every_model(&self) -> bool {
        let reads_any = |rule: &Rule| rule.models == ModelPattern::Any && rule.operations.contains(&Operation::Read);
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Rules(rules) => rules.iter().any(reads_any),
            Self::Narrowed(narrowed) => {
                narrowed.only.name_everywhere(Operation::Read) && narrowed.within.reads_every_model()
            }
        }
    }

    /// Whether a method that is none of the ORM's may be called.
    #[must_use]
    pub fn allows_method(&self, model: &ModelName, method: &MethodName) -> bool {
        let lists = |rule: &Rule| match &rule.methods {
            Some(methods) => methods.contains(method),
            None => !is_administrative_method(method),
        };
        let scope = self.deciding(model, Operation::Execute);
        let itself = scope.is_all() || scope.matching(model, Operation::Execute).any(lists);
        itself && self.allows(model, Operation::Execute)
    }

    fn matching(&self, model: &ModelName, operation: Operation) -> impl Iterator<Item = &Rule> {
        let rules = match self {
            Self::Rules(rules) => rules.as_slice(),
            Self::All | Self::Nothing | Self::Narrowed(_) => &[],
        };
        rules.iter().filter(move |rule| rule.operations.contains(&operation) && rule.models.matches(model))
    }
}

/// Whoever may read a record may know which it is.
fn is_shown_anyway(operation: Operation, field: &str) -> bool {
    operation == Operation::Read && matches!(field, "id" | "display_name")
}

/// Whether a model is administrative, or delegates to one that is.
pub(super) fn reaches_further(model: &ModelName) -> bool {
    is_administrative(model) || delegated_by(model).any(|to| reaches_further(&to))
}

impl Rule {
    fn has_exceptions(&self) -> bool {
        matches!(&self.fields, FieldRule::Except(names) if !names.is_empty())
    }
}

impl FieldRule {
    fn is_all(&self) -> bool {
        *self == Self::All
    }
}

#[cfg(test)]
mod tests;

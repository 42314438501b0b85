//! What a credential may do, on top of what Odoo allows its user.
//!
//! In: rules, as an administrator wrote them. Out: [`Scope`], which answers whether an operation, a method or a field
//! of a model is allowed. Must not know: credentials, intents, the access rights of Odoo. Nothing is allowed without
//! a rule that allows it.
//!
//! ```text
//! scope      = "all" | "nothing" | [ rule, … ] | { "within": scope, "only": scope-tokens }
//!                                              scope tokens: see oauth_scope
//! rule       = { "models": pattern, "operations": [ operation, … ], "methods"?: [ method, … ], "fields"?: fields }
//! pattern    = "*" | model | prefix ".*"       administrative models never match a pattern, only their name;
//!                                              methods that render templates or return signed links must be
//!                                              listed
//! operation  = "read" | "create" | "update" | "delete" | "execute"
//! fields     = "all" | { "only": [ field, … ] } | { "except": [ field, … ] }
//! ```
//!
//! # Several rules
//!
//! One matching rule is enough: the rules whose models and operations match add up, including their fields. A field
//! in the `except` of one of them is hidden by all of them. So a scope can allow reading `*`, and all of
//! `res.partner` except `credit`.
//!
//! A model that delegates (`_inherits`) to an administrative model needs rules for both. A field that holds a secret
//! is only allowed where `only` lists it. Fields that depend on a field in `except` can only be detected with a
//! schema: `scope_check` hides them.

mod administrative;
mod delegation_table;
mod oauth_scope;
mod pattern;
mod secrets;
mod serialization;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use self::administrative::{is_administrative, is_administrative_method};
pub(super) use self::delegation_table::delegated_by;
pub use self::oauth_scope::{OAuthScope, OAuthScopeToken};
pub use self::pattern::ModelPattern;
pub(super) use self::secrets::is_secret;
use self::serialization::WrittenRule;
use crate::names::{FieldName, MethodName, ModelName};

/// The operations on records (docs/dialects/README.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Read records, names, fields, counts.
    Read,
    /// Create records.
    Create,
    /// Update records.
    Update,
    /// Delete records.
    Delete,
    /// Call any other public method.
    Execute,
}

impl Operation {
    /// The name in rules and error messages.
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
    /// Everything that Odoo allows the user.
    All,
    /// Nothing.
    #[default]
    Nothing,
    /// What the rules allow.
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
    pub only: OAuthScope,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenRule")]
pub struct Rule {
    /// The models.
    pub models: ModelPattern,
    /// The operations.
    pub operations: BTreeSet<Operation>,
    /// The methods that `execute` allows; without a list all except administrative ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<BTreeSet<MethodName>>,
    /// The fields, for the operations that name fields: read, create, update.
    #[serde(skip_serializing_if = "FieldRule::is_all")]
    pub fields: FieldRule,
}

/// The fields that a rule allows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldRule {
    /// Every field.
    #[default]
    All,
    /// Only these; reads also include `id` and `display_name`.
    Only(BTreeSet<FieldName>),
    /// Every field except these, even if other rules allow them.
    Except(BTreeSet<FieldName>),
}

/// Why a text is not a scope: the rule, the key, what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {reason}")]
pub struct ScopeError {
    /// The place, such as `scope[1].operations[0]`.
    pub location: String,
    /// What was expected and what was found.
    pub reason: String,
}

impl Scope {
    /// Parses the form that [`Scope::to_json`] writes.
    ///
    /// # Errors
    /// The first error, with its place.
    pub fn from_json(text: &str) -> Result<Self, ScopeError> {
        serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|error| {
            let location = match error.path().to_string() {
                root if root == "." => "scope".to_owned(),
                path => format!("scope{path}"),
            };
            ScopeError { location, reason: error.into_inner().to_string() }
        })
    }

    /// The scope as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| r#""nothing""#.to_owned())
    }

    /// Whether everything is allowed.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// Restricts the scope to scope tokens. They replace the tokens of an earlier restriction.
    ///
    /// # Errors
    /// The first token that names nothing in the scope.
    pub fn narrowed(self, tokens: OAuthScope) -> Result<Self, OAuthScopeToken> {
        let within = match self {
            Self::Narrowed(before) => before.within,
            other => Box::new(other),
        };
        match tokens {
            OAuthScope::All => Ok(*within),
            OAuthScope::Only(tokens) => match tokens.iter().find(|token| !within.includes_token(token)) {
                Some(nothing) => Err(nothing.clone()),
                None => Ok(Self::Narrowed(Narrowed { within, only: OAuthScope::Only(tokens) })),
            },
        }
    }

    /// The scope tokens that restrict it.
    #[must_use]
    pub fn oauth_scope(&self) -> OAuthScope {
        match self {
            Self::Narrowed(narrowed) => narrowed.only.clone(),
            _ => OAuthScope::All,
        }
    }

    /// Whether a scope token names anything in the scope.
    fn includes_token(&self, token: &OAuthScopeToken) -> bool {
        match (self, &token.models) {
            (Self::All, _) => true,
            (_, Some(ModelPattern::Exact(model))) => self.allows(model, token.operation),
            (Self::Nothing, _) => false,
            (Self::Rules(rules), _) => rules.iter().any(|rule| rule.operations.contains(&token.operation)),
            (Self::Narrowed(narrowed), _) => narrowed.within.includes_token(token),
        }
    }

    /// The scope that decides about an operation on a model: the restricted scope, or nothing if no token names the
    /// operation.
    fn effective_scope(&self, model: &ModelName, operation: Operation) -> &Self {
        match self {
            Self::Narrowed(narrowed) if narrowed.only.includes(model, operation) => {
                narrowed.within.effective_scope(model, operation)
            }
            Self::Narrowed(_) => &Self::Nothing,
            other => other,
        }
    }

    /// Whether an operation is allowed on the model. For `execute`: whether some method may be called.
    #[must_use]
    pub fn allows(&self, model: &ModelName, operation: Operation) -> bool {
        let scope = self.effective_scope(model, operation);
        let is_allowed = scope.is_all() || scope.matching_rules(model, operation).next().is_some();
        is_allowed && delegated_by(model).filter(is_administrative).all(|to| self.allows(&to, operation))
    }

    /// Whether an operation may use a field: return it, search by it or set it.
    #[must_use]
    pub fn allows_field(&self, model: &ModelName, operation: Operation, field: &str) -> bool {
        if self.is_all() {
            return true;
        }
        if !self.allows(model, operation) || (is_secret(model, field) && !self.lists_field(model, operation, field)) {
            return false;
        }
        let scope = self.effective_scope(model, operation);
        if scope.is_all() {
            return true;
        }
        // Odoo parses some texts as a field and more; an exception must not be bypassed by spelling.
        if FieldName::parse(field).is_err() {
            return false;
        }
        let mut allowed = false;
        for rule in scope.matching_rules(model, operation) {
            match &rule.fields {
                FieldRule::All => allowed = true,
                FieldRule::Only(names) => allowed |= names.contains(field) || is_always_visible(operation, field),
                FieldRule::Except(names) if names.contains(field) => return false,
                FieldRule::Except(_) => allowed = true,
            }
        }
        allowed
    }

    /// Whether `only` of a rule lists a field.
    #[must_use]
    pub fn lists_field(&self, model: &ModelName, operation: Operation, field: &str) -> bool {
        let scope = self.effective_scope(model, operation);
        let names = |rule: &Rule| matches!(&rule.fields, FieldRule::Only(names) if names.contains(field));
        scope.matching_rules(model, operation).any(names)
    }

    /// Whether `except` of a rule hides a field of a model from an operation.
    #[must_use]
    pub fn hides_field(&self, model: &ModelName, operation: Operation, field: &str) -> bool {
        let scope = self.effective_scope(model, operation);
        let excepts = |rule: &Rule| matches!(&rule.fields, FieldRule::Except(names) if names.contains(field));
        scope.matching_rules(model, operation).any(excepts)
    }

    /// Whether a rule for exactly this model hides fields.
    #[must_use]
    pub fn hides_fields_of(&self, model: &ModelName, operation: Operation) -> bool {
        let is_exactly = |rule: &Rule| matches!(&rule.models, ModelPattern::Exact(name) if name == model);
        let scope = self.effective_scope(model, operation);
        scope.matching_rules(model, operation).any(|rule| is_exactly(rule) && rule.has_exceptions())
    }

    /// Whether a rule hides fields of this name, of any model; without a name: any field.
    #[must_use]
    pub fn hides_anywhere(&self, operation: Operation, field: Option<&str>) -> bool {
        let excepts = |rule: &Rule| match (&rule.fields, field) {
            (FieldRule::Except(names), Some(field)) => names.contains(field),
            _ => field.is_none() && rule.has_exceptions(),
        };
        match self {
            Self::Rules(rules) => rules.iter().any(|rule| rule.operations.contains(&operation) && excepts(rule)),
            Self::Narrowed(narrowed) => narrowed.within.hides_anywhere(operation, field),
            Self::All | Self::Nothing => false,
        }
    }

    /// Whether an operation may use every field of a model, including fields that future versions add.
    #[must_use]
    pub fn allows_all_fields(&self, model: &ModelName, operation: Operation) -> bool {
        let is_only = |rule: &Rule| matches!(rule.fields, FieldRule::Only(_));
        let (mut except, mut all) = (false, false);
        let scope = self.effective_scope(model, operation);
        for rule in scope.matching_rules(model, operation) {
            except |= rule.has_exceptions();
            all |= !is_only(rule);
        }
        scope.is_all() || (all && !except)
    }

    /// Whether every model that is not administrative may be read.
    #[must_use]
    pub fn can_read_every_model(&self) -> bool {
        let reads_any = |rule: &Rule| rule.models == ModelPattern::Any && rule.operations.contains(&Operation::Read);
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Rules(rules) => rules.iter().any(reads_any),
            Self::Narrowed(narrowed) => {
                narrowed.only.includes_every_model(Operation::Read) && narrowed.within.can_read_every_model()
            }
        }
    }

    /// Whether a method that is not part of the ORM may be called.
    #[must_use]
    pub fn allows_method(&self, model: &ModelName, method: &MethodName) -> bool {
        let lists = |rule: &Rule| match &rule.methods {
            Some(methods) => methods.contains(method),
            None => !is_administrative_method(model, method),
        };
        let scope = self.effective_scope(model, Operation::Execute);
        let is_allowed = scope.is_all() || scope.matching_rules(model, Operation::Execute).any(lists);
        is_allowed && self.allows(model, Operation::Execute)
    }

    /// Whether a rule that allows to call methods lists this one by its name.
    #[must_use]
    pub fn lists_method(&self, model: &ModelName, method: &MethodName) -> bool {
        let scope = self.effective_scope(model, Operation::Execute);
        let lists = |rule: &Rule| rule.methods.as_ref().is_some_and(|methods| methods.contains(method));
        scope.matching_rules(model, Operation::Execute).any(lists)
    }

    fn matching_rules(&self, model: &ModelName, operation: Operation) -> impl Iterator<Item = &Rule> {
        let rules = match self {
            Self::Rules(rules) => rules.as_slice(),
            Self::All | Self::Nothing | Self::Narrowed(_) => &[],
        };
        rules.iter().filter(move |rule| rule.operations.contains(&operation) && rule.models.matches(model))
    }
}

/// A read always includes which record it is.
fn is_always_visible(operation: Operation, field: &str) -> bool {
    operation == Operation::Read && matches!(field, "id" | "display_name")
}

/// Whether a model is administrative, or delegates to one that is.
pub(super) fn is_or_delegates_to_administrative(model: &ModelName) -> bool {
    is_administrative(model) || delegated_by(model).any(|to| is_or_delegates_to_administrative(&to))
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

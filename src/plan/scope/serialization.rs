//! The written form of scopes. Invalid scopes are rejected with the place of the error.
//!
//! In: JSON. Out: [`Scope`], [`Rule`]. Must not know: what a scope allows.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{FieldRule, ModelPattern, Operation, Rule, Scope};
use crate::names::MethodName;

/// A rule before validation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRule {
    models: ModelPattern,
    operations: BTreeSet<Operation>,
    #[serde(default)]
    methods: Option<BTreeSet<MethodName>>,
    #[serde(default)]
    fields: FieldRule,
}

impl TryFrom<WrittenRule> for Rule {
    type Error = &'static str;

    fn try_from(WrittenRule { models, operations, methods, fields }: WrittenRule) -> Result<Self, Self::Error> {
        if operations.is_empty() {
            return Err("operations: expected at least one of read, create, update, delete, execute");
        }
        if methods.is_some() && !operations.contains(&Operation::Execute) {
            return Err("methods: a list of methods needs the operation execute");
        }
        Ok(Self { models, operations, methods, fields })
    }
}

/// Implemented by hand: for an untagged enum serde would only report that no variant matched.
impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ScopeVisitor)
    }
}

struct ScopeVisitor;

impl<'de> Visitor<'de> for ScopeVisitor {
    type Value = Scope;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(r#""all", "nothing" or a list of rules"#)
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Scope, E> {
        match word {
            "all" => Ok(Scope::All),
            "nothing" => Ok(Scope::Nothing),
            other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Scope, A::Error> {
        Deserialize::deserialize(MapAccessDeserializer::new(members)).map(Scope::Narrowed)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, rules: A) -> Result<Scope, A::Error> {
        Deserialize::deserialize(SeqAccessDeserializer::new(rules)).map(Scope::Rules)
    }
}

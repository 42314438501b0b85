//! `[restful]`: what family C, `/restful/api/v1`, answers.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Section;
use crate::config::deserializers;
use crate::language::selection::Selection;
use crate::names::ModelName;

/// `[restful]`.
#[derive(Debug, Clone, Deserialize)]
pub struct RestfulConfig {
    /// The models that are answered, `*` for all that have no entry of their own.
    pub models: BTreeMap<String, RestfulModelConfig>,
}

/// An entry of `[restful.models]`: the schemas of one model's answers. `None`: all fields, flat.
#[derive(Debug, Clone, Deserialize)]
pub struct RestfulModelConfig {
    /// What a record looks like when it is read.
    #[serde(deserialize_with = "deserializers::optional_schema")]
    pub read: Option<Selection>,
    /// What a new record looks like.
    #[serde(deserialize_with = "deserializers::optional_schema")]
    pub create: Option<Selection>,
    /// What a changed record looks like; `None`: the fields that were written.
    #[serde(deserialize_with = "deserializers::optional_schema")]
    pub update: Option<Selection>,
}

impl RestfulModelConfig {
    /// The schemas that are set, each with its key.
    pub fn schemas(&self) -> impl Iterator<Item = (&'static str, &Selection)> {
        let schemas = [("read", &self.read), ("create", &self.create), ("update", &self.update)];
        schemas.into_iter().filter_map(|(key, schema)| Some((key, schema.as_ref()?)))
    }
}

impl RestfulConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        for name in self.models.keys().filter(|name| *name != "*") {
            if let Err(cause) = ModelName::parse(name) {
                section.wrong(&format!("models.{name}"), cause);
            }
        }
    }
}

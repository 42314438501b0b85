//! `[restful]`: the models that `/restful/api/v1` serves, and the fields of its responses.
//!
//! In: values of the right type. Out: errors for invalid model names. Must not know: requests.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Section;
use crate::config::deserializers;
use crate::language::selection::Selection;
use crate::names::ModelName;

/// `[restful]`.
#[derive(Debug, Clone, Deserialize)]
pub struct RestfulConfig {
    /// The enabled models; `*` for all models without an entry of their own.
    pub models: BTreeMap<String, RestfulModelConfig>,
}

/// An entry of `[restful.models]`: the response schemas of one model. `None`: all fields, flat.
#[derive(Debug, Clone, Deserialize)]
pub struct RestfulModelConfig {
    /// Records that are read.
    #[serde(deserialize_with = "deserializers::optional_schema")]
    pub read: Option<Selection>,
    /// A record that was created.
    #[serde(deserialize_with = "deserializers::optional_schema")]
    pub create: Option<Selection>,
    /// A record that was updated; `None`: the fields that were written.
    #[serde(deserialize_with = "deserializers::optional_schema")]
    pub update: Option<Selection>,
}

impl RestfulModelConfig {
    /// Iterates over the schemas that are set, each with its key.
    pub fn schemas(&self) -> impl Iterator<Item = (&'static str, &Selection)> {
        let schemas = [("read", &self.read), ("create", &self.create), ("update", &self.update)];
        schemas.into_iter().filter_map(|(key, schema)| Some((key, schema.as_ref()?)))
    }
}

impl RestfulConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        for name in self.models.keys().filter(|name| *name != "*") {
            if let Err(cause) = ModelName::parse(name) {
                section.add_error(&format!("models.{name}"), cause);
            }
        }
    }
}

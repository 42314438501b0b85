//! Typed documents: the operations and schemas of certain models, as one user may use them.
//!
//! ```text
//! names              ResPartner for res.partner; identifiers for the values of selections
//! references         references to schemas; the schemas that all models share
//! fields             the schema of a field: in responses, and in the values of a write
//! model_schemas      the schemas of a model
//! examples           examples of values
//! operations         the table of typed operations
//! paths              the operations of a model
//! shared_parameters  parameters of several operations, described once
//! unused             removes the components that no operation uses
//! ```
//!
//! In: the generic document, the descriptions of models, the parameters. Out: an OpenAPI 3.1 document. Must not know:
//! how Odoo describes models, HTTP. Pure: the same input results in the same document.

mod examples;
mod fields;
mod model_schemas;
mod names;
mod operations;
mod paths;
mod references;
#[cfg(test)]
mod samples;
mod shared_parameters;
#[cfg(test)]
mod tests;
mod unused;

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use self::model_schemas::NamedModels;
use self::names::SchemaNames;
use self::paths::{MODEL, PathWriter};
use self::references::shared_schemas;
use self::shared_parameters::share_parameters;
use self::unused::remove_unused;
use super::document_query::{DocumentQuery, TypedDialect};
use crate::language::selection::Selection;
use crate::odoo::ModelDescription;
use crate::plan::ModelAccess;
use crate::shape::EmptyFormat;

/// A model as one user may use it with one credential.
#[derive(Debug)]
pub(in crate::http) struct TypedModel {
    /// What Odoo says about the model and the rights of the user.
    pub description: ModelDescription,
    /// What the credential allows.
    pub access: ModelAccess,
    /// The name of the model for people, under which `restapi` returns its records.
    pub label: Arc<str>,
    /// The configured shapes of its records in `restful`; `None` if that dialect does not serve the model.
    pub restful: Option<RestfulShapes>,
}

/// The shapes of the records of a model in `restful`. `None` means all fields.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct RestfulShapes {
    /// Records that are read.
    pub read: Option<Selection>,
    /// New records.
    pub create: Option<Selection>,
    /// Updated records.
    pub update: Option<Selection>,
}

/// Returns the document of these models. `base` is the complete generic document in OpenAPI 3.1; the version in
/// `query` is not applied.
#[must_use]
pub(in crate::http) fn typed_document(base: &Value, models: &[TypedModel], query: &DocumentQuery) -> Value {
    let mut document = base.clone();
    let mut schemas = match document.pointer_mut("/components/schemas").map(Value::take) {
        Some(Value::Object(schemas)) => schemas,
        _ => Map::new(),
    };
    let shared = shared_schemas().map(|(name, schema)| (name.to_owned(), schema));
    let taken = schemas.keys().cloned().chain(shared.iter().map(|(name, _)| name.clone()));
    let named_models = NamedModels::new(models, SchemaNames::new(taken));
    schemas.extend(shared);
    named_models.add_schemas(query, &mut schemas);
    let (mut paths, mut ids) = (Map::new(), HashSet::new());
    for named in &named_models.0 {
        PathWriter { base, query, ids: &mut ids, schemas: &mut schemas }.add_paths(named, &mut paths);
    }
    let generic = base.get("paths").and_then(Value::as_object).into_iter().flatten();
    let kept = generic.filter(|(path, item)| is_kept(path, item, query.dialect));
    paths.extend(kept.map(|(path, item)| (path.clone(), item.clone())));
    if let Some(members) = document.as_object_mut() {
        members.insert("paths".to_owned(), paths.into());
    }
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("schemas".to_owned(), schemas.into());
    }
    describe_models(&mut document, models, query);
    share_parameters(&mut document);
    remove_unused(&mut document);
    document
}

/// Whether a generic path is part of the document: it is for no model, and belongs to the dialect or issues tokens.
fn is_kept(path: &str, item: &Value, dialect: Option<TypedDialect>) -> bool {
    let tags = item.as_object().into_iter().flatten().filter_map(|(_, operation)| operation.get("tags")?.as_array());
    let is_other = |tag: &str| TypedDialect::ALL.iter().any(|other| other.name() == tag && Some(*other) != dialect);
    let is_of_other = tags.flatten().filter_map(Value::as_str).any(is_other);
    let issues_tokens = path.contains("/oauth") || path.ends_with("/generate_token");
    !path.contains(MODEL) && (dialect.is_none() || issues_tokens || !is_of_other)
}

/// Adds to the description of the document which models it describes.
fn describe_models(document: &mut Value, models: &[TypedModel], query: &DocumentQuery) {
    let names: Vec<String> = models.iter().map(|model| format!("`{}`", model.description.model)).collect();
    let preference = match query.empty {
        EmptyFormat::False => "Requests have no `Prefer: empty=null`: an empty value is `false`.",
        EmptyFormat::Null => "Requests have `Prefer: empty=null`: an empty value is `null`.",
    };
    if let Some(description) = document.pointer_mut("/info/description") {
        let text = format!(
            "{}\n\nThis document describes the models {} as one user may use them. {preference} The types of records \
             contain `id`, so select it: `query={{id, name}}`. They describe selections without fields of related \
             records. Errors that do not depend on the model are described in the document without models.",
            description.as_str().unwrap_or_default(),
            names.join(", ")
        );
        *description = text.into();
    }
}

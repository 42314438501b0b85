//! The models of a typed document, described as one user may use them with one credential.
//!
//! In: a user, a scope, the parameters of a document. Out: [`TypedModel`]s, or the problem of the first model that
//! cannot be described. Must not know: HTTP requests, how a document is built. Descriptions come from the metadata
//! cache of the database: at most `schema.ttl` old, for each user and language, read again when Odoo's modules change.

use std::fmt;
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::document_query::DocumentQuery;
use super::typed::{RestfulShapes, TypedModel};
use crate::error::Problem;
use crate::http::pipeline::plan_with_metadata;
use crate::names::ModelName;
use crate::odoo::{Database, OdooUser};
use crate::plan::{RequestedContext, Scope, model_access};

/// How many models are described at the same time.
const CONCURRENT: usize = 4;

/// The shapes of a model's records in `restful`; `None` if that dialect does not serve the model.
type FindShapes = dyn Fn(&ModelName) -> Option<RestfulShapes> + Send + Sync;

/// Finds the shapes of a model's records in `restful`.
#[derive(Clone)]
pub(in crate::http) struct RestfulShapesOf(pub Arc<FindShapes>);

impl fmt::Debug for RestfulShapesOf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RestfulShapesOf")
    }
}

/// A user, and what their credential allows.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct DocumentReader<'r> {
    pub database: &'r Database,
    pub user: &'r OdooUser,
    pub scope: &'r Scope,
}

/// Describes the models that the query names.
///
/// # Errors
/// 403 for a model outside the scope or the access rights of the user, 404 for one that does not exist, 400 for a
/// language that is not installed; those of Odoo.
pub(in crate::http) async fn describe_models(
    reader: DocumentReader<'_>,
    query: &DocumentQuery,
    context: &RequestedContext,
    restful: &RestfulShapesOf,
) -> Result<Vec<TypedModel>, Problem> {
    let mut described = Vec::with_capacity(query.models.len());
    for models in query.models.chunks(CONCURRENT) {
        let descriptions = models.iter().map(|model| describe_model(reader, model, context, restful));
        described.extend(try_join_all(descriptions).await?);
    }
    Ok(described)
}

async fn describe_model(
    reader: DocumentReader<'_>,
    model: &ModelName,
    context: &RequestedContext,
    restful: &RestfulShapesOf,
) -> Result<TypedModel, Problem> {
    let DocumentReader { database, user, scope } = reader;
    let metadata = &database.metadata;
    let access = plan_with_metadata(metadata, user, |metadata| model_access(model, context, scope, metadata)).await?;
    let lang = access.lang.as_deref().unwrap_or_default();
    // Defaults of fields are code of Odoo, so they are read only for a credential that may create records.
    let description = match access.creatable {
        Some(_) => metadata.describe_with_needs(user, model, lang).await?,
        None => metadata.describe(user, model, lang).await?,
    };
    let label = metadata.model_label(user, model).await?;
    Ok(TypedModel { description, access, label, restful: (restful.0)(model) })
}

//! The models of a typed document, described as one user may use them with one credential.
//!
//! In: a user, a scope, the parameters of a document. Out: [`TypedModel`]s, or the problem of the first model that
//! cannot be described. Must not know: HTTP requests, how a document is built. Descriptions come from the metadata
//! cache of the database: at most `schema.ttl` old, for each user, labels for each language, too; read again when
//! Odoo's modules change.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::document_query::DocumentQuery;
use super::typed::{RestfulShapes, TypedModel};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::pipeline::plan_with_metadata;
use crate::names::{FieldName, ModelName};
use crate::odoo::{Database, FieldDescription, ModelDescription, ModelRights, OdooUser, WriteRight};
use crate::plan::{ModelAccess, RequestedContext, Scope, label_language, model_access};

/// How many calls for one document Odoo receives at the same time: half of those that a gateway sends by default, so
/// that other requests are not delayed.
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
    let DocumentReader { database, user, .. } = reader;
    let models = &query.models;
    let allowed = models.iter().map(|model| Box::pin(describe_fields(reader, model, context)));
    let allowed = in_parallel(allowed).await?;
    let rights = Box::pin(rights_of(reader, models, &allowed)).await?;
    let parts = || models.iter().zip(&allowed).zip(&rights);
    let needed = parts().map(|((model, allowed), rights)| Box::pin(needed_fields(reader, model, allowed, *rights)));
    let needed = in_parallel(needed).await?;
    let labels = Box::pin(database.metadata.model_labels(user, models)).await?;
    let described = models.iter().zip(allowed).zip(rights).zip(needed).zip(labels);
    let described = described.map(|((((model, AllowedModel { access, fields }), rights), needed), label)| TypedModel {
        description: ModelDescription { model: model.clone(), rights, fields, needed },
        access,
        label,
        restful: (restful.0)(model),
    });
    Ok(described.collect())
}

/// Awaits calls, [`CONCURRENT`] of them at the same time. Returns their results in the order of the calls. The calls
/// are boxed where they are made, because they are large and are moved several times.
async fn in_parallel<T>(
    calls: impl Iterator<Item = impl Future<Output = Result<T, Problem>>>,
) -> Result<Vec<T>, Problem> {
    stream::iter(calls.collect::<Vec<_>>()).buffered(CONCURRENT).try_collect().await
}

/// What the credential allows of a model, and the model's fields.
struct AllowedModel {
    access: ModelAccess,
    fields: Arc<[FieldDescription]>,
}

async fn describe_fields(
    reader: DocumentReader<'_>,
    model: &ModelName,
    context: &RequestedContext,
) -> Result<AllowedModel, Problem> {
    let DocumentReader { database, user, scope } = reader;
    let metadata = &database.metadata;
    let lang = plan_with_metadata(metadata, user, |metadata| label_language(model, context, scope, metadata)).await?;
    // Before the access is planned, because the schema for that is in the same response.
    let fields = metadata.describe_fields(user, model, lang.as_deref().unwrap_or_default()).await?;
    let access = plan_with_metadata(metadata, user, |metadata| model_access(model, scope, metadata)).await?;
    Ok(AllowedModel { access, fields })
}

/// The rights of the user on each model. A right that the credential does not allow to use is not asked for.
async fn rights_of(
    reader: DocumentReader<'_>,
    models: &[ModelName],
    allowed: &[AllowedModel],
) -> Result<Vec<ModelRights>, Problem> {
    let questions = models.iter().zip(allowed).flat_map(|(model, AllowedModel { access, .. })| {
        let usable = [
            (None, true),
            (Some(WriteRight::Create), access.creatable.is_some()),
            (Some(WriteRight::Update), access.updatable.is_some()),
            (Some(WriteRight::Delete), access.delete),
        ];
        usable.map(|(right, is_usable)| Box::pin(has_right(reader, model, right, is_usable)))
    });
    let answers = in_parallel(questions).await?;
    let rights = |(model, answers): (&ModelName, &[bool])| match *answers {
        [true, create, update, delete] => Ok(ModelRights { create, update, delete }),
        _ => {
            let detail = format!("models: Odoo does not allow this user to read `{model}`.");
            let hint = "Leave out the model, or use a credential of a user who may read it.";
            Err(Problem::new(ErrorCode::AccessDenied, detail).parameter("models").hint(hint))
        }
    };
    models.iter().zip(answers.chunks(4)).map(rights).collect()
}

async fn has_right(
    reader: DocumentReader<'_>,
    model: &ModelName,
    right: Option<WriteRight>,
    is_usable: bool,
) -> Result<bool, Problem> {
    Ok(is_usable && reader.database.metadata.has_right(reader.user, model, right).await?)
}

/// The fields that a new record needs. Defaults of fields are code of Odoo, so they are read only if the user and the
/// credential may create records.
async fn needed_fields(
    reader: DocumentReader<'_>,
    model: &ModelName,
    allowed: &AllowedModel,
    rights: ModelRights,
) -> Result<Arc<BTreeSet<FieldName>>, Problem> {
    if allowed.access.creatable.is_none() || !rights.create {
        return Ok(Arc::default());
    }
    reader.database.metadata.needed_fields(reader.user, model, &allowed.fields).await
}

//! `/doc-bearer/index.json` and `/doc-bearer/{model}.json`: what can be called, for programs that generate clients.
//!
//! In: requests with a credential. Out: the models that the user may read; the fields and methods of one. Must not
//! know: how Odoo describes them. The methods of single models are only in their own document, because Odoo tells them
//! model by model.

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::openapi_schemas::{Json2DocumentPath, Json2Index, Json2Model, TAG};
use super::{model_methods, orm_methods};
use crate::auth::Principal;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::authenticate::authenticate;
use crate::http::openapi::RequestHeaders;
use crate::http::pipeline::{invalidate_stale_identity, plan_with_metadata, record_odoo_calls};
use crate::http::request::params::RequestParams;
use crate::http::request::{ApiRequest, odoo_context};
use crate::http::response::headers::set_rate_limit;
use crate::http::state::AppState;
use crate::names::ModelName;
use crate::odoo::{CallCounter, FoundModel, Outcome, execute_plan};
use crate::plan::{Action, FieldSet, Intent, Many2oneDisplay, Operation, RequestedContext, Scope, plan};
use crate::shape::to_json;
use crate::value::Value;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(index)).routes(routes!(model))
}

/// List the models
///
/// Returns the models that the user may read, with their names, and the installed modules if the user and the scope of
/// the credential allow to read `ir.module.module`. The fields of a model are in its own document.
#[utoipa::path(
    get, path = "/doc-bearer/index.json", operation_id = "json2_index", tag = TAG, params(RequestHeaders),
    responses((status = 200, description = "The models", body = Json2Index))
)]
async fn index(mut request: ApiRequest) -> Result<Response, Problem> {
    let timing = request.timing.clone();
    let caller = timing.time("auth", authenticate(&mut request)).await?;
    let listed = timing.time("odoo", list_models(&caller)).await;
    respond(&caller, &invalidate_stale_identity(&request, &caller, listed).await?)
}

/// Describe a model
///
/// Returns the fields of the model as `fields_get` describes them, and the methods that the caller may call, with their
/// arguments. On Odoo 19 and later these are all public methods, if the user may read the technical documentation of
/// Odoo and the gateway calls Odoo with an API key. Otherwise they are the methods that every model has, those of the
/// buttons in the form of the model, and those of messages.
#[utoipa::path(
    get, path = "/doc-bearer/{document}", operation_id = "json2_model", tag = TAG,
    params(Json2DocumentPath, RequestHeaders),
    responses((status = 200, description = "The fields and methods of the model", body = Json2Model))
)]
async fn model(mut request: ApiRequest) -> Result<Response, Problem> {
    let timing = request.timing.clone();
    let caller = timing.time("auth", authenticate(&mut request)).await?;
    let model = documented_model(request.segment("document"))?;
    let params = RequestParams::parse(&request.head, Bytes::new()).await?;
    let context = odoo_context::parse(&request.head.headers, &params)?;
    let described = describe_model(&request, &caller, &model, &context).await;
    respond(&caller, &invalidate_stale_identity(&request, &caller, described).await?)
}

/// The model of `res.partner.json`.
fn documented_model(document: &str) -> Result<ModelName, Problem> {
    let name = document.strip_suffix(".json").ok_or_else(|| {
        let problem = Problem::new(ErrorCode::UnknownRoute, "This document does not exist.");
        problem.hint("The document of a model is /doc-bearer/<model>.json.")
    })?;
    ModelName::parse(name)
        .map_err(|error| Problem::new(ErrorCode::UnknownModel, format!("This model does not exist: {error}.")))
}

async fn list_models(caller: &Principal) -> Result<Value<'static>, Problem> {
    let (database, user) = (&caller.database, &caller.odoo_user);
    let methods = orm_methods::names(database.metadata.cached_version().await?.major);
    let models = database.readable_models(user).await?;
    let modules = if may_list_modules(&caller.scope) { database.installed_modules(user).await? } else { Vec::new() };
    let describe = |FoundModel { model, label }: FoundModel| {
        Value::Map(vec![
            ("model".into(), model.as_str().to_owned().into()),
            ("name".into(), label.into()),
            ("fields".into(), Value::Map(Vec::new())),
            ("methods".into(), methods.clone()),
        ])
    };
    let allowed = models.into_iter().filter(|found| caller.scope.allows(&found.model, Operation::Read));
    let models = allowed.map(describe).collect();
    Ok(Value::Map(vec![("modules".into(), modules.into_iter().map(Value::from).collect()), ("models".into(), models)]))
}

/// Whether a scope allows what the list of installed modules reveals: the names of those with this state.
fn may_list_modules(scope: &Scope) -> bool {
    let model = ModelName::from_static("ir.module.module");
    ["name", "state"].iter().all(|field| scope.allows_field(&model, Operation::Read, field))
}

async fn describe_model(
    request: &ApiRequest,
    caller: &Principal,
    model: &ModelName,
    context: &RequestedContext,
) -> Result<Value<'static>, Problem> {
    let (metadata, user) = (&caller.database.metadata, &caller.odoo_user);
    let mut intent = Intent {
        model: model.clone(),
        action: Action::DescribeFields { fields: FieldSet::All, attributes: Vec::new() },
        many2one_display: Many2oneDisplay::Bare,
        domain_parameter: "domain",
    };
    let planning = plan_with_metadata(metadata, user, |metadata| plan(&mut intent, context, &caller.scope, metadata));
    let plan = request.timing.time("plan", planning).await?;
    // Odoo describes the fields of a model also to users who may not read it.
    if !metadata.has_right(user, model, None).await? {
        let detail = format!("Odoo does not allow this user to read records of {model}.");
        return Err(Problem::new(ErrorCode::AccessDenied, detail).hint("Change the user's access rights in Odoo."));
    }
    let label = metadata.model_label(user, model).await?;
    let counter = CallCounter::default();
    let execution = Box::pin(execute_plan(&caller.database, user, plan, &counter));
    let Outcome::Fields(fields) = record_odoo_calls(request, &counter, execution).await? else {
        return Err(Problem::internal("a description of fields has another outcome"));
    };
    let fields = fields.value()?.into_owned();
    let known = request.timing.time("odoo", caller.database.public_methods(user, model)).await?;
    let major = metadata.cached_version().await?.major;
    let methods = model_methods::methods((model, &fields), known, major, &caller.scope);
    Ok(Value::Map(vec![
        ("model".into(), model.as_str().to_owned().into()),
        ("name".into(), label.as_ref().to_owned().into()),
        ("doc".into(), Value::Null),
        ("fields".into(), fields),
        ("methods".into(), methods),
    ]))
}

fn respond(caller: &Principal, body: &Value<'_>) -> Result<Response, Problem> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(limit) = caller.rate_limit {
        set_rate_limit(limit, &mut headers);
    }
    Ok((headers, to_json(body).map_err(Problem::internal)?).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_modules_are_listed_for_scopes_that_can_read_them() {
        let rule = |models: &str, more: &str| format!(r#"[{{"models": "{models}", "operations": ["read"]{more}}}]"#);
        for (scope, expected) in [
            (r#""all""#.to_owned(), true),
            (rule("ir.module.module", ""), true),
            (rule("ir.module.module", r#", "fields": {"except": ["state"]}"#), false),
            (rule("res.partner", ""), false),
            (rule("*", ""), false),
        ] {
            assert_eq!(may_list_modules(&Scope::from_json(&scope).unwrap()), expected, "{scope}");
        }
    }

    #[test]
    fn the_document_of_a_model_ends_in_json() {
        for (document, expected) in [
            ("res.partner.json", Ok("res.partner")),
            ("res.partner", Err(ErrorCode::UnknownRoute)),
            (".json", Err(ErrorCode::UnknownModel)),
            ("../x.json", Err(ErrorCode::UnknownModel)),
        ] {
            let found = documented_model(document).map(|model| model.as_str().to_owned());
            assert_eq!(found.map_err(|problem| problem.code), expected.map(str::to_owned), "{document}");
        }
    }
}

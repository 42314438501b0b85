//! `POST /json/2/{model}/{method}`: methods of models and records, with named arguments.
//!
//! In: a JSON object with `ids`, `context` and the arguments. Out: an [`Action`] for the pipeline; the result of the
//! method without an envelope. Must not know: the Odoo calls, which arguments a method has.

use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::openapi_schemas::{Json2Arguments, Json2MethodPath, TAG};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::openapi::{ModelPath, RequestHeaders};
use crate::http::pipeline::{Dialect, Endpoint, RenderContext, full_response, handle_with};
use crate::http::request::ApiRequest;
use crate::http::request::content_type::ContentType;
use crate::http::request::params::RequestParams;
use crate::http::state::AppState;
use crate::names::MethodName;
use crate::plan::{Action, FormFields, FormattedGroups};
use crate::shape::{BinaryFormat, DatetimeFormat, EmptyFormat, Many2oneFormat, Shaped, Style, to_json};
use crate::value::{Member, Value};

/// The dialect `/json/2`. Like Odoo, it ignores `Accept`.
const DIALECT: Dialect = Dialect {
    media: &[],
    style: Style {
        many2one: Many2oneFormat::Pair,
        datetime: DatetimeFormat::Odoo,
        empty: EmptyFormat::False,
        binary: BinaryFormat::Text,
    },
    has_label: false,
    body_is_record: true,
    allows_repeated_params: false,
    domain_parameter: "domain",
    call_example: |model, method| format!("{{\"ids\": [7]}} at /json/2/{model}/{method}"),
    render: |shaped, _| to_json(&shaped.into_value()).map_err(Problem::internal),
};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(call_method))
}

/// Call a method
///
/// Calls a public method with named arguments, as Odoo 19 does, on Odoo 14-18, too: the arguments have the names of
/// Odoo 19. `ids` are the records of a record method, `context` is the Odoo context, every other member is an argument.
/// The context has neither the language nor the time zone of the user, unless the request sets them.
#[utoipa::path(
    post, path = "/json/2/{model}/{method}", operation_id = "json2_call_method", tag = TAG,
    params(ModelPath, Json2MethodPath, RequestHeaders), request_body(content = Option<Json2Arguments>),
    responses((status = 200, description = "The result of the method, unchanged", body = serde_json::Value))
)]
async fn call_method(request: ApiRequest) -> Result<Response, Problem> {
    handle_with(request, Endpoint { dialect: &DIALECT, parse, render }).await
}

/// How the result is returned.
#[derive(Debug)]
enum ResultForm {
    Unchanged,
    /// Records are a list of ids, also where this version of Odoo returns one id.
    Ids,
    /// Groups as Odoo 19 returns them.
    Groups(FormattedGroups),
    /// The values of a form as Odoo 17 and later return them.
    Form(FormFields),
}

impl ResultForm {
    fn new(method: &MethodName, arguments: &[Member<'static>]) -> Self {
        match method.as_str() {
            "copy" => Self::Ids,
            "formatted_read_group" => Self::Groups(FormattedGroups::from_arguments(arguments)),
            "onchange" => FormFields::from_arguments(arguments).map_or(Self::Unchanged, Self::Form),
            _ => Self::Unchanged,
        }
    }
}

fn parse(request: &ApiRequest, params: &RequestParams) -> Result<(Action, ResultForm), Problem> {
    let method = request.method("method")?;
    let mut arguments = named_arguments(request, params)?;
    let position = arguments.iter().position(|(name, _)| name == "ids");
    let ids = position.map(|position| arguments.swap_remove(position).1).unwrap_or_default();
    let form = ResultForm::new(&method, &arguments);
    Ok((Action::CallByName { method, ids, arguments }, form))
}

/// The members of the body. Unlike the other dialects, this one accepts only JSON.
fn named_arguments(request: &ApiRequest, params: &RequestParams) -> Result<Vec<Member<'static>>, Problem> {
    let arguments = params.keywords()?;
    let is_json = matches!(ContentType::parse(&request.head.headers), ContentType::Json | ContentType::Unspecified);
    if is_json || arguments.is_empty() {
        return Ok(arguments);
    }
    let detail = "The body is not JSON. Send the arguments as a JSON object, with `Content-Type: application/json`.";
    Err(Problem::new(ErrorCode::UnsupportedMediaType, detail).parameter("Content-Type"))
}

fn render(shaped: Shaped<'_>, form: ResultForm, _: RenderContext<'_>) -> Result<Response, Problem> {
    let result = with_form(shaped.into_value(), &form);
    Ok(full_response(to_json(&result).map_err(Problem::internal)?))
}

fn with_form<'v>(result: Value<'v>, form: &ResultForm) -> Value<'v> {
    match (form, result) {
        (ResultForm::Ids, id @ Value::Int(_)) => Value::List(vec![id]),
        (ResultForm::Groups(groups), result) => groups.restore(result),
        (ResultForm::Form(fields), result) => fields.restore(result),
        (_, result) => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_copied_record_is_a_list_of_ids_in_every_version() {
        let list = Value::List(vec![Value::Int(7)]);
        assert_eq!(with_form(Value::Int(7), &ResultForm::Ids), list);
        assert_eq!(with_form(list.clone(), &ResultForm::Ids), list);
        assert_eq!(with_form(Value::Int(7), &ResultForm::Unchanged), Value::Int(7));
    }

    #[test]
    fn a_form_with_the_argument_names_of_odoo_16_keeps_its_result() {
        let form = |name: &'static str| {
            ResultForm::new(&MethodName::from_static("onchange"), &[(name.into(), Value::Map(Vec::new()))])
        };
        let result = || Value::Map(vec![("value".into(), Value::Map(vec![("a".into(), pair())]))]);
        assert_eq!(with_form(result(), &form("field_onchange")), result());
        assert_ne!(with_form(result(), &form("fields_spec")), result());
    }

    fn pair() -> Value<'static> {
        Value::List(vec![Value::Int(7), "A".into()])
    }
}

//! Parameters and bodies that several dialects have in common. They only describe: none of these types is ever built.
//!
//! In: nothing. Out: descriptions for `#[utoipa::path]`, with examples that work on an Odoo with demo data. Must not
//! know: dialects.
#![expect(dead_code, reason = "these types only describe the document")]

use serde_json::{Map, Value};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

/// The model in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::http) struct ModelPath {
    /// The technical name of the model.
    #[param(example = "res.partner", pattern = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length = 128)]
    model: String,
}

/// The model of the records that are deleted. The example has records that no other record needs.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::http) struct DeletionPath {
    /// The technical name of the model.
    #[param(example = "res.partner.category", pattern = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length = 128)]
    model: String,
}

/// The id of a record in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::http) struct IdPath {
    /// The id of the record.
    #[param(example = 1, minimum = 1, maximum = 2_147_483_647)]
    id: i32,
}

/// A search domain.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct DomainQuery {
    /// A search domain, as a Python literal or JSON. Without a domain, all records match.
    #[param(example = "[('is_company','=',True)]", required = false)]
    domain: Option<String>,
}

/// The fields of the records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct FieldsQuery {
    /// The names of the fields to return, as a list. By default all fields that the user may read.
    #[param(example = "['name','country_id']", required = false)]
    fields: Option<String>,
}

/// Which of the matching records to return, and in which order.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct PagingQuery {
    /// The number of records to skip.
    #[param(example = 0, required = false)]
    offset: Option<u32>,
    /// The maximum number of records to return.
    #[param(example = 5, minimum = 1, required = false)]
    limit: Option<u32>,
    /// Stored fields, separated by commas, each with an optional `asc` or `desc`.
    #[param(example = "name desc", required = false)]
    order: Option<String>,
}

/// The context of the calls to Odoo.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ContextQuery {
    /// A context object, as a Python literal or JSON.
    #[param(required = false)]
    context: Option<String>,
}

/// The database.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(in crate::http) struct DatabaseHeader {
    /// The name of a configured database. By default the database of the credential, else the first one.
    #[param(rename = "X-Odoo-Database", required = false)]
    database: Option<String>,
}

/// Language, time zone and companies.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
struct ContextHeaders {
    /// The code of an installed language, for example `fr_FR`. By default the language of the user.
    #[param(rename = "X-Odoo-Lang", required = false)]
    lang: Option<String>,
    /// An IANA time zone, for example `Europe/Paris`. By default the time zone of the user.
    #[param(rename = "X-Odoo-Tz", required = false)]
    tz: Option<String>,
    /// Company ids, separated by commas. The first one is the active company.
    #[param(rename = "X-Odoo-Company", required = false)]
    company: Option<String>,
}

/// Preferences (RFC 7240).
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
struct PreferHeader {
    /// `empty=null` returns empty values as `null`. `handling=strict` rejects unknown parameters. `label=technical`
    /// replaces the label of the model by its technical name in `/restapi/1.0`.
    #[param(rename = "Prefer", required = false)]
    prefer: Option<String>,
}

/// The headers of every operation that calls Odoo for a user.
pub(in crate::http) struct RequestHeaders;

impl IntoParams for RequestHeaders {
    fn into_params(location: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        [
            DatabaseHeader::into_params(&location),
            ContextHeaders::into_params(&location),
            PreferHeader::into_params(&location),
        ]
        .concat()
    }
}

/// The arguments of a method call.
#[derive(ToSchema)]
#[schema(example = json!({"args": ["Azure"], "kwargs": {"limit": 5}}))]
pub(in crate::http) struct MethodArguments {
    /// Positional arguments.
    args: Option<Vec<Value>>,
    /// Keyword arguments. They may include a `context`.
    kwargs: Option<KeywordArguments>,
}

/// Keyword arguments of a method.
#[derive(ToSchema)]
pub(in crate::http) struct KeywordArguments(Map<String, Value>);

/// The context of the calls to Odoo: `lang`, `tz`, `allowed_company_ids`, and what a method reads.
#[derive(ToSchema)]
pub(in crate::http) struct OdooContext(Map<String, Value>);

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(in crate::http) struct FileContent(Vec<u8>);

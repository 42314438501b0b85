//! What the OpenAPI document says of family D's parameters and answers. Nothing here is ever made at run time.
//!
//! In: nothing. Out: schemas with examples that work on an Odoo with demo data. Must not know: handlers.
#![expect(dead_code, reason = "these types are only described")]

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, PartialSchema as _, ToSchema};

use crate::http::openapi::{self, ErrorFormat};
pub(super) use crate::http::openapi::{FileContent, RequestHeaders};

/// The group in the document.
pub(super) const TAG: &str = "api_v1";

/// A model.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ModelPath {
    /// The model's technical name.
    #[param(example = "res.partner", pattern = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length = 128)]
    model: String,
}

/// A record of a model.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RecordPath {
    /// The model's technical name.
    #[param(example = "res.partner")]
    model: String,
    /// The record's id.
    #[param(example = 1, minimum = 1, maximum = 2_147_483_647)]
    id: i32,
}

/// A field of a record.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct FieldPath {
    /// The model's technical name.
    #[param(example = "res.partner")]
    model: String,
    /// The record's id.
    #[param(example = 1, minimum = 1, maximum = 2_147_483_647)]
    id: i32,
    /// A binary field.
    #[param(example = "image_128", pattern = "^[A-Za-z_][A-Za-z0-9_]*$")]
    field: String,
}

/// A method of a model.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct FunctionPath {
    /// The model's technical name.
    #[param(example = "res.partner")]
    model: String,
    /// The method's name.
    #[param(example = "name_search", pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    function: String,
}

/// A method of a record.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RecordFunctionPath {
    /// The model's technical name.
    #[param(example = "res.partner")]
    model: String,
    /// The record's id.
    #[param(example = 1, minimum = 1, maximum = 2_147_483_647)]
    id: i32,
    /// The method's name.
    #[param(example = "get_metadata", pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    function: String,
}

/// The database.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct DatabaseHeader {
    /// One of the configured databases; the first is the default.
    #[param(rename = "X-Odoo-Database", required = false)]
    database: Option<String>,
}

/// Asking for a part of a file, or only for a newer one.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct FileHeaders {
    /// One range of bytes, as `bytes=0-1023`.
    #[param(rename = "Range", required = false)]
    range: Option<String>,
    /// The `ETag` of the file that the range is of.
    #[param(rename = "If-Range", required = false)]
    if_range: Option<String>,
    /// The `ETag` of what is there already.
    #[param(rename = "If-None-Match", required = false)]
    if_none_match: Option<String>,
}

/// Listing records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// A selection of fields; without one every field but binaries.
    #[param(example = "{id, name, country_id{name}}", required = false)]
    query: Option<String>,
    /// A search domain, as JSON or a Python literal; all records without one.
    #[param(example = r#"[["is_company", "=", true]]"#, required = false)]
    filter: Option<String>,
    /// Stored fields, each with `asc` or `desc`; bare, a JSON text or a JSON list.
    #[param(example = r#"["name desc", "id"]"#, required = false)]
    order: Option<String>,
    /// How many records at most; beside `page_size` it cuts the page.
    #[param(minimum = 1, maximum = 1000, required = false)]
    limit: Option<u32>,
    /// How many records a page has.
    #[param(example = 5, minimum = 1, maximum = 1000, required = false)]
    page_size: Option<u32>,
    /// Which page.
    #[param(example = 1, minimum = 1, required = false)]
    page: Option<u32>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Choosing fields.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct QueryQuery {
    /// A selection of fields; without one every field but binaries.
    #[param(example = "{id, name, country_id{name}}", required = false)]
    query: Option<String>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Choosing records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct IdsQuery {
    /// Record ids; not together with a filter.
    #[param(example = "[1]", required = false)]
    id: Option<String>,
}

/// A new record, or a list of them.
#[derive(ToSchema)]
#[schema(as = ApiV1Create, example = json!({"data": {"name": "Azure Interior", "category_id": {"create": {"name": "New"}}}, "context": {"lang": "en_US"}}))]
pub(super) struct CreateBody {
    /// Field names and values, or a list of such objects. Relations take ids, commands, or verbs: `create`, `update`,
    /// `delete`, `unlink`, `link`, `set`, `clear`.
    data: Value,
    /// A context object.
    context: Option<Map<String, Value>>,
}

/// New records.
#[derive(ToSchema)]
#[schema(as = ApiV1Batch, example = json!({"data": [{"name": "Azure Interior"}, {"name": "Deco Addict"}]}))]
pub(super) struct Batch {
    /// The values of each record.
    data: Vec<Map<String, Value>>,
    /// A context object.
    context: Option<Map<String, Value>>,
}

/// New values.
#[derive(ToSchema)]
#[schema(as = ApiV1Update, example = json!({"data": {"city": "Fremont"}}))]
pub(super) struct UpdateBody {
    /// Field names and values, as in a new record.
    data: Map<String, Value>,
    /// A context object.
    context: Option<Map<String, Value>>,
}

/// New values for several records.
#[derive(ToSchema)]
#[schema(as = ApiV1UpdateMany, example = json!({"data": {"city": "Fremont"}}))]
pub(super) struct UpdateManyBody {
    /// A search domain; not together with `id`.
    filter: Option<Vec<Value>>,
    /// Field names and values, as in a new record.
    data: Map<String, Value>,
    /// A context object.
    context: Option<Map<String, Value>>,
}

/// Which records.
#[derive(ToSchema)]
#[schema(as = ApiV1Filter, example = json!({"context": {"lang": "en_US"}}))]
pub(super) struct FilterBody {
    /// A search domain; not together with `id`.
    filter: Option<Vec<Value>>,
    /// A context object.
    context: Option<Map<String, Value>>,
}

/// A search.
#[derive(ToSchema)]
#[schema(as = ApiV1Search, example = json!({"domain": [["name", "ilike", "a"]], "fields": ["id", "name", "email"], "limit": 5, "offset": 0, "order": "name ASC"}))]
pub(super) struct SearchBody {
    /// A search domain; all records without one.
    domain: Option<Vec<Value>>,
    /// Names of fields; every field but binaries without.
    fields: Option<Vec<String>>,
    /// How many records at most.
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// How many records to leave out.
    offset: Option<u32>,
    /// Stored fields, each with `asc` or `desc`; a text or a list of texts.
    order: Option<Value>,
    /// A context object.
    context: Option<Map<String, Value>>,
}

/// A call of a method.
#[derive(ToSchema)]
#[schema(as = ApiV1Call, example = json!({"args": ["Azure"], "kwargs": {"limit": 5}}))]
pub(super) struct MethodCall {
    /// Positional arguments.
    args: Option<Vec<Value>>,
    /// Named arguments, a `context` among them.
    kwargs: Option<Map<String, Value>>,
}

/// A page of records.
#[derive(ToSchema)]
#[schema(as = ApiV1Page, example = json!({
    "success": true, "message": "Records retrieved successfully",
    "data": {
        "records": [{"id": 2, "name": "Administrator"}, {"id": 6, "name": "Demo User"}],
        "pagination": {
            "count": 2, "total_count": 2, "current_page": 1, "total_pages": 1, "page_size": null, "prev_page": null,
            "next_page": null
        }
    },
    "timestamp": "2026-01-01T12:00:00.000Z"
}))]
pub(super) struct Page {
    /// `true`.
    success: bool,
    /// For people.
    message: String,
    /// The records and what is told of the page.
    data: PageData,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// Records and what is told of their page.
#[derive(ToSchema)]
#[schema(as = ApiV1PageData)]
struct PageData {
    /// The records of this page.
    records: Vec<Map<String, Value>>,
    /// Which page it is.
    pagination: Pagination,
}

/// Which page it is.
#[derive(ToSchema)]
#[schema(as = ApiV1Pagination)]
struct Pagination {
    /// How many records are here.
    count: u32,
    /// How many there are in all.
    total_count: u32,
    /// This page.
    current_page: u32,
    /// How many pages there are, at least 1.
    total_pages: u32,
    /// `page_size` as it was asked for.
    page_size: Option<u32>,
    /// The page before.
    prev_page: Option<u32>,
    /// The page behind.
    next_page: Option<u32>,
}

/// A record, or a list of records where a list was sent.
#[derive(ToSchema)]
#[schema(as = ApiV1Record, example = json!({
    "success": true, "message": "Record retrieved successfully",
    "data": {"id": 1, "name": "YourCompany", "country_id": 233}, "timestamp": "2026-01-01T12:00:00.000Z"
}))]
pub(super) struct RecordAnswer {
    /// `true`.
    success: bool,
    /// For people.
    message: String,
    /// The record.
    data: Value,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// New records.
#[derive(ToSchema)]
#[schema(as = ApiV1BatchAnswer, example = json!({
    "success": true, "message": "Records created successfully",
    "data": {"records": [{"id": 41, "name": "Azure Interior"}, {"id": 42, "name": "Deco Addict"}], "count": 2},
    "timestamp": "2026-01-01T12:00:00.000Z"
}))]
pub(super) struct BatchAnswer {
    /// `true`.
    success: bool,
    /// For people.
    message: String,
    /// `records` and their `count`.
    data: Map<String, Value>,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// Which records were updated.
#[derive(ToSchema)]
#[schema(as = ApiV1Updated, example = json!({
    "success": true, "message": "Records updated successfully", "data": {"updated": 2, "ids": [1, 2]},
    "timestamp": "2026-01-01T12:00:00.000Z"
}))]
pub(super) struct Updated {
    /// `true`.
    success: bool,
    /// For people.
    message: String,
    /// How many, and their ids.
    data: Map<String, Value>,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// A record is gone.
#[derive(ToSchema)]
#[schema(as = ApiV1Deleted, example = json!({
    "success": true, "message": "Record deleted successfully",
    "data": {"success": true, "message": "Record deleted successfully"}, "timestamp": "2026-01-01T12:00:00.000Z"
}))]
pub(super) struct Deleted {
    /// `true`.
    success: bool,
    /// For people.
    message: String,
    /// The same.
    data: Map<String, Value>,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// Records are gone.
#[derive(ToSchema)]
#[schema(as = ApiV1DeletedMany, example = json!({
    "success": true, "message": "Records deleted successfully",
    "data": {"success": true, "message": "Record deleted successfully", "deleted": 3},
    "timestamp": "2026-01-01T12:00:00.000Z"
}))]
pub(super) struct DeletedMany {
    /// `true`.
    success: bool,
    /// For people.
    message: String,
    /// The same, and how many.
    data: Map<String, Value>,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// What was found.
#[derive(ToSchema)]
#[schema(as = ApiV1Found, example = json!({
    "success": true, "message": "Records retrieved successfully",
    "data": {"records": [{"id": 1, "name": "YourCompany"}], "count": 1, "total_count": 1},
    "timestamp": "2026-01-01T12:00:00.000Z"
}))]
pub(super) struct Found {
    /// `true`.
    success: bool,
    /// For people.
    message: String,
    /// `records`, their `count`, and the `total_count`.
    data: Map<String, Value>,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// What a method answered.
#[derive(ToSchema)]
#[schema(as = ApiV1Result, example = json!({
    "success": true, "message": "Operation completed successfully", "data": [[14, "Azure Interior"]],
    "timestamp": "2026-01-01T12:00:00.000Z"
}))]
pub(super) struct Returned {
    /// `true`.
    success: bool,
    /// For people.
    message: String,
    /// Odoo's answer, unchanged; `null` for none.
    data: Value,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// Descriptions of fields by name.
#[derive(ToSchema)]
#[schema(as = ApiV1Fields, example = json!({
    "success": true, "message": "Operation completed successfully",
    "data": {"name": {"type": "char", "string": "Name"}}, "timestamp": "2026-01-01T12:00:00.000Z"
}))]
pub(super) struct FieldsAnswer {
    /// `true`.
    success: bool,
    /// For people.
    message: String,
    /// The attributes of each field.
    data: Map<String, Value>,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// The state of the gateway and of Odoo.
#[derive(ToSchema)]
#[schema(as = ApiV1Health, example = json!({
    "success": true, "message": "Operation completed successfully",
    "data": {"status": "ok", "gateway": "ok", "odoo": "ok"}, "timestamp": "2026-01-01T12:00:00.000Z"
}))]
pub(super) struct HealthAnswer {
    /// `true`.
    success: bool,
    /// For people.
    message: String,
    /// `status` is `ok`, or `degraded` when `odoo` is `unreachable`.
    data: Map<String, Value>,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// Versions and endpoints.
#[derive(ToSchema)]
#[schema(as = ApiV1Info, example = json!({
    "success": true, "message": "Operation completed successfully",
    "data": {
        "name": "odoo-gateway", "version": "0.1.0", "api_version": "v1",
        "odoo": {"server_version": "19.0", "server_serie": "19.0"},
        "endpoints": [{"method": "GET", "path": "/api/v1/{model}", "description": "List records"}]
    },
    "timestamp": "2026-01-01T12:00:00.000Z"
}))]
pub(super) struct InfoAnswer {
    /// `true`.
    success: bool,
    /// For people.
    message: String,
    /// `odoo` is `null` when it does not answer.
    data: Map<String, Value>,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// A refusal or failure.
#[derive(ToSchema)]
#[schema(as = ApiV1Failed, example = json!({
    "success": false,
    "error": {
        "code": 400, "message": "The model res.partner has no field nmae, or this user may not see it.",
        "type": "BadRequest", "details": "The model has no such field", "reason": "unknown_field",
        "request_id": "5f2b7c0d9a41e836-1", "hint": "Did you mean name?", "parameter": "nmae"
    },
    "timestamp": "2026-01-01T12:00:00.000Z"
}))]
struct Failed {
    /// `false`.
    success: bool,
    /// What went wrong.
    error: FailedError,
    /// RFC 3339, UTC.
    timestamp: String,
}

/// What went wrong.
#[derive(ToSchema)]
#[schema(as = ApiV1Error)]
struct FailedError {
    /// The HTTP status.
    code: u16,
    /// What was wrong with this request, and where; or what Odoo says.
    message: String,
    /// One of ValidationError, AccessError, MissingError, AccessDenied, RedirectWarning, BadRequest, NotFound,
    /// Unauthorized, Forbidden, Conflict, TooManyRequests, ServerError.
    r#type: String,
    /// What kind of problem it is, for people.
    details: String,
    /// What kind of problem it is, for programs.
    reason: String,
    /// Under which id the gateway's log knows the request.
    request_id: String,
    /// How to mend it.
    hint: Option<String>,
    /// The parameter, header or value to blame.
    parameter: Option<String>,
}

/// How the dialect writes errors.
const ERRORS: ErrorFormat = ErrorFormat {
    name: "ApiV1",
    schema: "ApiV1Failed",
    media_type: "application/json",
    pages: false,
    rejects_with_400: true,
};

/// Adds the errors that its operations can answer.
pub(super) fn describe_errors(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    components.schemas.insert("ApiV1Failed".into(), Failed::schema());
    components.schemas.insert("ApiV1Error".into(), FailedError::schema());
    openapi::describe_errors(document, ERRORS);
}

//! The parameters and bodies of `/restapi/1.0` in the OpenAPI document. They only describe: none of these types is
//! ever built.
//!
//! In: nothing. Out: schemas with examples that work on an Odoo with demo data. Must not know: handlers.
#![expect(dead_code, reason = "these types only describe the document")]

use serde_json::{Map, Value};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi, RefOr};
use utoipa::{IntoParams, ToSchema};

use crate::http::openapi::OdooContext;

/// The tag of the operations.
pub(super) const TAG: &str = "restapi";

/// The id of a record in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RecordKeyPath {
    /// The id of the record.
    #[param(example = 1, minimum = 1, maximum = 2_147_483_647)]
    key: i32,
}

/// A method of a model in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct MethodKeyPath {
    /// The name of the method.
    #[param(example = "name_search", pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    key: String,
}

/// A method of a record in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RecordMethodPath {
    /// The name of the method.
    #[param(example = "get_metadata", pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    method: String,
}

/// The access rights to check.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AccessQuery {
    /// `create`, `read`, `write`, `unlink`, or a list of them.
    #[param(example = "['read']")]
    operation: String,
    /// Whether a denied operation is an error (403, the default) or returns `false`.
    #[param(example = "True", required = false)]
    raise_exception: Option<String>,
}

/// Whether to count.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CountQuery {
    /// `True` returns only the number of records.
    #[param(required = false)]
    count: Option<String>,
}

/// The ids of the records to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OptionalIdsQuery {
    /// Record ids. They cannot be combined with a domain.
    #[param(required = false)]
    ids: Option<String>,
}

/// The fields to describe.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FieldsGetQuery {
    /// The names of the fields to describe. By default all fields.
    #[param(example = "['name','country_id']", required = false)]
    allfields: Option<String>,
    /// The names of the attributes to return. By default all attributes.
    #[param(example = "['string','help','type']", required = false)]
    attributes: Option<String>,
}

/// The ids of the records to change.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct IdsQuery {
    /// Record ids.
    #[param(example = "12,17")]
    ids: String,
}

/// Values in the query.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ValsQuery {
    /// An object of field names and values, as a Python literal or JSON. It can be sent in the body instead.
    #[param(required = false)]
    vals: Option<String>,
}

/// Values in the body.
#[derive(ToSchema)]
#[schema(example = json!({"vals": {"name": "Azure Interior", "city": "Fremont"}}))]
pub(super) struct RestapiVals {
    /// Field names and values. A list of such objects creates several records.
    vals: Value,
    /// A context object.
    context: Option<OdooContext>,
}

/// The version of the Odoo server.
#[derive(ToSchema)]
#[schema(example = json!({
    "server_version": "19.0", "server_version_info": [19, 0, 0, "final", 0, ""], "server_series": "19.0",
    "protocol_version": 1
}))]
pub(super) struct RestapiVersion {
    /// The version as text.
    server_version: String,
    /// Major, minor, micro, release level, serial, edition.
    server_version_info: Vec<Value>,
    /// The major version, for example `17.0`.
    server_series: String,
    /// The version of the RPC protocol.
    protocol_version: i32,
}

/// The result of an access check.
#[derive(ToSchema)]
#[schema(example = json!({"return": true}))]
pub(super) struct RestapiRight {
    /// Whether all operations are allowed.
    r#return: bool,
}

/// The result of a method.
#[derive(ToSchema)]
#[schema(example = json!({"return": [[14, "Azure Interior"]]}))]
pub(super) struct RestapiResult {
    /// The result, unchanged. `null` if the method returns nothing.
    r#return: Value,
}

/// A number of records.
#[derive(ToSchema)]
#[schema(example = json!({"count": 19}))]
pub(super) struct RestapiCount {
    /// The number of records that match.
    count: u64,
}

/// A record under the label of its model; a list of records if a list was created.
#[derive(ToSchema)]
#[schema(example = json!({
    "Contact": {"id": 14, "name": "Azure Interior", "country_id": [233, "United States"]}
}))]
pub(super) struct RestapiRecord(Map<String, Value>);

/// Records under the label of their model.
#[derive(ToSchema)]
#[schema(example = json!({
    "Contact": [{"id": 14, "name": "Azure Interior", "country_id": [233, "United States"]}]
}))]
pub(super) struct RestapiRecords(Map<String, Value>);

/// Ids under the label of their model.
#[derive(ToSchema)]
#[schema(example = json!({"Contact": [14, 10, 11]}))]
pub(super) struct RestapiIds(Map<String, Value>);

/// Field descriptions.
#[derive(ToSchema)]
#[schema(example = json!({"fields": {"name": {"type": "char", "string": "Name"}}}))]
pub(super) struct RestapiFields {
    /// The attributes of each field, by field name.
    fields: Map<String, Value>,
}

/// A report in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ReportPath {
    /// The technical name of the report: `report_name` of `ir.actions.report`.
    #[param(example = "sale.report_saleorder", pattern = "^[A-Za-z0-9_.-]+$", max_length = 128)]
    report_name: String,
}

/// The records to print.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportsQuery {
    /// At most 50 record ids.
    #[param(example = "1,2")]
    ids: String,
}

/// A printed record.
#[derive(ToSchema)]
#[schema(example = json!({"id": 12, "state": "true", "format": "pdf", "result": "JVBERi0xLjQK"}))]
pub(super) struct RestapiDocument {
    /// The id of the record.
    id: i32,
    /// Always the text `true`.
    state: String,
    /// `pdf`, `html` or `text`.
    format: String,
    /// The document in base64.
    result: String,
}

/// The document of one record.
#[derive(ToSchema)]
#[schema(example = json!({"report": {"id": 12, "state": "true", "format": "pdf", "result": "JVBERi0xLjQK"}}))]
pub(super) struct RestapiReport {
    /// The document.
    report: RestapiDocument,
}

/// The documents of several records.
#[derive(ToSchema)]
#[schema(example = json!({"report": [{"id": 12, "state": "true", "format": "pdf", "result": "JVBERi0xLjQK"}]}))]
pub(super) struct RestapiReports {
    /// The documents, in the order of the ids.
    report: Vec<RestapiDocument>,
}

/// An empty object.
#[derive(ToSchema)]
#[schema(example = json!({}))]
pub(super) struct RestapiEmpty {}

/// Adds `application/xml` to the successful response of every operation.
pub(super) fn describe_xml(document: &mut OpenApi) {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let xml = ContentBuilder::new().schema(Some(text)).example(Some(XML_EXAMPLE.into())).build();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            if let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200") {
                response.content.insert("application/xml".into(), RefOr::T(xml.clone()));
            }
        }
    }
}

/// The tree of the JSON response, each node with its type.
const XML_EXAMPLE: &str = concat!(
    r#"<response type="object"><member name="Contact" type="object"><member name="id" type="number">14</member>"#,
    r#"<member name="name" type="string">Azure Interior</member></member></response>"#
);

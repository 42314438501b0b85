//! What the OpenAPI document says of family A's parameters and answers. Nothing here is ever made at run time.
//!
//! In: nothing. Out: schemas with examples that work on an Odoo with demo data. Must not know: handlers.
#![expect(dead_code, reason = "these types are only described")]

use serde_json::{Map, Value};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi, RefOr};
use utoipa::{IntoParams, ToSchema};

pub(super) use crate::http::openapi::FileContent;

/// The group in the document.
pub(super) const TAG: &str = "restapi";

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
    key: i32,
}

/// A method of a model.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct MethodPath {
    /// The model's technical name.
    #[param(example = "res.partner")]
    model: String,
    /// The method's name.
    #[param(example = "name_search", pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    key: String,
}

/// A method of a record.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RecordMethodPath {
    /// The model's technical name.
    #[param(example = "res.partner")]
    model: String,
    /// The record's id.
    #[param(example = 1, minimum = 1, maximum = 2_147_483_647)]
    key: i32,
    /// The method's name.
    #[param(example = "get_metadata", pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    method: String,
}

/// The database.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct DatabaseHeader {
    /// One of the configured databases; the first is the default.
    #[param(rename = "X-Odoo-Database", required = false)]
    database: Option<String>,
}

/// Headers that every call takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct RequestHeaders {
    /// One of the configured databases; the first is the default.
    #[param(rename = "X-Odoo-Database", required = false)]
    database: Option<String>,
    /// An installed language, as `fr_FR`; by default the user's own.
    #[param(rename = "X-Odoo-Lang", required = false)]
    lang: Option<String>,
    /// An IANA time zone; by default the user's own.
    #[param(rename = "X-Odoo-Tz", required = false)]
    tz: Option<String>,
    /// Ids of companies, the active one first.
    #[param(rename = "X-Odoo-Company", required = false)]
    company: Option<String>,
    /// `empty=null` writes empty values as `null`; `label=technical` names the model instead of its label;
    /// `handling=strict` rejects unknown parameters.
    #[param(rename = "Prefer", required = false)]
    prefer: Option<String>,
}

/// Asking for rights.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AccessQuery {
    /// One of create, read, write, unlink, or a list of them.
    #[param(example = "['read']")]
    operation: String,
    /// Whether a "no" is an error (403) or an answer.
    #[param(example = "True", required = false)]
    raise_exception: Option<String>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Finding records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// A search domain, as a Python literal or JSON; all records without one.
    #[param(example = "[('is_company','=',True)]", required = false)]
    domain: Option<String>,
    /// How many records to leave out.
    #[param(example = 0, required = false)]
    offset: Option<u32>,
    /// How many records at most.
    #[param(example = 5, minimum = 1, required = false)]
    limit: Option<u32>,
    /// Stored fields, each with `asc` or `desc`.
    #[param(example = "name desc", required = false)]
    order: Option<String>,
    /// `True`: only the number.
    #[param(required = false)]
    count: Option<String>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Counting records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchCountQuery {
    /// A search domain, as a Python literal or JSON; all records without one.
    #[param(example = "[('is_company','=',True)]", required = false)]
    domain: Option<String>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Listing records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Record ids; not together with a domain.
    #[param(required = false)]
    ids: Option<String>,
    /// A search domain, as a Python literal or JSON; all records without one.
    #[param(example = "[('is_company','=',True)]", required = false)]
    domain: Option<String>,
    /// Names of fields; all readable ones without. `id` always comes.
    #[param(example = "['name','country_id']", required = false)]
    fields: Option<String>,
    /// How many records to leave out.
    #[param(example = 0, required = false)]
    offset: Option<u32>,
    /// How many records at most.
    #[param(example = 5, minimum = 1, required = false)]
    limit: Option<u32>,
    /// Stored fields, each with `asc` or `desc`.
    #[param(example = "name desc", required = false)]
    order: Option<String>,
    /// `True`: only the number.
    #[param(required = false)]
    count: Option<String>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Choosing fields.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FieldsQuery {
    /// Names of fields; all readable ones without. `id` always comes.
    #[param(example = "['name','country_id']", required = false)]
    fields: Option<String>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Describing fields.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FieldsGetQuery {
    /// Names of fields; all without.
    #[param(example = "['name','country_id']", required = false)]
    allfields: Option<String>,
    /// Names of attributes; all without.
    #[param(example = "['string','help','type']", required = false)]
    attributes: Option<String>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Choosing records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct IdsQuery {
    /// Record ids.
    #[param(example = "12,17")]
    ids: String,
}

/// Values, in the query.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ValsQuery {
    /// An object of field names and values, as a Python literal or JSON. May stand in the body instead.
    #[param(required = false)]
    vals: Option<String>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Values, in the body.
#[derive(ToSchema)]
#[schema(as = RestapiVals, example = json!({"vals": {"name": "Azure Interior", "city": "Fremont"}}))]
pub(super) struct ValsBody {
    /// Field names and values, or a list of such objects to create several records.
    vals: Value,
    /// A context object.
    context: Option<Map<String, Value>>,
}

/// A call of a method.
#[derive(ToSchema)]
#[schema(as = RestapiMethodCall, example = json!({"args": ["Azure"], "kwargs": {"limit": 5}}))]
pub(super) struct MethodCall {
    /// Positional arguments.
    args: Option<Vec<Value>>,
    /// Named arguments, a `context` among them.
    kwargs: Option<Map<String, Value>>,
}

/// The Odoo server's version.
#[derive(ToSchema)]
#[schema(as = RestapiVersion, example = json!({
    "server_version": "19.0", "server_version_info": [19, 0, 0, "final", 0, ""], "server_series": "19.0",
    "protocol_version": 1
}))]
pub(super) struct Version {
    /// The version's name.
    server_version: String,
    /// Major, minor, micro, level, serial, edition.
    server_version_info: Vec<Value>,
    /// The series.
    server_series: String,
    /// The protocol's version.
    protocol_version: i32,
}

/// Whether something is allowed.
#[derive(ToSchema)]
#[schema(as = RestapiRight, example = json!({"return": true}))]
pub(super) struct ReturnedRight {
    /// Yes or no.
    r#return: bool,
}

/// What a method answered.
#[derive(ToSchema)]
#[schema(as = RestapiResult, example = json!({"return": [[14, "Azure Interior"]]}))]
pub(super) struct Returned {
    /// Odoo's answer, unchanged; `null` for none.
    r#return: Value,
}

/// A number of records.
#[derive(ToSchema)]
#[schema(as = RestapiCount, example = json!({"count": 19}))]
pub(super) struct Counted {
    /// The number.
    count: u64,
}

/// A record under the label of its model, or a list of records when a list was created.
#[derive(ToSchema)]
#[schema(as = RestapiRecord, example = json!({"Contact": {"id": 14, "name": "Azure Interior", "country_id": [233, "United States"]}}))]
pub(super) struct Labelled(Map<String, Value>);

/// Records under the label of their model.
#[derive(ToSchema)]
#[schema(as = RestapiRecords, example = json!({"Contact": [{"id": 14, "name": "Azure Interior", "country_id": [233, "United States"]}]}))]
pub(super) struct LabelledMany(Map<String, Value>);

/// Ids under the label of their model.
#[derive(ToSchema)]
#[schema(as = RestapiIds, example = json!({"Contact": [14, 10, 11]}))]
pub(super) struct LabelledIds(Map<String, Value>);

/// Descriptions of fields by name.
#[derive(ToSchema)]
#[schema(as = RestapiFields, example = json!({"fields": {"name": {"type": "char", "string": "Name"}}}))]
pub(super) struct FieldsAnswer {
    /// The attributes of each field.
    fields: Map<String, Value>,
}

/// A report of one record.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ReportRecordPath {
    /// The report's technical name, as `ir.actions.report` tells it.
    #[param(example = "sale.report_saleorder", pattern = "^[A-Za-z0-9_.-]+$", max_length = 128)]
    report_name: String,
    /// The record's id.
    #[param(example = 1, minimum = 1, maximum = 2_147_483_647)]
    id: i32,
}

/// A report.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ReportPath {
    /// The report's technical name, as `ir.actions.report` tells it.
    #[param(example = "sale.report_saleorder", pattern = "^[A-Za-z0-9_.-]+$", max_length = 128)]
    report_name: String,
}

/// Which records are printed.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportsQuery {
    /// At most 50 ids.
    #[param(example = "1,2")]
    ids: String,
    /// A context object. Odoo 14 prints in the user's own language whatever it says.
    #[param(required = false)]
    context: Option<String>,
}

/// Headers that printing takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct ReportHeaders {
    /// One of the configured databases; the first is the default.
    #[param(rename = "X-Odoo-Database", required = false)]
    database: Option<String>,
    /// An installed language, as `fr_FR`; by default the user's own. Many reports speak their customer's language
    /// whatever it says; Odoo 14 does not listen.
    #[param(rename = "X-Odoo-Lang", required = false)]
    lang: Option<String>,
    /// An IANA time zone; by default the user's own.
    #[param(rename = "X-Odoo-Tz", required = false)]
    tz: Option<String>,
    /// Ids of companies, the active one first.
    #[param(rename = "X-Odoo-Company", required = false)]
    company: Option<String>,
}

/// A printed record.
#[derive(ToSchema)]
#[schema(as = RestapiDocument, example = json!({"id": 12, "state": "true", "format": "pdf", "result": "JVBERi0xLjQK"}))]
pub(super) struct Document {
    /// The record's id.
    id: i32,
    /// `true`, as the manual has it.
    state: String,
    /// `pdf`, `html` or `text`.
    format: String,
    /// The document in base64.
    result: String,
}

/// The document of one record.
#[derive(ToSchema)]
#[schema(as = RestapiReport, example = json!({"report": {"id": 12, "state": "true", "format": "pdf", "result": "JVBERi0xLjQK"}}))]
pub(super) struct Printed {
    /// The document.
    report: Document,
}

/// A document for each record.
#[derive(ToSchema)]
#[schema(as = RestapiReports, example = json!({"report": [{"id": 12, "state": "true", "format": "pdf", "result": "JVBERi0xLjQK"}]}))]
pub(super) struct PrintedMany {
    /// The documents, in the order of the ids.
    report: Vec<Document>,
}

/// Nothing is left to say.
#[derive(ToSchema)]
#[schema(as = RestapiNothing, example = json!({}))]
pub(super) struct Nothing {}

/// Says that each answer can be had as XML, too.
pub(super) fn offer_xml(document: &mut OpenApi) {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let xml = ContentBuilder::new().schema(Some(text)).example(Some(XML.into())).build();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            if let Some(RefOr::T(answer)) = operation.responses.responses.get_mut("200") {
                answer.content.insert("application/xml".into(), RefOr::T(xml.clone()));
            }
        }
    }
}

/// The tree of the JSON answer, each node with its type.
const XML: &str = r#"<response type="object"><member name="Contact" type="object"><member name="id" type="number">14</member><member name="name" type="string">Azure Interior</member></member></response>"#;

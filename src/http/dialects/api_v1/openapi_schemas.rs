//! The parameters and bodies of `/api/v1` in the OpenAPI document. They only describe: none of these types is ever
//! built.
//!
//! The member `data` of each response is in `response_data`.
//!
//! In: nothing. Out: schemas with examples that work on an Odoo with demo data. Must not know: handlers.
#![expect(dead_code, reason = "these types only describe the document")]

mod response_data;

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, PartialSchema as _, ToSchema};

use self::response_data::{
    ApiV1Deletion, ApiV1Deletions, ApiV1FoundRecords, ApiV1HealthState, ApiV1InfoData, ApiV1NewRecords, ApiV1PageData,
    ApiV1UpdatedRecords,
};
use super::errors::{self, ApiV1Error, ApiV1Failed};
use crate::http::openapi::{self, ErrorFormat, OdooContext};

/// The tag of the operations.
pub(super) const TAG: &str = "api_v1";

/// A binary field in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct BinaryFieldPath {
    /// The name of a binary field.
    #[param(example = "image_128", pattern = "^[A-Za-z_][A-Za-z0-9_]*$")]
    field: String,
}

/// A method of a model in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct FunctionPath {
    /// The name of the method.
    #[param(example = "name_search", pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    function: String,
}

/// A method of a record in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RecordFunctionPath {
    /// The name of the method.
    #[param(example = "get_metadata", pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    function: String,
}

/// Range and conditional requests (RFC 9110 sections 13 and 14).
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct FileHeaders {
    /// One range of bytes, for example `bytes=0-1023`.
    #[param(rename = "Range", required = false)]
    range: Option<String>,
    /// The `ETag` of the file to which the range applies.
    #[param(rename = "If-Range", required = false)]
    if_range: Option<String>,
    /// The `ETag` of the file that the client already has.
    #[param(rename = "If-None-Match", required = false)]
    if_none_match: Option<String>,
}

/// The page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// A search domain, as JSON or a Python literal. Without a domain, all records match.
    #[param(example = r#"[["is_company", "=", true]]"#, required = false)]
    filter: Option<String>,
    /// Stored fields, each with an optional `asc` or `desc`: plain text, a JSON string, or a JSON array.
    #[param(example = r#"["name desc", "id"]"#, required = false)]
    order: Option<String>,
    /// The maximum number of records to return. With `page_size`, it shortens the page.
    #[param(minimum = 1, maximum = 1000, required = false)]
    limit: Option<u32>,
    /// The number of records per page.
    #[param(example = 5, minimum = 1, maximum = 1000, required = false)]
    page_size: Option<u32>,
    /// The number of the page, from 1.
    #[param(example = 1, minimum = 1, required = false)]
    page: Option<u32>,
}

/// The selection of fields.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SelectionQuery {
    /// The fields to return, also of related records. By default all fields except binary fields.
    #[param(example = "{id, name, country_id{name}}", required = false)]
    query: Option<String>,
}

/// The ids of the records to change.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BulkIdQuery {
    /// Record ids. They cannot be combined with a filter.
    #[param(example = "[1]", required = false)]
    id: Option<String>,
}

/// A new record, or a list of new records.
#[derive(ToSchema)]
#[schema(example = json!({
    "data": {"name": "Azure Interior", "category_id": {"create": {"name": "New"}}}, "context": {"lang": "en_US"}
}))]
pub(super) struct ApiV1Create {
    /// Field names and values, or a list of such objects. A relation field accepts ids, Odoo commands, or an object
    /// with `create`, `update`, `delete`, `unlink`, `link`, `set` or `clear`.
    data: Value,
    /// A context object.
    context: Option<OdooContext>,
}

/// New records.
#[derive(ToSchema)]
#[schema(example = json!({"data": [{"name": "Azure Interior"}, {"name": "Deco Addict"}]}))]
pub(super) struct ApiV1Batch {
    /// The values of each record.
    data: Vec<Map<String, Value>>,
    /// A context object.
    context: Option<OdooContext>,
}

/// New values for a record.
#[derive(ToSchema)]
#[schema(example = json!({"data": {"city": "Fremont"}}))]
pub(super) struct ApiV1Update {
    /// Field names and values, as for a new record.
    data: Map<String, Value>,
    /// A context object.
    context: Option<OdooContext>,
}

/// New values for several records.
#[derive(ToSchema)]
#[schema(example = json!({"data": {"city": "Fremont"}}))]
pub(super) struct ApiV1UpdateMany {
    /// A search domain. It cannot be combined with `id`.
    filter: Option<Vec<Value>>,
    /// Field names and values, as for a new record.
    data: Map<String, Value>,
    /// A context object.
    context: Option<OdooContext>,
}

/// The records to delete.
#[derive(ToSchema)]
#[schema(example = json!({"context": {"lang": "en_US"}}))]
pub(super) struct ApiV1Filter {
    /// A search domain. It cannot be combined with `id`.
    filter: Option<Vec<Value>>,
    /// A context object.
    context: Option<OdooContext>,
}

/// A search.
#[derive(ToSchema)]
#[schema(example = json!({
    "domain": [["name", "ilike", "a"]], "fields": ["id", "name", "email"], "limit": 5, "offset": 0, "order": "name ASC"
}))]
pub(super) struct ApiV1Search {
    /// A search domain. Without a domain, all records match.
    domain: Option<Vec<Value>>,
    /// The names of the fields to return. By default all fields except binary fields.
    fields: Option<Vec<String>>,
    /// The maximum number of records to return.
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The number of records to skip.
    offset: Option<u32>,
    /// Stored fields, each with an optional `asc` or `desc`: a text or a list of texts.
    order: Option<Value>,
    /// A context object.
    context: Option<OdooContext>,
}

/// Declares the bodies of successful responses: the envelope `{success, message, data, timestamp}`.
macro_rules! envelopes {
    ($(
        $(#[$doc:meta])*
        $name:ident { $(#[$data_doc:meta])* data: $data:ty } example $message:tt $example:tt
    )*) => {$(
        $(#[$doc])*
        #[derive(ToSchema)]
        #[schema(example = json!({
            "success": true, "message": $message, "data": $example, "timestamp": "2026-01-01T12:00:00.000Z"
        }))]
        pub(super) struct $name {
            /// Always `true`.
            success: bool,
            /// A message for people.
            message: String,
            $(#[$data_doc])*
            data: $data,
            /// The time of the response (RFC 3339, UTC).
            timestamp: String,
        }
    )*};
}

envelopes! {
    /// A page of records.
    ApiV1Page {
        /// The records and the position of the page.
        data: ApiV1PageData
    } example "Records retrieved successfully" {
        "records": [{"id": 2, "name": "Administrator"}, {"id": 6, "name": "Demo User"}],
        "pagination": {
            "count": 2, "total_count": 2, "current_page": 1, "total_pages": 1, "page_size": null, "prev_page": null,
            "next_page": null
        }
    }

    /// A record, or a list of records if a list was sent.
    ApiV1Record {
        /// The record.
        data: Value
    } example "Record retrieved successfully" {"id": 1, "name": "YourCompany", "country_id": 233}

    /// New records.
    ApiV1BatchResponse {
        /// The records and their number.
        data: ApiV1NewRecords
    } example "Records created successfully" {
        "records": [{"id": 41, "name": "Azure Interior"}, {"id": 42, "name": "Deco Addict"}], "count": 2
    }

    /// The updated records.
    ApiV1Updated {
        /// The number of records, and their ids.
        data: ApiV1UpdatedRecords
    } example "Records updated successfully" {"updated": 2, "ids": [1, 2]}

    /// A record was deleted.
    ApiV1Deleted {
        /// `success` and `message` again.
        data: ApiV1Deletion
    } example "Record deleted successfully" {"success": true, "message": "Record deleted successfully"}

    /// Records were deleted.
    ApiV1DeletedMany {
        /// `success` and `message` again, and the number of records.
        data: ApiV1Deletions
    } example "Records deleted successfully" {
        "success": true, "message": "Record deleted successfully", "deleted": 3
    }

    /// The records that match.
    ApiV1Found {
        /// The records and their numbers.
        data: ApiV1FoundRecords
    } example "Records retrieved successfully" {
        "records": [{"id": 1, "name": "YourCompany"}], "count": 1, "total_count": 1
    }

    /// The result of a method.
    ApiV1Result {
        /// The result, unchanged. `null` if the method returns nothing.
        data: Value
    } example "Operation completed successfully" [[14, "Azure Interior"]]

    /// Field descriptions.
    ApiV1Fields {
        /// The attributes of each field, by field name.
        data: Map<String, Value>
    } example "Operation completed successfully" {"name": {"type": "char", "string": "Name"}}

    /// The state of the gateway and of Odoo.
    ApiV1Health {
        /// The states.
        data: ApiV1HealthState
    } example "Operation completed successfully" {"status": "ok", "gateway": "ok", "odoo": "ok"}

    /// Versions and endpoints.
    ApiV1Info {
        /// The versions and the endpoints.
        data: ApiV1InfoData
    } example "Operation completed successfully" {
        "name": "odoo-gateway", "version": "0.1.0", "api_version": "v1",
        "odoo": {"server_version": "19.0", "server_serie": "19.0"},
        "endpoints": [{"method": "GET", "path": "/api/v1/{model}", "description": "List records"}]
    }
}

/// The error responses of the dialect.
const ERRORS: ErrorFormat = ErrorFormat {
    name: "ApiV1",
    schema: "ApiV1Failed",
    media_type: "application/json",
    status: errors::status,
    ..ErrorFormat::PROBLEM
};

/// Adds the error responses to all operations.
pub(super) fn describe_errors(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    components.schemas.insert("ApiV1Failed".into(), ApiV1Failed::schema());
    components.schemas.insert("ApiV1Error".into(), ApiV1Error::schema());
    openapi::describe_errors(document, ERRORS);
}

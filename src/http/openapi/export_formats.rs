//! Listings are there as CSV and as NDJSON in every family: said in one place.
//!
//! In: an operation of the document. Out: the same with two media types more, if it lists records. Must not know:
//! families; only what their listings are called.

use utoipa::openapi::RefOr;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// What the operations that list records are called.
const LISTINGS: [&str; 6] = [
    "api_search",
    "apiv1_list_records",
    "apiv1_search",
    "restapi_list_records",
    "restapi_search",
    "restful_list_records",
];

/// Those that list ids alone.
const OF_IDS: [&str; 1] = ["restapi_search"];

const NOTE: &str = "As `text/csv` (RFC 4180: UTF-8, CRLF, always a header; empty values are empty cells, relations and \
    structures compact JSON; texts are not altered against spreadsheet formulas) or `application/x-ndjson` (one record \
    a line) it is answered page by page: without `limit` there is no cap, without `order` records come by `id`, and \
    there is no snapshot. `X-Omitted-Fields` speaks of the first page. A listing that breaks off ends the connection; \
    NDJSON has a last line `{\"error\": {…}}` before.";

/// Adds them.
pub(super) fn offer(operation: &mut Operation) {
    let name = operation.operation_id.as_deref().unwrap_or_default();
    if !LISTINGS.contains(&name) {
        return;
    }
    let (csv, ndjson) = if OF_IDS.contains(&name) {
        ("id\r\n14\r\n10\r\n", "{\"id\":14}\n{\"id\":10}\n")
    } else {
        ("id,name,active\r\n14,Azure Interior,true\r\n", "{\"id\":14,\"name\":\"Azure Interior\",\"active\":true}\n")
    };
    if let Some(RefOr::T(answer)) = operation.responses.responses.get_mut("200") {
        for (media, example) in [("text/csv", csv), ("application/x-ndjson", ndjson)] {
            let text = ObjectBuilder::new().schema_type(Type::String).build();
            let content = ContentBuilder::new().schema(Some(text)).example(Some(example.into())).build();
            answer.content.insert(media.into(), RefOr::T(content));
        }
    }
    let said = operation.description.take().unwrap_or_default();
    operation.description = Some(format!("{said}\n\n{NOTE}").trim().to_owned());
}

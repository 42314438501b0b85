//! CSV and NDJSON, the export formats of every operation that lists records, in the OpenAPI document.
//!
//! In: an operation with the extension [`MARKER`]: `"records"`, or `"ids"` if it lists only ids. Out: the same
//! operation with two more media types, without the extension. Must not know: dialects.
//!
//! ```ignore
//! #[utoipa::path(get, path = "/{model}", extensions(("x-export" = json!("records"))), …)]
//! ```

use utoipa::openapi::RefOr;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// The extension by which a route declares that it exports. It does not appear in the document.
pub(super) const MARKER: &str = "x-export";

const NOTE: &str = "The response is also available as `text/csv` (RFC 4180: UTF-8, CRLF, always with a header line; \
    empty values are empty cells, relations and structures are compact JSON; texts are not escaped against spreadsheet \
    formulas) and as `application/x-ndjson` (one record per line). In these formats the gateway streams page by page: \
    without `limit` the number of records is not limited, without `order` the records are ordered by `id`, and the \
    pages are not one snapshot. `X-Omitted-Fields` covers the first page. If the list fails midway, the connection \
    ends; NDJSON ends with a line `{\"error\": {…}}` first.";

/// Adds CSV and NDJSON to an operation that is marked.
pub(super) fn describe_export_formats(operation: &mut Operation) {
    let Some(marker) = operation.extensions.as_mut().and_then(|extensions| extensions.remove(MARKER)) else { return };
    if operation.extensions.as_ref().is_some_and(|extensions| extensions.is_empty()) {
        operation.extensions = None;
    }
    let (csv, ndjson) = if marker == "ids" {
        ("id\r\n14\r\n10\r\n", "{\"id\":14}\n{\"id\":10}\n")
    } else {
        ("id,name,active\r\n14,Azure Interior,true\r\n", "{\"id\":14,\"name\":\"Azure Interior\",\"active\":true}\n")
    };
    if let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200") {
        for (media_type, example) in [("text/csv", csv), ("application/x-ndjson", ndjson)] {
            let text = ObjectBuilder::new().schema_type(Type::String).build();
            let content = ContentBuilder::new().schema(Some(text)).example(Some(example.into())).build();
            response.content.insert(media_type.into(), RefOr::T(content));
        }
    }
    let description = operation.description.take().unwrap_or_default();
    operation.description = Some(format!("{description}\n\n{NOTE}").trim().to_owned());
}

#[cfg(test)]
mod tests {
    #[test]
    fn operations_that_list_records_document_csv_and_ndjson() {
        let document = serde_json::to_value(crate::http::openapi()).unwrap();
        let items = document["paths"].as_object().unwrap().values();
        let mut exporting = Vec::new();
        for operation in items.flat_map(|item| item.as_object().unwrap().values()) {
            let id = operation["operationId"].as_str().unwrap();
            let content = &operation["responses"]["200"]["content"];
            if content.get("text/csv").is_some() && content.get("application/x-ndjson").is_some() {
                exporting.push(id);
            }
            assert!(operation.get(super::MARKER).is_none(), "{id} contains the marker");
        }
        exporting.sort_unstable();
        let expected = [
            "api_search",
            "apiv1_list_records",
            "apiv1_search",
            "restapi_list_records",
            "restapi_search",
            "restful_list_records",
        ];
        assert_eq!(exporting, expected);
    }
}

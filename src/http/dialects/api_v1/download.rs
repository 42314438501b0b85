//! `/api/v1/{model}/{id}/{field}`: the content of a binary field.
//!
//! In: a record and a field. Out: a [`File`]. Must not know: ranges, entity tags.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::DIALECT;
use super::file_response::File;
use super::openapi_schemas::{BinaryFieldPath, FileHeaders, TAG};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::openapi::{FileContent, IdPath, ModelPath, RequestHeaders};
use crate::http::pipeline::{Dialect, Endpoint, handle_with};
use crate::http::request::ApiRequest;
use crate::http::request::params::RequestParams;
use crate::http::state::AppState;
use crate::names::FieldName;
use crate::plan::Action;
use crate::shape::Shaped;
use crate::value::Value;

/// The dialect without content negotiation: the file determines its media type.
const FILES: Dialect = Dialect { media: &[], ..DIALECT };

/// The field of `ir.attachment` to which its `mimetype` applies.
const ATTACHMENT_CONTENT: &str = "datas";

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(download))
}

/// Download a file
///
/// Returns the content of a binary field with its media type. Content that a browser could run (HTML, SVG) is sent as
/// an attachment.
#[utoipa::path(
    get, path = "/{model}/{id}/{field}", operation_id = "apiv1_download", tag = TAG,
    params(ModelPath, IdPath, BinaryFieldPath, FileHeaders, RequestHeaders),
    responses(
        (
            status = 200, description = "The file, with its own media type",
            content((inline(FileContent) = "application/octet-stream"), (inline(FileContent) = "*/*"))
        ),
        (
            status = 206, description = "The requested range of the file",
            content((inline(FileContent) = "application/octet-stream"), (inline(FileContent) = "*/*"))
        ),
        (status = 304, description = "The file has the entity tag in `If-None-Match`"),
        (status = 416, description = "The file does not have the requested range")
    )
)]
async fn download(request: ApiRequest) -> Result<Response, Problem> {
    let parse = |request: &ApiRequest, _: &RequestParams| {
        let (id, field) = (request.record_id("id")?, request.field("field")?);
        let render_input = (field.clone(), request.head.headers.clone());
        Ok((Action::ReadContent { id, field }, render_input))
    };
    handle_with(
        request,
        Endpoint {
            dialect: &FILES,
            parse,
            render: |shaped, (field, headers): (FieldName, HeaderMap), _| {
                let Shaped::Record(record) = shaped else {
                    return Err(Problem::internal("the outcome of a download is not a record"));
                };
                Ok(file_from_record(&record, &field)?.respond(&headers))
            },
        },
    )
    .await
}

/// The file in a field of a record, with the name of the record.
fn file_from_record(record: &Value<'_>, field: &FieldName) -> Result<File, Problem> {
    let text = |name: &str| record.get(name).and_then(Value::as_text).filter(|text| !text.is_empty());
    let Some(content) = text(field.as_str()) else {
        return Err(Problem::new(ErrorCode::EmptyField, format!("The field `{field}` of the record is empty.")));
    };
    let bytes = decode_base64(content).ok_or_else(|| {
        Problem::new(
            ErrorCode::OdooUnreadable,
            format!("Odoo returned a value in the field `{field}` that is not base64."),
        )
    })?;
    Ok(match text("mimetype").filter(|_| field.as_str() == ATTACHMENT_CONTENT) {
        Some(mimetype) => File::with_media_type(bytes, text("name").unwrap_or(field.as_str()), mimetype),
        None => File::sniffed(bytes, text("display_name").or_else(|| text("name")).unwrap_or(field.as_str())),
    })
}

/// Decodes base64, also with the line breaks that Python adds in some versions.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let joined: String = text.split_ascii_whitespace().collect();
        return BASE64.decode(joined).ok();
    }
    BASE64.decode(text).ok()
}

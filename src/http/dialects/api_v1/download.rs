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
use crate::shape::{BinaryFormat, Shaped, Style};
use crate::value::Value;

/// The dialect without content negotiation: the file determines its media type, and from Odoo 20 on its name.
const FILES: Dialect = Dialect { media: &[], style: Style { binary: BinaryFormat::Odoo, ..DIALECT.style }, ..DIALECT };

/// The fields of `ir.attachment` to which its `mimetype` applies.
const ATTACHMENT_CONTENT: [&str; 2] = ["datas", "raw"];

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

/// The file in a field of a record, with its own name if Odoo returns that, otherwise with the name of the record. The
/// file of an attachment is named by the field `name`, so a scope that hides the field hides the name of the file.
fn file_from_record(record: &Value<'_>, field: &FieldName) -> Result<File, Problem> {
    let text = |name: &str| record.get(name).and_then(non_empty_text);
    let value = record.get(field.as_str());
    let Some(content) = value.and_then(|value| non_empty_text(value.get("content").unwrap_or(value))) else {
        return Err(Problem::new(ErrorCode::EmptyField, format!("The field `{field}` of the record is empty.")));
    };
    let is_attachment_content = ATTACHMENT_CONTENT.contains(&field.as_str());
    let filename = value.and_then(|value| value.get("filename")).and_then(non_empty_text);
    let filename = filename.filter(|_| !is_attachment_content || record.get("name").is_some());
    let bytes = decode_base64(content).ok_or_else(|| {
        Problem::new(
            ErrorCode::OdooUnreadable,
            format!("Odoo returned a value in the field `{field}` that is not base64."),
        )
    })?;
    Ok(match text("mimetype").filter(|_| is_attachment_content) {
        Some(mimetype) => {
            File::with_media_type(bytes, filename.or_else(|| text("name")).unwrap_or(field.as_str()), mimetype)
        }
        None => {
            let name = filename.or_else(|| text("display_name")).or_else(|| text("name"));
            File::sniffed(bytes, name.unwrap_or(field.as_str()))
        }
    })
}

fn non_empty_text<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    value.as_text().filter(|text| !text.is_empty())
}

/// Decodes base64, also with the line breaks that Python adds in some versions.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let joined: String = text.split_ascii_whitespace().collect();
        return BASE64.decode(joined).ok();
    }
    BASE64.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The `Content-Disposition` of a file that Odoo returns with the name `secret.txt`.
    fn disposition(field: &'static str, others: &[(&'static str, &'static str)]) -> String {
        let file = vec![("content".into(), "aGk=".into()), ("filename".into(), "secret.txt".into())];
        let others = others.iter().map(|(name, text)| ((*name).into(), (*text).into()));
        let record = Value::Map(others.chain([(field.into(), Value::Map(file))]).collect());
        let response = file_from_record(&record, &FieldName::from_static(field)).unwrap().respond(&HeaderMap::new());
        response.headers()[http::header::CONTENT_DISPOSITION].to_str().unwrap().to_owned()
    }

    #[test]
    fn file_of_an_attachment_whose_name_is_hidden_is_unnamed() {
        for field in ATTACHMENT_CONTENT {
            for others in [&[("mimetype", "text/plain")][..], &[]] {
                let hidden = disposition(field, others);
                assert!(hidden.contains(field) && !hidden.contains("secret"), "{field}: {hidden}");
                let visible = disposition(field, &[others, &[("name", "x")]].concat());
                assert!(visible.contains("secret.txt"), "{field}: {visible}");
            }
        }
        let other = disposition("image_1920", &[]);
        assert!(other.contains("secret.txt"), "{other}");
    }
}

//! `/api/v1/{model}/{id}/{field}`: the content of a binary field.
//!
//! In: a record and a field. Out: a [`File`]. Must not know: how a file is answered.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::FAMILY;
use super::file::File;
use super::schemas::{FieldPath, FileContent, FileHeaders, RequestHeaders, TAG};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::pipeline::{Family, answer_with};
use crate::http::request::Arrival;
use crate::http::request::params::Input;
use crate::http::state::Gateway;
use crate::names::FieldName;
use crate::plan::Deed;
use crate::shape::Shaped;
use crate::value::Value;

/// A file is of the type it is of, whatever the caller accepts.
const FILES: Family = Family { media: &[], ..FAMILY };

/// The field in which attachments keep what their `mimetype` speaks of.
const CONTENT_OF_ATTACHMENTS: &str = "datas";

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(download))
}

/// Download a file
///
/// The content of a binary field with its media type. What a browser could run (HTML, SVG) comes as an attachment.
#[utoipa::path(
    get, path = "/{model}/{id}/{field}", operation_id = "apiv1_download", tag = TAG,
    params(FieldPath, FileHeaders, RequestHeaders),
    responses(
        (status = 200, description = "The file", body = inline(FileContent), content_type = "application/octet-stream"),
        (status = 206, description = "The part of it that `Range` asks for", body = inline(FileContent), content_type = "application/octet-stream"),
        (status = 304, description = "It is still what `If-None-Match` names"),
        (status = 416, description = "It has no such part")
    )
)]
async fn download(arrival: Arrival) -> Result<Response, Problem> {
    let read = |arrival: &Arrival, _: &Input| {
        let (id, field) = (arrival.id("id")?, arrival.field("field")?);
        let wanted = (field.clone(), arrival.head.headers.clone());
        Ok((Deed::ReadContent { id, field }, wanted))
    };
    answer_with(arrival, &FILES, read, |shaped, (field, headers): (FieldName, HeaderMap), _| {
        let Shaped::Record(record) = shaped else { return Err(Problem::internal("a file is no record")) };
        Ok(file_in(&record, &field)?.answer(&headers))
    })
    .await
}

/// The file in a record, named as the record is.
fn file_in(record: &Value<'_>, field: &FieldName) -> Result<File, Problem> {
    let said = |name: &str| record.get(name).and_then(Value::as_text).filter(|text| !text.is_empty());
    let Some(content) = said(field.as_str()) else {
        return Err(Problem::new(Code::EmptyField, format!("The record has nothing in the field {field}.")));
    };
    let bytes = decoded(content).ok_or_else(|| {
        Problem::new(Code::OdooUnreadable, format!("Odoo's answer in the field {field} is no base64."))
    })?;
    Ok(match said("mimetype").filter(|_| field.as_str() == CONTENT_OF_ATTACHMENTS) {
        Some(mimetype) => File::of_attachment(bytes, said("name").unwrap_or(field.as_str()), mimetype),
        None => File::sniffed(bytes, said("display_name").or_else(|| said("name")).unwrap_or(field.as_str())),
    })
}

/// Python breaks base64 into lines in places.
fn decoded(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let joined: String = text.split_ascii_whitespace().collect();
        return BASE64.decode(joined).ok();
    }
    BASE64.decode(text).ok()
}

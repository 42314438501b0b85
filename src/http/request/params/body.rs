//! The body of a request: a JSON object, a form, or a multipart form with files.
//!
//! In: headers and bytes. Out: the parameters, or the tree of a JSON body. Must not know: their names.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::member::BodyMember;
use super::{ParamLocation, ParamMap, ParamValue, parse_form};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::content_type::ContentType;
use crate::language::MAX_NAMES;
use crate::language::literal::{self, BodyValues, Limits};
use crate::value::Value;

/// Parses a body that is not empty, and counts its values. Every field of a form is one value, and literals in it are
/// counted when they are parsed.
///
/// # Errors
/// 400 for malformed or repeated parameters, 413 for too many values, 415 for a body of another media type.
pub(super) async fn parse(headers: &HeaderMap, body: Bytes, values: &BodyValues) -> Result<ParamMap, Problem> {
    let parameters = match ContentType::parse(headers) {
        ContentType::Unspecified | ContentType::Json => return parse_json(&body, values),
        ContentType::Form => {
            let mut parameters = ParamMap::default();
            check_names(memchr::memchr_iter(b'&', &body).count())?;
            for (name, value) in parse_form(body)? {
                parameters.add(name, ParamValue::Text(value, ParamLocation::Body))?;
            }
            parameters
        }
        ContentType::Multipart => parse_multipart(headers, body).await?,
        ContentType::Other => {
            let detail = "The media type of the body is not supported. Supported: application/json, \
                          application/x-www-form-urlencoded, multipart/form-data.";
            return Err(Problem::new(ErrorCode::UnsupportedMediaType, detail).parameter("Content-Type"));
        }
    };
    values.record(parameters.0.len());
    Ok(parameters)
}

fn check_names(names: usize) -> Result<(), Problem> {
    if names <= MAX_NAMES {
        return Ok(());
    }
    let detail = format!("body: expected at most {MAX_NAMES} names in a body, found more");
    let hint = "split the request: send fewer names at a time";
    Err(Problem::new(ErrorCode::BodyTooLarge, detail).parameter("body").hint(hint))
}

/// Parses a JSON body and counts its values. A byte order mark is ignored (RFC 8259 section 8.1).
///
/// # Errors
/// 400 for a body that is not JSON, 413 for too many values.
pub(in crate::http) fn parse_json_tree<'b>(body: &'b [u8], values: &BodyValues) -> Result<Value<'b>, Problem> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let detail = format!("body: expected UTF-8, found an invalid sequence after byte {}", error.valid_up_to());
        Problem::new(ErrorCode::InvalidLiteral, detail).parameter("body")
    })?;
    literal::parse_json(text.trim_start_matches('\u{feff}'), Limits::body(values))
        .map_err(|error| error.into_problem(ErrorCode::InvalidLiteral, "body"))
}

/// The members of a JSON body.
fn parse_json(body: &[u8], values: &BodyValues) -> Result<ParamMap, Problem> {
    let Value::Map(members) = parse_json_tree(body, values)? else {
        let detail = "body: expected a JSON object whose members are the parameters";
        return Err(Problem::new(ErrorCode::InvalidLiteral, detail).parameter("body"));
    };
    check_names(members.len())?;
    let parameter = |(name, value): (Cow<'_, str>, Value<'_>)| {
        (name.into_owned(), ParamValue::Tree(BodyMember::new(value.into_owned())))
    };
    Ok(ParamMap(members.into_iter().map(parameter).collect()))
}

async fn parse_multipart(headers: &HeaderMap, body: Bytes) -> Result<ParamMap, Problem> {
    let malformed = |error: multer::Error| {
        Problem::new(ErrorCode::MalformedRequest, format!("body: the multipart form is malformed: {error}"))
            .parameter("body")
    };
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let stream = futures_util::stream::once(std::future::ready(Ok::<_, std::convert::Infallible>(body)));
    let mut form = multer::Multipart::new(stream, boundary);
    let mut parts = Vec::new();
    while let Some(mut part) = form.next_field().await.map_err(malformed)? {
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        // A part of a body that is in memory is one chunk, which is not copied.
        let mut content = part.chunk().await.map_err(malformed)?.unwrap_or_default();
        let more = part.bytes().await.map_err(malformed)?;
        if !more.is_empty() {
            content = [content, more].concat().into();
        }
        parts.push((name, is_file && !content.is_empty(), content));
        check_names(parts.len())?;
    }
    // Frees the parser's reference to the body, so that a text which is nearly as large as the body is not copied.
    drop(form);
    let mut parameters = ParamMap::default();
    for (name, is_file, content) in parts {
        let value = if is_file { ParamValue::File(content) } else { text(&name, content)? };
        parameters.add(name, value)?;
    }
    Ok(parameters)
}

/// Browsers send an empty file if the user chose none. It counts as an empty text. The content is not copied if it is
/// the only part.
fn text(name: &str, content: Bytes) -> Result<ParamValue, Problem> {
    super::file_text(name, &content)?;
    let text = String::from_utf8(content.into()).map_err(Problem::internal)?;
    Ok(ParamValue::Text(text, ParamLocation::Body))
}

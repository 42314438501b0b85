//! The body of a request: a JSON object, a form, or a multipart form with files.
//!
//! In: headers and bytes. Out: [`Parameters`]. Must not know: what they are called.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::{Parameters, Place, Said, pairs};
use crate::error::Problem;
use crate::error_code::Code;
use crate::language::literal::{self, Limits};
use crate::value::Value;

/// How the body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyType {
    Json,
    Form,
    Multipart,
}

/// Reads a body that is not empty; what it says, and how many values that are.
///
/// # Errors
/// 400 for what cannot be read or is said twice, 413 for too many values, 415 for a body of another type.
pub(super) async fn read(headers: &HeaderMap, body: Bytes) -> Result<(Parameters, usize), Problem> {
    let parameters = match body_type(headers)? {
        BodyType::Json => return json_members(&body),
        BodyType::Form => {
            let mut parameters = Parameters::default();
            check_names(memchr::memchr_iter(b'&', &body).count())?;
            for (name, value) in pairs(&body, "the form")? {
                parameters.add(name, Said::Text(value, Place::Body))?;
            }
            parameters
        }
        BodyType::Multipart => multipart_parts(headers, body).await?,
    };
    let count = parameters.0.len();
    Ok((parameters, count))
}

/// The most names of one body. Each costs more than a value, and no record has so many fields.
const MOST_NAMES: usize = 100_000;

fn check_names(names: usize) -> Result<(), Problem> {
    if names <= MOST_NAMES {
        return Ok(());
    }
    let detail = format!("body: expected at most {MOST_NAMES} names in a body, found more");
    Err(Problem::new(Code::BodyTooLarge, detail).parameter("body"))
}

fn body_type(headers: &HeaderMap) -> Result<BodyType, Problem> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(BodyType::Json) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "" | "application/json" => Ok(BodyType::Json),
        other if other.starts_with("application/") && other.ends_with("+json") => Ok(BodyType::Json),
        "application/x-www-form-urlencoded" => Ok(BodyType::Form),
        "multipart/form-data" => Ok(BodyType::Multipart),
        _ => {
            let detail = "The body can be application/json, application/x-www-form-urlencoded or multipart/form-data.";
            Err(Problem::new(Code::UnsupportedMediaType, detail).parameter("Content-Type"))
        }
    }
}

/// The text of a JSON body. A byte order mark is no part of it (RFC 8259 section 8.1).
fn json_members(body: &[u8]) -> Result<(Parameters, usize), Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|error| {
            let detail = format!("body: expected UTF-8, found something else behind byte {}", error.valid_up_to());
            Problem::new(Code::InvalidLiteral, detail).parameter("body")
        })?
        .trim_start_matches('\u{feff}');
    let tree =
        literal::read_json(text, Limits::body()).map_err(|error| error.into_problem(Code::InvalidLiteral, "body"))?;
    let count = tree.count();
    let Value::Map(members) = tree.into_owned() else {
        let detail = "body: expected a JSON object whose members are the parameters";
        return Err(Problem::new(Code::InvalidLiteral, detail).parameter("body"));
    };
    check_names(members.len())?;
    let parameters = members.into_iter().map(|(name, value)| (name.into_owned(), Said::Tree(value)));
    Ok((Parameters(parameters.collect()), count))
}

async fn multipart_parts(headers: &HeaderMap, body: Bytes) -> Result<Parameters, Problem> {
    let refuse = |error: multer::Error| {
        Problem::new(Code::MalformedRequest, format!("body: the multipart form cannot be read: {error}"))
            .parameter("body")
    };
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(content_type).map_err(refuse)?;
    let whole = futures_util::stream::once(std::future::ready(Ok::<_, std::convert::Infallible>(body)));
    let mut form = multer::Multipart::new(whole, boundary);
    let mut parameters = Parameters::default();
    while let Some(part) = form.next_field().await.map_err(refuse)? {
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let content = part.bytes().await.map_err(refuse)?;
        let said = if is_file && !content.is_empty() { Said::File(content) } else { text(&name, &content)? };
        parameters.add(name, said)?;
        check_names(parameters.0.len())?;
    }
    Ok(parameters)
}

/// Where no file was chosen, browsers send one without a content: that is an empty text.
fn text(name: &str, content: &[u8]) -> Result<Said, Problem> {
    super::text_of(name, content).map(|text| Said::Text(text.to_owned(), Place::Body))
}

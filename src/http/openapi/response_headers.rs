//! The response headers of the OpenAPI document.
//!
//! In: responses. Out: the same responses with references to shared headers. Must not know: dialects. The parameters
//! of an operation decide which headers its responses have.

use std::collections::BTreeMap;

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Header, Ref, RefOr, Response};

use super::has_parameter;
use crate::error_code::ErrorClass;

/// A response header: name, type, description.
type Described = (&'static str, Type, &'static str);

const REQUEST_ID: Described = (
    "X-Request-Id",
    Type::String,
    "The id of the request in the log of the gateway: the id that the client sent, if any.",
);
const RATE_LIMIT: Described =
    ("RateLimit", Type::String, "The remaining requests, and the seconds until the quota resets: `\"key\";r=99;t=60`.");
const RATE_LIMIT_POLICY: Described =
    ("RateLimit-Policy", Type::String, "The quota of the API key, and its window in seconds: `\"key\";q=100;w=60`.");
const RETRY_AFTER: Described = ("Retry-After", Type::Integer, "The number of seconds to wait before the next attempt.");
const WWW_AUTHENTICATE: Described = ("WWW-Authenticate", Type::String, "The authentication schemes that are accepted.");
const ALLOW: Described = ("Allow", Type::String, "The HTTP methods that the path supports.");
const LOCATION: Described = ("Location", Type::String, "The URL to which the browser is redirected.");
const PREFERENCE_APPLIED: Described =
    ("Preference-Applied", Type::String, "The preferences of `Prefer` that were applied.");
const OMITTED_FIELDS: Described = (
    "X-Omitted-Fields",
    Type::String,
    "Fields that Odoo could not compute or send, separated by commas. The response does not contain them.",
);
const READ_BACK: Described = (
    "X-Read-Back",
    Type::String,
    "`failed`: the records were written, but could not be read afterwards. The response contains only their ids.",
);
const RESULT_OMITTED: Described = (
    "X-Result-Omitted",
    Type::String,
    "`not-representable`: the method ran, but Odoo could not send its result. The result is `null`.",
);
const REPLAYED: Described = (
    "Idempotency-Replayed",
    Type::String,
    "`true`: the response of an earlier request under the same idempotency key.",
);
const ETAG: Described = ("ETag", Type::String, "A validator of the content, for `If-None-Match` and `If-Range`.");
const ACCEPT_RANGES: Described = ("Accept-Ranges", Type::String, "`bytes`.");
const CONTENT_RANGE: Described = ("Content-Range", Type::String, "The range of the file that the response contains.");
const CONTENT_DISPOSITION: Described =
    ("Content-Disposition", Type::String, "Whether the browser displays or saves the file, and the name of the file.");

/// All response headers.
const ALL: [Described; 16] = [
    REQUEST_ID,
    RATE_LIMIT,
    RATE_LIMIT_POLICY,
    RETRY_AFTER,
    WWW_AUTHENTICATE,
    ALLOW,
    LOCATION,
    PREFERENCE_APPLIED,
    OMITTED_FIELDS,
    READ_BACK,
    RESULT_OMITTED,
    REPLAYED,
    ETAG,
    ACCEPT_RANGES,
    CONTENT_RANGE,
    CONTENT_DISPOSITION,
];

/// The shared headers, by name.
pub(super) fn components() -> BTreeMap<String, RefOr<Header>> {
    let header = |(name, kind, description): Described| {
        let schema = ObjectBuilder::new().schema_type(kind).build();
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build();
        (name.to_owned(), RefOr::T(header))
    };
    ALL.into_iter().map(header).collect()
}

/// Adds the headers of an error of this class.
pub(super) fn add_to_error(response: &mut Response, class: ErrorClass) {
    let specific: &[Described] = match class {
        ErrorClass::Unauthorized => &[WWW_AUTHENTICATE],
        ErrorClass::MethodNotAllowed => &[ALLOW],
        ErrorClass::TooManyRequests => &[RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY],
        ErrorClass::Unavailable => &[RETRY_AFTER],
        _ => &[],
    };
    add(response, &[REQUEST_ID]);
    add(response, specific);
}

/// Adds headers to every response that the operation declares inline.
pub(super) fn add_to_operation(operation: &mut Operation) {
    let has = |name| has_parameter(operation, name);
    let (has_preferences, is_idempotent, is_file) = (has("Prefer"), has("Idempotency-Key"), has("Range"));
    let needs_credential = !operation.security.as_ref().is_some_and(Vec::is_empty);
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        add(response, &[REQUEST_ID]);
        let is_success = status.starts_with('2');
        for (applies, headers) in [
            (status.as_str() == "303", &[LOCATION][..]),
            (status.as_str() == "405", &[ALLOW]),
            (status.as_str() == "401", &[WWW_AUTHENTICATE]),
            (status.as_str() == "429" || status.as_str() == "503", &[RETRY_AFTER]),
            (matches!(status.as_str(), "206" | "416"), &[CONTENT_RANGE]),
            (is_success && needs_credential, &[RATE_LIMIT, RATE_LIMIT_POLICY]),
            (is_success && has_preferences, &[PREFERENCE_APPLIED, OMITTED_FIELDS]),
            (is_success && is_idempotent, &[REPLAYED, READ_BACK, RESULT_OMITTED]),
            (is_success && is_file, &[ETAG, ACCEPT_RANGES, CONTENT_DISPOSITION]),
            (status.as_str() == "304", &[ETAG]),
        ] {
            if applies {
                add(response, headers);
            }
        }
    }
}

fn add(response: &mut Response, headers: &[Described]) {
    for (name, ..) in headers {
        let shared = RefOr::Ref(Ref::new(format!("#/components/headers/{name}")));
        response.headers.entry((*name).to_owned()).or_insert(shared);
    }
}

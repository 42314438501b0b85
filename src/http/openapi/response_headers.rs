//! The response headers of the OpenAPI document.
//!
//! In: responses. Out: the same responses with references to shared headers. Must not know: dialects; what an operation
//! takes tells what its answers carry.

use std::collections::BTreeMap;

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Header, Ref, RefOr, Response};

use crate::error_code::Class;

/// A response header: its name, its type, what it says.
type Described = (&'static str, Type, &'static str);

const REQUEST_ID: Described =
    ("X-Request-Id", Type::String, "The id of the request in the gateway's log; the client's own if it sent one.");
const RATE_LIMIT: Described =
    ("RateLimit", Type::String, "How many requests remain, and for how long, as `\"key\";r=99;t=60`.");
const RATE_LIMIT_POLICY: Described =
    ("RateLimit-Policy", Type::String, "The quota of the API key, as `\"key\";q=100;w=60`.");
const RETRY_AFTER: Described = ("Retry-After", Type::Integer, "Seconds to wait before the next attempt.");
const WWW_AUTHENTICATE: Described = ("WWW-Authenticate", Type::String, "The authentication schemes that are accepted.");
const ALLOW: Described = ("Allow", Type::String, "The HTTP methods that the path supports.");
const LOCATION: Described = ("Location", Type::String, "Where the browser goes next.");
const PREFERENCE_APPLIED: Described =
    ("Preference-Applied", Type::String, "The preferences of `Prefer` that were applied.");
const OMITTED_FIELDS: Described = (
    "X-Omitted-Fields",
    Type::String,
    "Fields that Odoo could not compute or send, separated by commas. They are missing in the answer.",
);
const READ_BACK: Described = (
    "X-Read-Back",
    Type::String,
    "`failed`: the records were written, but could not be read afterwards. The answer has only their ids.",
);
const RESULT_OMITTED: Described = (
    "X-Result-Omitted",
    Type::String,
    "`not-representable`: the method ran, but Odoo could not send its result. The result is `null`.",
);
const REPLAYED: Described =
    ("Idempotency-Replayed", Type::String, "`true`: the answer of an earlier request under the same idempotency key.");
const ETAG: Described = ("ETag", Type::String, "A validator of the content, for `If-None-Match` and `If-Range`.");
const ACCEPT_RANGES: Described = ("Accept-Ranges", Type::String, "`bytes`.");
const CONTENT_RANGE: Described = ("Content-Range", Type::String, "Which part of the file this is.");
const CONTENT_DISPOSITION: Described =
    ("Content-Disposition", Type::String, "Whether to show or to save the file, and its name.");

/// All of them.
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
pub(super) fn of_error(response: &mut Response, class: Class) {
    let own: &[Described] = match class {
        Class::Unauthorized => &[WWW_AUTHENTICATE],
        Class::MethodNotAllowed => &[ALLOW],
        Class::TooManyRequests => &[RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY],
        Class::Unavailable => &[RETRY_AFTER],
        _ => &[],
    };
    add(response, &[REQUEST_ID]);
    add(response, own);
}

/// Adds the headers of every response that the operation describes by itself.
pub(super) fn of_operation(operation: &mut Operation) {
    let takes = |name: &str| {
        let is = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(parameter) if parameter.name == name);
        operation.parameters.iter().flatten().any(is)
    };
    let (prefers, is_keyed, is_file) = (takes("Prefer"), takes("Idempotency-Key"), takes("Range"));
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
            (is_success && prefers, &[PREFERENCE_APPLIED, OMITTED_FIELDS]),
            (is_success && is_keyed, &[REPLAYED, READ_BACK, RESULT_OMITTED]),
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

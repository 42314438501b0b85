//! The error responses of the OpenAPI document: which statuses an operation can answer, and in which body.
//!
//! In: the operations of a dialect and the format of its errors. Out: the same operations, each with a reference to a
//! shared response for every status it can answer. Must not know: paths, dialects. What an operation takes (a credential,
//! a body, an idempotency key) decides, so there is no list of operations to keep.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{OpenApi, Ref, RefOr, Response, ResponseBuilder};

use super::response_headers;
use crate::error_code::Class;

/// How a dialect writes its errors.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct ErrorFormat {
    /// The prefix of the names of the shared responses: `ApiV1` makes `ApiV1NotFound`.
    pub name: &'static str,
    /// The schema of the body, by its name among the document's components.
    pub schema: &'static str,
    /// The media type of the body.
    pub media_type: &'static str,
    /// Whether a person's browser gets an HTML page instead.
    pub pages: bool,
    /// Whether values that Odoo rejects are answered with 400 instead of 422.
    pub rejects_with_400: bool,
}

/// The format of everything that has no format of its own: RFC 9457.
pub(super) const PROBLEM: ErrorFormat = ErrorFormat {
    name: "",
    schema: "Problem",
    media_type: "application/problem+json",
    pages: false,
    rejects_with_400: false,
};

/// Every class of error, in the order of the statuses, and when it is answered.
const CLASSES: [(Class, &str); 18] = [
    (Class::BadRequest, "The request is invalid."),
    (Class::Unauthorized, "Authentication is required, or the credential is not valid."),
    (Class::Forbidden, "The caller is not allowed to do this."),
    (Class::NotFound, "The database, model, method, or record does not exist."),
    (Class::MethodNotAllowed, "The path does not support the HTTP method."),
    (Class::NotAcceptable, "None of the accepted media types is available."),
    (
        Class::Conflict,
        "The request conflicts with the current state of the records, or the first request under this idempotency key \
         is still in progress.",
    ),
    (Class::TooLarge, "The request body is too large."),
    (Class::UriTooLong, "The request target is too long."),
    (Class::UnsupportedMediaType, "The media type of the request body is not supported."),
    (Class::Misdirected, "The gateway does not answer for this host."),
    (Class::Refused, "Odoo rejects the values, or another request was sent under this idempotency key."),
    (Class::TooManyRequests, "Too many requests, or too many failed attempts."),
    (Class::HeadersTooLarge, "The request headers are too large."),
    (Class::Internal, "The gateway failed."),
    (Class::BadGateway, "Odoo failed, or its response cannot be read."),
    (Class::Unavailable, "Odoo or the gateway's store is unavailable. Nothing was done."),
    (Class::OutcomeUnknown, "The request reached Odoo, but its outcome is unknown. Check before you retry."),
];

/// Adds the error responses to every operation that has none yet.
pub(in crate::http) fn describe_errors(document: &mut OpenApi, format: ErrorFormat) {
    let mut shared = BTreeMap::new();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            describe_operation(operation, format, &mut shared);
        }
    }
    document.components.get_or_insert_default().responses.append(&mut shared);
}

/// Adds the errors to an operation, and to `shared` the responses that it refers to.
fn describe_operation(operation: &mut Operation, format: ErrorFormat, shared: &mut BTreeMap<String, RefOr<Response>>) {
    if operation.responses.responses.contains_key("500") {
        return;
    }
    let traits = Traits::of(operation);
    for (class, when) in CLASSES.into_iter().filter(|(class, _)| traits.can_answer(*class, format)) {
        let status = class.status().to_string();
        if let Entry::Vacant(vacant) = operation.responses.responses.entry(status) {
            let name = format!("{}{class:?}", format.name);
            vacant.insert(RefOr::Ref(Ref::from_response_name(&name)));
            shared.entry(name).or_insert_with(|| format.response(class, when).into());
        }
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with('4')
            && response.content.is_empty()
        {
            response.content = format.content();
        }
    }
}

impl ErrorFormat {
    fn response(self, class: Class, when: &str) -> Response {
        let mut response = ResponseBuilder::new().description(when).build();
        response.content = self.content();
        response_headers::of_error(&mut response, class);
        response
    }

    fn content(self) -> indexmap::IndexMap<String, RefOr<utoipa::openapi::Content>> {
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(self.schema))).build();
        let mut content = indexmap::IndexMap::from([(self.media_type.to_owned(), RefOr::T(body))]);
        if self.pages {
            let page: Schema = ObjectBuilder::new().schema_type(Type::String).build().into();
            content.insert("text/html".into(), RefOr::T(ContentBuilder::new().schema(Some(page)).build()));
        }
        content
    }
}

/// What an operation takes, as far as its errors depend on it.
struct Traits {
    needs_credential: bool,
    takes_body: bool,
    takes_idempotency_key: bool,
}

impl Traits {
    fn of(operation: &Operation) -> Self {
        let is_key = |parameter: &RefOr<utoipa::openapi::path::Parameter>| matches!(parameter, RefOr::T(parameter) if parameter.name == "Idempotency-Key");
        Self {
            needs_credential: !operation.security.as_ref().is_some_and(Vec::is_empty),
            takes_body: operation.request_body.is_some(),
            takes_idempotency_key: operation.parameters.iter().flatten().any(is_key),
        }
    }

    fn can_answer(&self, class: Class, format: ErrorFormat) -> bool {
        match class {
            Class::Unauthorized | Class::Forbidden | Class::TooManyRequests => self.needs_credential,
            Class::TooLarge | Class::UnsupportedMediaType => self.takes_body,
            Class::Conflict => self.takes_idempotency_key,
            // An idempotency key that was used for something else is 422 in every dialect.
            Class::Refused => self.takes_idempotency_key || (self.needs_credential && !format.rejects_with_400),
            _ => true,
        }
    }
}

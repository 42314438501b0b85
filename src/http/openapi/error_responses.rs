//! The error responses of the OpenAPI document: which statuses an operation can return, and in which format.
//!
//! In: the operations of a dialect and the format of its errors. Out: the same operations, each with a reference to a
//! shared response for every status that it can return. Must not know: paths, dialects. The parts of an operation
//! (its credential, body and idempotency key) decide, so there is no list of operations to maintain.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use indexmap::IndexMap;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use super::{has_parameter, operations_mut, response_headers};
use crate::error_code::ErrorClass;

/// The format of the errors of a dialect.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct ErrorFormat {
    /// The prefix of the names of the shared responses: `ApiV1` makes `ApiV1NotFound`.
    pub name: &'static str,
    /// The name of the body's schema among the components of the document.
    pub schema: &'static str,
    /// The media type of the body.
    pub media_type: &'static str,
    /// Whether a browser gets an HTML page instead.
    pub pages: bool,
    /// The status of each class of errors.
    pub status: fn(ErrorClass) -> u16,
}

impl ErrorFormat {
    /// The format of every operation that has no format of its own: RFC 9457.
    pub(in crate::http) const PROBLEM: Self = Self {
        name: "",
        schema: "Problem",
        media_type: "application/problem+json",
        pages: false,
        status: ErrorClass::status,
    };

    fn response(self, class: ErrorClass, description: &str) -> Response {
        let mut response = ResponseBuilder::new().description(description).build();
        response.content = self.content();
        response_headers::add_to_error(&mut response, class);
        response
    }

    fn content(self) -> IndexMap<String, RefOr<Content>> {
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(self.schema))).build();
        let mut content = IndexMap::from([(self.media_type.to_owned(), RefOr::T(body))]);
        if self.pages {
            let page: Schema = ObjectBuilder::new().schema_type(Type::String).build().into();
            content.insert("text/html".into(), RefOr::T(ContentBuilder::new().schema(Some(page)).build()));
        }
        content
    }
}

/// The classes of errors that operations share, and when each occurs. If two classes have the same status, the first
/// one describes it.
const CLASSES: [(ErrorClass, &str); 19] = [
    (ErrorClass::BadRequest, "The request is invalid."),
    (ErrorClass::Unauthorized, "Authentication is required, or the credential is not valid."),
    (ErrorClass::Forbidden, "The caller is not allowed to do this."),
    (ErrorClass::NotFound, "The database, model, method, or record does not exist."),
    (ErrorClass::MethodNotAllowed, "The path does not support the HTTP method."),
    (ErrorClass::NotAcceptable, "None of the accepted media types is available."),
    (
        ErrorClass::Conflict,
        "The request conflicts with the current state of the records, or the first request under this idempotency key \
         is still in progress.",
    ),
    (ErrorClass::TooLarge, "The request body is too large."),
    (ErrorClass::UriTooLong, "The request target is too long."),
    (ErrorClass::UnsupportedMediaType, "The media type of the request body is not supported."),
    (ErrorClass::Misdirected, "The gateway does not serve this host."),
    (ErrorClass::Rejected, "Odoo rejects the values, or another request was sent under this idempotency key."),
    (ErrorClass::KeyReuse, "Another request was sent under this idempotency key."),
    (ErrorClass::TooManyRequests, "Too many requests, or too many failed attempts."),
    (ErrorClass::HeadersTooLarge, "The request headers are too large."),
    (ErrorClass::Internal, "The gateway failed."),
    (ErrorClass::BadGateway, "Odoo failed, or its response cannot be read."),
    (ErrorClass::Unavailable, "Odoo or the gateway's store is unavailable. Nothing was done."),
    (ErrorClass::OutcomeUnknown, "The request reached Odoo, but its outcome is unknown. Check before you retry."),
];

/// Adds the error responses to every operation that has none yet.
pub(in crate::http) fn describe_errors(document: &mut OpenApi, format: ErrorFormat) {
    let mut shared = BTreeMap::new();
    operations_mut(document).for_each(|operation| describe_operation(operation, format, &mut shared));
    document.components.get_or_insert_default().responses.append(&mut shared);
}

/// Adds the error responses to an operation, and to `shared` the responses to which they refer.
fn describe_operation(operation: &mut Operation, format: ErrorFormat, shared: &mut BTreeMap<String, RefOr<Response>>) {
    if operation.responses.responses.contains_key("500") {
        return;
    }
    let traits = OperationTraits::from_operation(operation);
    for (class, description) in CLASSES.into_iter().filter(|(class, _)| traits.can_return(*class)) {
        let status = (format.status)(class).to_string();
        if let Entry::Vacant(vacant) = operation.responses.responses.entry(status) {
            let name = format!("{}{class:?}", format.name);
            vacant.insert(RefOr::Ref(Ref::from_response_name(&name)));
            shared.entry(name).or_insert_with(|| format.response(class, description).into());
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

/// The parts of an operation on which its errors depend.
struct OperationTraits {
    needs_credential: bool,
    has_body: bool,
    has_idempotency_key: bool,
}

impl OperationTraits {
    fn from_operation(operation: &Operation) -> Self {
        Self {
            needs_credential: !operation.security.as_ref().is_some_and(Vec::is_empty),
            has_body: operation.request_body.is_some(),
            has_idempotency_key: has_parameter(operation, "Idempotency-Key"),
        }
    }

    fn can_return(&self, class: ErrorClass) -> bool {
        match class {
            // Odoo can report a concurrent update for any call.
            ErrorClass::Unauthorized
            | ErrorClass::Forbidden
            | ErrorClass::Conflict
            | ErrorClass::TooManyRequests
            | ErrorClass::Rejected => self.needs_credential,
            // Parameters can also be in a body that the operation does not describe.
            ErrorClass::TooLarge | ErrorClass::UnsupportedMediaType => self.has_body || self.needs_credential,
            ErrorClass::KeyReuse => self.has_idempotency_key,
            _ => true,
        }
    }
}

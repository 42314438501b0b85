//! The errors of JSON-2: `{name, message, arguments, context, debug}`.
//!
//! In: a [`Problem`]. Out: a response with the status and the words of Odoo 19. Must not know: where the problem
//! occurred. `debug`, a traceback in Odoo, is always empty.
//!
//! An exception that Odoo raised has its own class and message; its status is that of Odoo 19, which is 500 for an
//! exception that is not written for users, such as `ValueError`. A problem of the gateway has the class that Odoo
//! would raise.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::error::{OdooException, Problem};
use crate::error_code::{ErrorClass, ErrorCode};
use crate::http::response::problem::ErrorContext;

/// The prefix of calls.
const CALLS: &str = "/json/2";

/// An error as Odoo 19 describes it.
#[derive(Debug, PartialEq, Eq)]
struct Json2Exception<'a> {
    status: u16,
    name: Cow<'a, str>,
    message: Cow<'a, str>,
}

/// Renders a problem.
pub(in crate::http) fn render_problem(problem: &Problem, context: ErrorContext<'_>) -> Response {
    let Json2Exception { status, name, message } = exception(problem, context.path);
    let arguments = if name.starts_with(WERKZEUG) { json!([message, status]) } else { json!([message]) };
    let body = json!({"name": name, "message": message, "arguments": arguments, "context": {}, "debug": ""});
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    (status, [content_type], Body::from(body.to_string())).into_response()
}

/// The exception that Odoo 19 would report.
fn exception<'a>(problem: &'a Problem, path: &'a str) -> Json2Exception<'a> {
    match problem.code {
        ErrorCode::UnknownRoute | ErrorCode::MethodNotAllowed if path.starts_with(CALLS) => {
            of_http(ErrorClass::NotFound, "Did you mean POST /json/2/<model>/<method>?")
        }
        ErrorCode::CredentialMissing => of_http(
            ErrorClass::Unauthorized,
            "User not authenticated, use an API Key with a Bearer Authorization header.",
        ),
        // The others name the header and what is wrong with it.
        ErrorCode::CredentialInvalid if problem.parameter.is_none() => {
            of_http(ErrorClass::Unauthorized, "Invalid apikey")
        }
        ErrorCode::UnknownModel | ErrorCode::UnknownMethod | ErrorCode::PrivateMethod => unknown_name(problem, path),
        ErrorCode::MissingParameter => of_http(ErrorClass::Rejected, &problem.detail),
        ErrorCode::InvalidParameter if problem.parameter.as_deref() == Some("ids") => {
            of_http(ErrorClass::Rejected, &problem.detail)
        }
        ErrorCode::InvalidLiteral if problem.parameter.as_deref() == Some("body") => {
            let message = format!("could not parse the body as json: {}", problem.detail_with_hint());
            of_http(ErrorClass::BadRequest, message)
        }
        _ => match &problem.odoo {
            Some(odoo) if is_about_the_call(problem.code) => of_odoo(problem, odoo),
            _ => of_gateway(problem),
        },
    }
}

/// Whether Odoo raised the exception while it executed the call. The others say that Odoo is unavailable, or that the
/// credential is not valid.
fn is_about_the_call(code: ErrorCode) -> bool {
    match code {
        ErrorCode::ConcurrentUpdate | ErrorCode::ResultNotRepresentable => false,
        ErrorCode::OdooInternalError => true,
        code => matches!(
            code.class(),
            ErrorClass::BadRequest
                | ErrorClass::Forbidden
                | ErrorClass::NotFound
                | ErrorClass::Conflict
                | ErrorClass::Rejected
        ),
    }
}

/// The errors that contain names of the path.
fn unknown_name<'a>(problem: &'a Problem, path: &'a str) -> Json2Exception<'a> {
    match (problem.code, called(path)) {
        (ErrorCode::UnknownModel, Some((model, _))) => {
            of_http(ErrorClass::NotFound, format!("the model '{model}' does not exist"))
        }
        (ErrorCode::UnknownMethod, Some((model, method))) => {
            of_http(ErrorClass::NotFound, format!("The method '{model}.{method}' does not exist"))
        }
        (ErrorCode::PrivateMethod, Some((model, method))) => {
            let message = format!("Private methods (such as '{model}.{method}') cannot be called remotely.");
            Json2Exception { status: 403, name: ACCESS_ERROR.into(), message: message.into() }
        }
        _ => of_gateway(problem),
    }
}

/// The model and the method in the path of a call.
fn called(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix(CALLS)?.strip_prefix('/')?.trim_end_matches('/').split_once('/')
}

fn of_odoo<'a>(problem: &'a Problem, odoo: &'a OdooException) -> Json2Exception<'a> {
    if let Some(message) = signature_error(problem.code, odoo) {
        return of_http(ErrorClass::Rejected, message);
    }
    let name = odoo.qualified_name();
    let message = odoo.message_or(&problem.detail);
    Json2Exception { status: status_of(&name, &odoo.exception), name, message: message.into() }
}

/// The status of an exception in Odoo 19. `exception` is the class for users from which `name` is derived.
fn status_of(name: &str, exception: &str) -> u16 {
    match exception {
        _ if name == "odoo.exceptions.LockError" => 409,
        "AccessDenied" | "AccessError" => 403,
        "MissingError" => 404,
        "UserError" => 422,
        _ => 500,
    }
}

/// Python's message about arguments that do not match the method, in the words that `inspect.Signature.bind` has for
/// it: Odoo 19 binds the arguments before it calls the method.
fn signature_error(code: ErrorCode, odoo: &OdooException) -> Option<String> {
    if code != ErrorCode::InvalidValue || odoo.exception != "TypeError" {
        return None;
    }
    let (_, message) = odoo.message.split_once("() ")?;
    let Some(missing) = message.strip_prefix("missing ") else {
        return message.starts_with("got an unexpected keyword argument ").then(|| message.to_owned());
    };
    let keyword_only = if missing.contains(" keyword-only ") { " keyword-only" } else { "" };
    let name = missing.split('\'').nth(1)?;
    Some(format!("missing a required{keyword_only} argument: '{name}'"))
}

/// A problem that the gateway found.
fn of_gateway(problem: &Problem) -> Json2Exception<'_> {
    let (class, status) = (problem.class(), problem.class().status());
    // The format has no other member for the hint.
    let message = problem.detail_with_hint();
    let name = match (problem.code, class) {
        (ErrorCode::ConcurrentUpdate, _) => "odoo.exceptions.ConcurrencyError",
        (ErrorCode::RecordNotFound, _) => "odoo.exceptions.MissingError",
        (_, ErrorClass::Forbidden) => ACCESS_ERROR,
        _ => return of_http(class, message),
    };
    Json2Exception { status, name: name.into(), message }
}

const ACCESS_ERROR: &str = "odoo.exceptions.AccessError";
const WERKZEUG: &str = "werkzeug.exceptions.";

fn of_http<'a>(class: ErrorClass, message: impl Into<Cow<'a, str>>) -> Json2Exception<'a> {
    let name = match class {
        ErrorClass::BadRequest => "BadRequest",
        ErrorClass::Unauthorized => "Unauthorized",
        ErrorClass::Forbidden => "Forbidden",
        ErrorClass::NotFound => "NotFound",
        ErrorClass::MethodNotAllowed => "MethodNotAllowed",
        ErrorClass::NotAcceptable => "NotAcceptable",
        ErrorClass::Conflict => "Conflict",
        ErrorClass::TooLarge => "RequestEntityTooLarge",
        ErrorClass::UriTooLong => "RequestURITooLarge",
        ErrorClass::UnsupportedMediaType => "UnsupportedMediaType",
        ErrorClass::RangeNotSatisfiable => "RequestedRangeNotSatisfiable",
        ErrorClass::Misdirected => "HTTPException",
        ErrorClass::Rejected | ErrorClass::KeyReuse => "UnprocessableEntity",
        ErrorClass::TooManyRequests => "TooManyRequests",
        ErrorClass::HeadersTooLarge => "RequestHeaderFieldsTooLarge",
        ErrorClass::Internal => "InternalServerError",
        ErrorClass::BadGateway => "BadGateway",
        ErrorClass::Unavailable => "ServiceUnavailable",
        ErrorClass::OutcomeUnknown => "GatewayTimeout",
    };
    Json2Exception { status: class.status(), name: format!("{WERKZEUG}{name}").into(), message: message.into() }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::Value;
    use time::OffsetDateTime;

    use super::*;

    const SEARCH: &str = "/json/2/res.partner/search";

    async fn rendered(problem: &Problem, path: &str) -> (u16, Value) {
        let context = ErrorContext { request_id: "r1", path, at: OffsetDateTime::UNIX_EPOCH };
        let response = render_problem(problem, context);
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap())
    }

    fn described(problem: &Problem, path: &str) -> (u16, String, String) {
        let Json2Exception { status, name, message } = exception(problem, path);
        (status, name.rsplit("exceptions.").next().unwrap_or_default().to_owned(), message.into_owned())
    }

    #[tokio::test]
    async fn the_body_has_the_five_members_of_odoo_19() {
        let missing = Problem::new(ErrorCode::MissingParameter, "missing a required argument: 'domain'");
        let message = "missing a required argument: 'domain'";
        let expected = json!({
            "name": "werkzeug.exceptions.UnprocessableEntity", "message": message, "arguments": [message, 422],
            "context": {}, "debug": ""
        });
        assert_eq!(rendered(&missing, SEARCH).await, (422, expected));
        let refused = Problem::new(ErrorCode::OdooRefused, "x").odoo("UserError", "No.");
        let refused = refused.odoo_class(Some("odoo.exceptions.ValidationError".to_owned()));
        let expected = json!({
            "name": "odoo.exceptions.ValidationError", "message": "No.", "arguments": ["No."], "context": {},
            "debug": ""
        });
        assert_eq!(rendered(&refused, SEARCH).await, (422, expected));
    }

    #[test]
    fn names_of_the_path_are_in_the_words_of_odoo() {
        for (code, path, expected) in [
            (ErrorCode::UnknownModel, SEARCH, (404, "NotFound", "the model 'res.partner' does not exist")),
            (ErrorCode::UnknownMethod, SEARCH, (404, "NotFound", "The method 'res.partner.search' does not exist")),
            (
                ErrorCode::PrivateMethod,
                SEARCH,
                (403, "AccessError", "Private methods (such as 'res.partner.search') cannot be called remotely."),
            ),
            (ErrorCode::UnknownModel, "/doc-bearer/x.json", (404, "NotFound", "detail")),
            (ErrorCode::UnknownRoute, "/json/2", (404, "NotFound", "Did you mean POST /json/2/<model>/<method>?")),
            (ErrorCode::MethodNotAllowed, SEARCH, (404, "NotFound", "Did you mean POST /json/2/<model>/<method>?")),
            (ErrorCode::MethodNotAllowed, "/web/version", (405, "MethodNotAllowed", "detail")),
            (ErrorCode::CredentialInvalid, SEARCH, (401, "Unauthorized", "Invalid apikey")),
            (ErrorCode::ScopeForbidden, SEARCH, (403, "AccessError", "detail")),
            (ErrorCode::RecordNotFound, SEARCH, (404, "MissingError", "detail")),
            (ErrorCode::RateLimited, SEARCH, (429, "TooManyRequests", "detail")),
            (ErrorCode::OutcomeUnknown, SEARCH, (504, "GatewayTimeout", "detail")),
        ] {
            let (status, name, message) = described(&Problem::new(code, "detail"), path);
            assert_eq!((status, name.as_str(), message.as_str()), expected, "{code:?}");
        }
    }

    #[test]
    fn exceptions_of_odoo_have_its_status() {
        for (code, exception, status) in [
            (ErrorCode::AccessDenied, "AccessError", 403),
            (ErrorCode::UnknownReference, "MissingError", 404),
            (ErrorCode::UniqueConflict, "UserError", 422),
            (ErrorCode::OdooRefused, "RedirectWarning", 500),
            (ErrorCode::UnknownField, "ValueError", 500),
            (ErrorCode::OdooInternalError, "ZeroDivisionError", 500),
            (ErrorCode::OdooBusy, "PoolError", 503),
            (ErrorCode::CredentialInvalid, "AccessDenied", 401),
            (ErrorCode::ConcurrentUpdate, "DatabaseError", 409),
        ] {
            let problem = Problem::new(code, "detail").odoo(exception, "message");
            assert_eq!(described(&problem, SEARCH).0, status, "{code:?} {exception}");
        }
        let lock = Problem::new(ErrorCode::OdooRefused, "x").odoo("UserError", "locked");
        let lock = lock.odoo_class(Some("odoo.exceptions.LockError".to_owned()));
        assert_eq!(described(&lock, SEARCH).0, 409);
    }

    #[test]
    fn arguments_that_do_not_match_are_422_in_the_words_of_bind() {
        for (message, expected) in [
            ("search() got an unexpected keyword argument 'x'", "got an unexpected keyword argument 'x'"),
            ("search() missing 1 required positional argument: 'domain'", "missing a required argument: 'domain'"),
            ("search() missing 2 required positional arguments: 'a' and 'b'", "missing a required argument: 'a'"),
            ("search() missing 1 required keyword-only argument: 'a'", "missing a required keyword-only argument: 'a'"),
        ] {
            let problem = Problem::new(ErrorCode::InvalidValue, "x").odoo("TypeError", message);
            let expected = (422, "UnprocessableEntity".to_owned(), expected.to_owned());
            assert_eq!(described(&problem, SEARCH), expected);
        }
        for (code, message) in [
            (ErrorCode::OdooRefused, "other() got an unexpected keyword argument 'x'"),
            (ErrorCode::InvalidValue, "Domain() invalid argument type for domain"),
        ] {
            let inside = Problem::new(code, "x").odoo("TypeError", message);
            assert_eq!(described(&inside, SEARCH).0, 500, "{message}");
        }
    }
}

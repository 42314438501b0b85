//! The OpenAPI 3.1 document; in `rows` what every listing has in common; in `request` the headers of families B, C and D;
//! in `pages` what shows it: `/openapi.json`, `/docs`, `/docs/errors`.
//!
//! In: what the routes said of themselves. Out: the complete document. Must not know: what a route does.

mod pages;
mod request;
mod rows;

use axum::Router;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
    Server,
};
use utoipa::{PartialSchema as _, ToSchema};

pub(in crate::http) use self::request::RequestHeaders;
use crate::explain::Class;

/// Where problems are explained; their `type` points here.
pub const ERRORS_PAGE: &str = "/docs/errors";

/// What holds for every route.
#[must_use]
pub fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("odoo-gateway")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .contact(Some(ContactBuilder::new().name(Some("odoo-gateway")).build()))
        .build();
    let basic = Http::builder()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("An Odoo login with its password or with an Odoo API key (RFC 7617)."))
        .build();
    let mut components = Components::new();
    components.add_security_scheme("basic", SecurityScheme::Http(basic));
    for (scheme, header, what) in HEADERS {
        let header = ApiKey::Header(ApiKeyValue::with_description(header, what));
        components.add_security_scheme(scheme, SecurityScheme::ApiKey(header));
    }
    let bearer = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An API key, login token or access token of the gateway, where a client can send nothing else (RFC 6750); \
             an Odoo API key too, before Odoo 19 once it was linked with its user.",
        ))
        .build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let oauth1 = Http::builder()
        .scheme(HttpAuthScheme::OAuth)
        .description(Some(
            "A signature (OAuth 1.0a, RFC 5849) with the secrets of an application and of a token, made by \
             `POST /restapi/1.0/common/oauth1/access_token`. Write a space as `%20`, not as `+`.",
        ))
        .build();
    components.add_security_scheme("oauth1", SecurityScheme::Http(oauth1));
    OpenApiBuilder::new().info(info).servers(Some([Server::new("/")])).components(Some(components)).build()
}

/// Credentials that have a header of their own: scheme, header, what it carries.
const HEADERS: [(&str, &str, &str); 3] = [
    (
        "api_key",
        "api-key",
        "An API key of the gateway, made by `odoo-gateway key create`. Also understood as `x-api-key`.",
    ),
    (
        "login_token",
        "token",
        "A login token, made by `POST /api/generate_token` with an API key; alone or beside that key.",
    ),
    ("access_token", "access-token", "An access token, made by `POST /rest/api/login/token`."),
];

const DESCRIPTION: &str = "REST in front of Odoo 14 to 19.\n\n\
    Literals (`domain`, `vals`, `fields`, …) are JSON or Python literals. In a URL they are percent-encoded like any \
    other value; `curl -G --data-urlencode` does it. Every list of records is there as CSV and NDJSON too, by `Accept`, of \
    any length. Every refusal is `application/problem+json` (RFC 9457) with a stable `code`; under `/api` and `/api/v1` it \
     has the form of that family.";

/// The problems that any route may answer: HTTP status, and when.
const PROBLEMS: [(Class, &str); 14] = [
    (Class::BadRequest, "The request cannot be meant as it stands"),
    (Class::Unauthorized, "No credential, or none that Odoo takes"),
    (Class::Forbidden, "The caller may not"),
    (Class::NotFound, "No such database, model, method or record"),
    (Class::NotAcceptable, "None of the accepted media types can be produced"),
    (
        Class::Conflict,
        "Contradicts the present state of the records, or the first request under this idempotency key is under way",
    ),
    (Class::TooLarge, "The body is too large"),
    (Class::UnsupportedMediaType, "The body is of an unknown type"),
    (Class::Refused, "Odoo refuses the values, or something else was asked under this idempotency key"),
    (Class::TooManyRequests, "Too many failed attempts"),
    (Class::Internal, "The gateway failed"),
    (Class::BadGateway, "Odoo failed, or its answer cannot be read"),
    (Class::Unavailable, "Odoo cannot be reached or is busy; nothing was done"),
    (Class::OutcomeUnknown, "Sent to Odoo, and nobody knows what became of it"),
];

/// A problem, as RFC 9457 writes it.
#[derive(ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "/docs/errors#unknown_field", "title": "The model has no such field", "status": 400,
    "detail": "The model res.partner has no field nmae, or this user may not see it.", "hint": "Did you mean name?",
    "instance": "/restapi/1.0/object/res.partner", "code": "unknown_field", "parameter": "fields",
    "request_id": "5f2b7c0d9a41e836-1"
}))]
#[expect(dead_code, reason = "it is only described")]
struct ProblemSchema {
    /// Where this kind of problem is explained.
    r#type: String,
    /// What kind of problem it is, for people.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What was wrong with this request, and where.
    detail: String,
    /// The path of the request.
    instance: String,
    /// What kind of problem it is, for programs.
    code: String,
    /// Under which id the gateway's log knows the request.
    request_id: String,
    /// How to mend it.
    hint: Option<String>,
    /// The parameter, header or value to blame.
    parameter: Option<String>,
    /// What Odoo said, when it spoke.
    odoo: Option<OdooSaidSchema>,
}

/// Odoo's own words.
#[derive(ToSchema)]
#[schema(as = OdooSaid)]
#[expect(dead_code, reason = "it is only described")]
struct OdooSaidSchema {
    /// The class of the exception.
    exception: String,
    /// Its message.
    message: String,
}

/// Adds to every operation what all of them have: problems and credentials.
#[must_use]
pub fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    components.schemas.insert("Problem".into(), ProblemSchema::schema());
    components.schemas.insert("OdooSaid".into(), OdooSaidSchema::schema());
    for (class, when) in PROBLEMS {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new().description(when).content("application/problem+json", content).build();
        components.responses.insert(format!("{class:?}"), response.into());
    }
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().filter_map(Option::as_mut) {
            rows::offer(operation);
            complete_operation(operation);
        }
    }
    document
}

/// What callers may show, one of them.
const SCHEMES: [&str; 6] = ["basic", "api_key", "login_token", "access_token", "bearer", "oauth1"];

fn complete_operation(operation: &mut Operation) {
    let open = operation.security.as_ref().is_some_and(Vec::is_empty);
    if !open {
        let any_of = || SCHEMES.map(|scheme| SecurityRequirement::new(scheme, [""; 0])).to_vec();
        operation.security.get_or_insert_with(any_of);
    }
    // A family with a form of its own for problems has said them all.
    if operation.responses.responses.contains_key("500") {
        return;
    }
    for (class, _) in PROBLEMS {
        let of_caller = matches!(class, Class::Unauthorized | Class::Forbidden | Class::TooManyRequests);
        if !(open && of_caller) {
            let problem = RefOr::Ref(Ref::from_response_name(format!("{class:?}")));
            operation.responses.responses.entry(class.status().to_string()).or_insert(problem);
        }
    }
}

/// The document and the pages.
pub fn routes(document: OpenApi) -> Router {
    pages::routes(&complete(document))
}

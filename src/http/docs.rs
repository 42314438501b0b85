//! The OpenAPI 3.1 document and the pages that show it: `/openapi.json`, `/docs`, `/docs/errors`.
//!
//! In: what the routes said of themselves. Out: the complete document; pages whose assets are in the binary. Must not
//! know: what a route does.

use axum::Router;
use axum::response::{Html, IntoResponse as _};
use axum::routing::get;
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
    Server,
};
use utoipa::{PartialSchema as _, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::explain::{Class, Code};

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
    OpenApiBuilder::new().info(info).servers(Some([Server::new("/")])).components(Some(components)).build()
}

const DESCRIPTION: &str = "REST in front of Odoo 14 to 19.\n\n\
    Literals (`domain`, `vals`, `fields`, …) are JSON or Python literals. In a URL they are percent-encoded like any \
    other value; `curl -G --data-urlencode` does it. Every refusal is `application/problem+json` (RFC 9457) with a \
    stable `code`.";

/// The problems that any route may answer: HTTP status, and when.
const PROBLEMS: [(Class, &str); 14] = [
    (Class::BadRequest, "The request cannot be meant as it stands"),
    (Class::Unauthorized, "No credential, or none that Odoo takes"),
    (Class::Forbidden, "The caller may not"),
    (Class::NotFound, "No such database, model, method or record"),
    (Class::NotAcceptable, "None of the accepted media types can be produced"),
    (Class::Conflict, "Contradicts the present state of the records"),
    (Class::TooLarge, "The body is too large"),
    (Class::UnsupportedMediaType, "The body is of an unknown type"),
    (Class::Refused, "Odoo refuses the values"),
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
        operations.into_iter().filter_map(Option::as_mut).for_each(complete_operation);
    }
    document
}

fn complete_operation(operation: &mut Operation) {
    let open = operation.security.as_ref().is_some_and(Vec::is_empty);
    if !open {
        operation.security.get_or_insert_with(|| vec![SecurityRequirement::new("basic", [""; 0])]);
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
    let document = complete(document);
    let ui = SwaggerUi::new("/docs").url("/openapi.json", document).config(Config::default().validator_url("none"));
    let errors = get(async || Html(errors_page()).into_response());
    Router::from(ui).route(ERRORS_PAGE, errors).layer(axum::middleware::map_response(
        async |mut page: axum::response::Response| {
            let is_page =
                page.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
            if is_page {
                page.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
            }
            page
        },
    ))
}

/// Swagger UI writes style attributes; nothing on its pages comes from elsewhere.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Every code with its status and title.
fn errors_page() -> String {
    let row = |code: &Code| {
        let (name, status, title) = (code.as_str(), code.class().status(), code.title());
        format!("<tr id=\"{name}\"><th scope=\"row\"><code>{name}</code></th><td>{status}</td><td>{title}</td></tr>\n")
    };
    let rows: String = Code::ALL.iter().map(row).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>odoo-gateway: errors</title>\n<style>body{{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}}\
         th,td{{text-align:left;padding:.25rem 1rem .25rem 0}}:target{{background:#fff3bf}}</style>\n\
         <h1>Errors</h1>\n<p>The <code>code</code> of a problem never changes its meaning. Family D answers 400 where 422 stands here.</p>\n\
         <table>\n<thead><tr><th scope=\"col\">code</th><th scope=\"col\">status</th><th scope=\"col\">title</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</html>\n"
    )
}

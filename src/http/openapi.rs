//! The OpenAPI 3.1 document and the pages that show it.
//!
//! ```text
//! error_responses   the statuses and bodies of errors, by what an operation takes
//! response_headers  the headers of responses
//! client_types      types as client generators understand them
//! rows              listings as CSV and NDJSON
//! request           headers that requests to several dialects have in common
//! error_help        why each error happens, and what to do
//! pages             `/`, `/openapi.json`, `/docs`, `/docs/errors`
//! ```
//!
//! In: what the routes say about themselves. Out: the complete document. Must not know: what a route does.

mod client_types;
mod error_help;
mod error_responses;
mod export_formats;
pub(super) mod idempotency;
mod response_headers;
mod shared_params;
mod ui;

use axum::Router;
use url::Url;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, AuthorizationCode, ClientCredentials, Flow, Http, HttpAuthScheme, OAuth2, Scopes,
    SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{Components, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Server};
use utoipa::{PartialSchema as _, ToSchema};

pub(super) use self::error_responses::{ErrorFormat, describe_errors};
pub(super) use self::shared_params::{FileContent, RequestHeaders};

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
    components.add_security_scheme("oauth2", oauth2(""));
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .tags(Some(TAGS.map(tag)))
        .components(Some(components))
        .build()
}

/// The groups of operations, in the order in which a reader needs them.
const TAGS: [(&str, &str); 7] = [
    (
        "api_v1",
        "The dialect of jeffery9's odoo-rest-api: nested selections, pages with totals, relation verbs, files. The best \
         choice for new programs.",
    ),
    ("restapi", "The dialect of the Synconics restapi: object routes, reports, XML on request."),
    ("api", "The dialect of the CandidRoot REST API: bare JSON, API keys, login tokens."),
    (
        "restful",
        "The dialect of odooapi_restful: records of the models that the administrator enabled, each in its schema.",
    ),
    ("rest", "Access tokens of odooapi_restful: log in once with a password, log out."),
    ("oauth", "The pages on which a user logs in and allows an application to act for them."),
    ("oauth2", "Tokens for applications (OAuth 2): issue, revoke, introspect, metadata, public keys."),
];

fn tag((name, description): (&str, &str)) -> Tag {
    TagBuilder::new().name(name).description(Some(description)).build()
}

/// OAuth 2 with the addresses below `base`.
fn oauth2(base: &str) -> SecurityScheme {
    let at = |name: &str| format!("{base}{}/{name}", super::oauth::PREFIX);
    let scopes = || {
        Scopes::from_iter([
            ("all", "Everything that the application and the user are allowed to do."),
            ("read", "Read records. `read:sale.order` or `read:sale.*` names models; so for the other operations."),
            ("create", "Create records."),
            ("update", "Update records."),
            ("delete", "Delete records."),
            ("execute", "Call other methods."),
        ])
    };
    let (authorize, token) = (at("authorize"), at("token"));
    SecurityScheme::OAuth2(OAuth2::with_description(
        [
            Flow::AuthorizationCode(AuthorizationCode::with_refresh_url(
                authorize,
                token.clone(),
                scopes(),
                token.clone(),
            )),
            Flow::ClientCredentials(ClientCredentials::new(token, scopes())),
        ],
        "An application that acts for a user (authorization code with PKCE) or for its own user (client credentials).",
    ))
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
    any length. Every error is `application/problem+json` (RFC 9457) with a stable `code`; below `/api`, `/api/v1` and the \
     OAuth 2 endpoints it has the form of that interface.";

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

/// Adds to every operation what all of them have: credentials, errors, headers.
#[must_use]
pub fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    components.schemas.insert("Problem".into(), ProblemSchema::schema());
    components.schemas.insert("OdooSaid".into(), OdooSaidSchema::schema());
    components.headers = response_headers::components();
    for operation in operations_mut(&mut document) {
        export_formats::offer(operation);
        client_types::simplify(operation);
        describe_credentials(operation);
    }
    describe_errors(&mut document, error_responses::PROBLEM);
    operations_mut(&mut document).for_each(response_headers::of_operation);
    document
}

fn operations_mut(document: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    document.paths.paths.values_mut().flat_map(|item| {
        let PathItem { get, put, post, delete, patch, .. } = item;
        [get, put, post, delete, patch].into_iter().flatten()
    })
}

/// A client shows one of these.
const SCHEMES: [&str; 7] = ["basic", "api_key", "login_token", "access_token", "bearer", "oauth2", "oauth1"];

fn describe_credentials(operation: &mut Operation) {
    let any_of = || SCHEMES.map(|scheme| SecurityRequirement::new(scheme, [""; 0])).to_vec();
    operation.security.get_or_insert_with(any_of);
}

/// The document as clients of this gateway see it: its addresses start with the URL by which clients reach it.
#[must_use]
pub fn at(mut document: OpenApi, public_url: Option<&Url>) -> OpenApi {
    let Some(public_url) = public_url else { return document };
    let base = public_url.as_str().trim_end_matches('/');
    document.servers = Some(vec![Server::new(base)]);
    document.components.get_or_insert_default().add_security_scheme("oauth2", oauth2(base));
    document
}

/// The document and the pages.
pub fn routes(document: OpenApi, public_url: Option<&Url>) -> Router {
    let base = public_url.map(|url| url.path().trim_end_matches('/')).unwrap_or_default();
    ui::routes(&at(complete(document), public_url), base)
}

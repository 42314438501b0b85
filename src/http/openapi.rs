//! The OpenAPI 3.1 document, and the pages that show it.
//!
//! ```text
//! shared_params      parameters and bodies that several dialects have in common
//! error_responses    the statuses and bodies of errors
//! response_headers   the headers of responses
//! export_formats     lists as CSV and NDJSON
//! idempotency        the Idempotency-Key header
//! remove_null        types that client generators understand
//! shared_components  parameters of several operations, described once
//! json_text          JSON for files in version control
//! convert            the document in older versions of OpenAPI
//! typed              documents of certain models
//! describe_models    the models of such a document, as one user may use them
//! document_query     the parameters of the document's address
//! document_route     `/openapi.json`
//! built_document     the memory of documents of models
//! postman            the operations as a collection for Postman
//! error_help         the cause and the remedy of each error
//! ui                 `/`, `/docs/errors`
//! ```
//!
//! In: the descriptions of the routes. Out: the complete document. Must not know: what a route does.

mod built_document;
mod convert;
mod describe_models;
mod document_query;
mod document_route;
mod error_help;
mod error_responses;
mod export_formats;
pub(super) mod idempotency;
mod json_text;
pub mod postman;
mod remove_null;
mod response_headers;
mod shared_components;
mod shared_params;
mod typed;
mod ui;

use std::collections::HashSet;
use std::sync::Arc;

use axum::Router;
use url::Url;
use utoipa::PartialSchema as _;
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, AuthorizationCode, ClientCredentials, Flow, Http, HttpAuthScheme, OAuth2, Scopes,
    SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    Components, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr, Server,
};

pub use self::convert::{ConvertedDocument, OpenApiVersion, to_version};
pub(super) use self::describe_models::{DocumentReader, RestfulShapesOf};
pub(super) use self::document_query::DocumentQuery;
pub(super) use self::document_route::Documents;
pub(super) use self::error_responses::{ErrorFormat, describe_errors};
pub use self::json_text::to_json_text;
pub(super) use self::shared_params::{
    ContextQuery, DatabaseHeader, DeletionPath, DomainQuery, FieldsQuery, FileContent, IdPath, KeywordArguments,
    MethodArguments, ModelPath, OdooContext, PagingQuery, RequestHeaders,
};
pub(super) use self::typed::RestfulShapes;
use super::response::problem::{OdooJson, ProblemJson};
use super::state::AppState;

/// The page that explains every error. The `type` of a problem points here.
pub const ERRORS_PAGE: &str = "/docs/errors";

/// The part of the document that does not depend on the routes.
#[must_use]
pub fn base(oauth2_prefix: &str) -> OpenApi {
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
    for (scheme, header, description) in HEADER_SCHEMES {
        let header = ApiKey::Header(ApiKeyValue::with_description(header, description));
        components.add_security_scheme(scheme, SecurityScheme::ApiKey(header));
    }
    let bearer = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An API key, login token or access token of the gateway, for clients that support only bearer tokens \
             (RFC 6750). An Odoo API key is also accepted; on Odoo 14-18, link the key with its user once first.",
        ))
        .build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let oauth1 = Http::builder()
        .scheme(HttpAuthScheme::OAuth)
        .description(Some(
            "An OAuth 1.0a signature (RFC 5849) with the secrets of an application and of an access token from \
             `POST /restapi/1.0/common/oauth1/access_token`. Encode a space as `%20`, not as `+`.",
        ))
        .build();
    components.add_security_scheme("oauth1", SecurityScheme::Http(oauth1));
    components.add_security_scheme("oauth2", oauth2(oauth2_prefix));
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .tags(Some(TAGS.map(tag)))
        .components(Some(components))
        .build()
}

/// The tags of the operations, in the order in which the page shows them.
const TAGS: [(&str, &str); 9] = [
    (
        "api_v1",
        "The interface of jeffery9's odoo-rest-api: nested selections, pages with totals, relation commands, files. \
         Recommended for new applications.",
    ),
    ("restapi", "The interface of the Synconics restapi: object routes, reports, JSON or XML."),
    ("api", "The interface of the CandidRoot REST API: JSON without an envelope, API keys, login tokens."),
    (
        "restful",
        "The interface of odooapi_restful: records of the models that the administrator enabled, each with a schema.",
    ),
    ("rest", "Access tokens of odooapi_restful: log in with a password, log out."),
    ("json2", "Odoo's own JSON-2: any method with named arguments, as in Odoo 19, also in front of Odoo 14-18."),
    ("rpc", "Odoo's own JSON-RPC, for programs that call Odoo with it already. XML-RPC is described in the guides."),
    ("oauth", "The pages on which users log in and allow an application to act for them."),
    ("oauth2", "Tokens for applications (OAuth 2): issue, revoke, introspect, metadata, public keys."),
];

fn tag((name, description): (&str, &str)) -> Tag {
    TagBuilder::new().name(name).description(Some(description)).build()
}

/// The OAuth 2 scheme. `endpoints` is the URL or path below which its endpoints are.
fn oauth2(endpoints: &str) -> SecurityScheme {
    let endpoint = |name: &str| format!("{endpoints}/{name}");
    let scopes = || {
        Scopes::from_iter([
            ("all", "Everything that both the application and the user are allowed to do."),
            ("read", "Read records. `read:sale.order` or `read:sale.*` limits it to models; so for all operations."),
            ("create", "Create records."),
            ("update", "Update records."),
            ("delete", "Delete records."),
            (
                "execute",
                "Call other methods. A method that only reads, creates, updates or deletes needs that scope instead.",
            ),
        ])
    };
    let (authorize, token) = (endpoint("authorize"), endpoint("token"));
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

/// Credentials with a dedicated header: scheme, header, description.
const HEADER_SCHEMES: [(&str, &str, &str); 3] = [
    (
        "api_key",
        "api-key",
        "An API key of the gateway, created by `odoo-gateway key create`. The header `x-api-key` is also accepted.",
    ),
    (
        "login_token",
        "token",
        "A login token, issued by `POST /api/generate_token`. It can be sent alone or together with its API key.",
    ),
    ("access_token", "access-token", "An access token, issued by `POST /rest/api/login/token`."),
];

const DESCRIPTION: &str = "A REST API for Odoo 14 to 20.\n\n\
    Literals (`domain`, `vals`, `fields`, …) are JSON or Python literals. In a URL, percent-encode them like any other \
    value, for example with `curl -G --data-urlencode`. Every list of records is also available as CSV and NDJSON, of \
    any length: send `Accept: text/csv` or `Accept: application/x-ndjson`. Every error is `application/problem+json` \
    (RFC 9457) with a stable `code`; `/api`, `/api/v1`, JSON-2 and the OAuth 2 endpoints use the error format of their \
    interface.";

/// Adds the parts that all operations have: credentials, errors, headers.
#[must_use]
pub fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    components.schemas.insert("Problem".into(), ProblemJson::schema());
    components.schemas.insert("OdooException".into(), OdooJson::schema());
    components.headers = response_headers::components();
    for (operation, scope) in operations_with_scopes(&mut document) {
        describe_credentials(operation, if lists_records(operation) { "read" } else { scope });
        export_formats::describe_export_formats(operation);
        remove_null::remove_null(operation);
    }
    describe_errors(&mut document, ErrorFormat::PROBLEM);
    remove_unused_tags(&mut document);
    operations_mut(&mut document).for_each(response_headers::add_to_operation);
    shared_components::share_parameters(&mut document);
    document
}

fn operations_mut(document: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    operations_with_scopes(document).map(|(operation, _)| operation)
}

/// Removes the tags of dialects that are not offered.
fn remove_unused_tags(document: &mut OpenApi) {
    let used: HashSet<String> =
        operations_mut(document).flat_map(|operation| operation.tags.clone().unwrap_or_default()).collect();
    if let Some(tags) = &mut document.tags {
        tags.retain(|tag| used.contains(&tag.name));
    }
}

fn has_parameter(operation: &Operation, name: &str) -> bool {
    let matches = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(parameter) if parameter.name == name);
    operation.parameters.iter().flatten().any(matches)
}

/// The schemes of which an operation accepts any, in addition to `oauth2`.
const SCHEMES: [&str; 6] = ["basic", "api_key", "login_token", "access_token", "bearer", "oauth1"];

/// Adds the credentials that an operation accepts, and the smallest scope that it needs.
fn describe_credentials(operation: &mut Operation, scope: &'static str) {
    let scope = if calls_method(operation) { "execute" } else { scope };
    operation.security.get_or_insert_with(|| {
        let any_of = SCHEMES.map(|scheme| SecurityRequirement::new(scheme, [""; 0]));
        any_of.into_iter().chain([SecurityRequirement::new("oauth2", [scope])]).collect()
    });
}

fn calls_method(operation: &Operation) -> bool {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    id.contains("_call_") || id.ends_with("_execute_kw")
}

/// Whether the operation lists records. It only reads then, also by POST.
fn lists_records(operation: &Operation) -> bool {
    operation.extensions.as_ref().is_some_and(|extensions| extensions.contains_key(export_formats::MARKER))
}

/// The operations, each with the OAuth 2 scope that its HTTP method suggests.
fn operations_with_scopes(document: &mut OpenApi) -> impl Iterator<Item = (&mut Operation, &'static str)> {
    document.paths.paths.values_mut().flat_map(|item| {
        let PathItem { get, put, post, delete, patch, .. } = item;
        [(get, "read"), (put, "update"), (post, "create"), (delete, "delete"), (patch, "update")]
            .into_iter()
            .filter_map(|(operation, scope)| Some((operation.as_mut()?, scope)))
    })
}

/// The document with URLs below `public_url`, the address at which clients reach this gateway.
#[must_use]
pub fn with_public_url(mut document: OpenApi, public_url: Option<&Url>, oauth2_prefix: &str) -> OpenApi {
    let Some(public_url) = public_url else { return document };
    let base = public_url.as_str().trim_end_matches('/');
    document.servers = Some(vec![Server::new(base)]);
    document
        .components
        .get_or_insert_default()
        .add_security_scheme("oauth2", oauth2(&format!("{base}{oauth2_prefix}")));
    document
}

/// The routes of the document and of its pages.
pub(super) fn routes(documents: Arc<Documents>, base: &str) -> Router<AppState> {
    document_route::route(documents.clone()).merge(postman::routes(documents)).merge(ui::routes(base))
}

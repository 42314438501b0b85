//! `GET /postman_collection.json`, with the parameters of `/openapi.json`, and `GET /postman_environment.json`.
//!
//! In: requests. Out: files for Postman, with an entity tag. Must not know: what the collection contains. The
//! collection of all operations needs no credential; one of certain models is for one user and needs one.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequest as _, Request, State};
use axum::response::Response;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::super::convert::OpenApiVersion;
use super::super::document_query::DocumentQuery;
use super::super::document_route::{Documents, MadeOnce, made_once};
use super::{collection, environment};
use crate::cpu_work::{LARGE, run_cpu_work};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;
use crate::http::response::headers::set_rate_limit;
use crate::http::response::tagged_content::TaggedContent;
use crate::http::state::AppState;

const JSON: &str = "application/json";
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Browsers save the files instead of showing them.
const COLLECTION_FILE: HeaderValue =
    HeaderValue::from_static("attachment; filename=\"odoo-gateway.postman_collection.json\"");
const ENVIRONMENT_FILE: HeaderValue =
    HeaderValue::from_static("attachment; filename=\"odoo-gateway.postman_environment.json\"");

/// The routes of both files. Their requests go to the configured URL of this gateway.
pub(in crate::http::openapi) fn routes(documents: Arc<Documents>) -> Router<AppState> {
    let prepared = Arc::new(MadeOnce::new());
    let collection = async move |State(state): State<AppState>, request: Request| {
        respond(&documents, &prepared, &state, request).await
    };
    let environment = async |State(state): State<AppState>, headers: HeaderMap| {
        let content = TaggedContent::new(JSON, environment(state.site.issuer()).to_string());
        as_file(content.respond(&headers), ENVIRONMENT_FILE)
    };
    Router::new()
        .route("/postman_collection.json", get(collection))
        .route("/postman_environment.json", get(environment))
}

/// `prepared` contains the collection of all operations, which is made for the first client that asks for it.
async fn respond(
    documents: &Documents,
    prepared: &MadeOnce,
    state: &AppState,
    request: Request,
) -> Result<Response, Problem> {
    let query = parse_query(request.uri().query())?;
    let write = |document: Value| {
        let collection = collection(&document, state.site.issuer());
        // Both trees and the text together would need more memory than a share contains.
        drop(document);
        collection.to_string()
    };
    if query.models.is_empty() {
        let content = made_once(prepared, || Ok(write(documents.generic()?)))?;
        return Ok(as_file(content.respond(request.headers())?, COLLECTION_FILE));
    }
    let mut request = ApiRequest::from_request(request, state).await?;
    let (document, rate_limit) = documents.for_caller(&mut request, &query).await?;
    let content = run_cpu_work(LARGE, || document.into_content(JSON, write));
    let mut response = as_file(content.respond(&request.head.headers), COLLECTION_FILE);
    response.headers_mut().insert(CACHE_CONTROL, PRIVATE);
    if let Some(limit) = rate_limit {
        set_rate_limit(limit, response.headers_mut());
    }
    Ok(response)
}

fn parse_query(query: Option<&str>) -> Result<DocumentQuery, Problem> {
    let query = DocumentQuery::parse(query)?;
    if query.version == OpenApiVersion::default() {
        return Ok(query);
    }
    let detail = "version: a Postman collection has no OpenAPI version.";
    Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter("version"))
}

fn as_file(mut response: Response, name: HeaderValue) -> Response {
    response.headers_mut().insert(CONTENT_DISPOSITION, name);
    response
}

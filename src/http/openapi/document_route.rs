//! `GET /openapi.json`: the document of this gateway, and documents of certain models.
//!
//! In: requests. Out: the document in the requested version, with an entity tag. Must not know: the contents of the
//! document. The generic document needs no credential; a document of models is for one user and needs one.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{FromRequest as _, Request, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::openapi::OpenApi;

use super::convert::{OpenApiVersion, to_version};
use super::describe_models::{DocumentReader, RestfulShapesOf, describe_models};
use super::document_query::DocumentQuery;
use super::typed::typed_document;
use crate::cpu_work::{LARGE, run_cpu_work};
use crate::error::{Problem, RateLimit};
use crate::http::authenticate::authenticate;
use crate::http::pipeline::invalidate_stale_identity;
use crate::http::request::{ApiRequest, headers};
use crate::http::response::headers::set_rate_limit;
use crate::http::response::tagged_content::TaggedContent;
use crate::http::state::AppState;
use crate::plan::RequestedContext;

/// The media type of the document.
const JSON: &str = "application/json";
/// A browser may keep a document of models, and asks each time whether it has changed.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// The generic document, and what documents of models are made from.
#[derive(Debug)]
pub(in crate::http) struct Documents {
    generic: Value,
    /// The generic document in each version, made for the first client that asks for it.
    texts: [OnceLock<TaggedContent>; OpenApiVersion::ALL.len()],
    restful: RestfulShapesOf,
    /// Limits how many documents of models are in memory: one of many large models needs about 100 MB until it is text.
    builds: Arc<Semaphore>,
}

/// The maximum number of documents of models that are in memory at the same time. Others wait.
const MAX_BUILDS: usize = 2;

/// A document of models in OpenAPI 3.1.
#[derive(Debug)]
pub(in crate::http) struct BuiltDocument {
    document: Value,
    _permit: OwnedSemaphorePermit,
}

impl Deref for BuiltDocument {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.document
    }
}

impl BuiltDocument {
    /// The text of the document in a version of OpenAPI.
    pub(in crate::http) fn into_text(self, version: OpenApiVersion) -> String {
        to_version(self.document, version).document.to_string()
    }

    /// The document in a version of OpenAPI.
    pub(in crate::http) fn into_version(self, version: OpenApiVersion) -> Value {
        to_version(self.document, version).document
    }
}

/// The route of the document.
pub(in crate::http) fn route(documents: Arc<Documents>) -> Router<AppState> {
    let handle =
        async move |State(state): State<AppState>, request: Request| respond(&documents, &state, request).await;
    Router::new().route("/openapi.json", get(handle))
}

async fn respond(documents: &Documents, state: &AppState, request: Request) -> Result<Response, Problem> {
    let query = DocumentQuery::parse(request.uri().query())?;
    if query.models.is_empty() {
        return Ok(documents.generic_text(query.version).respond(request.headers()));
    }
    let mut request = ApiRequest::from_request(request, state).await?;
    let (document, rate_limit) = documents.for_caller(&mut request, &query).await?;
    let content = run_cpu_work(LARGE, || TaggedContent::new(JSON, document.into_text(query.version)));
    let mut response = content.respond(&request.head.headers);
    response.headers_mut().insert(CACHE_CONTROL, PRIVATE);
    if let Some(limit) = rate_limit {
        set_rate_limit(limit, response.headers_mut());
    }
    Ok(response)
}

impl Documents {
    /// From the complete generic document.
    pub(in crate::http) fn new(document: &OpenApi, restful: RestfulShapesOf) -> Self {
        // Strings and numbers always serialize.
        let generic = serde_json::to_value(document).unwrap_or_default();
        Self { generic, texts: Default::default(), restful, builds: Arc::new(Semaphore::new(MAX_BUILDS)) }
    }

    /// The generic document in OpenAPI 3.1.
    pub(in crate::http) fn generic(&self) -> &Value {
        &self.generic
    }

    fn generic_text(&self, version: OpenApiVersion) -> TaggedContent {
        let make = || TaggedContent::new(JSON, to_version(self.generic.clone(), version).document.to_string());
        let place = OpenApiVersion::ALL.iter().position(|known| *known == version);
        let prepared = place.and_then(|place| self.texts.get(place));
        prepared.map_or_else(make, |prepared| prepared.get_or_init(make).clone())
    }

    /// Authenticates the request, and returns the document of the models in OpenAPI 3.1, with the rest of the rate
    /// limit of the credential.
    ///
    /// # Errors
    /// 401 without a credential that the gateway and Odoo accept; those of [`describe_models`].
    pub(in crate::http) async fn for_caller(
        &self,
        request: &mut ApiRequest,
        query: &DocumentQuery,
    ) -> Result<(BuiltDocument, Option<RateLimit>), Problem> {
        let timing = request.timing.clone();
        let caller = timing.time("auth", authenticate(request)).await?;
        let header = headers::single(&request.head.headers, X_ODOO_LANG)?;
        let lang = header.map(|value| value.to_str().unwrap_or_default().trim());
        let reader = DocumentReader { database: &caller.database, user: &caller.odoo_user, scope: &caller.scope };
        let made = timing.time("odoo", self.for_verified_reader(reader, query, lang)).await;
        let document = invalidate_stale_identity(request, &caller, made).await?;
        Ok((document, caller.rate_limit))
    }

    /// The same as [`Self::for_reader`], if Odoo still accepts the user's credential. Descriptions are cached for each
    /// user, so without this call a credential that Odoo has ended would still get documents.
    async fn for_verified_reader(
        &self,
        reader: DocumentReader<'_>,
        query: &DocumentQuery,
        lang: Option<&str>,
    ) -> Result<BuiltDocument, Problem> {
        reader.database.metadata.user_name(reader.user).await?;
        self.for_reader(reader, query, lang).await
    }

    /// The document of the models in OpenAPI 3.1. `lang` is the language of labels if the query has none.
    ///
    /// # Errors
    /// Those of [`describe_models`].
    pub(in crate::http) async fn for_reader(
        &self,
        reader: DocumentReader<'_>,
        query: &DocumentQuery,
        lang: Option<&str>,
    ) -> Result<BuiltDocument, Problem> {
        let models = describe_models(reader, query, &requested_context(query, lang), &self.restful).await?;
        let permit = self.builds.clone().acquire_owned().await.map_err(Problem::internal)?;
        let document = run_cpu_work(LARGE, || typed_document(&self.generic, &models, query));
        Ok(BuiltDocument { document, _permit: permit })
    }
}

const X_ODOO_LANG: &str = "X-Odoo-Lang";

/// The language of labels: the parameter, else the header.
fn requested_context(query: &DocumentQuery, header: Option<&str>) -> RequestedContext {
    let mut context = RequestedContext::default();
    match (&query.lang, header) {
        (Some(lang), _) => context.set("lang", "lang", lang.clone().into()),
        (None, Some(lang)) if !lang.is_empty() => context.set(X_ODOO_LANG, "lang", lang.to_owned().into()),
        _ => {}
    }
    context
}

//! `GET /openapi.json`: the document of this gateway, and documents of certain models.
//!
//! In: requests. Out: the document in the requested version, with an entity tag. Must not know: the contents of the
//! document. The generic document needs no credential; a document of models is for one user and needs one.

use std::fmt;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{FromRequest as _, Request, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::built_document::{BuiltDocument, DocumentMemory};
use super::convert::{OpenApiVersion, to_version};
use super::describe_models::{DocumentReader, RestfulShapesOf, describe_models};
use super::document_query::{DocumentQuery, TypedDialect};
use super::typed::typed_document;
use crate::cpu_work::{LARGE, run_cpu_work};
use crate::error::{Problem, RateLimit};
use crate::http::authenticate::authenticate;
use crate::http::pipeline::invalidate_stale_identity;
use crate::http::request::{ApiRequest, headers};
use crate::http::response::headers::set_rate_limit;
use crate::http::response::packed_content::PackedContent;
use crate::http::state::AppState;
use crate::plan::RequestedContext;

/// The media type of the document.
const JSON: &str = "application/json";
/// A browser may keep a document of models, and asks each time whether it has changed.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// A packed document, made for the first client that asks for it.
pub(super) type MadeOnce = OnceLock<Result<PackedContent, Problem>>;

/// The generic document, and what documents of models are made from.
pub(in crate::http) struct Documents {
    make: Box<dyn Fn() -> OpenApi + Send + Sync>,
    /// The generic document in each version.
    v3_1: MadeOnce,
    v3_0: MadeOnce,
    v2_0: MadeOnce,
    restful: RestfulShapesOf,
    memory: DocumentMemory,
}

impl fmt::Debug for Documents {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Documents").finish_non_exhaustive()
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
        return documents.packed(query.version)?.respond(request.headers());
    }
    let mut request = ApiRequest::from_request(request, state).await?;
    let (document, rate_limit) = documents.for_caller(&mut request, &query).await?;
    let write = |document| to_version(document, query.version).document.to_string();
    let content = run_cpu_work(LARGE, || document.into_content(JSON, write));
    let mut response = content.respond(&request.head.headers);
    response.headers_mut().insert(CACHE_CONTROL, PRIVATE);
    if let Some(limit) = rate_limit {
        set_rate_limit(limit, response.headers_mut());
    }
    Ok(response)
}

impl Documents {
    /// `make` returns the complete generic document. It is called when the first client asks for a document.
    pub(in crate::http) fn new(make: impl Fn() -> OpenApi + Send + Sync + 'static, restful: RestfulShapesOf) -> Self {
        let (v3_1, v3_0, v2_0) = Default::default();
        Self { make: Box::new(make), v3_1, v3_0, v2_0, restful, memory: DocumentMemory::default() }
    }

    /// The generic document in OpenAPI 3.1.
    ///
    /// # Errors
    /// 500 if the document is not JSON.
    pub(in crate::http) fn generic(&self) -> Result<Value, Problem> {
        let text = self.packed(OpenApiVersion::V3_1)?.unpack()?;
        serde_json::from_slice(&text).map_err(Problem::internal)
    }

    fn packed(&self, version: OpenApiVersion) -> Result<&PackedContent, Problem> {
        let convert = || Ok(to_version(self.generic()?, version).document.to_string());
        match version {
            OpenApiVersion::V3_1 => {
                made_once(&self.v3_1, || serde_json::to_string(&(self.make)()).map_err(Problem::internal))
            }
            OpenApiVersion::V3_0 => made_once(&self.v3_0, convert),
            OpenApiVersion::V2_0 => made_once(&self.v2_0, convert),
        }
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
        // Before anything is in memory. The limit on connections applies to those who wait here.
        let dialects = query.dialect.map_or(TypedDialect::ALL.len(), |_| 1);
        let share = self.memory.reserve(query.models.len(), dialects).await?;
        let made = timing.time("odoo", self.for_verified_reader(reader, query, lang)).await;
        let document = invalidate_stale_identity(request, &caller, made).await?;
        Ok((BuiltDocument::new(document, share), caller.rate_limit))
    }

    /// The same as [`Self::for_reader`], if Odoo still accepts the user's credential. Descriptions are cached for each
    /// user, so without this call a credential that Odoo has ended would still get documents.
    async fn for_verified_reader(
        &self,
        reader: DocumentReader<'_>,
        query: &DocumentQuery,
        lang: Option<&str>,
    ) -> Result<Value, Problem> {
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
    ) -> Result<Value, Problem> {
        let context = requested_context(query, lang);
        // Boxed, because it is large.
        let models = Box::pin(describe_models(reader, query, &context, &self.restful)).await?;
        run_cpu_work(LARGE, || Ok(typed_document(&self.generic()?, &models, query)))
    }
}

/// What was made for the first client, or is made now. An error is kept, too: it would be the same each time.
pub(super) fn made_once(
    made: &MadeOnce,
    make: impl FnOnce() -> Result<String, Problem>,
) -> Result<&PackedContent, Problem> {
    let content = made.get_or_init(|| run_cpu_work(LARGE, || PackedContent::pack(JSON, make()?.as_bytes())));
    content.as_ref().map_err(Problem::clone)
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

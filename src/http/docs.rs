//! The documentation: pages for people who write clients.
//!
//! ```text
//! swagger_ui  `/docs`: try requests
//! reference   `/docs/reference`: the API to read
//! guides      `/docs/guides`: tasks, dialects, moves from the add-ons
//! markdown    Markdown as HTML
//! ```
//!
//! In: the OpenAPI document, the URL of this gateway. Out: routes. Must not know: how the document is made, what a
//! route does. Pages are rendered when somebody opens the first one, and kept packed.

mod guides;
mod markdown;
mod reference;
mod swagger_ui;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_FRAME_OPTIONS};
use http::{HeaderMap, HeaderValue, Uri};

use super::openapi::Documents;
use super::pages::{ENGLISH, Layout, color_variables};
use super::public_url::SiteConfig;
use super::response::packed_content::PackedContent;
use super::response::tagged_content::TaggedContent;
use crate::error::Problem;
use crate::error_code::ErrorCode;

/// The pages have no scripts and no forms.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Settings of the documentation.
#[derive(Debug, Clone, Default)]
pub struct DocsSettings {
    /// The client id with which Swagger UI starts a login; empty: people type it.
    pub oauth_client_id: String,
}

/// A rendered page.
#[derive(Debug)]
struct DocsPage {
    path: String,
    html: String,
}

/// The pages by path, as soon as they are rendered.
#[derive(Debug, Default)]
struct RenderedPages(OnceLock<Result<HashMap<String, PackedContent>, Problem>>);

/// The routes.
pub(super) fn routes(documents: Arc<Documents>, site: &SiteConfig, settings: &DocsSettings) -> Router {
    let swagger_ui = swagger_ui::routes(site.base(), &settings.oauth_client_id).unwrap_or_else(|cause| {
        tracing::error!(%cause, "cannot render the page of Swagger UI");
        Router::new()
    });
    let style = format!("{}{}", color_variables(), include_str!("../../templates/docs/style.css"));
    let style = TaggedContent::new("text/css; charset=utf-8", style);
    let (guides, reference) = (Arc::new(RenderedPages::default()), Arc::new(RenderedPages::default()));
    let (base, url): (Arc<str>, Arc<str>) = (site.base().into(), site.issuer().into());
    let (guides_base, guides_url) = (base.clone(), url.clone());
    let render_guides = move || guides::render_guides(layout(&guides_base), &guides_url).map_err(Problem::internal);
    let render_reference =
        move || reference::render_reference(layout(&base), documents.generic()?, &url).map_err(Problem::internal);
    Router::new()
        .route("/docs/style.css", get(async move |headers: HeaderMap| style.respond(&headers)))
        .merge(rendered(guides::PATH, guides, render_guides))
        .merge(rendered(reference::PATH, reference, render_reference))
        .merge(swagger_ui)
}

fn layout(base: &str) -> Layout<'_> {
    Layout { messages: &ENGLISH, base }
}

/// The routes of an index and of the pages below it.
fn rendered(
    path: &'static str,
    pages: Arc<RenderedPages>,
    render: impl Fn() -> Result<Vec<DocsPage>, Problem> + Clone + Send + Sync + 'static,
) -> Router {
    let (below_pages, below_render) = (pages.clone(), render.clone());
    let index: MethodRouter = get(async move |headers: HeaderMap| pages.respond(path, &headers, render));
    // Paths of pages need no percent-encoding, so one that has some is of no page.
    let below =
        get(async move |target: Uri, headers: HeaderMap| below_pages.respond(target.path(), &headers, below_render));
    Router::new().route(path, index).route(&format!("{path}/{{name}}"), below)
}

impl RenderedPages {
    fn respond(
        &self,
        path: &str,
        request_headers: &HeaderMap,
        render: impl FnOnce() -> Result<Vec<DocsPage>, Problem>,
    ) -> Result<Response, Problem> {
        let pack =
            |page: DocsPage| Ok((page.path, PackedContent::pack("text/html; charset=utf-8", page.html.as_bytes())?));
        let pages = self.0.get_or_init(|| render()?.into_iter().map(pack).collect());
        let pages = pages.as_ref().map_err(Problem::clone)?;
        let page = pages.get(path).ok_or_else(|| {
            let problem = Problem::new(ErrorCode::UnknownRoute, "This page does not exist.");
            problem.hint("All pages are listed at /docs/guides and /docs/reference.")
        })?;
        let headers = [
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ];
        Ok((headers, page.respond(request_headers)?).into_response())
    }
}

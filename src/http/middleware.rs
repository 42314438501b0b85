//! Everything that applies to every request, outermost first, in one place: read `MiddlewareStack::handle` from top to
//! bottom.
//!
//! ```text
//! real_ip                 the client's address, forwarded by a trusted proxy
//! access_log              one log line and one count per request; request_span: its span in a trace
//! cors                    scripts of other origins
//! catch_panic             a panic becomes a 500 response
//! request_head_check      size and ambiguity of the head; host: whom the request is for
//! fallback                unknown paths and methods; OPTIONS
//! body_limits             size, rate and coding of the body
//! matched_path            records the route in the access log
//! compression             gzip, br, zstd
//! basic_challenge_filter  no Basic challenge for scripts
//! security_headers        what browsers and caches must not do
//! ```
//!
//! In: the router and its [`RoutePolicy`]. Out: the [`Handler`] to [serve](crate::serve), whose stack can be replaced
//! between two requests. Must not know: dialects, routes. One function instead of a stack of tower layers: the order is the order of the lines, a request is boxed
//! once, and each step is a small file with its own tests.

mod access_log;
mod basic_challenge_filter;
mod body_limits;
mod catch_panic;
mod compression;
mod cors;
pub(super) mod fallback;
mod host;
mod matched_path;
mod real_ip;
mod request_head_check;
mod request_span;
mod security_headers;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Version};
use ipnet::IpNet;
use tower::Service;

use self::access_log::AccessLogGuard;
use self::catch_panic::PanicMessage;
use self::cors::CorsOrigins;
use self::matched_path::RecordMatchedPath;
use super::request::body::BodyLimits;
use super::request::original_target::{self, OriginalTarget};
use super::request::request_facts::RequestFacts;
use super::request::request_id::{RequestIds, X_REQUEST_ID};
use super::request::request_log::RequestLog;
use super::request::server_timing::ServerTiming;
use super::response::problem::{ErrorContext, ErrorRenderers};
use crate::auth::ApplicationOrigins;
use crate::clock::Clock;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::serve::Handler;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::{ActiveSpan, Tracer};

/// The configuration of the middleware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MiddlewareSettings {
    /// The hosts that the gateway serves, as `gw.example` or `gw.example:8443`. Empty: any.
    pub public_hosts: Vec<String>,
    /// The reverse proxies whose forwarding headers count.
    pub trusted_proxies: Vec<IpNet>,
    /// The origins whose scripts may read every response, as `https://app.example`.
    pub cors_origins: Vec<String>,
    /// The limits of request bodies.
    pub body: BodyLimits,
    /// From the request to the head of the response. Longer than all timeouts of calls to Odoo.
    pub deadline: Duration,
}

#[cfg(test)]
impl MiddlewareSettings {
    /// Settings for unit tests: no restrictions of hosts and origins.
    fn for_tests() -> Self {
        Self {
            public_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            body: BodyLimits::for_tests(),
            deadline: Duration::from_secs(150),
        }
    }
}

/// What the routes need from the middleware. Paths are given without a slash at their end.
#[derive(Debug, Clone, Default)]
pub struct RoutePolicy {
    /// Renders problems under each path prefix.
    pub errors: ErrorRenderers,
    /// Paths whose responses have no CORS headers, and the paths below them.
    pub without_cors: &'static [&'static str],
    /// Paths that have GET but not HEAD.
    pub without_head: &'static [&'static str],
}

/// The router with all middleware.
#[must_use]
pub fn wrap(
    router: Router,
    policy: RoutePolicy,
    settings: &MiddlewareSettings,
    metrics: Arc<Metrics>,
    clock: Clock,
) -> MiddlewareStack {
    // Layers of the router run after routing, when the template of the route is known, and inside of everything that
    // follows, so that the access log counts the bytes that are sent. The first one is the outermost. They are added
    // in one step, because the router boxes the request's future once for each step.
    let router = fallback::with_fallbacks(router).layer((compression::layer(), RecordMatchedPath));
    let ids = RequestIds::default();
    let settings = settings.clone();
    MiddlewareStack { router, policy, settings, metrics, clock, application_origins: None, tracer: None, ids }
}

/// Whether a path is `prefix`, with or without a slash at its end, or below it.
fn is_at_or_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The router with all middleware.
pub struct MiddlewareStack {
    router: Router,
    policy: RoutePolicy,
    settings: MiddlewareSettings,
    metrics: Arc<Metrics>,
    clock: Clock,
    /// `None`: no application has origins.
    application_origins: Option<ApplicationOrigins>,
    /// `None`: there are no traces.
    tracer: Option<Tracer>,
    ids: RequestIds,
}

impl std::fmt::Debug for MiddlewareStack {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("MiddlewareStack").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The stack that serves the requests from now on. Clones share it.
#[derive(Debug, Clone)]
pub struct CurrentStack(Arc<ArcSwap<MiddlewareStack>>);

impl CurrentStack {
    /// Begins with this stack.
    #[must_use]
    pub fn new(stack: MiddlewareStack) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(stack)))
    }

    /// Serves requests that begin from now on with this stack. Requests in flight keep theirs.
    pub fn replace(&self, stack: MiddlewareStack) {
        self.0.store(Arc::new(stack));
    }

    /// The service of the listener for clients.
    #[must_use]
    pub fn handler(&self) -> Handler {
        Handler::new(StackService(self.clone()))
    }
}

#[derive(Clone)]
struct StackService(CurrentStack);

impl Service<Request<Body>> for StackService {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let stack = self.0.0.load_full();
        Box::pin(async move { Ok(stack.handle(request).await) })
    }
}

impl MiddlewareStack {
    /// The same stack, which records requests in traces.
    #[must_use]
    pub fn with_tracer(self, tracer: Option<Tracer>) -> Self {
        Self { tracer, ..self }
    }

    /// The same stack, which also allows the origins of applications.
    #[must_use]
    pub fn with_application_origins(self, origins: ApplicationOrigins) -> Self {
        Self { application_origins: Some(origins), ..self }
    }

    async fn handle(&self, mut request: Request<Body>) -> Response {
        let facts = self.facts(&request);
        request.extensions_mut().insert(facts.clone());
        // Writes one log line and one count, however the request ends, also if this future is dropped.
        let span = self.tracer.as_ref().map(|tracer| request_span::start(tracer, &request, &facts));
        let context = facts.id.log_context().in_span(span.as_ref().map(ActiveSpan::current));
        let guard = AccessLogGuard::new(&request, &facts, Arc::clone(&self.metrics)).with_span(span);
        // What the response needs to know of the request.
        let (is_head, path) = (request.method() == Method::HEAD, facts.target.0.path());
        let has_cors = !self.policy.without_cors.iter().any(|prefix| is_at_or_below(path, prefix));
        let origins = self.cors_origins();
        let origin = if has_cors { origins.allowed_origin(request.headers()).await } else { None };
        let is_from_script = basic_challenge_filter::is_from_script(request.headers(), origin.is_some());
        // A preflight has no credential and is answered alike for all routes.
        let mut response = match cors::preflight(&request, origin.as_ref()) {
            Some(response) => response,
            // The context adds the request id to every event that is logged in between.
            None => context.attach_to(self.handle_catching_panics(request)).await,
        };
        response = self.render_problem(response, &facts, is_head);
        if is_from_script {
            basic_challenge_filter::remove_basic(response.headers_mut());
        }
        // After the problem is rendered, so that errors have these headers, too.
        if let Some(origin) = origin {
            origins.expose(response.headers_mut(), origin, &facts.log.current_credential_owner()).await;
        }
        security_headers::set_security_headers(response.headers_mut(), has_cors);
        fallback::correct_allow(path, self.policy.without_head, response.headers_mut());
        facts.timing.write_header(guard.started().elapsed(), &mut response);
        response.headers_mut().insert(X_REQUEST_ID, facts.id.header_value());
        guard.finish_with(response)
    }

    fn cors_origins(&self) -> CorsOrigins<'_> {
        CorsOrigins { configured: &self.settings.cors_origins, of_applications: self.application_origins.as_ref() }
    }

    fn facts(&self, request: &Request<Body>) -> RequestFacts {
        let (peer, client) = real_ip::resolve_client_ip(request, &self.settings.trusted_proxies);
        if !peer.is_trusted && request.headers().contains_key(real_ip::X_FORWARDED_FOR) {
            self.metrics.forwarded_addresses_ignored.inc();
        }
        RequestFacts {
            id: self.ids.assign(request.headers()),
            log: RequestLog::default(),
            timing: ServerTiming::default(),
            peer,
            client,
            target: OriginalTarget(request.uri().clone()),
        }
    }

    /// A panic fails its own request only.
    async fn handle_catching_panics(&self, request: Request<Body>) -> Response {
        match catch_panic::catch(self.check_and_handle(request)).await {
            Ok(response) => response,
            Err(PanicMessage(message)) => {
                self.metrics.panics.inc();
                Problem::internal(format_args!("panic: {message}")).into_response()
            }
        }
    }

    /// A malformed request never reaches a route.
    async fn check_and_handle(&self, mut request: Request<Body>) -> Response {
        let checked =
            request_head_check::check(&request).and_then(|()| host::check(&request, &self.settings.public_hosts));
        if let Err(problem) = checked {
            return with_connection_close(problem.into_response(), request.version());
        }
        // Before the router, to which `/a` and `/a/` are different paths.
        original_target::normalize(&mut request);
        fallback::reject_head(&mut request, self.policy.without_head);
        request.extensions_mut().insert(self.settings.body);
        let request = body_limits::limit_body(request, self.settings.body);
        self.route_in_time(request).await
    }

    /// The deadline is a last resort: calls to Odoo have shorter timeouts of their own.
    async fn route_in_time(&self, request: Request<Body>) -> Response {
        let mut router = self.router.clone();
        match tokio::time::timeout(self.settings.deadline, router.call(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => {
                let seconds = self.settings.deadline.as_secs();
                let detail = format!(
                    "The request was not answered within {seconds} s. What was sent to Odoo may have been executed."
                );
                Problem::new(ErrorCode::OutcomeUnknown, detail).into_response()
            }
        }
    }

    /// Replaces a response that carries a [`Problem`] with the body that its path has for errors.
    fn render_problem(&self, mut response: Response, facts: &RequestFacts, is_head: bool) -> Response {
        let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
        facts.log.code(problem.code.as_str());
        let (request_id, path) = (facts.id.as_str(), facts.target.0.path());
        let context = ErrorContext { request_id, path, at: self.clock.now() };
        let mut rendered = self.policy.errors.render(&problem, context);
        for (name, value) in response.headers() {
            if name != CONTENT_LENGTH && name != CONTENT_TYPE {
                rendered.headers_mut().append(name, value.clone());
            }
        }
        if is_head { without_body(rendered) } else { rendered }
    }
}

/// After a malformed request the connection is not used again.
fn with_connection_close(mut response: Response, version: Version) -> Response {
    if version <= Version::HTTP_11 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The same head without the body (RFC 9110 section 9.3.2).
fn without_body(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    if let Some(length) = http_body::Body::size_hint(&body).exact() {
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(head, Body::empty())
}

//! Everything that happens to every request, outermost first, in one place: read `Shared::answer` from top to
//! bottom.
//!
//! In: the router of all families. Out: the [`Handler`] to [serve](crate::serve). Must not know: families.
//! One plain function instead of a stack of middleware types: the order is the order of the lines, a request
//! is boxed once, and each step is a small file with its own tests.

mod access_log;
mod body_limits;
mod catch_panic;
mod challenges;
mod compression;
mod cors;
mod fallback;
mod header_limits;
mod host;
mod matched_path;
mod real_ip;
mod security_headers;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Version};
use ipnet::IpNet;
use tower::Service;
use tracing::Instrument;

use self::access_log::Account;
pub use self::body_limits::{BodyFault, BodyLimits, problem_of, read_body};
use self::catch_panic::Panicked;
use self::matched_path::NoteRoute;
pub use self::real_ip::Peer;
use super::request::original_target;
pub use super::request::original_target::SentTarget;
use super::request::request_id::RequestIds;
pub use super::request::request_id::{RequestId, X_REQUEST_ID};
pub use super::request::request_log::RequestLog;
pub use super::request::server_timing::Stages;
use crate::clock::Clock;
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::oauth::authorization::is_for_people;
use crate::http::response::problem::{Occasion, ProblemBodies};
use crate::serve::Handler;
use crate::telemetry::metrics::Metrics;

/// What the layers are told by the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSettings {
    /// Hosts that the gateway answers for, as `gw.example` or `gw.example:8443`. Empty: any.
    pub public_hosts: Vec<String>,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins whose pages may read answers, as `https://app.example`. Empty: no CORS at all.
    pub cors_origins: Vec<String>,
    /// What request bodies are held to.
    pub body: BodyLimits,
    /// From arrival to the head of the answer; longer than Odoo's own, so that this is the last resort.
    pub deadline: Duration,
}

impl Default for LayerSettings {
    fn default() -> Self {
        Self {
            public_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            body: BodyLimits::default(),
            deadline: Duration::from_secs(150),
        }
    }
}

/// The router in all its layers.
#[must_use]
pub fn wrap(
    router: Router,
    bodies: ProblemBodies,
    settings: &LayerSettings,
    metrics: Arc<Metrics>,
    clock: Clock,
) -> Handler {
    let router = fallback::answer_unrouted(router)
        // Behind the match, where the template of the route is known.
        .layer(NoteRoute)
        // The guard of the body stands for axum's limit, which knows neither time nor our errors.
        .layer(DefaultBodyLimit::disable())
        // Innermost, so that everything outside sees what is really sent.
        .layer(compression::layer());
    let ids = RequestIds::default();
    Handler::new(Edge(Arc::new(Shared { router, bodies, settings: settings.clone(), metrics, clock, ids })))
}

struct Shared {
    router: Router,
    bodies: ProblemBodies,
    settings: LayerSettings,
    metrics: Arc<Metrics>,
    clock: Clock,
    ids: RequestIds,
}

#[derive(Clone)]
struct Edge(Arc<Shared>);

impl Service<Request<Body>> for Edge {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let edge = Arc::clone(&self.0);
        Box::pin(async move { Ok(edge.answer(request).await) })
    }
}

impl Shared {
    async fn answer(&self, mut request: Request<Body>) -> Response {
        // Everything below can name the request, and note what it learns of it.
        let id = self.ids.assign(request.headers());
        let (log, stages) = (RequestLog::default(), Stages::default());
        let extensions = request.extensions_mut();
        extensions.insert(id.clone());
        extensions.insert(log.clone());
        extensions.insert(stages.clone());
        // Before anybody notes where the request comes from.
        real_ip::settle(&mut request, &self.settings.trusted_proxies);
        // One log line and one count a request, however it ends: also when this future is dropped.
        let account = Account::open(&request, id.clone(), log.clone(), Arc::clone(&self.metrics));
        // Facts of the request that the way out needs.
        let occasion = (request.method() == Method::HEAD, request.uri().path().to_owned());
        let for_people = is_for_people(&occasion.1);
        let from_script = challenges::is_from_script(request.headers());
        let origin = cors::allowed_origin(request.headers(), &self.settings.cors_origins).filter(|_| !for_people);
        // A preflight is asked without credentials and concerns no route.
        let mut answer = match cors::preflight(&request, origin.as_ref()) {
            Some(answer) => answer,
            // Whatever is logged on the way carries the request's name.
            None => {
                self.answer_safely(request).instrument(tracing::error_span!("within", request_id = id.as_str())).await
            }
        };
        // Whoever refused, the family of the path owns the body.
        answer = self.render_problem(answer, &id, &log, &occasion.1, occasion.0);
        if from_script {
            challenges::leave_out_basic(answer.headers_mut());
        }
        // Behind the renderer, so that errors have these too.
        cors::expose(answer.headers_mut(), origin);
        security_headers::harden(answer.headers_mut(), !self.settings.cors_origins.is_empty());
        fallback::correct_allow(&occasion.1, answer.headers_mut());
        stages.tell(account.began().elapsed(), &mut answer);
        answer.headers_mut().insert(X_REQUEST_ID, id.header());
        account.close_with(answer)
    }

    /// A panic costs its own request only.
    async fn answer_safely(&self, request: Request<Body>) -> Response {
        match catch_panic::catch(self.answer_checked(request)).await {
            Ok(answer) => answer,
            Err(Panicked(text)) => {
                self.metrics.panics.inc();
                Problem::internal(format_args!("panic: {text}")).into_response()
            }
        }
    }

    /// What is malformed never reaches a route.
    async fn answer_checked(&self, mut request: Request<Body>) -> Response {
        let checked = header_limits::check(&request).and_then(|()| host::check(&request, &self.settings.public_hosts));
        if let Err(problem) = checked {
            return close_behind(problem.into_response(), request.version());
        }
        // Before the router, which takes paths literally.
        original_target::normalize(&mut request);
        fallback::refuse_head(&mut request);
        // Before whoever reads.
        request.extensions_mut().insert(self.settings.body);
        let request = body_limits::guard(request, self.settings.body);
        self.answer_in_time(request).await
    }

    /// The last resort: Odoo's client has deadlines of its own, and they are shorter.
    async fn answer_in_time(&self, request: Request<Body>) -> Response {
        let mut router = self.router.clone();
        match tokio::time::timeout(self.settings.deadline, router.call(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(never)) => match never {},
            Err(_) => {
                let seconds = self.settings.deadline.as_secs();
                let detail =
                    format!("There was no answer within {seconds} s. What was sent to Odoo may have been done.");
                Problem::new(Code::OutcomeUnknown, detail).into_response()
            }
        }
    }

    fn render_problem(
        &self,
        mut answer: Response,
        id: &RequestId,
        log: &RequestLog,
        path: &str,
        head: bool,
    ) -> Response {
        let Some(problem) = answer.extensions_mut().remove::<Problem>() else { return answer };
        log.code(problem.code.as_str());
        let mut rendered =
            self.bodies.render(&problem, Occasion { request_id: id.as_str(), path, at: self.clock.now() });
        for (name, value) in answer.headers() {
            if name != CONTENT_LENGTH && name != CONTENT_TYPE {
                rendered.headers_mut().append(name, value.clone());
            }
        }
        if head { without_body(rendered) } else { rendered }
    }
}

/// A connection on which something malformed came is not read any further.
fn close_behind(mut answer: Response, version: Version) -> Response {
    if version <= Version::HTTP_11 {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// The same head without its body (RFC 9110 section 9.3.2).
fn without_body(answer: Response) -> Response {
    let (mut head, body) = answer.into_parts();
    if let Some(length) = http_body::Body::size_hint(&body).exact() {
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(head, Body::empty())
}

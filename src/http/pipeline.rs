//! The pipeline of a request: authenticate, parse, plan, execute, render. [`handle_with`] is the pipeline, one line
//! per stage.
//!
//! ```text
//! authenticate  credential              ─► Principal
//! parse         query, headers, body    ─► RequestParams ─► Intent, RequestedContext, Preferences
//! negotiate     Accept                  ─► ResponseFormat
//! plan          Intent, metadata, scope ─► Plan, or a Pager for an export
//! execute       Plan                    ─► Outcome, or an export whose pages follow
//! render        Outcome                 ─► Response
//! ```
//!
//! In: an [`ApiRequest`] and an [`Endpoint`] of a dialect. Out: a response. Must not know: the paths, parameters or
//! envelopes of any dialect.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use time::OffsetDateTime;

use super::authenticate::{CredentialRecheck, authenticate};
use super::body_budget::now_or_internal;
use super::export::ExportStream;
use super::idempotency::{IdempotentRequest, Progress, has_idempotency_key};
use super::request::params::RequestParams;
use super::request::{ApiRequest, odoo_context};
use super::response::headers::{set_omitted_fields, set_rate_limit};
use super::response::negotiate::{self, Media, Preferences, ResponseFormat, RowFormat};
use crate::auth::{CredentialKind, Principal};
use crate::cpu_work::run_cpu_work;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{MethodName, ModelName};
use crate::odoo::{CallCounter, MetadataSnapshot, Outcome, Pages, RecordSource, execute_plan};
use crate::plan::{
    self, Action, Intent, Many2oneDisplay, Plan, PlanError, RequestedContext, Scope, Unplanned, plan as plan_intent,
    plan_pages,
};
use crate::shape::{EmptyFormat, Many2oneFormat, Shaped, Style, shape};

/// What distinguishes the dialects for the pipeline.
pub(super) struct Dialect {
    /// The media types on offer, the default first. Empty for files, which have a media type of their own.
    pub media: &'static [Media],
    /// How values are written.
    pub style: Style,
    /// Whether the envelope contains the model's label.
    pub has_label: bool,
    /// Whether the body of a write is the record itself, so that none of its members is a parameter.
    pub body_is_record: bool,
    /// Whether the query of a read may repeat parameters.
    pub allows_repeated_params: bool,
    /// The name of the parameter that contains a domain.
    pub domain_parameter: &'static str,
    /// An example of a method call on a record, for the hint of an error.
    pub call_example: fn(&ModelName, &MethodName) -> String,
    /// Renders a shaped outcome in the envelope of the dialect.
    pub render: fn(Shaped<'_>, RenderContext<'_>) -> Result<Vec<u8>, Problem>,
}

impl Dialect {
    /// Names of many2one values cost Odoo time and are not read where the dialect writes only ids.
    fn many2one_display(&self) -> Many2oneDisplay {
        if self.style.many2one == Many2oneFormat::Id { Many2oneDisplay::Bare } else { Many2oneDisplay::Named }
    }

    fn style(&self, preferences: Preferences) -> Style {
        let empty = if preferences.empty_null { EmptyFormat::Null } else { self.style.empty };
        Style { empty, ..self.style }
    }

    fn parse_params(&self, head: &Parts, body: Bytes) -> Result<RequestParams, Problem> {
        if self.allows_repeated_params && head.method.is_safe() {
            now_or_internal(RequestParams::parse_repeated(head, body))
        } else {
            now_or_internal(RequestParams::parse(head, body))
        }
    }

    fn parse_context(&self, head: &Parts, params: &RequestParams) -> Result<RequestedContext, Problem> {
        if self.body_is_record && !head.method.is_safe() {
            return odoo_context::parse(&head.headers, &params.without_body());
        }
        odoo_context::parse(&head.headers, params)
    }

    /// The format of the response. `action` is `None` if it could not be parsed, and may be a list then. Negotiated
    /// after parsing, because a parameter (`count=True`) can turn a list into a number.
    fn negotiate(&self, request: &ApiRequest, action: Option<&Action>) -> Result<ResponseFormat, Problem> {
        match self.media {
            [] => Ok(ResponseFormat::Buffered(Media::Json)),
            media if action.is_none_or(Action::is_listing) => request.list_format(media),
            media => negotiate::choose(&request.head.headers, media).map(ResponseFormat::Buffered),
        }
    }
}

/// One operation of a dialect. `T` is what `parse` hands to `render` in addition to the action.
pub(super) struct Endpoint<P, T> {
    /// The dialect of the operation.
    pub dialect: &'static Dialect,
    /// Parses the request.
    pub parse: Parse<P>,
    /// Renders the outcome.
    pub render: Render<T>,
}

/// Parses the path and the parameters of a request into an [`Action`], or into an action and a value for [`Render`].
pub(super) type Parse<P> = fn(&ApiRequest, &RequestParams) -> Result<P, Problem>;

/// Renders a shaped outcome. Headers that it sets take precedence over those of the pipeline.
pub(super) type Render<T> = fn(Shaped<'_>, T, RenderContext<'_>) -> Result<Response, Problem>;

/// What the envelope of a response may contain in addition to the shaped outcome.
#[derive(Clone, Copy)]
pub(super) struct RenderContext<'a> {
    /// The dialect of the request.
    pub dialect: &'static Dialect,
    /// The model's label; its technical name if the dialect has no labels.
    pub label: &'a str,
    /// The negotiated media type.
    pub media: Media,
    /// The time of the response.
    pub at: OffsetDateTime,
    /// Whether a method ran whose result cannot be represented.
    pub omitted: bool,
}

/// What [`Parse`] returns, with the value for [`Render`].
pub(super) struct ParsedAction<T>(Action, T);

impl From<Action> for ParsedAction<()> {
    fn from(action: Action) -> Self {
        Self(action, ())
    }
}

impl<T> From<(Action, T)> for ParsedAction<T> {
    fn from((action, carried): (Action, T)) -> Self {
        Self(action, carried)
    }
}

/// Handles a request whose response is the shaped outcome in the dialect's envelope.
///
/// # Errors
/// As [`handle_with`].
pub(super) async fn handle(
    request: ApiRequest,
    dialect: &'static Dialect,
    parse: Parse<Action>,
) -> Result<Response, Problem> {
    let render = |shaped: Shaped<'_>, (), context: RenderContext<'_>| {
        Ok(full_response((context.dialect.render)(shaped, context)?))
    };
    handle_with(request, Endpoint { dialect, parse, render }).await
}

/// A response with this body. The pipeline adds the headers.
pub(super) fn full_response(body: Vec<u8>) -> Response {
    Response::new(Body::from(body))
}

/// Handles a request: the pipeline.
///
/// # Errors
/// The problem of the stage that failed. Nothing was written, unless the problem states otherwise.
pub(super) async fn handle_with<P, T>(mut request: ApiRequest, endpoint: Endpoint<P, T>) -> Result<Response, Problem>
where
    P: Into<ParsedAction<T>> + Send,
    T: Send + 'static,
{
    let Endpoint { dialect, render, .. } = endpoint;
    let timing = request.timing.clone();
    let caller = timing.time("auth", authenticate(&mut request)).await?;
    let model = request.model()?;
    let body = timing.time("body", request.read_body()).await?;
    // Parsing consumes the body, so that its memory is free before the action is built.
    let compared_body = if has_idempotency_key(&request.head.headers) { body.clone() } else { Bytes::new() };
    let (params, parsed) = request.run_on_body(|| parse_action(&request, &endpoint, body)).await?;
    let format = dialect.negotiate(&request, parsed.as_ref().map(|ParsedAction(action, _)| action).ok())?;
    let preferences = Preferences::parse(&request.head.headers);
    let context = dialect.parse_context(&request.head, &params)?;
    let ParsedAction(action, carried) = parsed.map_err(|problem| prefer_misnamed(problem, &params))?;
    params.reject_unknown(preferences.strict)?;
    reject_write_by_safe_method(&request.head.method, &action)?;
    let idempotent = if action.may_write() {
        IdempotentRequest::parse(&request.state.idempotency, &request.head, &compared_body)?
    } else {
        None
    };
    // The intent is as large as the body: keeping both would double the memory of the request.
    drop((params, compared_body));
    let intent = Intent {
        model,
        action,
        many2one_display: dialect.many2one_display(),
        domain_parameter: dialect.domain_parameter,
    };
    let parsed = ParsedRequest { request, caller, dialect, intent, context, preferences, format };
    match idempotent {
        Some(idempotent) => {
            let (caller, progress) = (parsed.caller.clone(), idempotent.progress());
            idempotent.execute_once(&caller, parsed.plan_execute_render(render, carried, progress)).await
        }
        None => parsed.plan_execute_render(render, carried, Progress::default()).await,
    }
}

/// Parses the parameters, then the action. The second result is kept: `Accept` and the context are checked before it.
fn parse_action<P: Into<ParsedAction<T>>, T>(
    request: &ApiRequest,
    endpoint: &Endpoint<P, T>,
    body: Bytes,
) -> Result<(RequestParams, Result<ParsedAction<T>, Problem>), Problem> {
    let params = endpoint.dialect.parse_params(&request.head, body)?;
    let parsed = (endpoint.parse)(request, &params).map(Into::into);
    Ok((params, parsed))
}

/// A missing parameter that was sent under a similar name is reported as the misspelled one.
fn prefer_misnamed(problem: Problem, params: &RequestParams) -> Problem {
    match params.reject_unknown(false) {
        Err(misnamed) if problem.code == ErrorCode::MissingParameter => misnamed,
        _ => problem,
    }
}

/// GET and HEAD never write. No route violates this; the check is for routes to come.
fn reject_write_by_safe_method(method: &Method, action: &Action) -> Result<(), Problem> {
    if method.is_safe() && action.may_write() {
        return Err(Problem::new(
            ErrorCode::MethodNotAllowed,
            format!("The method {method} must not change anything."),
        ));
    }
    Ok(())
}

/// A request that was authenticated and parsed.
struct ParsedRequest {
    request: ApiRequest,
    caller: Principal,
    dialect: &'static Dialect,
    intent: Intent,
    context: RequestedContext,
    preferences: Preferences,
    format: ResponseFormat,
}

/// What executing a plan results in.
enum Executed {
    /// The complete outcome.
    Buffered { outcome: Outcome, model: ModelName, label: Arc<str>, media: Media },
    /// The headers and the first page of an export.
    Streamed(HeaderMap, Body),
}

impl ParsedRequest {
    /// The last three stages, which an idempotency key covers.
    async fn plan_execute_render<T>(
        self,
        render: Render<T>,
        carried: T,
        progress: Progress,
    ) -> Result<Response, Problem> {
        let Self { request, caller, dialect, intent, context, preferences, format } = self;
        let style = dialect.style(preferences);
        let executed = match format {
            ResponseFormat::Buffered(media) => {
                let called_method = called_method(&intent);
                let has_label = dialect.has_label && !preferences.technical_label;
                plan_and_execute(&request, &caller, intent, &context, (media, has_label), progress)
                    .await
                    .map_err(|problem| with_call_example(problem, dialect, called_method))
            }
            ResponseFormat::Streamed(rows) => plan_and_export(&request, &caller, intent, &context, (rows, style)).await,
        };
        match invalidate_stale_identity(&request, &caller, executed).await? {
            Executed::Buffered { outcome, model, label, media } => request.timing.run("shape", || {
                run_cpu_work(outcome.size() as u64, || {
                    let shaped = shape(&outcome, model.as_str(), style)?;
                    let (at, omitted) = (request.state.clock.now(), is_result_omitted(&outcome));
                    let mut response =
                        render(shaped, carried, RenderContext { dialect, label: &label, media, at, omitted })?;
                    let mut headers = outcome_headers(&outcome, media);
                    set_common_headers(&caller, preferences, &mut headers);
                    add_headers(&mut response, headers);
                    Ok(response)
                })
            }),
            Executed::Streamed(mut headers, body) => {
                set_common_headers(&caller, preferences, &mut headers);
                Ok((headers, body).into_response())
            }
        }
    }
}

/// Plans the intent and executes the plan. The label is read before: if Odoo fails, nothing has been written yet.
async fn plan_and_execute(
    request: &ApiRequest,
    caller: &Principal,
    intent: Intent,
    context: &RequestedContext,
    (media, has_label): (Media, bool),
    progress: Progress,
) -> Result<Executed, Problem> {
    let model = intent.model.clone();
    let plan = request.timing.time("plan", make_plan(request, caller, intent, context, plan_intent)).await?;
    let label = if has_label && plan_has_label(&plan) {
        caller.database.metadata.model_label(&caller.odoo_user, &model).await?
    } else {
        Arc::from(model.as_str())
    };
    progress.reaches_odoo();
    let counter = CallCounter::default();
    let execution = execute_plan(&caller.database, &caller.odoo_user, plan, &counter);
    let outcome = record_odoo_calls(request, &counter, execution).await?;
    Ok(Executed::Buffered { outcome, model, label, media })
}

/// Plans a list page by page, and reads the first page.
async fn plan_and_export(
    request: &ApiRequest,
    caller: &Principal,
    intent: Intent,
    context: &RequestedContext,
    (rows, style): (RowFormat, Style),
) -> Result<Executed, Problem> {
    let model = intent.model.clone();
    let pager = request.timing.time("plan", make_plan(request, caller, intent, context, plan_pages)).await?;
    let export = ExportStream {
        pages: Pages::new(Arc::clone(&caller.database), caller.odoo_user.clone(), pager),
        model,
        rows,
        has_bom: rows == RowFormat::Csv && negotiate::wants_bom(&request.head.headers),
        style,
        credential: CredentialRecheck::new(request, caller),
        log: request.log.clone(),
        error_context: request.error_context().into(),
    };
    let (headers, body) = request.timing.time("odoo", export.open()).await?;
    Ok(Executed::Streamed(headers, body))
}

async fn make_plan<P: Send>(
    request: &ApiRequest,
    caller: &Principal,
    intent: Intent,
    context: &RequestedContext,
    plan: fn(Intent, &RequestedContext, &Scope, &dyn plan::Metadata) -> Result<P, Unplanned>,
) -> Result<P, Problem> {
    let size = request.body.size();
    plan_with_metadata(caller, intent, |intent, metadata| {
        let planned = run_cpu_work(size, || plan(intent, context, &caller.scope, metadata));
        planned.map_err(|Unplanned { intent, error }| (*intent, error))
    })
    .await
}

/// Plans, and fetches the metadata that the plan needs. An unknown field may have been added to Odoo after the
/// metadata was cached, so the schemas are fetched again once. `input` is what `plan` needs, and returns with an
/// error to be called again.
///
/// # Errors
/// Why the intent is rejected, or why Odoo does not respond.
pub(super) async fn plan_with_metadata<T: Send, P: Send>(
    caller: &Principal,
    mut input: T,
    plan: impl Fn(T, &MetadataSnapshot<'_>) -> Result<P, (T, PlanError)> + Send,
) -> Result<P, Problem> {
    let mut metadata = MetadataSnapshot::load(&caller.database.metadata, &caller.odoo_user).await?;
    let mut is_refreshed = false;
    loop {
        let error;
        (input, error) = match plan(input, &metadata) {
            Ok(plan) => return Ok(plan),
            Err(unplanned) => unplanned,
        };
        match error {
            PlanError::NeedsMetadata(missing) => metadata.fetch(missing).await?,
            PlanError::Rejected(problem) if problem.code == ErrorCode::UnknownField && !is_refreshed => {
                is_refreshed = true;
                if !metadata.refresh_schemas().await? {
                    return Err(*problem);
                }
            }
            PlanError::Rejected(problem) => return Err(*problem),
        }
    }
}

/// Runs calls to Odoo, and records their number and duration.
pub(super) async fn record_odoo_calls<T>(
    request: &ApiRequest,
    counter: &CallCounter,
    calls: impl Future<Output = T>,
) -> T {
    let started = Instant::now();
    let result = request.timing.time("odoo", calls).await;
    request.log.odoo_calls(counter.calls(), started.elapsed());
    result
}

/// Invalidates a cached identity that Odoo rejects: the user's next request verifies the password again. A gateway
/// key or token whose stored Odoo credential is rejected has to be created again.
pub(super) async fn invalidate_stale_identity<T>(
    request: &ApiRequest,
    caller: &Principal,
    result: Result<T, Problem>,
) -> Result<T, Problem> {
    match result {
        Err(problem) if problem.code == ErrorCode::CredentialInvalid => match caller.credential_kind {
            CredentialKind::Basic | CredentialKind::OdooApiKey => {
                request.state.odoo_authenticator.invalidate(caller).await;
                Err(problem)
            }
            _ => Err(stale_odoo_credential()),
        },
        result => result,
    }
}

fn stale_odoo_credential() -> Problem {
    let detail = "Odoo no longer accepts the password or API key that is stored with this key or token.";
    let hint = "Create a new key or token with the user's current password or API key.";
    Problem::new(ErrorCode::OdooCredentialStale, detail).hint(hint)
}

fn plan_has_label(plan: &Plan) -> bool {
    !matches!(
        plan,
        Plan::CheckAccess { .. }
            | Plan::NoAccess
            | Plan::Count(_)
            | Plan::DescribeFields { .. }
            | Plan::Delete { .. }
            | Plan::Call { .. }
    )
}

fn called_method(intent: &Intent) -> Option<(ModelName, MethodName)> {
    match &intent.action {
        Action::Call { method, .. } => Some((intent.model.clone(), method.clone())),
        _ => None,
    }
}

/// Adds an example to the problem of a method call without record ids.
fn with_call_example(problem: Problem, dialect: &Dialect, called: Option<(ModelName, MethodName)>) -> Problem {
    match called {
        Some((model, method))
            if problem.code == ErrorCode::MissingParameter
                && problem.parameter.as_deref() == Some("args")
                && method.as_str() != "create" =>
        {
            let example = (dialect.call_example)(&model, &method);
            problem.hint(format!("Send the ids of the records. For example {example}"))
        }
        _ => problem,
    }
}

/// Adds the headers that `render` did not set.
fn add_headers(response: &mut Response, headers: HeaderMap) {
    if response.headers().is_empty() {
        *response.headers_mut() = headers;
        return;
    }
    for (name, value) in headers {
        if let Some(name) = name {
            response.headers_mut().entry(name).or_insert(value);
        }
    }
}

/// The number of headers that responses usually have, including those of the middleware.
const USUAL_HEADERS: usize = 12;

fn outcome_headers(outcome: &Outcome, media: Media) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(USUAL_HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.name()));
    if is_result_omitted(outcome) {
        headers.insert("x-result-omitted", HeaderValue::from_static("not-representable"));
    }
    if let Outcome::Records(records) = outcome {
        if matches!(records.source, RecordSource::Written(_)) {
            headers.insert("x-read-back", HeaderValue::from_static("failed"));
        }
        set_omitted_fields(&records.omitted, &mut headers);
    }
    headers
}

fn is_result_omitted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Result(reply) if reply.is_omitted())
}

/// Sets the headers of every response, buffered or streamed.
fn set_common_headers(caller: &Principal, preferences: Preferences, headers: &mut HeaderMap) {
    if let Some(Ok(applied)) = preferences.applied().map(HeaderValue::try_from) {
        headers.insert("preference-applied", applied);
    }
    if let Some(limit) = caller.rate_limit {
        set_rate_limit(limit, headers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::RecordSet;

    #[test]
    fn safe_methods_never_write() {
        let delete = Action::Delete { target: RecordSet::Many(Vec::new()) };
        for (method, expected) in [(Method::GET, false), (Method::HEAD, false), (Method::DELETE, true)] {
            assert_eq!(reject_write_by_safe_method(&method, &delete).is_ok(), expected, "{method}");
        }
    }
}

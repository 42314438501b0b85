//! The pipeline of a request: authenticate, parse, plan, execute, render. [`handle_with`] is the pipeline of actions on
//! records, [`handle_report`] that of reports.
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
//! ```text
//! report            the pipeline of a report: finds it, prints it
//! parsing           the stages before planning, the same for every operation
//! planning          the plan stage: fetches the metadata that a plan lacks
//! odoo_calls        what the execute stage does in addition to its calls
//! response_headers  the headers that the pipeline adds
//! unchanged_call    a method call over RPC, which has stages of its own
//! ```
//!
//! In: an [`ApiRequest`] and an [`Endpoint`] of a dialect. Out: a response. Must not know: the paths, parameters or
//! envelopes of any dialect.

mod odoo_calls;
mod parsing;
mod planning;
mod report;
mod response_headers;
mod unchanged_call;

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method};
use time::OffsetDateTime;

pub(super) use self::odoo_calls::{invalidate_stale_identity, record_odoo_calls};
use self::parsing::{ParsedRequest, ReceivedRequest};
pub(super) use self::planning::plan_with_metadata;
pub(super) use self::report::{PrintedReport, ReportEndpoint, handle_report};
use self::response_headers::{add_headers, is_result_omitted, outcome_headers, set_common_headers};
pub(super) use self::unchanged_call::execute_unchanged;
use super::authenticate::CredentialRecheck;
use super::body_budget::now_or_internal;
use super::export::ExportStream;
use super::idempotency::{IdempotentRequest, Progress, has_idempotency_key};
use super::request::params::RequestParams;
use super::request::{ApiRequest, odoo_context};
use super::response::negotiate::{self, Media, Preferences, ResponseFormat, RowFormat};
use crate::auth::Principal;
use crate::cpu_work::run_cpu_work;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{MethodName, ModelName};
use crate::odoo::{CallCounter, Outcome, Pages, execute_plan};
use crate::plan::{
    self, Action, Intent, Many2oneDisplay, Plan, PlanError, RequestedContext, Scope, plan as plan_intent, plan_pages,
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

    /// The format of the response. Lists have more formats than other responses.
    fn negotiate(&self, request: &ApiRequest, may_be_list: bool) -> Result<ResponseFormat, Problem> {
        match self.media {
            [] => Ok(ResponseFormat::Buffered(Media::Json)),
            media if may_be_list => request.list_format(media),
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
pub(super) async fn handle_with<P, T>(request: ApiRequest, endpoint: Endpoint<P, T>) -> Result<Response, Problem>
where
    P: Into<ParsedAction<T>>,
    T: Send + 'static,
{
    let Endpoint { dialect, parse, render } = endpoint;
    let received = ReceivedRequest::receive(request, ApiRequest::model).await?;
    // Parsing consumes the body, so that its memory is free before the action is built.
    let compared_body =
        if has_idempotency_key(&received.request.head.headers) { received.body.clone() } else { Bytes::new() };
    let parse_action = |request: &ApiRequest, params: &RequestParams| parse(request, params).map(Into::into);
    let parsed = received.parse(dialect, parse_action, may_be_list::<T>).await?;
    let idempotent = parsed.idempotent(&compared_body)?;
    // The action is as large as the body: keeping both would double the memory of the request.
    drop(compared_body);
    match idempotent {
        Some(idempotent) => {
            let (caller, progress) = (parsed.caller.clone(), idempotent.progress());
            // Boxed, because it is rare and large.
            Box::pin(idempotent.execute_once(&caller, parsed.plan_execute_render(render, progress))).await
        }
        None => parsed.plan_execute_render(render, Progress::default()).await,
    }
}

/// Whether the response may be a list: a parameter (`count=True`) can turn a list into a number. `None` is a request
/// whose action could not be parsed.
fn may_be_list<T>(parsed: Option<&ParsedAction<T>>) -> bool {
    parsed.is_none_or(|ParsedAction(action, _)| action.is_listing())
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

/// What executing a plan results in.
enum Executed {
    /// The complete outcome.
    Buffered { outcome: Outcome, model: ModelName, label: Arc<str>, media: Media },
    /// The headers and the first page of an export.
    Streamed(HeaderMap, Body),
}

impl<T> ParsedRequest<ModelName, ParsedAction<T>> {
    /// The request with its idempotency key, if it may write and has one.
    ///
    /// # Errors
    /// 405 for a safe method that would write; 400 for a repeated or malformed key.
    fn idempotent(&self, body: &Bytes) -> Result<Option<IdempotentRequest>, Problem> {
        let (request, ParsedAction(action, _)) = (&self.request, &self.parsed);
        reject_write_by_safe_method(&request.head.method, action)?;
        if action.may_write() {
            IdempotentRequest::parse(&request.state.idempotency, &request.head, body)
        } else {
            Ok(None)
        }
    }

    /// The last three stages, which an idempotency key covers.
    async fn plan_execute_render(self, render: Render<T>, progress: Progress) -> Result<Response, Problem> {
        let Self { request, caller, dialect, name, parsed, context, preferences, format } = self;
        let ParsedAction(action, carried) = parsed;
        let (many2one_display, domain_parameter) = (dialect.many2one_display(), dialect.domain_parameter);
        let intent = Intent { model: name, action, many2one_display, domain_parameter };
        let style = dialect.style(preferences);
        let executed = match format {
            ResponseFormat::Buffered(media) => {
                let called_method = called_method(&intent);
                let has_label = dialect.has_label && !preferences.technical_label;
                plan_and_execute(&request, &caller, intent, &context, (media, has_label), progress)
                    .await
                    .map_err(|problem| with_call_example(problem, dialect, called_method))
            }
            ResponseFormat::Streamed(rows) => {
                Box::pin(plan_and_export(&request, &caller, intent, &context, (rows, style))).await
            }
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
    // Boxed, so that the largest future of a request is moved once, and not with every stage around it.
    let execution = Box::pin(execute_plan(&caller.database, &caller.odoo_user, plan, &counter));
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
    mut intent: Intent,
    context: &RequestedContext,
    plan: fn(&mut Intent, &RequestedContext, &Scope, &dyn plan::Metadata) -> Result<P, PlanError>,
) -> Result<P, Problem> {
    let size = request.body.size();
    let (cache, user) = (&caller.database.metadata, &caller.odoo_user);
    plan_with_metadata(cache, user, |metadata| {
        run_cpu_work(size, || plan(&mut intent, context, &caller.scope, metadata))
    })
    .await
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
            | Plan::ReadGroup(_)
            | Plan::ToggleActive(_)
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

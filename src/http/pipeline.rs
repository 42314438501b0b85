//! The way of a request, a line per stage.
//!
//! In: an [`Arrival`], and a family's two halves: how it reads a deed, how it writes an answer. Out: a response.
//! Must not know: any family's paths, parameters or envelopes.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use time::OffsetDateTime;

use super::authenticate::{self, Standing};
use super::idempotency::{Once, Progress};
use super::request::Arrival;
use super::request::body_budget::at_once;
use super::request::odoo_context;
use super::request::params::Input;
use super::response::export::Listing;
use super::response::negotiate::{self, Form, Media, Preferences, Rows};
use super::response::problem::add_rate_limit;
use crate::auth::{CredentialKind, Principal};
use crate::error::Problem;
use crate::error_code::Code;
use crate::load::work_on;
use crate::names::{MethodName, ModelName};
use crate::odoo::{Known, Outcome, Pages, Records, Source, Tally, run};
use crate::plan::{self, ContextAsked, Deed, Links, Plan, PlanError, Scope, Wish, plan, plan_pages};
use crate::shape::{Empty, Many2one, Shaped, Style, shape};

/// How a family writes answers.
pub(super) struct Family {
    /// The media types on offer, the default first. None where the answer is a file, which is of the type it is of.
    pub media: &'static [Media],
    /// The form of values.
    pub style: Style,
    /// Whether its envelope shows the model's label.
    pub labelled: bool,
    /// Whether the body of a write is a record, so that nothing in it is a parameter.
    pub record_body: bool,
    /// Whether parameters of a question may be said several times.
    pub several: bool,
    /// The name of the parameter that holds a domain.
    pub domain: &'static str,
    /// How a method is called on a record here, for an error's hint: of a model and a method.
    pub call_example: fn(&ModelName, &MethodName) -> String,
    /// Puts what was shaped into the envelope and writes it.
    pub write: fn(Shaped<'_>, About<'_>) -> Result<Vec<u8>, Problem>,
}

impl Family {
    /// Names of what many2one fields lead to are not asked for where nobody sees them.
    fn links(&self) -> Links {
        if self.style.many2one == Many2one::Id { Links::Bare } else { Links::Named }
    }

    async fn input(&self, head: &Parts, body: Bytes) -> Result<Input, Problem> {
        let (query, headers) = (head.uri.query(), &head.headers);
        if self.several && head.method.is_safe() {
            Input::read_several(query, headers, body).await
        } else {
            Input::read(query, headers, body).await
        }
    }

    /// The form of values that the caller prefers.
    fn style(&self, preferences: Preferences) -> Style {
        let empty = if preferences.empty_null { Empty::Null } else { self.style.empty };
        Style { empty, ..self.style }
    }

    fn context(&self, head: &Parts, input: &Input) -> Result<ContextAsked, Problem> {
        if self.record_body && !head.method.is_safe() {
            return odoo_context::read(&head.headers, &input.outside_body());
        }
        odoo_context::read(&head.headers, input)
    }
}

/// What a family may say of an answer beside what was shaped.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    /// The model's label; its technical name where the family shows none.
    pub label: &'a str,
    /// The media type that was chosen.
    pub media: Media,
    /// When it is answered.
    pub at: OffsetDateTime,
    /// Whether a method ran whose result cannot be carried.
    pub omitted: bool,
}

/// Answers a request: who calls, what is wished, what that means at Odoo, what came of it, how it looks.
///
/// # Errors
/// Whatever stage refuses; nothing was written then, unless the problem says otherwise.
pub(super) async fn answer(
    arrival: Arrival,
    family: &'static Family,
    read: impl FnOnce(&Arrival, &Input) -> Result<Deed, Problem> + Send,
) -> Result<Response, Problem> {
    let read = |arrival: &Arrival, input: &Input| Ok((read(arrival, input)?, ()));
    answer_with(arrival, family, read, |shaped, (), about| Ok(whole((family.write)(shaped, about)?))).await
}

/// An answer with this body; its headers are added by the pipeline.
pub(super) fn whole(body: Vec<u8>) -> Response {
    Response::new(Body::from(body))
}

/// Answers a request whose envelope says more than what was shaped, or that has none: what `read` takes from the request
/// beside the deed goes to `write`, whose answer keeps the headers it has.
///
/// # Errors
/// As [`answer`].
pub(super) async fn answer_with<T: Send + 'static>(
    mut arrival: Arrival,
    family: &'static Family,
    read: impl FnOnce(&Arrival, &Input) -> Result<(Deed, T), Problem> + Send,
    write: impl FnOnce(Shaped<'_>, T, About<'_>) -> Result<Response, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let stages = arrival.stages.clone();
    let caller = stages.time("auth", authenticate::identify(&mut arrival)).await?;
    let model = arrival.model()?;
    let body = stages.time("body", arrival.body()).await?;
    let reading = || {
        let input = at_once(family.input(&arrival.head, body.clone()))?;
        let wished = read(&arrival, &input);
        Ok::<_, Problem>((input, wished))
    };
    let (input, wished) = arrival.gateway.bodies.work(arrival.size, reading).await?;
    let form = form(&arrival, family, wished.as_ref().map(|(deed, _)| deed).ok())?;
    let preferences = Preferences::read(&arrival.head.headers);
    let context = family.context(&arrival.head, &input)?;
    let (deed, beside) = wished.map_err(|problem| match input.refuse_unread(false) {
        Err(misnamed) if problem.code == Code::MissingParameter => misnamed,
        _ => problem,
    })?;
    input.refuse_unread(preferences.strict)?;
    let wish = Wish { model, deed, links: family.links(), domain_parameter: family.domain };
    only_reads_when_safe(&arrival.head.method, &wish.deed)?;
    let once = if wish.deed.may_write() { Once::of(&arrival.gateway.repeats, &arrival.head, &body)? } else { None };
    // What was read of a body is as large as the body, and what is planned of it too: from here on only that counts.
    drop((input, body));
    let said = Said { wish, context, preferences, form };
    let write = |shaped: Shaped<'_>, about: About<'_>| write(shaped, beside, about);
    match once {
        Some(once) => {
            let progress = once.progress();
            once.run(&caller.clone(), fulfil(arrival, caller, family, (said, progress), write)).await
        }
        None => fulfil(arrival, caller, family, (said, Progress::default()), write).await,
    }
}

/// What the request said, read.
struct Said {
    wish: Wish,
    context: ContextAsked,
    preferences: Preferences,
    form: Form,
}

/// The stages behind those that only read the request.
async fn fulfil(
    arrival: Arrival,
    caller: Principal,
    family: &'static Family,
    (said, progress): (Said, Progress),
    write: impl FnOnce(Shaped<'_>, About<'_>) -> Result<Response, Problem> + Send,
) -> Result<Response, Problem> {
    let Said { wish, context, preferences, form } = said;
    let style = family.style(preferences);
    let media = match form {
        Form::Whole(media) => media,
        Form::Rows(rows) => {
            let listed = list(&arrival, &caller, wish, &context, (rows, style)).await;
            let (mut headers, body) = forget_stale(&arrival, &caller, listed).await?;
            say_of_all(&caller, preferences, &mut headers);
            return Ok((headers, body).into_response());
        }
    };
    let labelled = family.labelled && !preferences.technical_label;
    let called = match &wish.deed {
        Deed::Call { method, .. } => Some((wish.model.clone(), method.clone())),
        _ => None,
    };
    let answered = grant(&arrival, &caller, wish, &context, (labelled, progress)).await;
    let answered = answered.map_err(|problem| with_example(problem, family, called));
    let (outcome, model, label) = forget_stale(&arrival, &caller, answered).await?;
    let size = outcome.size() as u64;
    arrival.stages.run("shape", || {
        work_on(size, || {
            let shaped = shape(&outcome, model.as_str(), style)?;
            let at = arrival.gateway.clock.now();
            let omitted = is_result_omitted(&outcome);
            let mut answer = write(shaped, About { label: &label, media, at, omitted })?;
            let mut headers = answer_headers(&outcome, media);
            say_of_all(&caller, preferences, &mut headers);
            for (name, value) in headers {
                if let Some(name) = name {
                    answer.headers_mut().entry(name).or_insert(value);
                }
            }
            Ok(answer)
        })
    })
}

/// How the answer is written. Record by record only where records are listed; what cannot be read might be a listing.
fn form(arrival: &Arrival, family: &Family, deed: Option<&Deed>) -> Result<Form, Problem> {
    match family.media {
        [] => Ok(Form::Whole(Media::Json)),
        offer if deed.is_none_or(Deed::is_listing) => arrival.form(offer),
        offer => negotiate::choose(&arrival.head.headers, offer).map(Form::Whole),
    }
}

/// The routes see to it already; this holds for those that are still to come.
fn only_reads_when_safe(method: &Method, deed: &Deed) -> Result<(), Problem> {
    if method.is_safe() && deed.may_write() {
        return Err(Problem::new(Code::MethodNotAllowed, format!("{method} never changes anything.")));
    }
    Ok(())
}

/// Plans the wish and runs the plan. The label comes first: it is known but for the first time, and then it is better
/// to fail before something was written than after.
async fn grant(
    arrival: &Arrival,
    caller: &Principal,
    mut wish: Wish,
    context: &ContextAsked,
    (labelled, progress): (bool, Progress),
) -> Result<(Outcome, ModelName, Arc<str>), Problem> {
    let size = arrival.size;
    let plan = arrival.stages.time("plan", make_plan(caller, &mut wish, context, size, plan)).await?;
    // What was wished for may be as large as the plan.
    let Wish { model, .. } = wish;
    let label = if labelled && is_labelled(&plan) {
        caller.database.knowledge.label(&caller.caller, &model).await?
    } else {
        Arc::from(model.as_str())
    };
    progress.reaches_odoo();
    let (tally, began) = (Tally::default(), Instant::now());
    let outcome = arrival.stages.time("odoo", run(&caller.database, &caller.caller, plan, &tally)).await;
    arrival.log.odoo_calls(tally.calls(), began.elapsed());
    Ok((outcome?, model, label))
}

/// Plans a listing page by page, and opens it. Nobody sees a label there.
async fn list(
    arrival: &Arrival,
    caller: &Principal,
    mut wish: Wish,
    context: &ContextAsked,
    (rows, style): (Rows, Style),
) -> Result<(HeaderMap, Body), Problem> {
    let pager = arrival.stages.time("plan", make_plan(caller, &mut wish, context, arrival.size, plan_pages)).await?;
    let listing = Listing {
        pages: Pages::new(Arc::clone(&caller.database), caller.caller.clone(), pager),
        model: wish.model,
        rows,
        with_bom: rows == Rows::Csv && negotiate::wants_bom(&arrival.head.headers),
        style,
        standing: Standing::of(arrival, caller),
        log: arrival.log.clone(),
        last_words: arrival.occasion().into(),
    };
    arrival.stages.time("odoo", listing.open()).await
}

async fn make_plan<P: Send>(
    caller: &Principal,
    wish: &mut Wish,
    context: &ContextAsked,
    size: u64,
    plan: fn(&mut Wish, &ContextAsked, &Scope, &dyn plan::Known) -> Result<P, PlanError>,
) -> Result<P, Problem> {
    let model = wish.model.clone();
    planned(caller, &model, |known| work_on(size, || plan(wish, context, &caller.scope, known))).await
}

/// Plans something about a model, fetching what the plan lacks. A field that is not known may be younger than what we
/// know.
pub(super) async fn planned<P: Send>(
    caller: &Principal,
    model: &ModelName,
    mut plan: impl FnMut(&Known<'_>) -> Result<P, PlanError> + Send,
) -> Result<P, Problem> {
    let mut known = Known::of(&caller.database.knowledge, &caller.caller, model).await?;
    let mut rechecked = false;
    loop {
        match plan(&known) {
            Ok(plan) => return Ok(plan),
            Err(PlanError::Lacking(lack)) => known.learn(lack).await?,
            Err(PlanError::Refused(problem)) if problem.code == Code::UnknownField && !rechecked => {
                rechecked = true;
                if !known.relearn_schemas().await? {
                    return Err(*problem);
                }
            }
            Err(PlanError::Refused(problem)) => return Err(*problem),
        }
    }
}

fn is_labelled(plan: &Plan) -> bool {
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

/// When Odoo no longer takes a user that was remembered, he is asked for his password's proof again; a user behind a
/// key or token has to be connected anew.
pub(super) async fn forget_stale<T>(
    arrival: &Arrival,
    caller: &Principal,
    answered: Result<T, Problem>,
) -> Result<T, Problem> {
    match answered {
        Err(problem) if problem.code == Code::CredentialInvalid => match caller.kind {
            CredentialKind::Basic | CredentialKind::OdooKey => {
                arrival.gateway.passwords.forget(caller).await;
                Err(problem)
            }
            _ => Err(stale()),
        },
        answered => answered,
    }
}

fn stale() -> Problem {
    let detail = "Odoo no longer takes the password or API key that is kept with this key or token.";
    Problem::new(Code::OdooCredentialStale, detail).hint("Make a new one with the user's present password or API key.")
}

fn answer_headers(outcome: &Outcome, media: Media) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.name()));
    if is_result_omitted(outcome) {
        headers.insert("x-result-omitted", HeaderValue::from_static("not-representable"));
    }
    if let Outcome::Records(records) = outcome {
        if matches!(records.source, Source::Written(_)) {
            headers.insert("x-read-back", HeaderValue::from_static("failed"));
        }
        say_omitted(records, &mut headers);
    }
    headers
}

fn is_result_omitted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Result(reply) if reply.is_omitted())
}

/// A method that lacks its records: shows how they are given here.
fn with_example(problem: Problem, family: &Family, called: Option<(ModelName, MethodName)>) -> Problem {
    match called {
        Some((model, method))
            if problem.code == Code::MissingParameter
                && problem.parameter.as_deref() == Some("args")
                && method.as_str() != "create" =>
        {
            problem.hint(format!("Give the ids. For example {}", (family.call_example)(&model, &method)))
        }
        _ => problem,
    }
}

/// Names what Odoo could not send.
pub(super) fn say_omitted(records: &Records, headers: &mut HeaderMap) {
    let omitted = records.omitted.join(", ");
    if let (false, Ok(omitted)) = (omitted.is_empty(), HeaderValue::try_from(omitted)) {
        headers.insert("x-omitted-fields", omitted);
    }
}

/// What is said of every answer, whatever its form.
fn say_of_all(caller: &Principal, preferences: Preferences, headers: &mut HeaderMap) {
    if let Some(Ok(applied)) = preferences.applied().map(HeaderValue::try_from) {
        headers.insert("preference-applied", applied);
    }
    if let Some(limit) = caller.allowance {
        add_rate_limit(limit, headers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Target;

    #[test]
    fn a_safe_method_never_reaches_a_deed_that_writes() {
        let delete = Deed::Delete { target: Target::Many(Vec::new()) };
        for (method, expected) in [(Method::GET, false), (Method::HEAD, false), (Method::DELETE, true)] {
            assert_eq!(only_reads_when_safe(&method, &delete).is_ok(), expected, "{method}");
        }
    }
}

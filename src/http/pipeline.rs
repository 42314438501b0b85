//! The way of a request, a line per stage.
//!
//! In: an [`Arrival`], and a family's two halves: how it reads a deed, how it writes an answer. Out: a response.
//! Must not know: any family's paths, parameters or envelopes.

use std::sync::Arc;
use std::time::Instant;

use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};

use super::arrival::Arrival;
use super::input::Input;
use super::negotiate::{self, Media, Preferences};
use super::once::Once;
use super::problem::add_rate_limit;
use super::{caller, context};
use crate::auth::{CredentialKind, Principal};
use crate::error::Problem;
use crate::explain::Code;
use crate::names::ModelName;
use crate::odoo::{Known, Outcome, Source, Tally, run};
use crate::plan::{ContextAsked, Deed, Plan, PlanError, Wish, plan};
use crate::shape::{Empty, Shaped, shape};

/// How a family writes answers.
pub(super) struct Family {
    /// The media types on offer, the default first.
    pub media: &'static [Media],
    /// Puts what was shaped into the envelope and writes it.
    pub write: fn(Shaped<'_>, &str, Media) -> Result<Vec<u8>, Problem>,
}

/// Answers a request: who calls, what is wished, what that means at Odoo, what came of it, how it looks.
///
/// # Errors
/// Whatever stage refuses; nothing was written then, unless the problem says otherwise.
pub(super) async fn answer(
    mut arrival: Arrival,
    family: &'static Family,
    read: impl FnOnce(&Arrival, &Input) -> Result<Deed, Problem> + Send,
) -> Result<Response, Problem> {
    let stages = arrival.stages.clone();
    let caller = stages.time("auth", caller::identify(&arrival)).await?;
    let model = arrival.model()?;
    let body = stages.time("body", arrival.body()).await?;
    let input = Input::read(arrival.head.uri.query(), &arrival.head.headers, body.clone()).await?;
    let media = negotiate::choose(&arrival.head.headers, family.media)?;
    let preferences = Preferences::read(&arrival.head.headers);
    let context = context::read(&arrival.head.headers, &input)?;
    let wish = Wish { model, deed: read(&arrival, &input)? };
    only_reads_when_safe(&arrival.head.method, &wish.deed)?;
    let once = match wish.deed.may_write() {
        true => Once::of(&arrival.gateway.repeats, &arrival.head, &body)?,
        false => None,
    };
    let said = Said { wish, context, preferences, media };
    match once {
        Some(once) => once.run(&caller.clone(), fulfil(arrival, caller, family, said)).await,
        None => fulfil(arrival, caller, family, said).await,
    }
}

/// What the request said, read.
struct Said {
    wish: Wish,
    context: ContextAsked,
    preferences: Preferences,
    media: Media,
}

/// The stages behind those that only read.
async fn fulfil(arrival: Arrival, caller: Principal, family: &'static Family, said: Said) -> Result<Response, Problem> {
    let Said { wish, context, preferences, media } = said;
    let answered = grant(&arrival, &caller, wish, &context, preferences).await;
    let (outcome, model, label) = forget_stale(&arrival, &caller, answered).await?;
    arrival.stages.run("shape", || {
        let empty = if preferences.empty_null { Empty::Null } else { Empty::False };
        let tree = shape(&outcome, model.as_str(), empty)?;
        let body = (family.write)(tree, &label, media)?;
        let mut headers = headers(&outcome, media, preferences);
        if let Some(limit) = caller.allowance {
            add_rate_limit(limit, &mut headers);
        }
        Ok((headers, body).into_response())
    })
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
    preferences: Preferences,
) -> Result<(Outcome, ModelName, Arc<str>), Problem> {
    let plan = arrival.stages.time("plan", make_plan(caller, &mut wish, context)).await?;
    let label = if is_labelled(&plan) && !preferences.technical_label {
        caller.database.knowledge.label(&caller.caller, &wish.model).await?
    } else {
        Arc::from(wish.model.as_str())
    };
    let (tally, began) = (Tally::default(), Instant::now());
    let outcome = arrival.stages.time("odoo", run(&caller.database, &caller.caller, plan, &tally)).await;
    arrival.log.odoo_calls(tally.calls(), began.elapsed());
    Ok((outcome?, wish.model, label))
}

async fn make_plan(caller: &Principal, wish: &mut Wish, context: &ContextAsked) -> Result<Plan, Problem> {
    let model = wish.model.clone();
    planned(caller, &model, |known| plan(wish, context, &caller.scope, known)).await
}

/// Plans something about a model, fetching what the plan lacks. A field that is not known may be younger than what we
/// know.
pub(super) async fn planned<T: Send>(
    caller: &Principal,
    model: &ModelName,
    mut plan: impl FnMut(&Known<'_>) -> Result<T, PlanError> + Send,
) -> Result<T, Problem> {
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
            | Plan::Call(_)
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

fn headers(outcome: &Outcome, media: Media, preferences: Preferences) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.name()));
    if let Some(applied) = preferences.applied() {
        headers.insert("preference-applied", HeaderValue::from_static(applied));
    }
    if let Outcome::Records(records) = outcome {
        if matches!(records.source, Source::Written(_)) {
            headers.insert("x-read-back", HeaderValue::from_static("failed"));
        }
        let omitted = records.omitted.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        if let (false, Ok(omitted)) = (omitted.is_empty(), HeaderValue::try_from(omitted)) {
            headers.insert("x-omitted-fields", omitted);
        }
    }
    headers
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

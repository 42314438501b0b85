//! Descriptions of a model's fields, as far as they can be had.
//!
//! In: a caller and a model. Out: its [`Schema`]. Must not know: how long it is good. Some attributes run code: a
//! selection may read records that this user may not see, and then Odoo answers nothing at all. So what fails is asked
//! for in halves, first by attributes, then by fields; what cannot be had is not known, and the request goes on.

use super::client::OdooClient;
use super::error::{Failure, unreadable};
use super::user::Caller;
use crate::error::Problem;
use crate::names::ModelName;
use crate::plan::schema::{ATTRIBUTES, Schema};
use crate::plan::{Call, Effect, OrmMethod};
use crate::value::{Member, Value};

/// Calls beyond the first that one schema may cost.
const MOST_CALLS: usize = 24;

/// The attribute that runs the most code.
const SELECTION: &str = "selection";

/// Fetches a schema.
///
/// # Errors
/// When Odoo knows no such model, denies it, or cannot be asked.
pub(super) async fn fetch(client: &OdooClient, caller: &Caller, model: &ModelName) -> Result<Schema, Problem> {
    let fields = match ask(client, caller, model, &[], &ATTRIBUTES).await {
        Ok(fields) => fields,
        Err(Why::Failed(failure)) if failure.may_be_a_field() => {
            Pieces::new(client, caller, model).gather(failure).await?
        }
        Err(why) => return Err(why.explain(model)),
    };
    Schema::read(model.clone(), &Value::Map(fields)).ok_or_else(|| unreadable("fields without a type"))
}

type Fields = Vec<Member<'static>>;

/// Why there is no answer.
enum Why {
    Failed(Failure),
    Unreadable(Problem),
}

impl Why {
    fn explain(self, model: &ModelName) -> Problem {
        match self {
            Self::Failed(failure) => failure.explain(&question(model, &[], &ATTRIBUTES)),
            Self::Unreadable(problem) => problem,
        }
    }
}

/// A schema that is put together.
struct Pieces<'p> {
    client: &'p OdooClient,
    caller: &'p Caller,
    model: &'p ModelName,
    fields: Fields,
}

impl<'p> Pieces<'p> {
    fn new(client: &'p OdooClient, caller: &'p Caller, model: &'p ModelName) -> Self {
        Self { client, caller, model, fields: Vec::new() }
    }

    /// Everything but selections, then those.
    async fn gather(mut self, failure: Failure) -> Result<Fields, Problem> {
        let plain: Vec<&str> = ATTRIBUTES.iter().copied().filter(|name| *name != SELECTION).collect();
        self.attempt(vec![(Vec::new(), plain)]).await?;
        if self.fields.is_empty() {
            return Err(failure.explain(&question(self.model, &[], &ATTRIBUTES)));
        }
        let selections = self.fields.iter().filter(|(_, field)| is_selection(field));
        let names: Vec<String> = selections.map(|(name, _)| name.to_string()).collect();
        if !names.is_empty() {
            self.attempt(vec![(names, vec![SELECTION])]).await?;
        }
        tracing::warn!(model = %self.model, "not all that describes the fields of a model can be read");
        Ok(self.fields)
    }

    /// Asks, and asks in halves for what fails.
    async fn attempt(&mut self, mut wanted: Vec<(Vec<String>, Vec<&str>)>) -> Result<(), Problem> {
        let mut calls = 0;
        while let Some((names, attributes)) = wanted.pop() {
            if calls == MOST_CALLS {
                return Ok(());
            }
            calls += 1;
            match ask(self.client, self.caller, self.model, &names, &attributes).await {
                Ok(fields) => self.merge(fields),
                Err(Why::Failed(failure)) if failure.may_be_a_field() => wanted.extend(halves(names, &attributes)),
                Err(why) => return Err(why.explain(self.model)),
            }
        }
        Ok(())
    }

    fn merge(&mut self, fields: Fields) {
        for (name, attributes) in fields {
            match self.fields.iter_mut().find(|(known, _)| *known == name) {
                Some((_, Value::Map(known))) => {
                    let Value::Map(attributes) = attributes else { continue };
                    for attribute in attributes {
                        if !known.iter().any(|(name, _)| *name == attribute.0) {
                            known.push(attribute);
                        }
                    }
                }
                _ => self.fields.push((name, attributes)),
            }
        }
    }
}

/// What failed, in two: by attributes while there are several, then by fields.
fn halves<'a>(names: Vec<String>, attributes: &[&'a str]) -> Vec<(Vec<String>, Vec<&'a str>)> {
    if attributes.len() > 1 {
        let (left, right) = attributes.split_at(attributes.len() / 2);
        return vec![(names.clone(), right.to_vec()), (names, left.to_vec())];
    }
    if names.len() > 1 {
        let (left, right) = names.split_at(names.len() / 2);
        return vec![(right.to_vec(), attributes.to_vec()), (left.to_vec(), attributes.to_vec())];
    }
    Vec::new()
}

fn is_selection(field: &Value<'_>) -> bool {
    matches!(field.get("type").and_then(Value::as_text), Some("selection" | "reference"))
}

async fn ask(
    client: &OdooClient,
    caller: &Caller,
    model: &ModelName,
    names: &[String],
    attributes: &[&str],
) -> Result<Fields, Why> {
    let reply = client.execute_kw(caller, &question(model, names, attributes)).await.map_err(Why::Failed)?;
    if reply.is_nothing() {
        return Err(Why::Failed(Failure::none_inside()));
    }
    match reply.value().map_err(Why::Unreadable)?.into_owned() {
        Value::Map(fields) => Ok(fields),
        _ => Err(Why::Unreadable(unreadable("fields_get without fields"))),
    }
}

fn question(model: &ModelName, names: &[String], attributes: &[&str]) -> Call {
    let texts = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| Value::from(text.to_owned())).collect();
    Call {
        model: model.clone(),
        method: OrmMethod::FieldsGet.name(),
        args: vec![texts(&mut names.iter().map(String::as_str)), texts(&mut attributes.iter().copied())],
        kwargs: Vec::new(),
        effect: Effect::Read,
    }
}

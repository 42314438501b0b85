//! Fetches the descriptions of a model's fields, as far as Odoo can return them.
//!
//! In: a user and a model. Out: the [`Schema`]. Must not know: how long it is valid. Some attributes run code: a
//! selection can read records that the user may not see, and then the entire `fields_get` fails. So a failed call is
//! split in halves, first by attributes, then by fields. What cannot be fetched is omitted, and the request continues.

use super::client::OdooClient;
use super::error::{OdooError, unreadable};
use super::user::OdooUser;
use crate::error::Problem;
use crate::names::ModelName;
use crate::plan::model_schema::{ATTRIBUTES, Schema};
use crate::plan::{Call, Effect, OrmMethod};
use crate::value::{Member, Value};

/// Maximum number of additional calls for one schema.
const MAX_CALLS: usize = 24;

/// The attribute that most often fails.
const SELECTION: &str = "selection";

/// Fetches a schema.
///
/// # Errors
/// If the model does not exist, the user may not see it, or Odoo does not respond.
pub(super) async fn fetch(client: &OdooClient, user: &OdooUser, model: &ModelName) -> Result<Schema, Problem> {
    let fields = match fetch_fields(client, user, model, &[], &ATTRIBUTES).await {
        Ok(fields) => fields,
        Err(FetchError::Failed(error)) if error.may_be_field_specific() => {
            PartialSchema::new(client, user, model).assemble(error).await?
        }
        Err(error) => return Err(error.into_call_problem(model)),
    };
    Schema::from_fields_get(model.clone(), &Value::Map(fields)).ok_or_else(|| unreadable("a field without a type"))
}

type Fields = Vec<Member<'static>>;

/// Why a call has no result.
enum FetchError {
    Failed(OdooError),
    Unreadable(Problem),
}

impl FetchError {
    fn into_call_problem(self, model: &ModelName) -> Problem {
        match self {
            Self::Failed(error) => error.into_call_problem(&fields_get_call(model, &[], &ATTRIBUTES)),
            Self::Unreadable(problem) => problem,
        }
    }
}

/// A schema, assembled from several calls.
struct PartialSchema<'p> {
    client: &'p OdooClient,
    user: &'p OdooUser,
    model: &'p ModelName,
    fields: Fields,
}

impl<'p> PartialSchema<'p> {
    fn new(client: &'p OdooClient, user: &'p OdooUser, model: &'p ModelName) -> Self {
        Self { client, user, model, fields: Vec::new() }
    }

    /// Fetches all attributes except selections, then the selections.
    async fn assemble(mut self, error: OdooError) -> Result<Fields, Problem> {
        let plain: Vec<&str> = ATTRIBUTES.iter().copied().filter(|name| *name != SELECTION).collect();
        self.attempt(vec![(Vec::new(), plain)]).await?;
        if self.fields.is_empty() {
            return Err(error.into_call_problem(&fields_get_call(self.model, &[], &ATTRIBUTES)));
        }
        let selections = self.fields.iter().filter(|(_, field)| is_selection(field));
        let names: Vec<String> = selections.map(|(name, _)| name.to_string()).collect();
        if !names.is_empty() {
            self.attempt(vec![(names, vec![SELECTION])]).await?;
        }
        tracing::warn!(model = %self.model, "some descriptions of the model's fields cannot be fetched");
        Ok(self.fields)
    }

    /// Makes the calls, and splits those that fail.
    async fn attempt(&mut self, mut pending: Vec<(Vec<String>, Vec<&str>)>) -> Result<(), Problem> {
        let mut calls = 0;
        while let Some((names, attributes)) = pending.pop() {
            if calls == MAX_CALLS {
                return Ok(());
            }
            calls += 1;
            match fetch_fields(self.client, self.user, self.model, &names, &attributes).await {
                Ok(fields) => self.merge(fields),
                Err(FetchError::Failed(error)) if error.may_be_field_specific() => {
                    pending.extend(halves(names, &attributes))
                }
                Err(error) => return Err(error.into_call_problem(self.model)),
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

/// Splits a failed call: by attributes while there are several, then by fields.
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

async fn fetch_fields(
    client: &OdooClient,
    user: &OdooUser,
    model: &ModelName,
    names: &[String],
    attributes: &[&str],
) -> Result<Fields, FetchError> {
    let reply =
        client.execute_kw(user, &fields_get_call(model, names, attributes)).await.map_err(FetchError::Failed)?;
    if reply.is_none() {
        return Err(FetchError::Failed(OdooError::none_in_result()));
    }
    match reply.value().map_err(FetchError::Unreadable)?.into_owned() {
        Value::Map(fields) => Ok(fields),
        _ => Err(FetchError::Unreadable(unreadable("the result of fields_get is not a dict"))),
    }
}

fn fields_get_call(model: &ModelName, names: &[String], attributes: &[&str]) -> Call {
    let texts = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| Value::from(text.to_owned())).collect();
    Call {
        model: model.clone(),
        method: OrmMethod::FieldsGet.name(),
        args: vec![texts(&mut names.iter().map(String::as_str)), texts(&mut attributes.iter().copied())],
        kwargs: Vec::new(),
        effect: Effect::Read,
    }
}

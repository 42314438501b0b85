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
    parse(model, fetch_attributes(client, user, FieldsGet { model, attributes: &ATTRIBUTES, context: &[] }).await?)
}

/// The schema in a response that has at least its attributes.
///
/// # Errors
/// If a field has no type.
pub(super) fn parse(model: &ModelName, fields: Vec<Member<'static>>) -> Result<Schema, Problem> {
    Schema::from_fields_get(model.clone(), &Value::Map(fields)).ok_or_else(|| unreadable("a field without a type"))
}

/// What `fields_get` is called with.
#[derive(Clone, Copy)]
pub(super) struct FieldsGet<'f> {
    /// The model.
    pub model: &'f ModelName,
    /// The attributes of each field.
    pub attributes: &'f [&'f str],
    /// The context, for the language of labels.
    pub context: &'f [Member<'static>],
}

/// Fetches attributes of all fields: a map of maps. What Odoo cannot return is omitted.
///
/// # Errors
/// If the model does not exist, the user may not see it, or Odoo does not respond.
pub(super) async fn fetch_attributes(
    client: &OdooClient,
    user: &OdooUser,
    request: FieldsGet<'_>,
) -> Result<Fields, Problem> {
    match fetch_fields(client, user, request, &[]).await {
        Ok(fields) => Ok(fields),
        Err(FetchError::Failed(error)) if error.may_be_field_specific() => {
            PartialSchema::new(client, user, request).assemble(error).await
        }
        Err(error) => Err(error.into_call_problem(request)),
    }
}

type Fields = Vec<Member<'static>>;

/// Why a call has no result.
enum FetchError {
    Failed(OdooError),
    Unreadable(Problem),
}

impl FetchError {
    fn into_call_problem(self, request: FieldsGet<'_>) -> Problem {
        match self {
            Self::Failed(error) => error.into_call_problem(&request.call(&[])),
            Self::Unreadable(problem) => problem,
        }
    }
}

/// A schema, assembled from several calls.
struct PartialSchema<'p> {
    client: &'p OdooClient,
    user: &'p OdooUser,
    request: FieldsGet<'p>,
    fields: Fields,
}

impl<'p> PartialSchema<'p> {
    fn new(client: &'p OdooClient, user: &'p OdooUser, request: FieldsGet<'p>) -> Self {
        Self { client, user, request, fields: Vec::new() }
    }

    /// Fetches all attributes except selections, then the selections.
    async fn assemble(mut self, error: OdooError) -> Result<Fields, Problem> {
        let plain: Vec<&str> = self.request.attributes.iter().copied().filter(|name| *name != SELECTION).collect();
        self.attempt(vec![(Vec::new(), plain)]).await?;
        if self.fields.is_empty() {
            return Err(error.into_call_problem(&self.request.call(&[])));
        }
        let selections = self.fields.iter().filter(|(_, field)| is_selection(field));
        let names: Vec<String> = selections.map(|(name, _)| name.to_string()).collect();
        if !names.is_empty() {
            self.attempt(vec![(names, vec![SELECTION])]).await?;
        }
        tracing::warn!(model = %self.request.model, "some descriptions of the model's fields cannot be fetched");
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
            let request = FieldsGet { attributes: &attributes, ..self.request };
            match fetch_fields(self.client, self.user, request, &names).await {
                Ok(fields) => self.merge(fields),
                Err(FetchError::Failed(error)) if error.may_be_field_specific() => {
                    pending.extend(halves(names, &attributes))
                }
                Err(error) => return Err(error.into_call_problem(self.request)),
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
    request: FieldsGet<'_>,
    names: &[String],
) -> Result<Fields, FetchError> {
    let reply = client.execute_kw(user, &request.call(names)).await.map_err(FetchError::Failed)?;
    if reply.is_none() {
        return Err(FetchError::Failed(OdooError::none_in_result()));
    }
    match reply.value().map_err(FetchError::Unreadable)?.into_owned() {
        Value::Map(fields) => Ok(fields),
        _ => Err(FetchError::Unreadable(unreadable("the result of fields_get is not a dict"))),
    }
}

impl FieldsGet<'_> {
    /// The call for these fields; without names for all of them.
    fn call(self, names: &[String]) -> Call {
        let texts = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| Value::from(text.to_owned())).collect();
        let context = (!self.context.is_empty()).then(|| ("context".into(), Value::Map(self.context.to_vec())));
        Call {
            model: self.model.clone(),
            method: OrmMethod::FieldsGet.name(),
            args: vec![texts(&mut names.iter().map(String::as_str)), texts(&mut self.attributes.iter().copied())],
            kwargs: context.into_iter().collect(),
            effect: Effect::Read,
        }
    }
}

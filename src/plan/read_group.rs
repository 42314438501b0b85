//! `read_group` as Odoo had it until 19.0, made of `formatted_read_group`.
//!
//! In: a call of `read_group(domain, fields, groupby, …)`, metadata. Out: a [`GroupPlan`], whose call returns what
//! [`GroupRows`] converts to the old form. Must not know: how calls are sent, who calls.
//!
//! | | `read_group` | `formatted_read_group` |
//! |---|---|---|
//! | aggregates | `fields`: `total:sum(amount_total)`, `amount_total:sum`, `amount_total` | `amount_total:sum` |
//! | dates | by month if nothing else is said: `"May 2026"`, and `__range` | `["2026-05-01", "May 2026"]` |
//! | number of records | `state_count`, or `__count` if not lazy | `__count` |
//! | condition of a group | `__domain`, with the domain of the call | `__extra_domain`, without it |
//! | lazy | only by the first group; `__context` has the others; groups without records, too | |
//!
//! Odoo 20 has another method of this name, which takes `groupby` and `aggregates` and returns tuples.

mod arguments;
mod rows;

use self::arguments::OldArguments;
pub use self::rows::GroupRows;
use self::rows::{Aggregate, COUNT, Group};
use super::call::{Call, Effect, OrmMethod, name_list};
use super::error::PlanError;
use super::metadata::{Metadata, require_schema};
use super::model_schema::{FieldType, Schema};
use super::scope::Operation;
use super::scope_check::ScopeCheck;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{FieldName, MethodName};
use crate::value::{Member, Value};

/// The method that is called instead.
const METHOD: &str = "formatted_read_group";
/// What stands for the aggregate of a field until Odoo has said which one it is.
const ANY_AGGREGATE: &str = "sum";
/// What the new method calls `orderby`.
const ORDER: &str = "order";

/// The calls of one `read_group`.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupPlan {
    /// Asks how Odoo aggregates fields by default; `None` if the client named the aggregate of each field.
    pub describe: Option<Call>,
    call: Call,
    order: Option<String>,
    expands_groups: bool,
    rows: GroupRows,
}

impl GroupPlan {
    /// Plans a call of the old method; `None` for a call of the new one.
    ///
    /// # Errors
    /// 400 for arguments that the old method rejects, or metadata is missing.
    pub(super) fn from_call(
        call: &Call,
        scope_check: ScopeCheck<'_>,
        metadata: &dyn Metadata,
    ) -> Result<Option<Self>, PlanError> {
        let Some(old) = OldArguments::parse(call)? else { return Ok(None) };
        let schema = require_schema(metadata, &call.model)?;
        let grouped = old.groupby.len().min(if old.lazy { 1 } else { usize::MAX });
        let (now, later) = old.groupby.split_at(grouped);
        let groups = now.iter().map(|name| group(name, &schema, scope_check)).collect::<Result<Vec<_>, _>>()?;
        let mut aggregates = vec![Aggregate { name: count_name(now, old.lazy), spec: COUNT.to_owned() }];
        let mut undecided = Vec::new();
        for field in &old.fields {
            let aggregate = aggregate(field, &schema, scope_check)?;
            if aggregate.spec.contains(':') {
                aggregates.push(aggregate);
            } else if aggregate.name != COUNT && !now.contains(field) {
                undecided.push(aggregate.name.clone());
                aggregates.push(aggregate);
            }
        }
        let describe = describe_call(call, &undecided);
        let rows = GroupRows::new(groups, aggregates, &old.domain, later);
        let expands_groups = old.lazy && now.len() == 1;
        let (order, call) = (old.order.clone(), new_call(call, old, &rows));
        Ok(Some(Self { describe, call, order, expands_groups, rows }))
    }

    /// The call with every field that it touches, for the check of what the scope allows.
    pub(super) fn call_mut(&mut self) -> &mut Call {
        &mut self.call
    }

    /// The call, and what converts its result. `described` is the result of [`GroupPlan::describe`].
    #[must_use]
    pub fn complete(self, described: Option<&Value<'_>>) -> (Call, GroupRows) {
        let Self { describe: _, mut call, order, expands_groups, mut rows } = self;
        let attribute = |field: &str| described?.get(field)?.get("aggregator")?.as_text();
        rows.decide_aggregates(|field| attribute(field).map(str::to_owned));
        if let Some(aggregates) = call.args.get_mut(2) {
            *aggregates = rows.aggregate_specs();
        }
        if let (Some(order), Some((_, sent))) = (order, call.kwargs.iter_mut().find(|(name, _)| name == ORDER)) {
            *sent = Value::from(rows.order(&order));
        }
        if expands_groups {
            set_context(&mut call.kwargs, "read_group_expand");
        }
        (call, rows)
    }
}

/// Until it is completed, the call has an aggregate for each field. It has the order already, because an order can name
/// fields that nothing else names, and is checked with the call.
fn new_call(call: &Call, old: OldArguments, rows: &GroupRows) -> Call {
    let OldArguments { domain, offset, limit, order, .. } = old;
    let window = [("offset", offset), ("limit", limit)];
    let mut kwargs: Vec<Member<'static>> =
        window.into_iter().filter(|(_, value)| !value.is_falsy()).map(|(name, value)| (name.into(), value)).collect();
    kwargs.extend(call.kwargs.iter().find(|(name, _)| name == "context").cloned());
    kwargs.extend(order.map(|order| (ORDER.into(), Value::from(rows.order(&order)))));
    Call {
        model: call.model.clone(),
        method: MethodName::from_static(METHOD),
        args: vec![domain, rows.group_specs(), rows.checked_specs(ANY_AGGREGATE)],
        kwargs,
        effect: Effect::Read,
    }
}

fn describe_call(call: &Call, fields: &[String]) -> Option<Call> {
    if fields.is_empty() {
        return None;
    }
    let args = vec![name_list(fields.iter().map(String::as_str)), Value::List(vec!["aggregator".into()])];
    Some(Call::orm(&call.model, OrmMethod::FieldsGet, args, &[]))
}

/// Adds a flag to the context.
fn set_context(kwargs: &mut Vec<Member<'static>>, key: &'static str) {
    let flag = (key.into(), Value::Bool(true));
    match kwargs.iter_mut().find(|(name, _)| name == "context") {
        Some((_, Value::Map(context))) => context.push(flag),
        Some((_, context)) => *context = Value::Map(vec![flag]),
        None => kwargs.push(("context".into(), Value::Map(vec![flag]))),
    }
}

fn count_name(groups: &[String], lazy: bool) -> String {
    match groups {
        [group] if lazy => format!("{}_count", group.split(':').next().unwrap_or_default()),
        _ => COUNT.to_owned(),
    }
}

/// A group; of a date without a period, the month.
fn group(name: &str, schema: &Schema, scope_check: ScopeCheck<'_>) -> Result<Group, PlanError> {
    let path = name.split(':').next().unwrap_or_default();
    let first = path.split('.').next().unwrap_or_default();
    scope_check.require_field(&schema.model, Operation::Read, first, &"groupby")?;
    let field = schema.field(first).ok_or_else(|| scope_check.unknown_field(schema, first, "groupby"))?;
    let is_date = matches!(field.kind, FieldType::Date | FieldType::Datetime);
    let spec = if is_date && path == name { format!("{name}:month") } else { name.to_owned() };
    Ok(Group { name: name.to_owned(), spec })
}

/// `name`, `field:aggregate`, or `name:aggregate(field)`.
fn aggregate(text: &str, schema: &Schema, scope_check: ScopeCheck<'_>) -> Result<Aggregate, PlanError> {
    if text == COUNT {
        return Ok(Aggregate { name: COUNT.to_owned(), spec: COUNT.to_owned() });
    }
    let (name, function) = text.split_once(':').map_or((text, None), |(name, function)| (name, Some(function)));
    let (function, field) = match function.map(|function| (function, function.split_once('('))) {
        Some((_, Some((function, field)))) => (Some(function), field.strip_suffix(')').unwrap_or_default()),
        Some((function, None)) => (Some(function), name),
        None => (None, name),
    };
    if [Some(name), function, Some(field)].into_iter().flatten().any(|word| FieldName::parse(word).is_err()) {
        let excerpt: String = text.chars().take(64).collect();
        let detail = format!("fields: expected `field`, `field:sum`, or `name:sum(field)`, found {excerpt:?}.");
        return Err(Problem::new(ErrorCode::InvalidValue, detail).parameter("fields").into());
    }
    scope_check.require_field(&schema.model, Operation::Read, field, &"fields")?;
    if schema.field(field).is_none() {
        return Err(scope_check.unknown_field(schema, field, "fields"));
    }
    let spec = function.map_or_else(|| field.to_owned(), |function| format!("{field}:{function}"));
    Ok(Aggregate { name: name.to_owned(), spec })
}

#[cfg(test)]
mod tests;

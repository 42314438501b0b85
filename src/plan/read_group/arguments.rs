//! The arguments of `read_group` until Odoo 19.0.
//!
//! In: a call. Out: [`OldArguments`], or `None` if the call is one of the method that Odoo 20 has. Must not know:
//! fields.
//!
//! ```text
//! until 19.0   domain, fields, groupby, offset, limit, orderby, lazy
//! from 20 on   domain, groupby, aggregates, having, offset, limit, order
//! ```

use super::rows::COUNT;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::plan::call::Call;
use crate::value::Value;

/// The parameters of the old method, in their order.
const NAMES: [&str; 7] = ["domain", "fields", "groupby", "offset", "limit", "orderby", "lazy"];
/// Functions that only an aggregate has. A group has a period after the colon.
const FUNCTIONS: [&str; 12] = [
    "sum",
    "sum_currency",
    "avg",
    "min",
    "max",
    "count",
    "count_distinct",
    "array_agg",
    "array_agg_distinct",
    "bool_and",
    "bool_or",
    "recordset",
];

/// The arguments, with the defaults of the method.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OldArguments {
    pub(super) domain: Value<'static>,
    pub(super) fields: Vec<String>,
    pub(super) groupby: Vec<String>,
    pub(super) offset: Value<'static>,
    pub(super) limit: Value<'static>,
    pub(super) order: Option<String>,
    pub(super) lazy: bool,
}

impl OldArguments {
    /// The arguments of a call; `None` if they are not those of the old method.
    ///
    /// # Errors
    /// 400 for `fields`, `groupby`, or `orderby` of another type.
    pub(super) fn parse(call: &Call) -> Result<Option<Self>, Problem> {
        let is_known = |name: &str| name == "context" || NAMES.contains(&name);
        if call.args.len() > NAMES.len() || !call.kwargs.iter().all(|(name, _)| is_known(name)) {
            return Ok(None);
        }
        let argument = |index: usize| {
            let named = || call.kwargs.iter().find(|(name, _)| NAMES.get(index) == Some(&name.as_ref()));
            call.args.get(index).or_else(|| named().map(|(_, value)| value))
        };
        let (Some(fields), Some(groupby)) = (argument(1), argument(2)) else { return Ok(None) };
        if has_aggregate(groupby) {
            return Ok(None);
        }
        let value = |index| argument(index).cloned().unwrap_or_default();
        Ok(Some(Self {
            domain: match value(0) {
                domain if domain.is_falsy() => Value::List(Vec::new()),
                domain => domain,
            },
            fields: texts("fields", fields)?,
            groupby: texts("groupby", groupby)?,
            offset: value(3),
            limit: value(4),
            order: match argument(5).filter(|order| !order.is_falsy()) {
                Some(order) => Some(order.as_text().ok_or_else(|| mismatch("orderby", "a text", order))?.to_owned()),
                None => None,
            },
            lazy: argument(6).is_none_or(|lazy| !lazy.is_falsy()),
        }))
    }
}

/// Whether an argument contains aggregates: then it is not `groupby`, and the call is one of the new method.
fn has_aggregate(argument: &Value<'_>) -> bool {
    let is_aggregate =
        |text: &str| text == COUNT || text.split_once(':').is_some_and(|(_, function)| FUNCTIONS.contains(&function));
    match argument {
        Value::Text(text) => is_aggregate(text),
        Value::List(items) => items.iter().filter_map(Value::as_text).any(is_aggregate),
        _ => false,
    }
}

/// One name, or a list of names.
fn texts(parameter: &'static str, value: &Value<'_>) -> Result<Vec<String>, Problem> {
    let list = match value {
        empty if empty.is_falsy() => Some(Vec::new()),
        Value::Text(text) => Some(vec![text.clone().into_owned()]),
        Value::List(items) => items.iter().map(|item| item.as_text().map(str::to_owned)).collect(),
        _ => None,
    };
    list.ok_or_else(|| mismatch(parameter, "a list of names", value))
}

fn mismatch(parameter: &'static str, expected: &str, found: &Value<'_>) -> Problem {
    let found = format!("{} {}", found.kind(), found.excerpt(60));
    let detail = format!("{parameter}: expected {expected}, found {found}.");
    Problem::new(ErrorCode::InvalidValue, detail).parameter(parameter)
}

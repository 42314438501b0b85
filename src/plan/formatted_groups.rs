//! `formatted_read_group` of Odoo 19 on servers that have only `read_group`.
//!
//! In: the named arguments of a call, the major version of the server; a result. Out: the arguments of `read_group`;
//! the result in the form of Odoo 19. Must not know: scopes, how a call is sent.
//!
//! ```text
//! formatted_read_group       read_group
//! groupby, offset, limit     the same, not lazy
//! aggregates  "amount:sum"   fields   "amount:sum(amount)"
//! order       "amount:sum"   orderby  "amount"
//! having                     does not exist
//!
//! "amount:sum": 7            "amount": 7
//! "date:month": [start, s]   "date:month": s; the start is in `__range` or `__domain`
//! "__extra_domain"           "__domain", which contains the domain of the call, too
//! ```

use super::error::missing_argument;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::FieldName;
use crate::value::{Member, Value};

/// The version that has `formatted_read_group`.
pub(super) const SINCE: u8 = 19;
/// Before this version, `read_group` omits aggregates of the fields by which it groups.
const AGGREGATES_GROUPED_FIELDS: u8 = 17;
/// The number of records of a group.
const COUNT: &str = "__count";
const PARAMETERS: [&str; 8] = ["domain", "groupby", "aggregates", "having", "offset", "limit", "order", "context"];
/// The periods by which dates are grouped.
const PERIODS: [&str; 6] = ["hour", "day", "week", "month", "quarter", "year"];

/// The groups and aggregates of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormattedGroups {
    groupby: Vec<String>,
    aggregates: Vec<GroupAggregate>,
}

/// An aggregate of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
struct GroupAggregate {
    /// As requested: `amount:sum`.
    requested: String,
    /// The name of its column in the result of `read_group`.
    column: String,
    /// The field and the function; `None` for the number of records.
    of: Option<(String, String)>,
}

impl FormattedGroups {
    /// The groups of a call. What is not a list of texts counts as empty here, and is rejected by Odoo.
    #[must_use]
    pub fn from_arguments(arguments: &[Member<'_>]) -> Self {
        let texts = |name: &str| -> Vec<String> {
            let given = arguments.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.as_list());
            given.unwrap_or_default().iter().filter_map(Value::as_text).map(str::to_owned).collect()
        };
        let groupby = texts("groupby");
        let mut aggregates: Vec<GroupAggregate> = Vec::new();
        // Odoo 19 renames it, also in the result.
        for requested in texts("aggregates").into_iter().map(|text| text.replace(":recordset", ":array_agg")) {
            let of = requested.split_once(':').map(|(field, function)| (field.to_owned(), function.to_owned()));
            let column = match &of {
                None => requested.clone(),
                Some((field, function)) => {
                    let is_used = |column: &str| aggregates.iter().any(|other| other.column == column);
                    let is_free = !is_used(field) && !groupby.contains(field);
                    if is_free { field.clone() } else { format!("{field}_{function}") }
                }
            };
            if aggregates.iter().all(|other| other.requested != requested) {
                aggregates.push(GroupAggregate { requested, column, of });
            }
        }
        Self { groupby, aggregates }
    }

    /// The positional and named arguments of `read_group` for a server of this major version.
    ///
    /// # Errors
    /// 400 for arguments that Odoo 19 does not have either, and for what `read_group` cannot do.
    pub(super) fn to_read_group(
        &self,
        arguments: &[Member<'static>],
        major: u8,
    ) -> Result<(Vec<Value<'static>>, Vec<Member<'static>>), Problem> {
        let given = |name: &str| arguments.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        if let Some((name, _)) = arguments.iter().find(|(name, _)| !PARAMETERS.contains(&name.as_ref())) {
            return Err(type_error(&format!("got an unexpected keyword argument '{name}'")));
        }
        let domain = given("domain").ok_or_else(|| missing_argument("domain"))?;
        self.check(given("having"), major)?;
        let (order, counts) = self.orderby(given("order"));
        let fields = self.fields(counts);
        let groupby: Value<'static> = self.groupby.iter().cloned().map(Value::from).collect();
        let mut kwargs: Vec<Member<'static>> = vec![("lazy".into(), false.into())];
        kwargs.extend(order.map(|order| ("orderby".into(), order)));
        let number = |name: &'static str| Some((name, given(name).filter(|value| !value.is_falsy())?.clone()));
        let (offset, limit) = (number("offset"), number("limit"));
        // Odoo 14 ignores an offset without a limit.
        let limit = limit.or_else(|| offset.is_some().then_some(("limit", Value::Int(i64::from(i32::MAX)))));
        kwargs.extend([offset, limit].into_iter().flatten().map(|(name, value)| (name.into(), value)));
        kwargs.extend(arguments.iter().filter(|(name, _)| name == "context").cloned());
        Ok((vec![domain.clone(), fields, groupby], kwargs))
    }

    fn check(&self, having: Option<&Value<'_>>, major: u8) -> Result<(), Problem> {
        if having.is_some_and(|having| !having.is_falsy()) {
            let detail = format!("having: this server has no such argument, because it is older than Odoo {SINCE}.");
            let problem = Problem::new(ErrorCode::InvalidParameter, detail).parameter("having");
            return Err(problem.hint("Leave `having` out and omit the groups yourself."));
        }
        for GroupAggregate { requested, of, .. } in &self.aggregates {
            let is_word = |text: &String| FieldName::parse(text).is_ok();
            let is_valid = match of {
                Some((field, function)) => is_word(field) && is_word(function),
                None => requested == COUNT,
            };
            if !is_valid {
                let detail = "aggregates: expected `field:function` without a path, or `__count`";
                let detail = format!("{detail}, found {}", Value::from(requested.as_str()).excerpt(60));
                return Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter("aggregates"));
            }
            let field = of.as_ref().map(|(field, _)| field.as_str());
            let is_grouped = self.groupby.iter().any(|group| field == group.split(':').next());
            if is_grouped && major < AGGREGATES_GROUPED_FIELDS {
                let since = AGGREGATES_GROUPED_FIELDS;
                let rule = format!("before Odoo {since}, a field is either grouped or aggregated");
                let detail = format!("aggregates: {requested}: {rule}.");
                return Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter("aggregates"));
            }
        }
        Ok(())
    }

    /// `column:function(field)`. An empty list would mean all fields.
    fn fields(&self, counts: bool) -> Value<'static> {
        let field = |aggregate: &GroupAggregate| {
            let (field, function) = aggregate.of.as_ref()?;
            Some(Value::from(format!("{}:{function}({field})", aggregate.column)))
        };
        let count = if counts { format!("{COUNT}:count(id)") } else { COUNT.to_owned() };
        self.aggregates.iter().filter_map(field).chain([Value::from(count)]).collect()
    }

    /// The order in terms of columns, and whether it needs the number of records as a column.
    fn orderby(&self, order: Option<&Value<'static>>) -> (Option<Value<'static>>, bool) {
        let Some(order) = order.filter(|order| !order.is_falsy()) else { return (None, false) };
        let Some(text) = order.as_text() else { return (Some(order.clone()), false) };
        let mut counts = false;
        let term = |term: &str| {
            let (name, rest) = term.trim().split_at(term.trim().find(' ').unwrap_or(term.trim().len()));
            counts |= name == COUNT;
            let aggregate = self.aggregates.iter().find(|aggregate| aggregate.requested == name);
            format!("{}{rest}", aggregate.map_or(name, |aggregate| aggregate.column.as_str()))
        };
        let terms: Vec<String> = text.split(',').map(term).collect();
        (Some(terms.join(", ").into()), counts)
    }

    /// A result in the form of Odoo 19. One that has it already is returned unchanged.
    #[must_use]
    pub fn restore<'v>(&self, result: Value<'v>) -> Value<'v> {
        let Value::List(groups) = result else { return result };
        let restore = |group: Value<'v>| {
            let is_older = group.as_map().is_some() && group.get("__extra_domain").is_none();
            if is_older { self.restore_group(&group) } else { group }
        };
        Value::List(groups.into_iter().map(restore).collect())
    }

    fn restore_group<'v>(&self, group: &Value<'v>) -> Value<'v> {
        let mut members: Vec<Member<'v>> = Vec::new();
        for (index, name) in self.groupby.iter().enumerate() {
            let value = group.get(name).cloned().unwrap_or(Value::Bool(false));
            let value = match self.period_start(index, name, group) {
                Some(start) if matches!(value, Value::Text(_)) => Value::List(vec![start, value]),
                _ => value,
            };
            members.push((name.clone().into(), value));
        }
        let domain = group.get("__domain").cloned().unwrap_or_else(|| Value::List(Vec::new()));
        members.push(("__extra_domain".into(), domain));
        for GroupAggregate { requested, column, .. } in &self.aggregates {
            members.push((requested.clone().into(), group.get(column).cloned().unwrap_or_default()));
        }
        Value::Map(members)
    }

    /// The start of a period, as Odoo writes it.
    fn period_start<'v>(&self, index: usize, name: &str, group: &Value<'v>) -> Option<Value<'v>> {
        let field = period_field(name)?;
        let ranges = group.get("__range");
        let range = ranges.and_then(|ranges| ranges.get(name).or_else(|| ranges.get(field)));
        if let Some(start) = range.and_then(|range| range.get("from")) {
            return Some(start.clone());
        }
        // Odoo 14 has no ranges. The conditions of the groups are the first ones of the domain, in their order.
        let earlier = self.groupby.iter().take(index).filter(|other| period_field(other) == Some(field)).count();
        let mut starts =
            group.get("__domain")?.as_list()?.iter().filter_map(|condition| match condition.as_list()? {
                [name, operator, start] if name.as_text() == Some(field) && operator.as_text() == Some(">=") => {
                    Some(start)
                }
                _ => None,
            });
        starts.nth(earlier).cloned()
    }
}

/// The field of `date:month`.
fn period_field(name: &str) -> Option<&str> {
    name.split_once(':').filter(|(_, period)| PERIODS.contains(period)).map(|(field, _)| field)
}

/// Odoo 19 rejects the call with this message before it runs.
fn type_error(message: &str) -> Problem {
    let message = format!("formatted_read_group() {message}");
    Problem::new(ErrorCode::InvalidValue, message.clone()).odoo("TypeError", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::language::literal::{Limits, parse_json};

    fn tree(value: &serde_json::Value) -> Value<'static> {
        parse_json(&value.to_string(), Limits::trusted()).unwrap().into_owned()
    }

    fn arguments(value: &serde_json::Value) -> Vec<Member<'static>> {
        tree(value).as_map().unwrap().to_vec()
    }

    fn converted(value: &serde_json::Value, major: u8) -> Result<serde_json::Value, String> {
        let arguments = arguments(value);
        let (args, kwargs) = FormattedGroups::from_arguments(&arguments)
            .to_read_group(&arguments, major)
            .map_err(|problem| problem.detail)?;
        Ok(serde_json::to_value(Value::List(vec![Value::List(args), Value::Map(kwargs)])).unwrap())
    }

    #[test]
    fn arguments_become_those_of_read_group() {
        let all = json!({
            "domain": [["a", "=", 1]], "groupby": ["state", "date:month"], "having": [], "limit": 2, "offset": 1,
            "aggregates": ["amount:sum", "amount:avg", "__count", "line_ids:recordset"],
            "order": "amount:sum desc, date:month, __count", "context": {"tz": "UTC"},
        });
        let fields =
            ["amount:sum(amount)", "amount_avg:avg(amount)", "line_ids:array_agg(line_ids)", "__count:count(id)"];
        let expected = json!([[[["a", "=", 1]], fields, ["state", "date:month"]], {
            "lazy": false, "orderby": "amount desc, date:month, __count", "offset": 1, "limit": 2,
            "context": {"tz": "UTC"},
        }]);
        assert_eq!(converted(&all, 14), Ok(expected));
        let none = json!([[[], ["__count"], []], {"lazy": false}]);
        assert_eq!(converted(&json!({"domain": []}), 18), Ok(none), "no fields would mean all of them");
        let offset = converted(&json!({"domain": [], "offset": 5}), 14).unwrap();
        assert_eq!(offset[1], json!({"lazy": false, "offset": 5, "limit": i32::MAX}));
    }

    #[test]
    fn what_read_group_cannot_do_is_rejected() {
        let grouped = json!({"domain": [], "groupby": ["amount"], "aggregates": ["amount:sum"]});
        let column = converted(&grouped, 17).unwrap()[0][1][0].clone();
        assert_eq!(column, "amount_sum:sum(amount)", "not the column of the group");
        for (arguments, start) in [
            (json!({}), "missing a required argument: 'domain'"),
            (json!({"domain": [], "lazy": true}), "formatted_read_group() got an unexpected keyword argument 'lazy'"),
            (json!({"domain": [], "having": [["amount:sum", ">", 1]]}), "having: this server has no such argument"),
            (json!({"domain": [], "aggregates": ["amount"]}), "aggregates: expected `field:function`"),
            (json!({"domain": [], "aggregates": ["user_id.amount:sum"]}), "aggregates: expected `field:function`"),
            (json!({"domain": [], "aggregates": ["a:sum(b)"]}), "aggregates: expected `field:function`"),
            (grouped, "aggregates: amount:sum: before Odoo 17"),
        ] {
            let detail = converted(&arguments, 14).unwrap_err();
            assert!(detail.starts_with(start), "{arguments}: {detail}");
        }
    }

    #[test]
    fn groups_are_returned_as_in_odoo_19() {
        let call = json!({
            "groupby": ["country_id", "date:year", "date:month"], "aggregates": ["amount:sum", "amount:avg", "__count"],
        });
        let groups = FormattedGroups::from_arguments(&arguments(&call));
        let group = json!({
            "country_id": [7, "France"], "date:year": "2024", "date:month": "May 2024", "amount": 3.5, "amount_avg": 1,
            "__count": 2,
        });
        let domain = json!([
            "&",
            ["country_id", "=", 7],
            "&",
            "&",
            ["date", ">=", "2024-01-01"],
            ["date", "<", "2025-01-01"],
            "&",
            ["date", ">=", "2024-05-01"],
            ["date", "<", "2024-06-01"]
        ]);
        let range = json!({
            "date:year": {"from": "2024-01-01", "to": "2025-01-01"},
            "date:month": {"from": "2024-05-01", "to": "2024-06-01"},
        });
        let expected = json!([{
            "country_id": [7, "France"], "date:year": ["2024-01-01", "2024"], "date:month": ["2024-05-01", "May 2024"],
            "amount:sum": 3.5, "amount:avg": 1, "__count": 2, "__extra_domain": domain,
        }]);
        let mut with_range = group.clone();
        (with_range["__range"], with_range["__domain"]) = (range, domain.clone());
        let mut with_domain = group;
        with_domain["__domain"] = domain;
        for old in [with_range, with_domain] {
            let restored = groups.restore(tree(&json!([old])));
            assert_eq!(serde_json::to_value(restored).unwrap(), expected, "{old}");
        }
        let unchanged = tree(&expected);
        assert_eq!(groups.restore(unchanged.clone()), unchanged);
    }

    #[test]
    fn empty_groups_and_other_results_keep_their_values() {
        let call = json!({"groupby": ["date:month"], "aggregates": ["amount:sum"]});
        let groups = FormattedGroups::from_arguments(&arguments(&call));
        let empty = groups.restore(tree(&json!([{"date:month": false, "__domain": [["date", "=", false]]}])));
        let expected = json!([{"date:month": false, "amount:sum": null, "__extra_domain": [["date", "=", false]]}]);
        assert_eq!(serde_json::to_value(empty).unwrap(), expected);
        assert_eq!(groups.restore(Value::Bool(false)), Value::Bool(false));
    }
}

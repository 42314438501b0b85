//! The groups that `formatted_read_group` returns, in the form of the old `read_group`.
//!
//! In: its result. Out: the same groups with the names, labels, ranges, and domains of the old method. Must not know:
//! how the groups are requested.

use crate::value::{Member, Value};

/// The number of records in a group, as both methods call it if the old one is not lazy.
pub(super) const COUNT: &str = "__count";
/// What the new method calls the condition of a group.
const EXTRA_DOMAIN: &str = "__extra_domain";
/// Whether a group is folded in a kanban view. Both methods call it so.
const FOLD: &str = "__fold";

/// A group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// Its name in the old method.
    pub(super) name: String,
    /// Its name in the new method.
    pub(super) spec: String,
}

/// An aggregate.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Aggregate {
    /// Its name in the old method.
    pub(super) name: String,
    /// Its name in the new method. Without a function: the function is not decided yet.
    pub(super) spec: String,
}

impl Aggregate {
    fn is_undecided(&self) -> bool {
        !self.spec.contains(':') && self.spec != COUNT
    }
}

/// Converts groups.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRows {
    groups: Vec<Group>,
    aggregates: Vec<Aggregate>,
    domain: Conjunction<'static>,
    later_groups: Vec<Value<'static>>,
}

impl GroupRows {
    pub(super) fn new(
        groups: Vec<Group>,
        aggregates: Vec<Aggregate>,
        domain: &Value<'static>,
        later_groups: &[String],
    ) -> Self {
        let mut conjunction = Conjunction::default();
        conjunction.add(domain.as_list().unwrap_or_default());
        let later_groups = later_groups.iter().map(|name| Value::from(name.clone())).collect();
        Self { groups, aggregates, domain: conjunction, later_groups }
    }

    /// Sets the function of the aggregates that have none. A field that Odoo does not aggregate is left out.
    pub(super) fn decide_aggregates(&mut self, aggregator: impl Fn(&str) -> Option<String>) {
        self.aggregates.retain_mut(|aggregate| {
            if aggregate.is_undecided() {
                let Some(function) = aggregator(&aggregate.spec) else { return false };
                aggregate.spec = format!("{}:{function}", aggregate.spec);
            }
            true
        });
    }

    pub(super) fn group_specs(&self) -> Value<'static> {
        self.groups.iter().map(|group| Value::from(group.spec.clone())).collect()
    }

    /// The aggregates, each once.
    pub(super) fn aggregate_specs(&self) -> Value<'static> {
        let specs: indexmap::IndexSet<&str> = self.aggregates.iter().map(|aggregate| aggregate.spec.as_str()).collect();
        specs.into_iter().map(|spec| Value::from(spec.to_owned())).collect()
    }

    /// The aggregates, with this function where none is decided.
    pub(super) fn checked_specs(&self, function: &str) -> Value<'static> {
        let mut checked = self.clone();
        checked.decide_aggregates(|_| Some(function.to_owned()));
        checked.aggregate_specs()
    }

    /// An order with the names of the new method.
    pub(super) fn order(&self, order: &str) -> String {
        let groups = self.groups.iter().rev().map(|group| (&group.name, &group.spec));
        let names = groups.chain(self.aggregates.iter().map(|aggregate| (&aggregate.name, &aggregate.spec)));
        let names: Vec<(&str, &String)> =
            names.map(|(name, spec)| (name.split(':').next().unwrap_or_default(), spec)).collect();
        let rename = |term: &str| {
            let rest = |name: &str| term.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with(' '));
            let renamed = names.iter().find_map(|(name, spec)| Some(format!("{spec}{}", rest(name)?)));
            renamed.unwrap_or_else(|| term.to_owned())
        };
        order.split(',').map(|term| rename(term.trim())).collect::<Vec<_>>().join(", ")
    }

    /// The groups in the old form. Anything but a list of objects stays as it is.
    #[must_use]
    pub fn convert<'a>(&'a self, groups: Value<'a>) -> Value<'a> {
        match groups {
            Value::List(rows) => rows.into_iter().map(|row| self.row(row)).collect(),
            other => other,
        }
    }

    fn row<'a>(&'a self, row: Value<'a>) -> Value<'a> {
        if !matches!(row, Value::Map(_)) {
            return row;
        }
        let extra = row.get(EXTRA_DOMAIN).and_then(Value::as_list).unwrap_or_default();
        let (mut members, mut ranges): (Vec<Member<'a>>, Vec<Member<'a>>) = (Vec::new(), Vec::new());
        let mut bounds = DateBounds::new(extra);
        for group in &self.groups {
            let name = || group.name.as_str().into();
            let (value, range) = bounds.split_label(row.get(&group.spec), &group.spec);
            members.push((name(), value));
            ranges.extend(range.map(|range| (name(), range)));
        }
        for aggregate in &self.aggregates {
            members.push((aggregate.name.as_str().into(), row.get(&aggregate.spec).cloned().unwrap_or_default()));
        }
        members.extend(row.get(FOLD).map(|fold| (FOLD.into(), fold.clone())));
        if !ranges.is_empty() {
            members.push(("__range".into(), Value::Map(ranges)));
        }
        let mut domain: Conjunction<'a> = self.domain.clone();
        domain.add(extra);
        members.push(("__domain".into(), domain.into_value()));
        if !self.later_groups.is_empty() {
            let later_groups = Value::List(self.later_groups.clone());
            members.push(("__context".into(), Value::Map(vec![("group_by".into(), later_groups)])));
        }
        Value::Map(members)
    }
}

/// The bounds of dates in the condition of a group: `[field, ">=", from], [field, "<", to]`.
struct DateBounds<'d, 'a> {
    rest: &'d [Value<'a>],
}

impl<'d, 'a> DateBounds<'d, 'a> {
    fn new(domain: &'d [Value<'a>]) -> Self {
        Self { rest: domain }
    }

    /// The value of a group in the old method, and the range of a date.
    fn split_label(&mut self, value: Option<&Value<'a>>, spec: &str) -> (Value<'a>, Option<Value<'a>>) {
        let value = value.cloned().unwrap_or(Value::Bool(false));
        let Some((field, _)) = spec.split_once(':') else { return (value, None) };
        match value {
            empty if empty.is_null_or_false() => (Value::Bool(false), Some(Value::Bool(false))),
            Value::List(pair) => match <[Value<'a>; 2]>::try_from(pair) {
                Ok([from @ Value::Text(_), label @ Value::Text(_)]) => {
                    let to = self.end(field, &from);
                    let range = to.map(|to| Value::Map(vec![("from".into(), from), ("to".into(), to)]));
                    (label, range)
                }
                Ok(other) => (Value::List(other.into()), None),
                Err(other) => (Value::List(other), None),
            },
            number => (number, None),
        }
    }

    /// The end of the range that begins with `from`. Ranges are in the order of the groups.
    fn end(&mut self, field: &str, from: &Value<'a>) -> Option<Value<'a>> {
        let is = |term: &Value<'a>, operator: &str| match term.as_list() {
            Some([Value::Text(name), Value::Text(found), _]) => name == field && found == operator,
            _ => false,
        };
        let bound = |term: &Value<'a>| term.as_list().and_then(|term| term.get(2)).cloned();
        let begins = |pair: &[Value<'a>]| match pair {
            [start, end] => is(start, ">=") && is(end, "<") && bound(start).as_ref() == Some(from),
            _ => false,
        };
        let start = self.rest.windows(2).position(begins)?;
        let to = self.rest.get(start + 1).and_then(bound);
        self.rest = self.rest.get(start + 2..).unwrap_or_default();
        to
    }
}

/// Conditions that all hold, each in prefix notation.
#[derive(Debug, Clone, PartialEq, Default)]
struct Conjunction<'a> {
    conditions: usize,
    items: Vec<Value<'a>>,
}

impl<'a> Conjunction<'a> {
    /// Adds the conditions of a domain. An `&` in front of a condition says what a sequence says, too.
    fn add(&mut self, domain: &[Value<'a>]) {
        let mut missing_operands = 0_usize;
        for item in domain {
            let operator = item.as_text();
            if missing_operands == 0 {
                if operator == Some("&") || is_always_true(item) {
                    continue;
                }
                self.conditions += 1;
                missing_operands = 1;
            }
            missing_operands += match operator {
                Some("&" | "|") => 2,
                Some("!") => 1,
                _ => 0,
            };
            missing_operands -= 1;
            self.items.push(item.clone());
        }
    }

    fn into_value(self) -> Value<'a> {
        let operators = (1..self.conditions).map(|_| Value::from("&"));
        operators.chain(self.items).collect()
    }
}

fn is_always_true(term: &Value<'_>) -> bool {
    match term.as_list() {
        Some([Value::Int(1), Value::Text(operator), Value::Int(1)]) => operator == "=",
        _ => false,
    }
}

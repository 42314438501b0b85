//! Groups and aggregates.
//!
//! In: arguments of `read_group` and similar methods. Out: nothing, or a rejection. Must not know: which method is
//! called.
//!
//! ```text
//! group = path [ ":" granularity or aggregate ] | alias ":" aggregate "(" field ")" | "__count"
//! ```
//!
//! The complete text must match: older versions of Odoo parse the beginning and ignore the rest.

use super::argument::ArgumentWalk;
use crate::names::FieldName;
use crate::plan::error::PlanError;
use crate::value::Value;

impl ArgumentWalk<'_> {
    pub(super) fn groups(self, value: &Value<'static>, include_target: bool) -> Result<(), PlanError> {
        match value {
            Value::List(items) => items.iter().try_for_each(|item| self.groups(item, include_target)),
            Value::Text(text) => self.group(text, include_target),
            other => Err(self.uncheckable("groupby", other)),
        }
    }

    /// `__count` has no field. The part before the `:` is an alias if an aggregate with a field follows.
    fn group(self, text: &str, include_target: bool) -> Result<(), PlanError> {
        let uncheckable = || self.uncheckable("groupby", &Value::from(text.to_owned()));
        let is_word = |word: &str| FieldName::parse(word).is_ok();
        match text.split_once(':') {
            None if text == "__count" => Ok(()),
            None => self.path("groupby", text, include_target),
            Some((path, word)) if is_word(word) => self.path("groupby", path, include_target),
            Some((name, aggregate)) if is_word(name) => {
                let inner = aggregate.strip_suffix(')').and_then(|aggregate| aggregate.split_once('('));
                match inner {
                    Some((word, field)) if is_word(word) && is_word(field) => {
                        self.path("groupby", field, include_target)
                    }
                    _ => Err(uncheckable()),
                }
            }
            Some(_) => Err(uncheckable()),
        }
    }

    pub(super) fn group_order(self, value: &Value<'static>) -> Result<(), PlanError> {
        let text = value.as_text().ok_or_else(|| self.uncheckable("order", value))?;
        text.split(',')
            .filter_map(|term| term.split_ascii_whitespace().next())
            .try_for_each(|term| self.group(term, true))
    }

    pub(super) fn having(self, value: &Value<'static>) -> Result<(), PlanError> {
        let items = value.as_list().ok_or_else(|| self.uncheckable("having", value))?;
        items.iter().try_for_each(|item| match item {
            Value::Text(operator) if matches!(operator.as_ref(), "&" | "|" | "!") => Ok(()),
            Value::List(term) => match term.first() {
                Some(Value::Text(aggregate)) => self.group(aggregate, false),
                _ => Err(self.uncheckable("having", item)),
            },
            other => Err(self.uncheckable("having", other)),
        })
    }

    pub(super) fn progress_bar(self, value: &Value<'static>) -> Result<(), PlanError> {
        let members = value.as_map().ok_or_else(|| self.uncheckable("progress_bar", value))?;
        members.iter().try_for_each(|(key, given)| match (key.as_ref(), given) {
            ("colors" | "help", _) => Ok(()),
            ("field" | "sum_field" | "sumField", Value::Text(field)) => self.group(field, true),
            (_, given) if given.is_null_or_false() => Ok(()),
            _ => Err(self.uncheckable("progress_bar", value)),
        })
    }
}

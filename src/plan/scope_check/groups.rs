//! What groups are made of and what is summed in them.
//!
//! In: arguments of `read_group` and its kin. Out: nothing, or a refusal. Must not know: which method asks.
//!
//! ```text
//! group = path [ ":" granularity or aggregate ] | alias ":" aggregate "(" field ")" | "__count"
//! ```
//!
//! The whole text must fit: older versions of Odoo read the beginning and leave out the rest.

use super::arguments::Walk;
use crate::names::FieldName;
use crate::plan::metadata::PlanError;
use crate::value::Value;

impl Walk<'_> {
    pub(super) fn groups(self, value: &Value<'static>, lands: bool) -> Result<(), PlanError> {
        match value {
            Value::List(items) => items.iter().try_for_each(|item| self.groups(item, lands)),
            Value::Text(text) => self.group(text, lands),
            other => Err(self.unclear("groupby", other)),
        }
    }

    /// `__count` is of no field. Before the `(` stands a name for the result.
    fn group(self, text: &str, lands: bool) -> Result<(), PlanError> {
        let unclear = || self.unclear("groupby", &Value::from(text.to_owned()));
        let is_word = |word: &str| FieldName::parse(word).is_ok();
        match text.split_once(':') {
            None if text == "__count" => Ok(()),
            None => self.path("groupby", text, lands),
            Some((path, word)) if is_word(word) => self.path("groupby", path, lands),
            Some((name, aggregate)) if is_word(name) => {
                let inner = aggregate.strip_suffix(')').and_then(|aggregate| aggregate.split_once('('));
                match inner {
                    Some((word, field)) if is_word(word) && is_word(field) => self.path("groupby", field, lands),
                    _ => Err(unclear()),
                }
            }
            Some(_) => Err(unclear()),
        }
    }

    pub(super) fn group_order(self, value: &Value<'static>) -> Result<(), PlanError> {
        let text = value.as_text().ok_or_else(|| self.unclear("order", value))?;
        text.split(',')
            .filter_map(|term| term.split_ascii_whitespace().next())
            .try_for_each(|term| self.group(term, true))
    }

    pub(super) fn having(self, value: &Value<'static>) -> Result<(), PlanError> {
        let items = value.as_list().ok_or_else(|| self.unclear("having", value))?;
        items.iter().try_for_each(|item| match item {
            Value::Text(operator) if matches!(operator.as_ref(), "&" | "|" | "!") => Ok(()),
            Value::List(term) => match term.first() {
                Some(Value::Text(aggregate)) => self.group(aggregate, false),
                _ => Err(self.unclear("having", item)),
            },
            other => Err(self.unclear("having", other)),
        })
    }

    pub(super) fn progress_bar(self, value: &Value<'static>) -> Result<(), PlanError> {
        let members = value.as_map().ok_or_else(|| self.unclear("progress_bar", value))?;
        members.iter().try_for_each(|(key, said)| match (key.as_ref(), said) {
            ("colors" | "help", _) => Ok(()),
            ("field" | "sum_field" | "sumField", Value::Text(field)) => self.group(field, true),
            (_, said) if said.is_empty_word() => Ok(()),
            _ => Err(self.unclear("progress_bar", value)),
        })
    }
}

//! The environment as a layer: `ODOO_GATEWAY__SECTION__KEY`, below it `ODOO_URL`, `ODOO_DB` and `DATABASE_URL`.
//!
//! In: the environment's variables. Out: their values written over the ones below, each read as the kind that the model
//! has in its place. Must not know: what the settings mean. No message quotes a value: it may be a password.

use std::ffi::OsString;

use toml::{Table, Value};

use super::errors::Mistakes;
use super::merge::{self, element, member, report_unknown};
use super::unused;

pub(super) const PREFIX: &str = "ODOO_GATEWAY__";

/// The short names and the settings they stand for.
const SHORT_NAMES: [(&str, &str); 3] =
    [("DATABASE_URL", "STORE__URL"), ("ODOO_DB", "ODOO__0__DATABASE"), ("ODOO_URL", "ODOO__0__URL")];

/// Writes the variables over `base`, the long names last. Returns a sentence for each variable that looks like a setting
/// and is none.
pub(super) fn overlay(
    base: &mut Table,
    model: &Table,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    mistakes: &mut Mistakes,
) -> Vec<String> {
    let (mut settings, mut unused) = (Vec::new(), Vec::new());
    for (name, text) in variables {
        let Some(name) = name.to_str() else { continue };
        match Setting::from_variable(name, text) {
            Some(setting) => settings.push(setting),
            None => unused.extend(unused::describe(name, model)),
        }
    }
    unused.sort();
    settings.sort_by_cached_key(Setting::order);
    for setting in settings {
        match setting.text.to_str() {
            Some(text) => set(base, model, &setting, text, mistakes),
            None => mistakes.add(&setting.variable, "the value is not UTF-8"),
        }
    }
    unused
}

/// A variable that sets something.
struct Setting {
    variable: String,
    path: Vec<String>,
    text: OsString,
}

impl Setting {
    fn from_variable(variable: &str, text: OsString) -> Option<Self> {
        let short = SHORT_NAMES.iter().find(|(short, _)| *short == variable && !text.is_empty());
        let path = short.map(|(_, path)| *path).or_else(|| variable.strip_prefix(PREFIX))?;
        let path = path.to_ascii_lowercase().split("__").map(str::to_owned).collect();
        Some(Self { variable: variable.to_owned(), path, text })
    }

    /// Short names first; entry 2 before entry 10.
    fn order(&self) -> (bool, Vec<(usize, String)>) {
        let segment = |text: &String| (text.parse().unwrap_or(0), text.clone());
        (self.variable.starts_with(PREFIX), self.path.iter().map(segment).collect())
    }
}

fn set(base: &mut Table, model: &Table, setting: &Setting, text: &str, mistakes: &mut Mistakes) {
    let [first, rest @ ..] = setting.path.as_slice() else { return };
    let (Some(mut slot), Some(mut model)) = (base.get_mut(first), model.get(first)) else {
        mistakes.written(first, &setting.variable);
        return report_unknown(first, first, model, mistakes);
    };
    let mut path = first.clone();
    for segment in rest {
        let parent = (path.clone(), model);
        path = if slot.is_array() { format!("{path}[{segment}]") } else { member(&path, segment) };
        match step(slot, model, segment) {
            Some(found) => (slot, model) = found,
            None => {
                mistakes.written(&path, &setting.variable);
                return report_lost(&path, segment, parent, mistakes);
            }
        }
    }
    mistakes.written(&path, &setting.variable);
    match value(model, text) {
        Ok(value) => *slot = value,
        Err(expected) => mistakes.add(&path, format!("expected {expected}")),
    }
}

/// One step down into a table's member or a list's entry; the entry after the last one is made.
fn step<'a>(slot: &'a mut Value, model: &'a Value, segment: &str) -> Option<(&'a mut Value, &'a Value)> {
    match (slot, model) {
        (Value::Table(table), Value::Table(model)) => merge::slot(table, model, segment),
        (Value::Array(list), Value::Array(model)) => {
            let (index, entry) = (segment.parse::<usize>().ok()?, model.first()?);
            if index == list.len() {
                list.push(entry.clone());
            }
            Some((list.get_mut(index)?, entry))
        }
        _ => None,
    }
}

fn report_lost(path: &str, segment: &str, (parent, model): (String, &Value), mistakes: &mut Mistakes) {
    match model {
        Value::Table(siblings) => report_unknown(path, segment, siblings, mistakes),
        Value::Array(list) if !list.is_empty() => {
            let first = element(&parent, 0);
            mistakes.add(path, format!("entries are counted from 0 without a gap: {first} is the first"));
        }
        _ => mistakes.add(path, format!("{parent} has nothing below it")),
    }
}

fn value(model: &Value, text: &str) -> Result<Value, &'static str> {
    match model {
        Value::String(_) => Ok(Value::String(text.to_owned())),
        Value::Integer(_) => text.trim().parse().map(Value::Integer).map_err(|_| "a whole number"),
        Value::Boolean(_) => text.trim().parse().map(Value::Boolean).map_err(|_| "true or false"),
        Value::Array(list) if list.is_empty() => texts(text).map(Value::Array).ok_or("a list such as `a, b`"),
        _ => Err("a key below this section, with a variable of its own"),
    }
}

/// A list of texts: TOML's own form, or bare texts between commas.
fn texts(text: &str) -> Option<Vec<Value>> {
    if text.trim_start().starts_with('[') {
        let mut table: Table = format!("list = {text}").parse().ok()?;
        return table.remove("list")?.try_into().ok();
    }
    Some(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect())
}

//! Environment variables, a layer of settings: `ODOO_GATEWAY__SECTION__KEY`, and the short names `ODOO_URL`,
//! `ODOO_DB` and `DATABASE_URL`, which the long names override.
//!
//! In: environment variables. Out: their values, written over the layers below, each parsed as the type of the model.
//! Must not know: what the settings mean. Error messages do not quote a value, because it may be a password.

use std::ffi::OsString;

use toml::{Table, Value};

use super::VARIABLE_PREFIX;
use super::errors::ConfigErrors;
use super::merge::{self, element, member, report_unknown};
use super::misspelled_variables;
use super::warnings::ConfigWarning;

/// The short names and the settings that they set.
const SHORT_NAMES: [(&str, &str); 3] =
    [("DATABASE_URL", "STORE__URL"), ("ODOO_DB", "ODOO__0__DATABASE"), ("ODOO_URL", "ODOO__0__URL")];

/// Writes the variables over `base`, the long names last. Returns a warning for each variable that looks like a
/// setting but is not one.
pub(super) fn overlay(
    base: &mut Table,
    model: &Table,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    errors: &mut ConfigErrors,
) -> Vec<ConfigWarning> {
    let (mut settings, mut unused) = (Vec::new(), Vec::new());
    for (name, text) in variables {
        let Some(name) = name.to_str() else { continue };
        match Setting::from_variable(name, text) {
            Some(setting) => settings.push(setting),
            None => unused.extend(misspelled_variables::warning(name, model)),
        }
    }
    unused.sort_by(|one: &ConfigWarning, other| one.text.cmp(&other.text));
    settings.sort_by_cached_key(Setting::sort_key);
    for setting in settings {
        match setting.text.to_str() {
            Some(text) => set(base, model, &setting, text, errors),
            None => errors.add(&setting.variable, "the value is not UTF-8"),
        }
    }
    unused
}

/// A variable that sets a key.
struct Setting {
    variable: String,
    path: Vec<String>,
    text: OsString,
}

impl Setting {
    fn from_variable(variable: &str, text: OsString) -> Option<Self> {
        let short = SHORT_NAMES.iter().find(|(short, _)| *short == variable && !text.is_empty());
        let path = short.map(|(_, path)| *path).or_else(|| variable.strip_prefix(VARIABLE_PREFIX))?;
        let path = path.to_ascii_lowercase().split("__").map(str::to_owned).collect();
        Some(Self { variable: variable.to_owned(), path, text })
    }

    /// Sorts short names first, and entry 2 before entry 10.
    fn sort_key(&self) -> (bool, Vec<(usize, String)>) {
        let segment = |text: &String| (text.parse().unwrap_or(0), text.clone());
        (self.variable.starts_with(VARIABLE_PREFIX), self.path.iter().map(segment).collect())
    }
}

fn set(base: &mut Table, model: &Table, setting: &Setting, text: &str, errors: &mut ConfigErrors) {
    let [first, rest @ ..] = setting.path.as_slice() else { return };
    let (Some(mut slot), Some(mut model)) = (base.get_mut(first), model.get(first)) else {
        errors.record_origin(first, &setting.variable);
        return report_unknown(first, first, model, errors);
    };
    let mut path = first.clone();
    for segment in rest {
        let parent = (path.clone(), model);
        path = if slot.is_array() { format!("{path}[{segment}]") } else { member(&path, segment) };
        match step(slot, model, segment) {
            Some(found) => (slot, model) = found,
            None => {
                errors.record_origin(&path, &setting.variable);
                return report_missing(&path, segment, parent, errors);
            }
        }
    }
    errors.record_origin(&path, &setting.variable);
    match parse_value(model, text) {
        Ok(value) => *slot = value,
        Err(expected) => errors.add(&path, format!("expected {expected}")),
    }
}

/// Descends into a member of a table or an entry of a list. Creates the entry after the last one.
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

fn report_missing(path: &str, segment: &str, (parent, model): (String, &Value), errors: &mut ConfigErrors) {
    match model {
        Value::Table(siblings) => report_unknown(path, segment, siblings, errors),
        Value::Array(list) if !list.is_empty() => {
            let first = element(&parent, 0);
            errors.add(path, format!("entries are numbered from 0 without gaps; the first one is {first}"));
        }
        _ => errors.add(path, format!("{parent} is not a section")),
    }
}

fn parse_value(model: &Value, text: &str) -> Result<Value, &'static str> {
    match model {
        Value::String(_) => Ok(Value::String(text.to_owned())),
        Value::Integer(_) => text.trim().parse().map(Value::Integer).map_err(|_| "an integer"),
        Value::Boolean(_) => text.trim().parse().map(Value::Boolean).map_err(|_| "true or false"),
        Value::Array(list) if list.is_empty() => parse_list(text).map(Value::Array).ok_or("a list such as `a, b`"),
        _ => Err("one variable per key of this section"),
    }
}

/// A list of strings: a TOML array, or bare strings separated by commas.
fn parse_list(text: &str) -> Option<Vec<Value>> {
    if text.trim_start().starts_with('[') {
        let mut table: Table = format!("list = {text}").parse().ok()?;
        return table.remove("list")?.try_into().ok();
    }
    Some(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect())
}

//! Merges layers of settings: writes one table over another one of the same form.
//!
//! In: the model (`config/default.toml`), the merged table so far, the next layer. Out: the merged table, which
//! contains every key of the model with a value of the model's type. Must not know: files, the environment, typed
//! settings.
//!
//! A table of the model whose only key is in capitals is open: it may have any number of entries, with keys that the
//! user chooses, and has none by default. The entry in capitals is the model of each entry.

use toml::{Table, Value};

use super::DEFAULTS;
use super::errors::ConfigErrors;

/// Returns the defaults as a table.
pub(super) fn model() -> Result<Table, String> {
    DEFAULTS.parse().map_err(|cause: toml::de::Error| cause.message().to_owned())
}

/// The lowest layer: the model without the entries of open tables.
pub(super) fn base(model: &Table) -> Table {
    let entry = |(key, value): (&String, &Value)| {
        let value = value.as_table().map_or_else(|| value.clone(), |table| Value::Table(base(table)));
        (key.clone(), value)
    };
    if open(model).is_some() { Table::new() } else { model.iter().map(entry).collect() }
}

/// The model of each entry if the table is open.
fn open(model: &Table) -> Option<&Value> {
    let mut entries = model.iter();
    match (entries.next(), entries.next()) {
        (Some((key, entry)), None) if key.bytes().all(|byte| byte.is_ascii_uppercase()) => Some(entry),
        _ => None,
    }
}

/// The model of a table's member.
pub(super) fn model_of<'m>(model: &'m Table, key: &str) -> Option<&'m Value> {
    open(model).or_else(|| model.get(key))
}

/// A table's member and its model. Creates the entry of an open table.
pub(super) fn slot<'t, 'm>(table: &'t mut Table, model: &'m Table, key: &str) -> Option<(&'t mut Value, &'m Value)> {
    let below = model_of(model, key)?;
    if open(model).is_some() && !table.contains_key(key) {
        table.insert(key.to_owned(), below.clone());
    }
    Some((table.get_mut(key)?, below))
}

/// Writes `upper` over `base`. Reports and omits unknown keys and values of the wrong type.
pub(super) fn overlay(base: &mut Table, model: &Table, upper: Table, path: &str, errors: &mut ConfigErrors) {
    for (key, value) in upper {
        let path = member(path, &key);
        match slot(base, model, &key) {
            Some((slot, model)) => replace(slot, model, value, &path, errors),
            None => report_unknown(&path, &key, model, errors),
        }
    }
}

fn replace(slot: &mut Value, model: &Value, value: Value, path: &str, errors: &mut ConfigErrors) {
    match (slot, model, value) {
        (Value::Table(base), Value::Table(model), Value::Table(upper)) => overlay(base, model, upper, path, errors),
        (Value::Array(base), Value::Array(model), Value::Array(upper)) => match model.first() {
            Some(entry) => *base = entries(entry, upper, path, errors),
            None => *base = upper,
        },
        (slot, model, value) if model.same_type(&value) => *slot = value,
        (_, model, value) => {
            errors.add(path, format!("expected {}, found {}", expected_type(model), actual_type(&value)))
        }
    }
}

/// A list of tables replaces the list of the layer below. Keys that an entry omits have the model's values.
fn entries(model: &Value, upper: Vec<Value>, path: &str, errors: &mut ConfigErrors) -> Vec<Value> {
    let fill_entry = |(index, value)| {
        let mut entry = model.clone();
        replace(&mut entry, model, value, &element(path, index), errors);
        entry
    };
    upper.into_iter().enumerate().map(fill_entry).collect()
}

/// Gives each `[[odoo]]` entry without a name the name of its database.
pub(super) fn name_databases(merged: &mut Table) {
    let entries = merged.get_mut("odoo").and_then(Value::as_array_mut).into_iter().flatten();
    for entry in entries.filter_map(Value::as_table_mut) {
        let unnamed = entry.get("name").and_then(Value::as_str).is_none_or(str::is_empty);
        if let (true, Some(database)) = (unnamed, entry.get("database").cloned()) {
            entry.insert("name".to_owned(), database);
        }
    }
}

/// The path of a table's member.
pub(super) fn member(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The path of a list's element.
pub(super) fn element(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// Reports a key that `siblings` does not contain, with the key that was probably intended.
pub(super) fn report_unknown(path: &str, key: &str, siblings: &Table, errors: &mut ConfigErrors) {
    let hint = nearest(key, siblings).or_else(|| elsewhere(key));
    let hint = hint.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
    errors.add(path, format!("unknown setting{hint}"));
}

fn nearest(key: &str, siblings: &Table) -> Option<String> {
    let near = |known: &&String| strsim::osa_distance(key, known) <= 1 + known.len() / 5;
    siblings.keys().filter(near).min_by_key(|known| strsim::osa_distance(key, known)).cloned()
}

/// The same key in another section.
fn elsewhere(key: &str) -> Option<String> {
    let has_key = |section: &Value| section.get(0).unwrap_or(section).get(key).is_some();
    let (section, _) = model().ok()?.into_iter().find(|(_, section)| has_key(section))?;
    Some(format!("{section}.{key}"))
}

/// Describes the type that the model requires.
fn expected_type(model: &Value) -> String {
    match model {
        Value::String(text) if text.is_empty() => "a string".to_owned(),
        Value::String(text) => format!("a string such as {text:?}"),
        Value::Integer(number) => format!("an integer such as {number}"),
        Value::Array(list) if list.is_empty() => "a list of strings".to_owned(),
        Value::Array(_) => "sections that each start with [[…]]".to_owned(),
        other => actual_type(other).to_owned(),
    }
}

fn actual_type(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Boolean(_) => "a boolean",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

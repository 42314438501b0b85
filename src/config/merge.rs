//! Layers of settings: a table of values written over another one of the same form.
//!
//! In: the model (`config/default.toml`), the table so far, what is written over it. Out: the merged table, in which
//! every key of the model stands with a value of the model's kind. Must not know: files, the environment, types.
//!
//! A table of the model whose only key is in capitals is open: its one entry is the model of any number of entries,
//! whose keys their author chooses, and there are none to begin with.

use toml::{Table, Value};

use super::DEFAULTS;
use super::errors::Mistakes;

/// The defaults as a table.
pub(super) fn model() -> Result<Table, String> {
    DEFAULTS.parse().map_err(|cause: toml::de::Error| cause.message().to_owned())
}

/// What everything is written over: the model without the models of open tables.
pub(super) fn base(model: &Table) -> Table {
    let keep = |(key, value): (&String, &Value)| {
        let value = value.as_table().map_or_else(|| value.clone(), |table| Value::Table(base(table)));
        (key.clone(), value)
    };
    if open(model).is_some() { Table::new() } else { model.iter().map(keep).collect() }
}

/// The model of every entry, when the table is open.
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

/// A table's member and its model; an entry of an open table is made.
pub(super) fn slot<'t, 'm>(table: &'t mut Table, model: &'m Table, key: &str) -> Option<(&'t mut Value, &'m Value)> {
    let below = model_of(model, key)?;
    if open(model).is_some() && !table.contains_key(key) {
        table.insert(key.to_owned(), below.clone());
    }
    Some((table.get_mut(key)?, below))
}

/// Writes `upper` over `base`. Unknown keys and values of the wrong kind are reported and left out.
pub(super) fn overlay(base: &mut Table, model: &Table, upper: Table, path: &str, mistakes: &mut Mistakes) {
    for (key, value) in upper {
        let path = member(path, &key);
        match slot(base, model, &key) {
            Some((slot, model)) => replace(slot, model, value, &path, mistakes),
            None => report_unknown(&path, &key, model, mistakes),
        }
    }
}

fn replace(slot: &mut Value, model: &Value, value: Value, path: &str, mistakes: &mut Mistakes) {
    match (slot, model, value) {
        (Value::Table(base), Value::Table(model), Value::Table(upper)) => overlay(base, model, upper, path, mistakes),
        (Value::Array(base), Value::Array(model), Value::Array(upper)) => match model.first() {
            Some(entry) => *base = entries(entry, upper, path, mistakes),
            None => *base = upper,
        },
        (slot, model, value) if model.same_type(&value) => *slot = value,
        (_, model, value) => mistakes.add(path, format!("expected {}, found {}", kind(model), found(&value))),
    }
}

/// A list of tables replaces the one below; what an entry leaves out is the model's.
fn entries(model: &Value, upper: Vec<Value>, path: &str, mistakes: &mut Mistakes) -> Vec<Value> {
    let fill = |(index, value)| {
        let mut entry = model.clone();
        replace(&mut entry, model, value, &element(path, index), mistakes);
        entry
    };
    upper.into_iter().enumerate().map(fill).collect()
}

/// An entry of `[[odoo]]` without a name is called like its database.
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

/// Reports a key that `siblings` does not have, with the one that was probably meant.
pub(super) fn report_unknown(path: &str, key: &str, siblings: &Table, mistakes: &mut Mistakes) {
    let hint = nearest(key, siblings).or_else(|| elsewhere(key));
    let hint = hint.map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
    mistakes.add(path, format!("there is no such setting{hint}"));
}

fn nearest(key: &str, siblings: &Table) -> Option<String> {
    let near = |known: &&String| strsim::osa_distance(key, known) <= 1 + known.len() / 5;
    siblings.keys().filter(near).min_by_key(|known| strsim::osa_distance(key, known)).cloned()
}

/// The section in which the key does exist.
fn elsewhere(key: &str) -> Option<String> {
    let holds = |section: &Value| section.get(0).unwrap_or(section).get(key).is_some();
    let (section, _) = model().ok()?.into_iter().find(|(_, section)| holds(section))?;
    Some(format!("{section}.{key}"))
}

/// What the model asks for, in words.
fn kind(model: &Value) -> String {
    match model {
        Value::String(text) if text.is_empty() => "a text".to_owned(),
        Value::String(text) => format!("a text such as {text:?}"),
        Value::Integer(number) => format!("a whole number such as {number}"),
        Value::Array(list) if list.is_empty() => "a list of texts".to_owned(),
        Value::Array(_) => "entries, each under a [[…]] of its own".to_owned(),
        other => found(other).to_owned(),
    }
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number with a fraction",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

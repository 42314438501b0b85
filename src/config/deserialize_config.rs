//! Deserializes the merged table into the typed sections and finds all errors in one run.
//!
//! In: a table of the model's form. Out: [`Config`]. Must not know: where values came from. Serde stops at the first
//! invalid value. Therefore this module reports that value, replaces it by the default, and starts again.

use serde_path_to_error::{Path, Segment};
use toml::{Table, Value};

use super::Config;
use super::errors::ConfigErrors;
use super::merge::model_of;

/// Deserializes and validates the sections. Returns `None` if a default itself is invalid.
pub(super) fn config(merged: Table, model: &Table, errors: &mut ConfigErrors) -> Option<Config> {
    let mut merged = Value::Table(merged);
    let model = Value::Table(model.clone());
    loop {
        match serde_path_to_error::deserialize::<_, Config>(merged.clone()) {
            Ok(config) => {
                config.validate(errors);
                return Some(config);
            }
            Err(error) => {
                errors.add(&error.path().to_string(), expected_and_found(error.inner().message()));
                reset(&mut merged, &model, error.path())?;
            }
        }
    }
}

/// The messages of serde in the form of all others: what was expected, and what was found.
fn expected_and_found(message: &str) -> String {
    let message = message.trim();
    // A word in quotes, or a type and its value.
    let split = |start, quote| {
        let (found, expected) = message.strip_prefix(start)?.rsplit_once(", expected ")?;
        Some(format!("expected {}, found {}", expected.replace('`', "\""), found.replace('`', quote)))
    };
    let explained = split("unknown variant ", "\"").or_else(|| split("invalid type: ", ""));
    explained.unwrap_or_else(|| message.to_owned())
}

/// Replaces the value at `path` by the model's value, the complete list for one of its strings. Returns `None` if the
/// value already is the model's.
fn reset(merged: &mut Value, model: &Value, path: &Path) -> Option<()> {
    let (mut slot, mut model) = (merged, model);
    for segment in path {
        let Some(below) = (match segment {
            Segment::Map { key } => model.as_table().and_then(|table| model_of(table, key)),
            Segment::Seq { .. } => model.get(0),
            _ => None,
        }) else {
            break;
        };
        slot = match segment {
            Segment::Seq { index } => slot.get_mut(*index)?,
            segment => slot.get_mut(segment.to_string())?,
        };
        model = below;
    }
    (slot != model).then(|| *slot = model.clone())
}

//! From the merged table to the typed sections, with every mistake found in one go.
//!
//! In: a table of the model's form. Out: [`Config`]. Must not know: where values came from. Serde stops at the first
//! value that does not fit; so that one is reported, the model's own takes its place, and the reading starts anew.

use serde_path_to_error::{Path, Segment};
use toml::{Table, Value};

use super::Config;
use super::errors::Mistakes;
use super::merge::model_of;

/// Reads and validates the sections. None: a value of the model itself does not fit.
pub(super) fn config(merged: Table, model: &Table, mistakes: &mut Mistakes) -> Option<Config> {
    let mut merged = Value::Table(merged);
    let model = Value::Table(model.clone());
    loop {
        match serde_path_to_error::deserialize::<_, Config>(merged.clone()) {
            Ok(config) => {
                config.validate(mistakes);
                return Some(config);
            }
            Err(error) => {
                mistakes.add(&error.path().to_string(), error.inner().message());
                reset(&mut merged, &model, error.path())?;
            }
        }
    }
}

/// Puts the model's value in the place of the one at `path`, a whole list for one of its texts. None where it stands
/// there already.
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

//! Secrets in files: if the model has `x` and `x_file`, `x` is a secret that is set as a value or as a file.
//!
//! In: the merged table. Out: the table with the content of each file as the value. Must not know: what the secrets
//! are for.

use std::fs::File;
use std::io::Read;

use toml::{Table, Value};

use super::errors::ConfigErrors;
use super::merge::member;

/// Maximum size of a file, in bytes.
const MAX_LENGTH: u64 = 64 * 1024;

/// The secret keys of a section, each with the key of its file.
pub(super) fn secrets(section: &Table) -> impl Iterator<Item = (&str, &str)> {
    let pair = |key| Some((str::strip_suffix(key, "_file").filter(|secret| section.contains_key(*secret))?, key));
    section.keys().map(String::as_str).filter_map(pair)
}

/// Sets `x` to the content of each `x_file` that is set.
pub(super) fn fill(merged: &mut Table, model: &Table, errors: &mut ConfigErrors) {
    for (section, model) in model {
        let (Some(slot), Some(model)) = (merged.get_mut(section).and_then(Value::as_table_mut), model.as_table())
        else {
            continue;
        };
        for (secret, file) in secrets(model) {
            fill_one(slot, secret, file, section, errors);
        }
    }
}

fn fill_one(slot: &mut Table, secret: &str, file: &str, section: &str, errors: &mut ConfigErrors) {
    let non_empty = |key| slot.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some(path) = non_empty(file) else { return };
    let key = member(section, file);
    if non_empty(secret).is_some() {
        return errors.add(&key, format!("{} is set too; remove one of them", member(section, secret)));
    }
    match read_secret_file(path) {
        Ok(text) => drop(slot.insert(secret.to_owned(), Value::String(text))),
        Err(cause) => errors.add(&key, cause),
    }
}

fn read_secret_file(path: &str) -> Result<String, String> {
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(MAX_LENGTH).read_to_string(&mut text)).map_err(|cause| {
        format!("the file {path} cannot be read: {cause}; name a file that contains only the secret")
    })?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        Err(format!("the file {path} is empty; write the secret into it"))
    } else {
        Ok(secret.to_owned())
    }
}

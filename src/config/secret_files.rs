//! Secrets that lie in files: where the model has `x` and `x_file`, `x` is a secret, given as a value or a file.
//!
//! In: the merged table. Out: the table with each secret in its place. Must not know: what the secrets open.

use std::fs::File;
use std::io::Read;

use toml::{Table, Value};

use super::errors::Mistakes;
use super::merge::member;

/// No secret is longer; more is a wrong file.
const LONGEST: u64 = 64 * 1024;

/// The keys of a section that hold secrets, each with the key of its file.
pub(super) fn secrets(section: &Table) -> impl Iterator<Item = (&str, &str)> {
    let pair = |key| Some((str::strip_suffix(key, "_file").filter(|secret| section.contains_key(*secret))?, key));
    section.keys().map(String::as_str).filter_map(pair)
}

/// Reads every `x_file` that is given into `x`.
pub(super) fn fill(merged: &mut Table, model: &Table, mistakes: &mut Mistakes) {
    for (section, model) in model {
        let (Some(slot), Some(model)) = (merged.get_mut(section).and_then(Value::as_table_mut), model.as_table())
        else {
            continue;
        };
        for (secret, file) in secrets(model) {
            fill_one(slot, secret, file, section, mistakes);
        }
    }
}

fn fill_one(slot: &mut Table, secret: &str, file: &str, section: &str, mistakes: &mut Mistakes) {
    let given = |key| slot.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some(path) = given(file) else { return };
    let key = member(section, file);
    if given(secret).is_some() {
        return mistakes.add(&key, format!("{} is given too: keep one of them", member(section, secret)));
    }
    match read(path) {
        Ok(text) => drop(slot.insert(secret.to_owned(), Value::String(text))),
        Err(cause) => mistakes.add(&key, cause),
    }
}

fn read(path: &str) -> Result<String, String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST).read_to_string(&mut text))
        .map_err(|cause| format!("the file {path} cannot be read: {cause}"))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() { Err(format!("the file {path} is empty")) } else { Ok(secret.to_owned()) }
}

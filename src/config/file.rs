//! The configuration file as a layer.
//!
//! In: a path. Out: its settings written over the ones below, with the line of each key remembered. Must not know:
//! what the settings mean. No message quotes a line of the file: it may hold a password.

use std::path::Path;

use toml::Table;
use toml::de::{DeTable, DeValue};

use super::errors::Mistakes;
use super::merge::{self, element, member};

/// Writes the file's settings over `base`.
pub(super) fn overlay(base: &mut Table, model: &Table, file: &Path, mistakes: &mut Mistakes) {
    let name = file.display().to_string();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(cause) => return mistakes.add(&name, format!("the configuration file cannot be read: {cause}")),
    };
    match text.parse::<Table>() {
        Ok(upper) => {
            Lines { text: &text, file: &name, mistakes }.remember();
            merge::overlay(base, model, upper, "", mistakes);
        }
        Err(cause) => mistakes.add(&place(&name, &text, &cause), format!("this is not TOML: {}", one_line(&cause))),
    }
}

fn place(name: &str, text: &str, cause: &toml::de::Error) -> String {
    cause.span().map_or_else(|| name.to_owned(), |span| format!("{name} line {}", line(text, span.start)))
}

fn one_line(cause: &toml::de::Error) -> String {
    cause.message().lines().collect::<Vec<_>>().join("; ")
}

fn line(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// Remembers the line of each key.
struct Lines<'a> {
    text: &'a str,
    file: &'a str,
    mistakes: &'a mut Mistakes,
}

impl Lines<'_> {
    fn remember(&mut self) {
        if let Ok(table) = DeTable::parse(self.text) {
            self.table(table.get_ref(), "");
        }
    }

    fn table(&mut self, table: &DeTable<'_>, path: &str) {
        for (key, value) in table {
            let path = member(path, key.get_ref());
            let origin = format!("{} line {}", self.file, line(self.text, key.span().start));
            self.mistakes.written(&path, &origin);
            self.value(value.get_ref(), &path);
        }
    }

    fn value(&mut self, value: &DeValue<'_>, path: &str) {
        match value {
            DeValue::Table(table) => self.table(table, path),
            DeValue::Array(array) => {
                array.iter().enumerate().for_each(|(index, entry)| self.value(entry.get_ref(), &element(path, index)));
            }
            _ => {}
        }
    }
}

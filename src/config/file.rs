//! The configuration file, a layer of settings.
//!
//! In: a path. Out: its settings, written over the layers below, and the line of each key. Must not know: what the
//! settings mean. Error messages do not quote the file, because it may contain a password.

use std::io;
use std::path::Path;

use toml::Table;
use toml::de::{DeTable, DeValue};

use super::errors::ConfigErrors;
use super::merge::{self, element, member};

/// Writes the settings of the file over `base`.
pub(super) fn overlay(base: &mut Table, model: &Table, file: &Path, errors: &mut ConfigErrors) {
    let name = file.display().to_string();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(cause) => return errors.add(&name, unreadable(&cause)),
    };
    match text.parse::<Table>() {
        Ok(upper) => {
            KeyLines { text: &text, file: &name, errors }.record();
            merge::overlay(base, model, upper, "", errors);
        }
        Err(cause) => {
            let hint = "a line is `key = \"text\"`, `key = 5`, or `key = [\"a\", \"b\"]`, below its `[section]`";
            errors.add(&location(&name, &text, &cause), format!("invalid TOML: {}; {hint}", one_line(&cause)));
        }
    }
}

fn unreadable(cause: &io::Error) -> String {
    let hint = match cause.kind() {
        io::ErrorKind::NotFound => "correct the path in --config or ODOO_GATEWAY_CONFIG, or create the file",
        io::ErrorKind::PermissionDenied => {
            "let the user that runs the gateway read it, for example with chgrp and chmod 640"
        }
        io::ErrorKind::IsADirectory => "name a file in it, for example gateway.toml",
        _ => "name a text file in UTF-8 in --config or ODOO_GATEWAY_CONFIG",
    };
    format!("the configuration file cannot be read: {cause}; {hint}")
}

fn location(name: &str, text: &str, cause: &toml::de::Error) -> String {
    cause.span().map_or_else(|| name.to_owned(), |span| format!("{name} line {}", line(text, span.start)))
}

fn one_line(cause: &toml::de::Error) -> String {
    cause.message().lines().collect::<Vec<_>>().join("; ")
}

fn line(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// Records the line of each key.
struct KeyLines<'a> {
    text: &'a str,
    file: &'a str,
    errors: &'a mut ConfigErrors,
}

impl KeyLines<'_> {
    fn record(&mut self) {
        if let Ok(table) = DeTable::parse(self.text) {
            self.table(table.get_ref(), "");
        }
    }

    fn table(&mut self, table: &DeTable<'_>, path: &str) {
        for (key, value) in table {
            let path = member(path, key.get_ref());
            let origin = format!("{} line {}", self.file, line(self.text, key.span().start));
            self.errors.record_origin(&path, &origin);
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

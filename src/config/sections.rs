//! The sections of the configuration, one file each: their fields and the bounds of their values.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: where values came from. The
//! meaning of each key and its default are in `config/default.toml`.

pub(super) mod auth;
pub(super) mod console;
pub(super) mod demo;
pub(super) mod dialects;
pub(super) mod docs;
pub(super) mod log;
pub(super) mod oauth;
pub(super) mod oauth1;
pub(super) mod odoo;
pub(super) mod odoo_keys;
pub(super) mod ops;
pub(super) mod restful;
pub(super) mod schema;
pub(super) mod secrets;
pub(super) mod server;
pub(super) mod store;
pub(super) mod traces;

use std::collections::HashMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::errors::ConfigErrors;
use super::merge::{element, member};
use super::{Config, DatabaseUrl};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Config {
    /// Reports every value that is out of bounds or contradicts another one.
    pub(super) fn validate(&self, errors: &mut ConfigErrors) {
        self.server.validate(&mut Section::new("server", errors));
        self.store.validate(&mut Section::new("store", errors));
        self.odoo_keys.validate(&self.store, &mut Section::new("odoo_keys", errors));
        self.auth.validate(&mut Section::new("auth", errors));
        self.demo.validate(&mut Section::new("demo", errors));
        self.docs.validate(&mut Section::new("docs", errors));
        self.oauth.validate(&mut Section::new("oauth", errors));
        self.console.validate(&mut Section::new("console", errors));
        self.schema.validate(&mut Section::new("schema", errors));
        self.restful.validate(&mut Section::new("restful", errors));
        self.oauth1.validate(&mut Section::new("oauth1", errors));
        self.traces.validate(&mut Section::new("traces", errors));
        self.validate_databases(errors);
        self.validate_key_file(errors);
        self.validate_key_command(errors);
        if self.ops.listen == self.server.listen && self.ops.listen.port() != 0 {
            errors.add("ops.listen", "must differ from server.listen");
        }
    }

    /// A copy of the store's folder must not contain the master key.
    fn validate_key_file(&self, errors: &mut ConfigErrors) {
        if let (Some(key), DatabaseUrl::Sqlite { file }) = (&self.secrets.master_key_file, &self.store.url)
            && key.parent() == file.parent()
        {
            errors.add("secrets.master_key_file", "the file is in the folder of the store: move it to another folder");
        }
    }

    fn validate_key_command(&self, errors: &mut ConfigErrors) {
        let key = "secrets.master_key_command";
        if !self.secrets.master_key_command.is_empty() && self.secrets.master_key_file.is_some() {
            errors.add(key, "secrets.master_key_file is set too; remove one of them");
        }
        if self.secrets.master_key_command.first().is_some_and(String::is_empty) {
            errors.add(key, "expected a program and its arguments");
        }
    }

    fn validate_databases(&self, errors: &mut ConfigErrors) {
        if self.odoo.is_empty() {
            errors.add("odoo", "at least one entry is required");
        }
        let mut seen = HashMap::new();
        for (index, odoo) in self.odoo.iter().enumerate() {
            let path = element("odoo", index);
            odoo.validate(&mut Section::new(&path, errors));
            if let Some(first) = seen.insert(&odoo.name, index) {
                let first = element("odoo", first);
                errors.add(&member(&path, "name"), format!("{first} already has the name {:?}", odoo.name));
            }
        }
    }
}

/// Validates one section and collects its errors.
pub(super) struct Section<'a> {
    path: &'a str,
    errors: &'a mut ConfigErrors,
}

impl<'a> Section<'a> {
    fn new(path: &'a str, errors: &'a mut ConfigErrors) -> Self {
        Self { path, errors }
    }

    fn add_error(&mut self, key: &str, message: impl Display) {
        self.errors.add(&member(self.path, key), message);
    }

    fn check_number<T: PartialOrd + Display>(&mut self, key: &str, value: T, bounds: RangeInclusive<T>) {
        if !bounds.contains(&value) {
            self.add_error(key, format!("expected {} to {}, found {value}", bounds.start(), bounds.end()));
        }
    }

    fn check_size(&mut self, key: &str, bytes: u64, bounds: RangeInclusive<u64>) {
        let [min, max, found] = [*bounds.start(), *bounds.end(), bytes].map(bytesize::ByteSize);
        if !bounds.contains(&bytes) {
            self.add_error(key, format!("expected {min} to {max}, found {found}"));
        }
    }

    fn check_duration(&mut self, key: &str, value: Duration, bounds: RangeInclusive<Duration>) {
        let [min, max, found] = [*bounds.start(), *bounds.end(), value].map(humantime::format_duration);
        if !bounds.contains(&value) {
            self.add_error(key, format!("expected {min} to {max}, found {found}"));
        }
    }
}

//! The sections, one file each: their fields and what may stand in them.
//!
//! In: values of the right type. Out: a report of those out of bounds. Must not know: where values came from. What a
//! key means and its default stand in `config/default.toml`.

pub(super) mod auth;
pub(super) mod demo;
pub(super) mod log;
pub(super) mod oauth;
pub(super) mod oauth1;
pub(super) mod odoo;
pub(super) mod ops;
pub(super) mod restful;
pub(super) mod schema;
pub(super) mod secrets;
pub(super) mod server;
pub(super) mod store;

use std::collections::HashMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::errors::Mistakes;
use super::merge::{element, member};
use super::{Config, DatabaseUrl};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Config {
    /// Reports every value out of bounds.
    pub(super) fn validate(&self, mistakes: &mut Mistakes) {
        self.server.validate(&mut Section::new("server", mistakes));
        self.store.validate(&mut Section::new("store", mistakes));
        self.auth.validate(&mut Section::new("auth", mistakes));
        self.demo.validate(&mut Section::new("demo", mistakes));
        self.oauth.validate(&mut Section::new("oauth", mistakes));
        self.schema.validate(&mut Section::new("schema", mistakes));
        self.restful.validate(&mut Section::new("restful", mistakes));
        self.oauth1.validate(&mut Section::new("oauth1", mistakes));
        self.validate_databases(mistakes);
        self.validate_key_file(mistakes);
        self.validate_key_command(mistakes);
        if self.ops.listen == self.server.listen && self.ops.listen.port() != 0 {
            mistakes.add("ops.listen", "this is server.listen too: operators need an address of their own");
        }
    }

    /// Who copies the store's folder must not carry the key away with it.
    fn validate_key_file(&self, mistakes: &mut Mistakes) {
        if let (Some(key), DatabaseUrl::Sqlite { file }) = (&self.secrets.master_key_file, &self.store.url)
            && key.parent() == file.parent()
        {
            mistakes.add("secrets.master_key_file", "this is the store's folder: keep the key apart from the store");
        }
    }

    fn validate_key_command(&self, mistakes: &mut Mistakes) {
        let key = "secrets.master_key_command";
        if !self.secrets.master_key_command.is_empty() && self.secrets.master_key_file.is_some() {
            mistakes.add(key, "secrets.master_key_file is given too: keep one of them");
        }
        if self.secrets.master_key_command.first().is_some_and(String::is_empty) {
            mistakes.add(key, "expected a program, then its arguments");
        }
    }

    fn validate_databases(&self, mistakes: &mut Mistakes) {
        if self.odoo.is_empty() {
            mistakes.add("odoo", "at least one entry is needed");
        }
        let mut seen = HashMap::new();
        for (index, odoo) in self.odoo.iter().enumerate() {
            let path = element("odoo", index);
            odoo.validate(&mut Section::new(&path, mistakes));
            if let Some(first) = seen.insert(&odoo.name, index) {
                let first = element("odoo", first);
                mistakes.add(&member(&path, "name"), format!("{first} is called {:?} already", odoo.name));
            }
        }
    }
}

/// Collects what is out of bounds in one section.
pub(super) struct Section<'a> {
    path: &'a str,
    mistakes: &'a mut Mistakes,
}

impl<'a> Section<'a> {
    fn new(path: &'a str, mistakes: &'a mut Mistakes) -> Self {
        Self { path, mistakes }
    }

    fn wrong(&mut self, key: &str, said: impl Display) {
        self.mistakes.add(&member(self.path, key), said);
    }

    fn number<T: PartialOrd + Display>(&mut self, key: &str, value: T, bounds: RangeInclusive<T>) {
        if !bounds.contains(&value) {
            self.wrong(key, format!("expected {} to {}, found {value}", bounds.start(), bounds.end()));
        }
    }

    fn size(&mut self, key: &str, bytes: u64, bounds: RangeInclusive<u64>) {
        let [least, most, found] = [*bounds.start(), *bounds.end(), bytes].map(bytesize::ByteSize);
        if !bounds.contains(&bytes) {
            self.wrong(key, format!("expected {least} to {most}, found {found}"));
        }
    }

    fn duration(&mut self, key: &str, value: Duration, bounds: RangeInclusive<Duration>) {
        let [least, most, found] = [*bounds.start(), *bounds.end(), value].map(humantime::format_duration);
        if !bounds.contains(&value) {
            self.wrong(key, format!("expected {least} to {most}, found {found}"));
        }
    }
}

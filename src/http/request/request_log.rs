//! What the one log line of a request says.
//!
//! In: facts, noted by whoever learns them while the request is answered. Out: one `tracing` event. Must not
//! know: how the request is answered. Never in it: the query, the raw path, bodies, credentials.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Extensions;

/// A handle to the log line of one request; in the request's extensions. Clones write the same line.
#[derive(Debug, Clone, Default)]
pub struct RequestLog(Arc<Mutex<Noted>>);

/// What has been learnt.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Noted {
    pub(in crate::http) route: Option<String>,
    pub(in crate::http) database: Option<String>,
    pub(in crate::http) user: Option<String>,
    pub(in crate::http) credential: Option<&'static str>,
    pub(in crate::http) code: Option<&'static str>,
    pub(in crate::http) odoo: Duration,
    pub(in crate::http) odoo_calls: u32,
}

/// How much of a text from outside a line takes.
const LONGEST: usize = 128;

impl RequestLog {
    /// The handle of the request with these extensions. Without the layer it writes nowhere.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The template of the route that matched.
    pub fn route(&self, template: &str) {
        self.noted().route = Some(template.to_owned());
    }

    /// The database that is asked.
    pub fn database(&self, name: &str) {
        self.noted().database = Some(printable(name));
    }

    /// Who calls, as far as it is known.
    pub fn user(&self, login: &str) {
        self.noted().user = Some(printable(login));
    }

    /// The kind of credential: `basic`, `api_key`, …
    pub fn credential(&self, kind: &'static str) {
        self.noted().credential = Some(kind);
    }

    /// Why the request failed.
    pub fn code(&self, code: &'static str) {
        self.noted().code = Some(code);
    }

    /// So many calls to Odoo took this long together.
    pub fn odoo_calls(&self, calls: u32, took: Duration) {
        let mut noted = self.noted();
        noted.odoo += took;
        noted.odoo_calls += calls;
    }

    pub(in crate::http) fn take(&self) -> Noted {
        std::mem::take(&mut self.noted())
    }
}

/// Without anything that could begin a line of its own or colour a terminal, and not endless.
fn printable(text: &str) -> String {
    let mut printed = String::with_capacity(text.len().min(LONGEST));
    for character in text.chars().take(LONGEST) {
        if character.is_control() {
            printed.extend(character.escape_default());
        } else {
            printed.push(character);
        }
    }
    printed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_write_the_same_line() {
        let log = RequestLog::default();
        log.clone().odoo_calls(1, Duration::from_millis(2));
        log.clone().odoo_calls(1, Duration::from_millis(3));
        let noted = log.take();
        assert_eq!((noted.odoo, noted.odoo_calls), (Duration::from_millis(5), 2));
    }

    #[test]
    fn a_login_cannot_forge_a_line() {
        assert_eq!(printable("eve\r\nlevel=ERROR\u{1b}[31m é"), r"eve\r\nlevel=ERROR\u{1b}[31m é");
        assert_eq!(printable(&"x".repeat(5000)).len(), LONGEST);
    }
}

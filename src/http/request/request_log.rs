//! The fields of a request's access log line.
//!
//! In: facts, recorded by the stages that determine them. Out: [`LogFields`] for the access log. Must not know: how
//! the request is processed. The log never contains queries, raw paths, bodies or credentials.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::MatchedPath;

use crate::auth::{CredentialOwner, UsageCounter};

/// A handle to the log line of one request. Clones share the line.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct RequestLog(Arc<Mutex<LogFields>>);

/// The recorded fields.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct LogFields {
    pub(in crate::http) route: Option<MatchedPath>,
    pub(in crate::http) database: Option<String>,
    pub(in crate::http) user: Option<String>,
    pub(in crate::http) credential: Option<&'static str>,
    pub(in crate::http) code: Option<&'static str>,
    pub(in crate::http) odoo: Duration,
    pub(in crate::http) odoo_calls: u32,
    /// Counts the requests of the credential.
    pub(in crate::http) usage: Option<Arc<UsageCounter>>,
    /// Not logged: decides which scripts may read the response.
    pub(in crate::http) credential_owner: CredentialOwner,
}

/// The largest number of characters of a logged text that comes from a client.
const MAX_LENGTH: usize = 128;

impl RequestLog {
    fn fields(&self) -> MutexGuard<'_, LogFields> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the template of the matched route.
    pub(in crate::http) fn route(&self, template: MatchedPath) {
        self.fields().route = Some(template);
    }

    /// Records the database.
    pub(in crate::http) fn database(&self, name: &str) {
        self.fields().database = Some(sanitize(name));
    }

    /// Records the login of the caller.
    pub(in crate::http) fn user(&self, login: &str) {
        self.fields().user = Some(sanitize(login));
    }

    /// Records the kind of credential: `basic`, `api_key`, …
    pub(in crate::http) fn credential(&self, kind: &'static str) {
        self.fields().credential = Some(kind);
    }

    /// Records who counts the request when it is finished.
    pub(in crate::http) fn usage(&self, counter: Option<Arc<UsageCounter>>) {
        self.fields().usage = counter;
    }

    /// Records whose credential was verified.
    pub(in crate::http) fn credential_owner(&self, owner: CredentialOwner) {
        self.fields().credential_owner = owner;
    }

    /// Whose credential was verified until now.
    pub(in crate::http) fn current_credential_owner(&self) -> CredentialOwner {
        self.fields().credential_owner.clone()
    }

    /// Records the error code.
    pub(in crate::http) fn code(&self, code: &'static str) {
        self.fields().code = Some(code);
    }

    /// Adds calls to Odoo and the time that they took together.
    pub(in crate::http) fn odoo_calls(&self, calls: u32, elapsed: Duration) {
        let mut fields = self.fields();
        fields.odoo += elapsed;
        fields.odoo_calls += calls;
    }

    pub(in crate::http) fn take(&self) -> LogFields {
        std::mem::take(&mut self.fields())
    }
}

/// The text without control characters, which could start a new line or change terminal colors, and truncated.
fn sanitize(text: &str) -> String {
    let mut sanitized = String::with_capacity(text.len().min(MAX_LENGTH));
    for character in text.chars().take(MAX_LENGTH) {
        if character.is_control() {
            sanitized.extend(character.escape_default());
        } else {
            sanitized.push(character);
        }
    }
    sanitized
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_line() {
        let log = RequestLog::default();
        log.clone().odoo_calls(1, Duration::from_millis(2));
        log.clone().odoo_calls(1, Duration::from_millis(3));
        let fields = log.take();
        assert_eq!((fields.odoo, fields.odoo_calls), (Duration::from_millis(5), 2));
    }

    #[test]
    fn a_login_cannot_forge_a_log_line() {
        assert_eq!(sanitize("eve\r\nlevel=ERROR\u{1b}[31m é"), r"eve\r\nlevel=ERROR\u{1b}[31m é");
        assert_eq!(sanitize(&"x".repeat(5000)).len(), MAX_LENGTH);
    }
}

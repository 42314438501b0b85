//! The one error that leaves the core: a code, what happened here, how to mend it, and what Odoo said.
//!
//! In: the errors of the stages. Out: [`Problem`], which each family turns into its own body. Must not know:
//! HTTP frameworks, envelopes. Never holds a traceback, SQL, a path or a secret.

use std::time::Duration;

use crate::error_code::{Class, Code};

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
pub struct Problem {
    /// The stable reason.
    pub code: Code,
    /// What was wrong with this request, and where. Safe to show to the caller.
    pub detail: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// The parameter, header or body member that is to blame.
    pub parameter: Option<String>,
    /// What Odoo said, where it spoke.
    pub odoo: Option<OdooSaid>,
    /// When it is worth trying again.
    pub retry_after: Option<Duration>,
    /// How often the caller may ask, when that is why.
    pub rate_limit: Option<RateLimit>,
}

/// How often a caller may ask, and how much of it is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in a window.
    pub quota: u32,
    /// The window in seconds.
    pub window: u32,
    /// Requests that are left now.
    pub remaining: u32,
    /// Until all are there again.
    pub reset: Duration,
}

/// Odoo's own words, fit to be shown: the class of the exception and its message, never a traceback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OdooSaid {
    /// The exception's class, as `UserError` or `ValueError`.
    pub exception: String,
    /// The message for people. Empty where only the class may be shown.
    pub message: String,
}

impl Problem {
    /// A problem with nothing but its code and a detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            hint: None,
            parameter: None,
            odoo: None,
            retry_after: None,
            rate_limit: None,
        }
    }

    /// A fault of the gateway's own. `cause` goes to the log, the caller learns nothing of it.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(
            Code::Internal,
            "The gateway failed to answer this request. The log holds the cause under this request id.",
        )
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names the parameter, header or body member to blame.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>) -> Self {
        self.parameter = Some(name.into());
        self
    }

    /// Adds Odoo's own words.
    #[must_use]
    pub fn odoo(mut self, exception: impl Into<String>, message: impl Into<String>) -> Self {
        self.odoo = Some(OdooSaid { exception: exception.into(), message: message.into() });
        self
    }

    /// Says when it is worth trying again.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Says how often the caller may ask.
    #[must_use]
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// The class that decides the status.
    #[must_use]
    pub fn class(&self) -> Class {
        self.code.class()
    }
}

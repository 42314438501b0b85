//! The error that the core returns: a code, what is wrong with this request, what to do, and Odoo's own message.
//!
//! In: the errors of the stages. Out: [`Problem`], which each dialect renders as its own error body. Must not know:
//! HTTP frameworks, envelopes. A `Problem` never contains a traceback, SQL, a file path, or a secret.

use std::borrow::Cow;
use std::time::Duration;

use crate::error_code::{ErrorClass, ErrorCode};

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
pub struct Problem {
    /// The stable error code.
    pub code: ErrorCode,
    /// What is wrong with this request, and where. Safe to show to the caller.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The parameter, header, or body member that caused the error.
    pub parameter: Option<String>,
    /// Odoo's exception, if Odoo sent one.
    pub odoo: Option<OdooException>,
    /// How long to wait before a retry.
    pub retry_after: Option<Duration>,
    /// The rate limit that the caller exceeded.
    pub rate_limit: Option<RateLimit>,
}

/// A rate limit and how much of it is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per window.
    pub quota: u32,
    /// The length of the window in seconds.
    pub window: u32,
    /// Requests left in the current window.
    pub remaining: u32,
    /// Time until the full quota is available again.
    pub reset: Duration,
}

/// An exception of Odoo, reduced to what a caller may see: its class and its message, never a traceback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OdooException {
    /// The class of the exception, for example `UserError` or `ValueError`.
    pub exception: String,
    /// The class with its module, if Odoo sent that: `odoo.exceptions.ValidationError`, which is a `UserError`.
    pub qualified: Option<String>,
    /// The message for the user. Empty if only the class may be shown.
    pub message: String,
}

impl OdooException {
    /// The message, or this detail of the problem if only the class may be shown.
    #[must_use]
    pub fn message_or<'t>(&'t self, detail: &'t str) -> &'t str {
        if self.message.is_empty() { detail } else { &self.message }
    }

    /// The class with its module, which is derived from the class if Odoo did not send it.
    #[must_use]
    pub fn qualified_name(&self) -> Cow<'_, str> {
        if let Some(qualified) = &self.qualified {
            return Cow::from(qualified);
        }
        match self.exception.as_str() {
            for_users @ ("AccessDenied" | "AccessError" | "MissingError" | "RedirectWarning" | "UserError") => {
                format!("odoo.exceptions.{for_users}").into()
            }
            "DatabaseError" => "psycopg2.DatabaseError".into(),
            qualified if qualified.contains('.') => qualified.into(),
            builtin => format!("builtins.{builtin}").into(),
        }
    }
}

impl Problem {
    /// A problem that has only a code and a detail.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
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

    /// An internal error of the gateway. `cause` is logged; the caller does not see it.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(
            ErrorCode::Internal,
            "The gateway could not process this request. The log contains the cause under this request id.",
        )
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names the parameter, header, or body member that caused the error.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>) -> Self {
        self.parameter = Some(name.into());
        self
    }

    /// Adds Odoo's exception.
    #[must_use]
    pub fn odoo(mut self, exception: impl Into<String>, message: impl Into<String>) -> Self {
        self.odoo = Some(OdooException { exception: exception.into(), qualified: None, message: message.into() });
        self
    }

    /// Adds the class of Odoo's exception with its module.
    #[must_use]
    pub fn odoo_class(mut self, qualified: Option<String>) -> Self {
        if let Some(odoo) = &mut self.odoo {
            odoo.qualified = qualified;
        }
        self
    }

    /// Sets how long to wait before a retry.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Adds the rate limit that the caller exceeded.
    #[must_use]
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// The class, which decides the HTTP status.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        self.code.class()
    }

    /// What is wrong, and what to do.
    #[must_use]
    pub fn detail_with_hint(&self) -> Cow<'_, str> {
        match &self.hint {
            Some(hint) => format!("{} {hint}", self.detail).into(),
            None => Cow::from(&self.detail),
        }
    }
}

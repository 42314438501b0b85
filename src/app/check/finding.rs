//! What was found of one part, and how it is printed.
//!
//! In: a part's name, a sentence. Out: a line for people, an object for programs. Must not know: how it was found.

use std::fmt;

use serde::Serialize;

/// What was found of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The part, as `store` or `odoo live (https://erp.example/)`.
    pub part: String,
    /// Whether it works.
    pub status: Verdict,
    /// What was found, or what is wrong and how to mend it.
    pub text: String,
}

/// Whether a part works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It does.
    Ok,
    /// It does, and something is worth a look.
    Warning,
    /// It does not.
    Failed,
}

impl Finding {
    pub(super) fn of(part: &str, found: Result<String, String>) -> Self {
        let (status, text) = match found {
            Ok(text) => (Verdict::Ok, text),
            Err(text) => (Verdict::Failed, text),
        };
        Self { part: part.to_owned(), status, text }
    }

    pub(super) fn warning(part: &str, text: impl Into<String>) -> Self {
        Self { part: part.to_owned(), status: Verdict::Warning, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.status {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "FAILED",
        };
        write!(out, "{status:8} {}: {}", self.part, self.text)
    }
}

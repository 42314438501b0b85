//! The result of checking one part.
//!
//! In: the name of a part, a message. Out: a line for people, an object for programs. Must not know: how parts are
//! checked.

use std::fmt;

use serde::Serialize;

/// The result of checking one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The part, such as `store` or `odoo live (https://erp.example/)`.
    pub part: String,
    /// Whether it works.
    pub status: Verdict,
    /// A description, or what is wrong and what to fix.
    pub text: String,
    /// Why it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// What to do: a line of the configuration file, or a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

/// Whether a part works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It works.
    Ok,
    /// It works, but something needs attention.
    Warning,
    /// It does not work.
    Failed,
}

impl Finding {
    pub(super) fn from_result(part: &str, result: Result<String, String>) -> Self {
        let (status, text) = match result {
            Ok(text) => (Verdict::Ok, text),
            Err(text) => (Verdict::Failed, text),
        };
        Self { part: part.to_owned(), status, text, why: None, change: None }
    }

    pub(super) fn warning(part: &str, text: impl Into<String>) -> Self {
        Self { part: part.to_owned(), status: Verdict::Warning, text: text.into(), why: None, change: None }
    }

    /// The finding with an explanation for people who see it for the first time.
    pub(super) fn explain(self, why: &'static str, change: impl Into<String>) -> Self {
        Self { why: Some(why), change: Some(change.into()), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.status {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "FAILED",
        };
        write!(out, "{status:8} {}: {}", self.part, self.text)?;
        self.why.map_or(Ok(()), |why| write!(out, "\n{:9}Why: {why}", ""))?;
        self.change.as_ref().map_or(Ok(()), |change| write!(out, "\n{:9}Do:  {change}", ""))
    }
}
